"""Pods and jobs of operators that run in Python: the program makes and follows them, this process waits for their end."""
from . import state

# What only this process could call: the program has it called where the pod is.
CALLED = frozenset(("callbacks", "progress_callback", "log_formatter"))
_OPERATORS = "airflow.providers.cncf.kubernetes.operators."


def arguments(task):
    """The operator's arguments as they are now, as the program reads them."""
    from dagdeck_side.encode import value

    made_for = [one for one in type(task).__mro__ if one.__module__.startswith(_OPERATORS) and "__init__" in vars(one)]
    names = [n for one in made_for for n in one.__init__._dagdeck_names if n not in CALLED]
    return {name: value(getattr(task, name)) for name in names if getattr(task, name, None) is not None}


def run(task, context):
    """Runs the pod or job of an operator, or what it does at once; its result."""
    calls = None
    if getattr(task, "callbacks", None) or getattr(task, "log_formatter", None):
        from .pod_calls import Calls

        calls = Calls(task, context)
    asked = {"type": "RunPod", "arguments": arguments(task), "do_xcom_push": bool(task.do_xcom_push),
             "listens": calls is not None}
    reply = state.channel.ask(asked)
    while reply["type"] == "PodCall":
        # the question is asked whole: a later scheduler may know nothing of it
        reply = state.channel.ask({**asked, "done": calls.make(reply)})
    if reply["state"] == "success":
        return reply.get("xcom")
    if calls is not None and calls.raised is not None:
        raise calls.raised
    from .exceptions import AirflowException, AirflowSkipException

    kind = AirflowSkipException if reply["state"] == "skipped" else AirflowException
    raise kind(reply.get("message") or "the pod failed")
