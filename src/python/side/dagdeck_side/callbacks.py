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


def run_dag_callbacks(channel, message):
    """`on_success_callback` or `on_failure_callback` of a DAG."""
    import sys

    import airflow  # noqa: F401  installs the finder
    from airflow.standin import state

    from . import logs
    from .context import DagRun, make_context
    from .ti import RuntimeTaskInstance

    state.channel, state.settings = channel, message.get("settings") or {}
    logs.install(channel)
    try:
        load.prepare(message.get("dags_folder"), message.get("plugins_folder"))
        module = load.import_file(message["fileloc"])
        dag = next(d for d in load.found_dags(module) if d.dag_id == message["dag_id"])
    except BaseException as problem:
        log_problem(channel, "Failed to import the DAG file", problem)
        return 0
    run = DagRun(message["dag_run"])
    name = "on_failure_callback" if message.get("is_failure") else "on_success_callback"
    given = getattr(dag, name)
    context = {"dag": dag, "run_id": run.run_id, "dag_run": run, "reason": message.get("reason")}
    ti = message.get("ti")
    if ti and ti["task_id"] in dag.task_dict:
        task = dag.task_dict[ti["task_id"]]
        instance = RuntimeTaskInstance(ti, task, message)
        if ti.get("state"):
            from airflow.standin.enums import RunningState

            instance.state = RunningState._by_value.get(ti["state"], ti["state"])
        context = make_context(dag, task, instance, run)
        context["reason"] = message.get("reason")
    state.context = context
    for one in as_list(given) if given else ():
        try:
            one(context)
        except BaseException as problem:
            log_problem(channel, "Callback failed", problem)
    sys.stdout.flush()
    sys.stderr.flush()
    return 0
