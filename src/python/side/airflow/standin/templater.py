"""Objects with template fields that are no operators: notifiers, triggers, and an author's own."""
from . import state
from .compat import LoggingMixin


class Templater(LoggingMixin):
    """Renders the fields named in `template_fields`."""

    __module__ = "airflow.sdk.definitions._internal.templater"
    template_fields = ()
    template_ext = ()

    def get_template_env(self, dag=None):
        from dagdeck_side.jinja import environment

        return environment(dag or (state.context or {}).get("dag"))

    def prepare_template(self):
        """Hook for subclasses: after files are read, before templates are rendered."""

    def resolve_template_files(self):
        """Reads the files that fields name."""
        dag = (state.context or {}).get("dag")
        if dag is None or not self.template_ext:
            return
        from dagdeck_side.render import with_files

        for name in self.template_fields:
            setattr(self, name, with_files(_Holder(dag, self), getattr(self, name, None)))
        self.prepare_template()

    def render_template(self, content, context, jinja_env=None, seen_oids=None):
        """The rendered form of a text, or of the texts in a list, tuple, set or dict."""
        dag = context.get("dag")
        return self._rendered(dag, {"content": content}, context)["content"] if dag is not None else content

    def render_template_fields(self, context, jinja_env=None):
        dag = context.get("dag")
        if dag is None or state.channel is None:
            return
        from dagdeck_side.render import with_files

        holder = _Holder(dag, self)
        values = {n: with_files(holder, getattr(self, n, None)) for n in self.template_fields}
        for name, value in self._rendered(dag, values, context).items():
            setattr(self, name, value)

    def _rendered(self, dag, values, context):
        from dagdeck_side.render import collect, in_process, rebuild, render_texts, stored

        texts = []
        for value in values.values():
            collect(value, texts, ())
        if not texts:
            return values
        # here the context is whole; the scheduler knows only what it handed out
        done = in_process(dag, texts, context, False)
        if done is None:
            task = context.get("task")
            fields = {n: stored(getattr(task, n, None)) for n in task.template_fields} if task is not None else None
            done = render_texts(_Holder(dag, self), texts, context, fields)
        return {name: rebuild(value, done, context, ()) for name, value in values.items()}


class _Holder:
    """What rendering needs: the DAG, and the object's file endings."""

    def __init__(self, dag, owner):
        self.dag, self.template_ext = dag, owner.template_ext
        self.render_template_as_native_obj = None
