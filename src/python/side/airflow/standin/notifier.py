"""Notifiers: objects that work as callbacks."""
from .templater import Templater


class BaseNotifier(Templater):
    """Subclasses define `notify(context)` or `async_notify(context)`; template fields are rendered first."""

    __module__ = "airflow.sdk.bases.notifier"
    context = {}

    def __init__(self, context=None):
        self.context = context or {}

    def notify(self, context):
        raise NotImplementedError

    async def async_notify(self, context):
        raise NotImplementedError

    def _prepare(self, context):
        for name in self.template_fields:
            context.setdefault(name, getattr(self, name, None))
        if self.template_fields:
            self.render_template_fields(context)

    def __call__(self, *args):
        context = args[0] if len(args) == 1 else dict(zip(
            ("dag", "task_list", "blocking_task_list", "slas", "blocking_tis"), args))
        self._prepare(context)
        try:
            if type(self).notify is BaseNotifier.notify and type(self).async_notify is not BaseNotifier.async_notify:
                import asyncio

                return asyncio.run(self.async_notify(context))
            return self.notify(context)
        except Exception as error:
            self.log.error("Failed to send notification (sync): %s", error)
            raise

    def __await__(self):
        self._prepare(self.context)
        return self.async_notify(self.context).__await__()


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
_AWS = _P + "amazon.aws.notifications."
SmtpNotifier = _named("SmtpNotifier", _P + "smtp.notifications.smtp",
                      ("from_email", "to", "subject", "html_content", "files", "cc", "bcc"))
SlackNotifier = _named("SlackNotifier", _P + "slack.notifications.slack",
                       ("text", "channel", "username", "attachments", "blocks"))
SlackWebhookNotifier = _named("SlackWebhookNotifier", _P + "slack.notifications.slack_webhook",
                              ("slack_webhook_conn_id", "text", "attachments", "blocks"))
PagerdutyNotifier = _named("PagerdutyNotifier", _P + "pagerduty.notifications.pagerduty",
                           ("summary", "severity", "source", "class_type"))
OpsgenieNotifier = _named("OpsgenieNotifier", _P + "opsgenie.notifications.opsgenie", ("payload",))
DiscordNotifier = _named("DiscordNotifier", _P + "discord.notifications.discord",
                         ("discord_conn_id", "text", "username", "avatar_url", "tts"))
TelegramNotifier = _named("TelegramNotifier", _P + "telegram.notifications.telegram", ("text",))
AppriseNotifier = _named("AppriseNotifier", _P + "apprise.notifications.apprise", ("body", "title", "tag", "attach"))
SnsNotifier = _named("SnsNotifier", _AWS + "sns",
                     ("target_arn", "message", "subject", "message_attributes", "aws_conn_id", "region_name"))
SqsNotifier = _named("SqsNotifier", _AWS + "sqs",
                     ("queue_url", "message_body", "message_attributes", "message_group_id", "delay_seconds",
                      "aws_conn_id", "region_name"))
ChimeNotifier = _named("ChimeNotifier", _AWS + "chime", ("message",))
