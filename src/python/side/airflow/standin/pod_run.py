"""Pods of operators that run in Python: the program makes and follows the pod, this process waits for its end."""
from . import state

# What only this process could call: the program has it called where the pod is.
CALLED = frozenset(("callbacks", "progress_callback", "log_formatter"))
_JOB = "airflow.providers.cncf.kubernetes.operators.job"


def arguments(task):
    """The operator's arguments as they are now, as the program reads them."""
    from dagdeck_side.encode import value

    from .op_pod import KubernetesPodOperator

    made_for = [one for one in type(task).__mro__ if one.__module__ in (KubernetesPodOperator.__module__, _JOB)]
    names = [n for one in made_for for n in one.__init__._dagdeck_names if n not in CALLED]
    return {name: value(getattr(task, name)) for name in names if getattr(task, name, None) is not None}


def run(task, context):
    """Runs the pod of an operator; its result."""
    calls = None
    if task.callbacks or task.log_formatter:
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
