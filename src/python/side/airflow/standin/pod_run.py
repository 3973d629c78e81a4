"""Pods and jobs of operators that run in Python: the program makes and follows them, this process waits for their end."""
from . import state

# What only this process could call; the program runs the pod without them.
CALLED = frozenset(("callbacks", "progress_callback", "log_formatter"))
_OPERATORS = "airflow.providers.cncf.kubernetes.operators."


def arguments(task):
    """The operator's arguments as they are now, as the program reads them."""
    from dagdeck_side.encode import value

    made_for = [one for one in type(task).__mro__ if one.__module__.startswith(_OPERATORS) and "__init__" in vars(one)]
    names = [n for one in made_for for n in one.__init__._dagdeck_names if n not in CALLED]
    return {name: value(getattr(task, name)) for name in names if getattr(task, name, None) is not None}


def run(task):
    """Runs the pod or job of an operator, or what it does at once; its result."""
    reply = state.channel.ask({"type": "RunPod", "arguments": arguments(task), "do_xcom_push": bool(task.do_xcom_push)})
    if reply["state"] == "success":
        return reply.get("xcom")
    from .exceptions import AirflowException, AirflowSkipException

    kind = AirflowSkipException if reply["state"] == "skipped" else AirflowException
    raise kind(reply.get("message") or "the pod failed")
