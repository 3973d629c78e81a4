"""A process that does nothing but calling what the author wants to be told of a pod, which dagdeck itself runs."""
from .run import Try, find, now_text


def run(channel, start):
    """Makes calls until the pod is done with; gives the process's exit code."""
    import airflow  # noqa: F401  installs the finder
    from airflow.standin import state

    from . import logs
    from .run import report_import

    state.channel, state.settings = channel, start.get("settings") or {}
    logs.install(channel)
    try:
        dag, task = find(start)
    except BaseException as error:
        report_import(channel, error, start)
        return 0
    return Listener(channel, start, dag, task).run()


class Listener(Try):
    """The task as it is in the try that the pod is for; what is stored about that is stored already."""

    def attempt(self):
        from airflow.standin.pod_calls import Calls

        self.prepare()
        self.export()
        calls = Calls(self.task, self.context)
        reply = self.channel.ask({"type": "NextPodCall"})
        while reply["call"] != "end":
            reply = self.channel.ask({"type": "NextPodCall", "done": calls.make(reply)})
        return {"type": "SucceedTask", "end_date": now_text()}, None

    def store_fields(self):
        pass

    def tell_name(self, name):
        pass
