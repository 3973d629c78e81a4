"""Notifiers: objects that work as callbacks."""
from . import state


class BaseNotifier:
    """Subclasses define `notify(context)`; template fields are rendered first."""

    __module__ = "airflow.sdk.bases.notifier"
    template_fields = ()
    template_ext = ()

    def __init__(self, **kwargs):
        self.context = None

    def notify(self, context):
        raise NotImplementedError("Derived classes must implement notify()")

    def render_template_fields(self, context, jinja_env=None):
        from dagdeck_side.render import collect, rebuild, render_texts, with_files

        task = context.get("task")
        if task is None:
            return
        holder = _Holder(task, self)
        texts = []
        values = {n: with_files(holder, getattr(self, n, None)) for n in self.template_fields}
        for value in values.values():
            collect(value, texts, ())
        done = render_texts(holder, texts, context)
        for name, value in values.items():
            setattr(self, name, rebuild(value, done, context, ()))

    def __call__(self, *args):
        context = args[0] if len(args) == 1 else dict(zip(
            ("dag", "task_list", "blocking_task_list", "slas", "blocking_tis"), args))
        self.context = context
        if self.template_fields and state.channel is not None:
            self.render_template_fields(context)
        import asyncio

        if type(self).notify is BaseNotifier.notify and hasattr(self, "async_notify"):
            return asyncio.run(self.async_notify(context))
        return self.notify(context)

    def __await__(self):
        return self.async_notify(self.context).__await__()

    @property
    def log(self):
        import logging

        return logging.getLogger(type(self).__module__ + "." + type(self).__name__)


class _Holder:
    """What rendering needs of a task, with the notifier's file endings."""

    def __init__(self, task, notifier):
        self.dag, self.template_ext = task.dag, notifier.template_ext
        self.render_template_as_native_obj = None


def _named(name, module, fields):
    class Known(BaseNotifier):
        template_fields = fields

        def __init__(self, **kwargs):
            super().__init__()
            for field in fields:
                kwargs.setdefault(field, None)
            self.__dict__.update(kwargs)

        def notify(self, context):
            from .exceptions import AirflowException

            raise AirflowException(f"{name} is not built into this version of dagdeck")

    Known.__name__ = Known.__qualname__ = name
    Known.__module__ = module
    return Known


_P = "airflow.providers."
SmtpNotifier = _named("SmtpNotifier", _P + "smtp.notifications.smtp",
                      ("from_email", "to", "subject", "html_content", "files", "cc", "bcc"))
SlackNotifier = _named("SlackNotifier", _P + "slack.notifications.slack",
                       ("text", "channel", "username", "attachments", "blocks"))
SlackWebhookNotifier = _named("SlackWebhookNotifier", _P + "slack.notifications.slack_webhook",
                              ("slack_webhook_conn_id", "text", "attachments", "blocks"))
PagerdutyNotifier = _named("PagerdutyNotifier", _P + "pagerduty.notifications.pagerduty",
                           ("summary", "severity", "source", "class_type"))
