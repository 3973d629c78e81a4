"""Listeners of plugins: called where a task runs, and in the process that calls a DAG's callbacks."""
import sys

from airflow.standin import state

OF_RUNS = {"on_dag_run_running": "on_dag_run_running", "on_dag_run_success": "on_success_callback",
           "on_dag_run_failed": "on_failure_callback"}
"""What is to be called for a run, and when the scheduler asks for it."""
OF_INSTANCES = ("on_task_instance_running", "on_task_instance_success", "on_task_instance_failed", "on_task_instance_skipped")
OF_STATES = {"success": "on_task_instance_success", "skipped": "on_task_instance_skipped",
             "failed": "on_task_instance_failed", "up_for_retry": "on_task_instance_failed"}

_found = None


def listeners():
    """The objects that plugins name; plugins are only imported if one of their files speaks of listeners."""
    global _found
    if _found is None:
        _found = []
        if state.plugins_folder and _speaks(state.plugins_folder):
            from .plugins import plugins

            _found = [one for plugin in plugins() for one in plugin.listeners or ()]
    return _found


def _speaks(folder):
    from .plugins import files

    for path in files(folder):
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            continue
        if b"AirflowPlugin" in text and b"listeners" in text:
            return True
    return False


def functions(name):
    """What is to be called: only what is marked with `@hookimpl`, as in Airflow."""
    found = (getattr(one, name, None) for one in listeners())
    return [one for one in found if callable(one) and hasattr(one, "airflow_impl")]


def call(name, **arguments):
    """Calls each with those arguments that it takes; what one raises is logged."""
    for function in functions(name):
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        taken = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount] if code is not None else arguments
        try:
            function(**{key: value for key, value in arguments.items() if key in taken})
        except Exception as problem:
            from .callbacks import log_problem

            log_problem(state.channel, "error calling listener", problem)
    sys.stdout.flush()
    sys.stderr.flush()


def of_instance(task_instance, name, new_state=None, error=None):
    """Tells of a task instance: that it runs, or what it became."""
    from airflow.standin.enums import RunningState

    if not functions(name):
        return
    if new_state is not None:
        task_instance.state = RunningState(new_state)
    before = RunningState("queued" if new_state is None else "running")
    call(name, previous_state=before, task_instance=task_instance, error=error)


def wanted_of_dags():
    """The callbacks that a DAG must have for the listeners' sake."""
    return [callback for name, callback in OF_RUNS.items() if functions(name)]


def listen_to_tasks():
    """True if something is called for task instances: these must run in Python then."""
    return any(functions(name) for name in OF_INSTANCES)
