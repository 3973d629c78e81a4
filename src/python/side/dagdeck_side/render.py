"""Rendering of template fields: the supervisor's engine does Jinja; files are read here."""
import os

from airflow.standin import state
from airflow.standin.node import DAGNode
from airflow.standin.xcom_arg import XComArg


class TemplateFailed(Exception):
    """Base of errors named like Jinja's."""


def is_template(text):
    return "{{" in text or "{%" in text or "{#" in text


def template_error(reply):
    """An exception of the class that Jinja would raise."""
    name = reply.get("exception") or "TemplateError"
    return type(name, (TemplateFailed,), {"__module__": "jinja2.exceptions"})(reply.get("detail") or "")


def read_file(task, name):
    """The text of a template file, or Jinja's error."""
    dag = task.dag
    folders = [os.path.dirname(dag.fileloc), *dag.template_searchpath]
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            return text[:-1] if text.endswith("\n") else text
    error = type("TemplateNotFound", (TemplateFailed,), {"__module__": "jinja2.exceptions"})
    raise error(f"{name!r} not found in search paths: " + ", ".join(map(repr, folders)))


def with_files(task, value, seen=()):
    """Strings that end in one of the task's extensions become the file's text."""
    endings = task.template_ext
    if not endings or value is None or id(value) in seen:
        return value
    if isinstance(value, str):
        return read_file(task, value) if value.endswith(tuple(endings)) else value
    if isinstance(value, list):
        return [with_files(task, v, seen) for v in value]
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(with_files(task, v, seen) for v in value)
    if isinstance(value, dict):
        return {k: with_files(task, v, seen) for k, v in value.items()}
    return value


def collect(value, found, seen):
    """All template texts inside of a value."""
    if isinstance(value, str):
        if is_template(value) and id(value) not in seen and value not in found:
            found.append(value)
        return
    if value is None or isinstance(value, (int, float, XComArg, DAGNode)) or id(value) in seen:
        return
    if isinstance(value, dict):
        for item in value.values():
            collect(item, found, seen)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            collect(item, found, seen)
    elif has_fields(value):
        for name in value.template_fields:
            collect(getattr(value, name, None), found, seen)
    elif type(value).__module__.startswith("kubernetes"):
        for name in v1_fields(value):
            collect(getattr(value, name, None), found, seen)


def has_fields(value):
    return not isinstance(value, type) and isinstance(getattr(value, "template_fields", None), (list, tuple))


def v1_fields(value):
    """Fields of a Kubernetes object that are templates."""
    from .pods import TEMPLATED

    return TEMPLATED.get(type(value).__name__, ())


def rebuild(value, done, context, seen):
    """The value with its templates and XComArgs replaced."""
    if isinstance(value, str):
        return done.get(value, value) if id(value) not in seen else value
    if value is None or isinstance(value, (int, float)) or id(value) in seen:
        return value
    if isinstance(value, (XComArg, DAGNode)):
        from .resolve import resolve

        return resolve(value, context)
    kind = type(value)
    if isinstance(value, dict):
        made = {k: rebuild(v, done, context, seen) for k, v in value.items()}
        return made if kind is dict else _same_dict(value, made)
    if kind in (list, set, frozenset):
        return kind(rebuild(v, done, context, seen) for v in value)
    if isinstance(value, tuple):
        parts = [rebuild(v, done, context, seen) for v in value]
        return tuple(parts) if kind is tuple else kind(*parts)
    if hasattr(value, "resolve") and hasattr(value, "iter_references"):
        return value.resolve(context)
    if has_fields(value):
        for name in value.template_fields:
            setattr(value, name, rebuild(getattr(value, name, None), done, context, seen))
    elif kind.__module__.startswith("kubernetes"):
        for name in v1_fields(value):
            item = getattr(value, name, None)
            if item is not None:
                setattr(value, name, rebuild(item, done, context, seen))
    return value


def _same_dict(value, made):
    try:
        copy = value.copy()
        copy.update(made)
        return copy
    except Exception:
        return made


def is_native(task):
    """True if rendering gives Python values."""
    native = task.render_template_as_native_obj
    return bool(task.dag.render_template_as_native_obj if native is None else native)


class Native(dict):
    """Results of native rendering: a text without any template is a Python literal too."""

    def get(self, text, default=None):
        if text in self:
            return self[text]
        import ast

        try:
            return ast.literal_eval(ast.parse(text, mode="eval"))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text


def render_texts(task, texts, context, fields=None):
    """Text to result. `fields`: values that arguments of the task have by now."""
    if not texts:
        return {}
    dag = task.dag
    native = is_native(task)
    own_backend = "xcom_backend" in state.settings and any("xcom_pull" in text for text in texts)
    of_dag = dag.user_defined_macros or dag.user_defined_filters or dag.jinja_environment_kwargs \
        or dag.template_undefined is not None
    if own_backend or native or of_dag:
        made = in_process(dag, texts, context, native)
        if made is not None:
            return made
        if own_backend:
            raise template_error({"exception": "TemplateError", "detail": "xcom_pull in a template with an xcom_backend "
                                  "of your own needs jinja2: install it for the task's interpreter"})
    reply = state.channel.ask_raw({"type": "RenderTemplates", "templates": texts, "native": bool(native), "task_fields": fields,
                                   "searchpath": [os.path.dirname(dag.fileloc), *dag.template_searchpath]})
    if reply.get("type") == "ErrorResponse":
        if reply.get("unsupported"):
            made = in_process(dag, texts, context, native)
            if made is not None:
                return made
        if of_dag:
            reply["detail"] = f"{reply.get('detail')} (macros, filters and options of a DAG need jinja2 in the task's " \
                              "interpreter: No module named 'jinja2')"
        raise template_error(reply)
    found = reply.get("results") or ()
    return dict(zip(texts, map(decoded, found) if native else found))


def decoded(value):
    """A value of native rendering that JSON lacks."""
    if isinstance(value, list):
        return [decoded(v) for v in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__dagdeck__")
    if kind == "datetime":
        from .context import moment

        return moment(value["value"])
    if kind in ("tuple", "set"):
        return {"tuple": tuple, "set": set}[kind](decoded(v) for v in value["value"])
    return {k: decoded(v) for k, v in value.items()}


def in_process(dag, texts, context, native):
    """Rendered with jinja2 here, or None if it isn't installed."""
    from .jinja import render

    return render(dag, texts, context, native)


def render_value(task, content, context):
    """`operator.render_template(content, context)`."""
    content = with_files(task, content)
    texts = []
    collect(content, texts, ())
    done = render_texts(task, texts, context)
    return rebuild(content, Native(done) if is_native(task) else done, context, ())


def render_fields(task, context, seen=()):
    """Renders all template fields of a task, in place."""
    before = getattr(task, "_before_render", None)
    if before is not None:
        before()
    fields, texts = [], []
    for name in task.template_fields:
        if not hasattr(task, name):
            raise AttributeError(
                f"{name!r} is configured as a template field but {type(task).__name__} does not have this attribute."
            )
        value = getattr(task, name)
        if value is None:
            continue
        value = with_files(task, value, seen)
        fields.append((name, value))
        collect(value, texts, seen)
    if task.template_ext:
        for name, value in fields:
            setattr(task, name, value)
    task.prepare_template()
    done = render_texts(task, texts, context)
    if is_native(task):
        done = Native(done)
    for name, value in fields:
        setattr(task, name, rebuild(value, done, context, seen))


PREFIX = "Truncated. You can change this behaviour in [core]max_templated_field_length. "


def stored(value):
    """The form of a rendered field that people see: JSON, with text for what JSON lacks; cut if it is very long."""
    made = _plain(value)
    limit = int(state.settings.get("max_templated_field_length") or 4096)
    text = made if type(made) is str else str(made)
    if len(text) <= limit:
        return made
    room = limit - len(PREFIX) - 3
    return f"{PREFIX}{text[:room].rstrip() if room >= 7 else ''}..." if limit > 0 else ""


def values_now(task):
    """What the task's template fields hold, as JSON."""
    return {name: _plain(getattr(task, name, None)) for name in task.template_fields}


def _plain(value):
    kind = type(value)
    if kind in (str, int, bool, type(None)):
        return value
    if kind is float:
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, dict):
        return {str(_plain(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(v) for v in value), key=lambda v: (type(v).__name__, str(v)))
    if isinstance(value, str):
        return str(value)
    if callable(getattr(kind, "serialize", None)):
        return _plain(value.serialize())
    if kind.__module__.startswith("kubernetes"):
        from .pods import plain

        return _plain(plain(value))
    if callable(value) and hasattr(value, "__qualname__"):
        return f"<callable {value.__module__}.{value.__qualname__}>"
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        return f"<{kind.__module__}.{kind.__qualname__} object>"
    return str(value)
