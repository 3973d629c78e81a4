"""`@task.bash`, `@task.sensor`, `@task.run_if`, and the forms that only parse."""
from . import op_venv
from .decorators import DecoratedOperator, TaskDecorator, _PythonDecoratedOperator, make_decorator
from .op_bash import BashOperator
from .op_python import call
from .sensor import BaseSensorOperator
from .sensors import PythonSensor

_DECORATORS = "airflow.providers.standard.decorators."


class _BashDecoratedOperator(DecoratedOperator, BashOperator):
    """The function returns the command."""

    __module__ = _DECORATORS + "bash"
    custom_operator_name = "@task.bash"
    template_fields = ("bash_command", "env", "cwd", "op_args", "op_kwargs")
    overwrite_rtif_after_execution = True

    def __init__(self, *, python_callable, op_args=None, op_kwargs=None, _expanded=False, **kwargs):
        kwargs.pop("bash_command", None)
        super().__init__(bash_command="DYNAMIC (set during execution)", **kwargs)
        self.python_callable = python_callable
        self.op_args, self.op_kwargs = op_args or (), op_kwargs or {}

    def execute(self, context):
        from dagdeck_side.render import render_value

        self.bash_command = call(self.python_callable, self.op_args, self.op_kwargs, context)
        if not isinstance(self.bash_command, str) or not self.bash_command.strip():
            raise TypeError("The returned value from the TaskFlow callable must be a non-empty string.")
        self.bash_command = render_value(self, self.bash_command, context)
        return super().execute(context)


class DecoratedSensorOperator(DecoratedOperator, PythonSensor):
    """The function is the poke."""

    __module__ = _DECORATORS + "sensor"
    custom_operator_name = "@task.sensor"
    template_fields = ("op_args", "op_kwargs")

    def __init__(self, *, task_id, python_callable, op_args=None, op_kwargs=None, _expanded=False, **kwargs):
        kwargs.pop("multiple_outputs", None)
        super().__init__(task_id=task_id, python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, **kwargs)


class _Unsupported(_PythonDecoratedOperator):
    """Parses with any arguments; running it says that it isn't built in."""

    takes_anything = True

    def __init__(self, *, python_callable, task_id, op_args=None, op_kwargs=None, _expanded=False, **kwargs):
        from .operator import BASE_PARAMS

        own = {k: kwargs.pop(k) for k in list(kwargs) if k not in BASE_PARAMS}
        super().__init__(python_callable=python_callable, task_id=task_id, op_args=op_args, op_kwargs=op_kwargs, **kwargs)
        for key, value in own.items():
            setattr(self, key, value)

    def execute(self, context):
        from .exceptions import AirflowFailException

        raise AirflowFailException(f"{self.custom_operator_name} is not built into this version of dagdeck; use @task")


class _PythonVirtualenvDecoratedOperator(_PythonDecoratedOperator, op_venv.PythonVirtualenvOperator):
    __module__ = _DECORATORS + "python_virtualenv"
    custom_operator_name = "@task.virtualenv"
    template_fields = op_venv.PythonVirtualenvOperator.template_fields


class _PythonExternalDecoratedOperator(_PythonDecoratedOperator, op_venv.ExternalPythonOperator):
    __module__ = _DECORATORS + "external_python"
    custom_operator_name = "@task.external_python"
    template_fields = op_venv.ExternalPythonOperator.template_fields


class _BranchPythonVirtualenvDecoratedOperator(_PythonDecoratedOperator, op_venv.BranchPythonVirtualenvOperator):
    __module__ = _DECORATORS + "branch_virtualenv"
    custom_operator_name = "@task.branch_virtualenv"
    template_fields = op_venv.PythonVirtualenvOperator.template_fields


class _BranchExternalPythonDecoratedOperator(_PythonDecoratedOperator, op_venv.BranchExternalPythonOperator):
    __module__ = _DECORATORS + "branch_external_python"
    custom_operator_name = "@task.branch_external_python"
    template_fields = op_venv.ExternalPythonOperator.template_fields


class _DockerDecoratedOperator(_Unsupported):
    __module__ = "airflow.providers.docker.decorators.docker"
    custom_operator_name = "@task.docker"


class _StubOperator(_Unsupported):
    __module__ = _DECORATORS + "stub"
    custom_operator_name = "@task.stub"


_CLASSES = {
    "bash": _BashDecoratedOperator, "sensor": DecoratedSensorOperator, "virtualenv": _PythonVirtualenvDecoratedOperator,
    "external_python": _PythonExternalDecoratedOperator, "branch_virtualenv": _BranchPythonVirtualenvDecoratedOperator,
    "branch_external_python": _BranchExternalPythonDecoratedOperator, "docker": _DockerDecoratedOperator, "stub": _StubOperator,
    "llm": _StubOperator, "agent": _StubOperator,
}


def operator_class(kind):
    if kind.startswith("kubernetes"):
        from . import op_pod_decorated as pods

        return pods._KubernetesCmdDecoratedOperator if kind == "kubernetes_cmd" else pods._KubernetesDecoratedOperator
    return _CLASSES[kind]


bash_task, sensor_task, stub_task = make_decorator("bash"), make_decorator("sensor"), make_decorator("stub")
python_task, branch_task = make_decorator("python"), make_decorator("branch")
short_circuit_task, virtualenv_task = make_decorator("short_circuit"), make_decorator("virtualenv")
external_python_task = make_decorator("external_python")
branch_virtualenv_task = make_decorator("branch_virtualenv")
branch_external_python_task = make_decorator("branch_external_python")


def _condition(wanted, condition, skip_message):
    """A pre-execute hook that skips unless the condition is as wanted."""

    def hook(context):
        result = condition(context)
        message = skip_message
        if isinstance(result, tuple):
            result, message = result
        if bool(result) is not wanted:
            from .exceptions import AirflowSkipException

            raise AirflowSkipException(message or ("Task was skipped due to condition."))

    def wrap(decorated):
        if not isinstance(decorated, TaskDecorator):
            raise TypeError("run_if and skip_if can only be used with task. decorate with @task before @task.run_if.")
        before = decorated.kwargs.get("pre_execute")

        def both(context):
            hook(context)
            if before is not None:
                before(context)

        decorated.kwargs["pre_execute"] = both
        return decorated

    return wrap


def run_if(condition, skip_message=None):
    """`@task.run_if(condition)` above `@task`."""
    return _condition(True, condition, skip_message)


def skip_if(condition, skip_message=None):
    """`@task.skip_if(condition)` above `@task`."""
    return _condition(False, condition, skip_message)


__all__ = ["BaseSensorOperator"]
