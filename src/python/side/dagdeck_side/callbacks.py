"""Callbacks of tasks and DAGs: each is guarded, an error in one is only logged."""
from . import load


def as_list(given):
    return list(given) if isinstance(given, (list, tuple)) else [given]


def run_callbacks(run, name, given, new_state, error):
    """Calls a task's callbacks with the context."""
    from airflow.standin.enums import RunningState

    context = run.context
    if new_state is not None:
        run.ti.state = RunningState(new_state)
    if error is not None:
        context["exception"] = error
    for one in as_list(given):
        try:
            one(context)
        except BaseException as problem:
            log_problem(run.channel, "Failed to run task callback", problem)
    if new_state is not None:
        import sys

        sys.stdout.flush()
        sys.stderr.flush()


def log_problem(channel, text, problem):
    from . import errors

    channel.log("error", "task", text, errors.stack(problem))


def run_requested(channel, message):
    """What the scheduler wants called."""
    import sys

    import airflow  # noqa: F401  installs the finder
    from airflow.standin import state

    from . import logs

    state.channel, state.settings = channel, message.get("settings") or {}
    logs.install(channel)
    try:
        load.prepare(message.get("dags_folder"), message.get("plugins_folder"))
        module = load.import_file(message["fileloc"], message.get("source"))
        dag = next(d for d in load.found_dags(module) if d.dag_id == message["dag_id"])
    except BaseException as problem:
        log_problem(channel, "Failed to import the DAG file", problem)
        return 0
    try:
        _REQUESTS[message["type"]](channel, message, dag)
    except BaseException as problem:
        log_problem(channel, "Callback failed", problem)
    sys.stdout.flush()
    sys.stderr.flush()
    return 0


def context_of(message, dag):
    """The context of the instance that a callback is about; None without one."""
    from airflow.standin.enums import RunningState

    from .context import DagRun, make_context
    from .ti import RuntimeTaskInstance

    ti = message.get("ti")
    if not ti or ti.get("task_id") not in dag.task_dict:
        return None
    task = dag.task_dict[ti["task_id"]]
    instance = RuntimeTaskInstance(ti, task, message)
    if ti.get("state"):
        instance.state = RunningState._by_value.get(ti["state"], ti["state"])
    return make_context(dag, task, instance, DagRun(message["dag_run"]))


def call_all(channel, given, context):
    from airflow.standin import state

    state.context = context
    for one in as_list(given) if given else ():
        try:
            one(context)
        except BaseException as problem:
            log_problem(channel, "Callback failed", problem)


def of_dag(channel, message, dag):
    """`on_success_callback` or `on_failure_callback` of a DAG, and what listeners want to know of a run."""
    from . import listeners
    from .context import DagRun

    run = DagRun(message["dag_run"])
    name = message.get("listener") or ("on_dag_run_failed" if message.get("is_failure") else "on_dag_run_success")
    listeners.call(name, dag_run=run, msg=message.get("reason"))
    if message.get("listener"):
        return
    context = context_of(message, dag) or {"dag": dag, "run_id": run.run_id, "dag_run": run}
    context["reason"] = message.get("reason")
    name = "on_failure_callback" if message.get("is_failure") else "on_success_callback"
    call_all(channel, getattr(dag, name), context)


def of_task(channel, message, dag):
    """A callback of a task whose own process couldn't call it."""
    context = context_of(message, dag)
    if context is None:
        return
    if message.get("error"):
        from airflow.standin.exceptions import AirflowException

        context["exception"] = AirflowException(message["error"])
    call_all(channel, getattr(context["task"], message["callback"], None), context)


def accepts_context(function):
    import inspect

    try:
        params = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True
    return "context" in params or any(p.kind == p.VAR_KEYWORD for p in params.values())


def of_deadline(channel, message, dag):
    """The callback of a missed deadline: a function, or a class whose instances are called or awaited."""
    import asyncio
    import inspect

    from .triggerer import import_class
    from .xcom import deserialize

    call = message["callback"]
    function = import_class(call["path"], message["fileloc"])
    kwargs, context = deserialize(call.get("kwargs") or {}), message["context"]
    if isinstance(function, type) and hasattr(function, "__await__") and call["is_async"] and not accepts_context(function):
        result = function(**kwargs)
        result.context = context
    else:
        result = function(**kwargs, context=context) if accepts_context(function) else function(**kwargs)
    if call["is_async"]:

        async def whole():
            return await result

        asyncio.run(whole())
    elif callable(result) and not inspect.isfunction(result):
        result(context)


def of_reference(channel, message, dag):
    """From when a deadline counts, by the author's own class."""
    from airflow.standin.times import utc_text

    from .context import DagRun

    run = DagRun(message["dag_run"])
    reference = as_list(dag.deadline)[message["number"]].reference
    base = reference._evaluate_with(session=None, dag_id=dag.dag_id, run_id=run.run_id, dag_run=run)
    channel.ask({"type": "SetDeadline", "number": message["number"], "base": utc_text(base) if base else None})


_REQUESTS = {"DagCallbackRequest": of_dag, "TaskCallbackRequest": of_task, "DeadlineCallbackRequest": of_deadline,
             "DeadlineReferenceRequest": of_reference}
