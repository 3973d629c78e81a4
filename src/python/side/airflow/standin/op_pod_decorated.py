"""`@task.kubernetes` and `@task.kubernetes_cmd`: a function that runs in a pod, and one that says what a pod runs."""
from . import state
from .decorators import DecoratedOperator, make_decorator
from .op_pod import KubernetesPodOperator
from .op_python import call

_MODULE = "airflow.providers.cncf.kubernetes.decorators."
SCRIPT, INPUT = "__PYTHON_SCRIPT", "__PYTHON_INPUT"
# What runs in the pod: any Python 3 there, with Airflow or without.
TEXT = """from __future__ import annotations

import json
import {pickling}
import sys

try:
    from airflow.plugins_manager import integrate_macros_plugins
except ImportError:
    pass
else:
    integrate_macros_plugins()

with open(sys.argv[1], "rb") as given:
    arguments = {pickling}.load(given)

{source}
result = {function}(*arguments["args"], **arguments["kwargs"])
if result is not None:
    with open(sys.argv[2], "w") as returned:
        json.dump(result, returned)
"""


def name_of(function):
    return f"k8s-airflow-pod-{function.__name__}"


class _KubernetesDecoratedOperator(DecoratedOperator, KubernetesPodOperator):
    """The function's source and its pickled arguments travel in the pod's environment."""

    __module__ = _MODULE + "kubernetes"
    custom_operator_name = "@task.kubernetes"
    template_fields = ("op_args", "op_kwargs", *(
        name for name in KubernetesPodOperator.template_fields if name not in ("cmds", "arguments")))

    def __init__(self, *, python_callable, op_args=None, op_kwargs=None, namespace=None, use_dill=False, name=None,
                 _expanded=False, **kwargs):
        kwargs.pop("cmds", None)
        super().__init__(namespace=namespace, name=name or name_of(python_callable), cmds=["placeholder-command"], **kwargs)
        self.python_callable, self.use_dill = python_callable, use_dill
        self.op_args, self.op_kwargs = op_args or (), op_kwargs or {}

    def execute(self, context):
        import base64

        from dagdeck_venv import native
        from kubernetes.client import models as k8s

        from . import venv

        pickling = venv.library("dill" if self.use_dill else "pickle")
        given = {"args": native(list(self.op_args)), "kwargs": native(dict(self.op_kwargs))}
        text = TEXT.format(pickling=pickling.__name__, source=venv.source_of(self.python_callable),
                           function=self.python_callable.__name__)
        self._before_render()
        packed = ((SCRIPT, text.encode()), (INPUT, pickling.dumps(given)))
        self.env_vars = [*(self.env_vars or ()), *(
            k8s.V1EnvVar(name=name, value=base64.b64encode(data).decode()) for name, data in packed)]
        self.cmds = command(bool(self.do_xcom_push))
        return super().execute(context)


def command(pushes):
    """Unpacks both in the pod, and runs the one with the other."""
    folder, target = ("mkdir -p /airflow/xcom", "/airflow/xcom/return.json") if pushes else (":", "/dev/null")
    return ["bash", "-cx", " && ".join((
        unpack(SCRIPT, "/tmp/script.py"), unpack(INPUT, "/tmp/script.in"), folder,
        f"python /tmp/script.py /tmp/script.in {target}"))]


def unpack(variable, path):
    return (f'python -c "import base64, os;x = base64.b64decode(os.environ[\\"{variable}\\"]);'
            f'f = open(\\"{path}\\", \\"wb\\"); f.write(x); f.close()"')


class _KubernetesCmdDecoratedOperator(DecoratedOperator, KubernetesPodOperator):
    """The function returns the command, or the arguments of the image's own."""

    __module__ = _MODULE + "kubernetes_cmd"
    custom_operator_name = "@task.kubernetes_cmd"
    template_fields = ("op_args", "op_kwargs", *KubernetesPodOperator.template_fields)
    overwrite_rtif_after_execution = True

    def __init__(self, *, python_callable, op_args=None, op_kwargs=None, args_only=False, name=None, cmds=None,
                 arguments=None, _expanded=False, **kwargs):
        if cmds is not None or arguments is not None:
            state.warn("cmds= and arguments= of @task.kubernetes_cmd are not used; what the function returns is",
                       "return the list, with args_only=True for arguments")
        super().__init__(name=name or name_of(python_callable), **kwargs)
        self.python_callable, self.args_only = python_callable, args_only
        self.op_args, self.op_kwargs = op_args or (), op_kwargs or {}

    def execute(self, context):
        from dagdeck_side.render import render_value

        made = call(self.python_callable, self.op_args, self.op_kwargs, context)
        if not isinstance(made, list) or not all(isinstance(word, str) for word in made):
            raise TypeError(f"Expected {self.python_callable.__name__} to return a list of strings, but got {made!r}")
        if not made:
            raise ValueError(f"The {self.python_callable.__name__} returned an empty list of commands")
        made = render_value(self, made, context)
        self.cmds, self.arguments = ([], made) if self.args_only else (made, [])
        return super().execute(context)


kubernetes_task, kubernetes_cmd_task = make_decorator("kubernetes"), make_decorator("kubernetes_cmd")
