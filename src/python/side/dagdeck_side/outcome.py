"""What an exception means for the try."""
from airflow.standin import exceptions as ex


def cause(kind, error, code=None):
    text = str(error)
    return {"kind": kind, "summary": text.strip().split("\n")[0][:500] or type(error).__name__,
            "exception": exception_name(error), "exit_code": code}


def exception_name(error):
    """The class that Airflow logs for a failed try: none for a skip or an exit."""
    if isinstance(error, (ex.AirflowSkipException, SystemExit)) or not getattr(error, "is_logged", True):
        return None
    # There the server refuses the value, and the worker only sees that it did.
    if isinstance(error, ex.UnmappableXComLengthPushed):
        return "AirflowRuntimeError"
    return type(error).__name__


def of_error(run, error):
    """(message, callback) for what execute() or rendering raised."""
    channel = run.channel
    if isinstance(error, ex.DownstreamTasksSkipped):
        return skipped_below(run, error)
    if isinstance(error, ex.AirflowSkipException):
        finish(run)
        channel.log("info", "task", f"Skipping task. {error}".strip())
        found = cause("skip", error)
        return ({"type": "TaskState", "state": "skipped", "retryable": False, "cause": found,
                 "rendered_map_index": stored_name(run)},
                ("on_skipped_callback", "skipped", None))
    if isinstance(error, ex.AirflowRescheduleException):
        channel.log("info", "task", "Rescheduling task, marking task as UP_FOR_RESCHEDULE")
        return {"type": "RescheduleTask", "reschedule_date": when(error.reschedule_date)}, None
    if isinstance(error, (ex.TaskDeferred, ex.TaskAwaitingInput)):
        try:
            return deferred(error), None
        except Exception as other:  # what can't be stored
            return failed(run, other)
    if isinstance(error, ex.DagRunTriggerException):
        from .trigger import triggered

        try:
            return triggered(run, error)
        except BaseException as other:
            return of_error(run, other)
    return failed(run, error)


def finish(run):
    try:
        run.render_again()
    except Exception:
        pass


def skipped_below(run, error):
    tasks = error.tasks if not isinstance(error.tasks, str) else [error.tasks]
    run.channel.log("info", "task", f"Skipping downstream tasks: {', '.join(map(str, tasks))}")
    run.channel.ask({"type": "SkipDownstreamTasks", "tasks": list(tasks)})
    if run.task.outlets:
        say_outlets(run.channel, run.task, run.context)
    return ({"type": "SucceedTask", "rendered_map_index": stored_name(run)},
            ("on_success_callback", "success", None))


def failed(run, error):
    from . import errors

    finish(run)
    if isinstance(error, (ex.AirflowSensorTimeout, ex.AirflowTaskTimeout)):
        kind = "timeout"
    elif run.phase == "template":
        kind = "template"
    elif isinstance(error, (ex.XComForMappingNotPushed, ex.UnmappableXComTypePushed, ex.UnmappableXComLengthPushed)):
        kind = "value"
    elif "is not built into this version" in str(error):
        kind = "unsupported"
    else:
        kind = "exception"
    if isinstance(error, SystemExit):
        found = cause(kind, error)
        found["summary"] = f"the task called sys.exit({error.code!r})"
    else:
        found = cause(kind, error)
    hint = getattr(error, "hint", None)
    if hint:
        found["summary"] += f" ({hint})"
    try:
        trace = errors.stack(error)
    except Exception:
        trace = repr(error)
    run.channel.log("error", "task", "Task failed with exception", trace)
    never = isinstance(error, (ex.AirflowFailException, ex.AirflowSensorTimeout, ex.AirflowTaskTerminated))
    name = run_name(run)
    policy = None if never else run.task.retry_policy
    if policy is not None:
        never, delay = ask_policy(policy, error, run)
        if delay is not None and not never and run.start.get("should_retry"):
            return ({"type": "RetryTask", "retry_delay": delay, "cause": found, "rendered_map_index": name},
                    ("on_retry_callback", "up_for_retry", error))
    again = not never and bool(run.start.get("should_retry"))
    callback = ("on_retry_callback", "up_for_retry", error) if again else ("on_failure_callback", "failed", error)
    return ({"type": "TaskState", "state": "failed", "retryable": not never, "cause": found,
             "rendered_map_index": name}, callback)


def run_name(run):
    """The name of a failed mapped instance, if it can be rendered; the scheduler is told."""
    try:
        run.tell_name(run.map_index_name())
    except Exception:
        pass
    return stored_name(run)


def stored_name(run):
    """The name as the scheduler was told of it."""
    from .run import NAME_LENGTH

    return run.name if run.name is not None and len(run.name) <= NAME_LENGTH else None


def ask_policy(policy, error, run):
    """(never again, delay in seconds or None) of a retry policy."""
    try:
        decision = policy.evaluate(error, run.ti.try_number, run.ti.max_tries, run.context)
    except Exception as other:
        run.channel.log("error", "task", f"retry_policy failed: {other!r}")
        return False, None
    action = str(getattr(getattr(decision, "action", decision), "value", decision)).lower()
    if getattr(decision, "reason", None):
        run.channel.log("info", "task", f"Retry policy decision: {action}: {decision.reason}")
    delay = getattr(decision, "retry_delay", None)
    return action == "fail", delay.total_seconds() if hasattr(delay, "total_seconds") else delay


def when(date):
    from airflow.standin.times import utc_text

    return utc_text(date)


def deferred(error):
    """What the scheduler is told; without a trigger, a person's answer is waited for."""
    from . import xcom

    trigger = getattr(error, "trigger", None)
    path, kwargs = trigger.serialize() if trigger is not None else ("", {})
    timeout = error.timeout
    return {"type": "DeferTask", "classpath": path, "trigger_kwargs": xcom.serialize(kwargs),
            "next_method": error.method_name, "next_kwargs": xcom.serialize(error.kwargs or {}),
            "timeout": timeout.total_seconds() if hasattr(timeout, "total_seconds") else timeout}


def say_outlets(channel, task, context):
    """What the success that follows means for the task's assets."""
    outlets = [one.as_expression() for one in task.outlets
               if hasattr(one, "as_expression") and not hasattr(one, "objects")]
    if not outlets:
        return
    accessor = dict.__getitem__(context, "outlet_events") if "outlet_events" in context else None
    events = accessor.recorded() if hasattr(accessor, "recorded") else []
    channel.ask({"type": "SetOutletEvents", "outlets": outlets, "events": json_form(events)})


def json_form(events):
    """Extras as JSON keeps them."""
    import json

    return json.loads(json.dumps(events, default=str))
