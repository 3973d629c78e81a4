"""Names that DAG files import mostly for annotations, and small functions."""

from . import state

XCOM_RETURN_KEY = "return_value"
NEW_SESSION = None
PERMISSIONS = "can_read"


class XCom:
    """`XCom.get_one` and `XCom.set` for the running task."""

    XCOM_RETURN_KEY = XCOM_RETURN_KEY

    @classmethod
    def get_one(cls, *, key="return_value", task_id=None, dag_id=None, run_id=None, map_index=None,
                include_prior_dates=False, **kwargs):
        from dagdeck_side.xcom import get_one

        ti = state.context["ti"]
        return get_one(key, dag_id or ti.dag_id, run_id or ti.run_id, task_id or ti.task_id,
                       -1 if map_index is None else map_index, include_prior_dates)[1]

    @classmethod
    def get_value(cls, *, ti_key, key="return_value", **kwargs):
        return cls.get_one(key=key, task_id=ti_key.task_id, dag_id=ti_key.dag_id, run_id=ti_key.run_id,
                           map_index=ti_key.map_index)

    @classmethod
    def set(cls, key, value, **kwargs):
        from dagdeck_side.ti import push

        push(key, value)

    @classmethod
    def get_all(cls, key, dag_id, task_id, run_id, include_prior_dates=False):
        """Values of all map indexes."""
        from dagdeck_side.xcom import get_all

        return get_all(key, dag_id, run_id, task_id, include_prior_dates)

    @staticmethod
    def serialize_value(value, **kwargs):
        from dagdeck_side.xcom import serialize

        return serialize(value)

    @staticmethod
    def deserialize_value(result):
        from dagdeck_side.xcom import deserialize

        return deserialize(getattr(result, "value", result))

    @classmethod
    def purge(cls, xcom, *args):
        """Backends that keep values elsewhere remove them here."""

    @classmethod
    def delete(cls, key, task_id, dag_id, run_id, map_index=None):
        """Deletes an XCom of the running task."""
        state.channel.ask({"type": "DeleteXCom", "key": key, "dag_id": dag_id, "task_id": task_id, "run_id": run_id,
                           "map_index": -1 if map_index is None else map_index})


BaseXCom = XCom


class BaseOperatorLink:
    """Links belong to a web UI; defining one is fine."""

    name = "link"
    operators = ()

    def get_link(self, operator, *, ti_key):
        return ""


class DagModel:
    """Metadata tables don't exist here: only for annotations."""


class DagRun(DagModel):
    @staticmethod
    def find(*args, **kwargs):
        raise NotImplementedError("DagRun.find() needs Airflow's database; use ti.get_dr_count() or the dagdeck CLI")


class TaskInstance(DagModel):
    pass


class Pool(DagModel):
    DEFAULT_POOL_NAME = "default_pool"


class DagBag(DagModel):
    def __init__(self, *args, **kwargs):
        self.dags = {}


class RuntimeTaskInstance(DagModel):
    """For annotations."""


class TaskInstanceKey(tuple):
    """(dag_id, task_id, run_id, try_number, map_index)."""

    def __new__(cls, dag_id, task_id, run_id, try_number=1, map_index=-1):
        return super().__new__(cls, (dag_id, task_id, run_id, try_number, map_index))

    dag_id = property(lambda self: self[0])
    task_id = property(lambda self: self[1])
    run_id = property(lambda self: self[2])
    try_number = property(lambda self: self[3])
    map_index = property(lambda self: self[4])


class BaseAsyncOperator(DagModel):
    pass


class PriorityWeightStrategy:
    def get_weight(self, ti):
        raise NotImplementedError("must be implemented by a subclass")


class AirflowPlugin:
    """Plugins may have any part; macros and listeners mean something here."""

    name = None
    macros = []
    listeners = []
    timetables = partition_mappers = windows = priority_weight_strategies = operator_extra_links = ()
    global_operator_extra_links = flask_blueprints = fastapi_apps = appbuilder_views = appbuilder_menu_items = ()

    @classmethod
    def on_load(cls, *args, **kwargs):
        """Called by Airflow when it has loaded the plugin."""


class BaseSecretsBackend:
    def __init__(self, **kwargs):
        pass


class LoggingMixin:
    @property
    def log(self):
        import logging

        return logging.getLogger(type(self).__module__ + "." + type(self).__name__)


class Literal_:
    """`literal("{{ x }}")`: not rendered."""

    def __init__(self, value):
        self.value = value

    def iter_references(self):
        return ()

    def resolve(self, context=None):
        return self.value

    def __repr__(self):
        return f"literal({self.value!r})"


literal = Literal_


def result(value):
    return value


def mask_secret(secret, name=None):
    """Hides a value in this try's logs."""
    if state.channel is not None and secret is not None:
        state.channel.ask({"type": "MaskSecret", "value": secret, "name": name}, quiet=True)


def apply_defaults(func):
    """Not needed since Airflow 2.0."""
    return func


def hookimpl(func=None, **kwargs):
    """Marks what is called, as pluggy's marker for Airflow does."""
    def mark(one):
        one.airflow_impl = kwargs
        return one

    return mark if func is None else mark(func)


def provide_session(func):
    """Database sessions don't exist here: the function gets none."""
    return func


def no_session(*args, **kwargs):
    raise NotImplementedError("Airflow's metadata database doesn't exist here; use the task's context")


def send_email(to, subject, html_content, **kwargs):
    from .exceptions import AirflowException

    raise AirflowException("send_email is not built into this version of dagdeck")


def list_py_file_paths(directory, **kwargs):
    import pathlib

    return [str(p) for p in sorted(pathlib.Path(directory).rglob("*.py"))]


def import_string(path):
    import importlib

    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def to_boolean(text):
    return str(text).strip().lower() in ("on", "t", "true", "y", "yes", "1")


def get_random_string(length=8, choices="abcdefghijklmnopqrstuvwxyz0123456789"):
    import random

    return "".join(random.choices(choices, k=length))


def execute_in_subprocess(cmd, cwd=None, env=None):
    import subprocess

    subprocess.run(cmd, cwd=cwd, env=env, check=True)


def context_to_airflow_vars(context, in_env_var_format=False):
    import os

    return {k: v for k, v in os.environ.items() if k.startswith("AIRFLOW_CTX_")}


def serialize(value):
    return XCom.serialize_value(value)


def deserialize(value):
    return XCom.deserialize_value(value)


def yaml_load(text):
    import yaml

    return yaml.safe_load(text)


class Stats:
    """Metrics go nowhere."""

    incr = decr = gauge = timing = staticmethod(lambda *args, **kwargs: None)


def __getattr__(name):
    if name in ("Literal", "TypedDict", "Protocol", "ParamSpec", "Self", "TypeAlias", "TypeGuard", "Unpack"):
        import typing

        # only annotations use them; older interpreters lack some
        return getattr(typing, name, typing.Any)
    if name == "TemporaryDirectory":
        import tempfile

        return tempfile.TemporaryDirectory
    if name == "md5":
        import hashlib

        return hashlib.md5
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def parse_template_string(text):
    return (None, text) if "{{" not in text else (text, None)
