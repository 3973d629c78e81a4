"""Rendering with jinja2 in this process, where the interpreter has it: for what only Python knows."""
from airflow.standin.times import as_datetime


def environment(dag, native=False):
    """Airflow's environment for a DAG's templates; ImportError without jinja2."""
    import jinja2
    import jinja2.nativetypes
    import jinja2.sandbox

    base = jinja2.sandbox.SandboxedEnvironment

    class Sandboxed(base):
        def is_safe_attribute(self, obj, attr, value):
            return not attr.startswith("__")

    class Native(jinja2.nativetypes.NativeEnvironment, Sandboxed):
        pass

    import os

    options = {
        "loader": jinja2.FileSystemLoader([os.path.dirname(dag.fileloc), *dag.template_searchpath]),
        "undefined": dag.template_undefined or jinja2.StrictUndefined, "extensions": ["jinja2.ext.do"], "cache_size": 0,
        **(dag.jinja_environment_kwargs or {}),
    }
    env = (Native if native else Sandboxed)(**options)
    env.filters.update(
        ds=lambda v: as_datetime(v).strftime("%Y-%m-%d"), ds_nodash=lambda v: as_datetime(v).strftime("%Y%m%d"),
        ts=lambda v: as_datetime(v).isoformat(), ts_nodash=lambda v: as_datetime(v).strftime("%Y%m%dT%H%M%S"),
        ts_nodash_with_tz=lambda v: as_datetime(v).isoformat().replace("-", "").replace(":", ""),
    )
    env.globals.update(dag.user_defined_macros or {})
    env.filters.update(dag.user_defined_filters or {})
    return env


def render(dag, texts, context, native):
    """Text to result, or None if jinja2 isn't installed."""
    try:
        env = environment(dag, native)
    except ImportError:
        return None
    return {text: one(env, text, context, native) for text in texts}


def one(env, text, context, native):
    template = env.from_string(text)
    inner = template.new_context(_Names(context), shared=False)
    try:
        parts = template.root_render_func(inner)
        if native:
            import jinja2.nativetypes

            return jinja2.nativetypes.native_concat(parts)
        return "".join(str(p) for p in parts)
    except Exception:
        env.handle_exception()


class _Names(dict):
    """The context as template names, each made when it is used."""

    def __init__(self, context):
        super().__init__()
        self.context = context

    def __getitem__(self, name):
        return self.context[name]

    def __contains__(self, name):
        return name in self.context

    def __iter__(self):
        return iter(self.context)

    def keys(self):
        return list(self.context)

    def get(self, name, default=None):
        return self.context[name] if name in self.context else default
