"""Python operators whose function runs in an interpreter of its own: a virtual environment, or one that is there."""
import os
import sys

from . import state
from .op_python import BranchMixIn, PythonOperator, determine_kwargs, is_generator, print_done

# which context values can leave this process, as in Airflow 3.3.2
PLAIN_KEYS = frozenset((
    "ds", "ds_nodash", "inlets", "outlets", "run_id", "task_instance_key_str", "ts", "ts_nodash", "ts_nodash_with_tz",
    "task_reschedule_count", "partition_key"))
DATE_KEYS = frozenset((
    "data_interval_end", "data_interval_start", "logical_date", "prev_data_interval_end_success",
    "prev_data_interval_start_success", "prev_start_date_success", "prev_end_date_success", "partition_date"))
AIRFLOW_KEYS = frozenset(("macros", "conf", "dag", "dag_run", "task", "params", "triggering_asset_events"))
SERIALIZERS = ("pickle", "dill", "cloudpickle")


class _VenvOperator(PythonOperator):
    """The function's source is run by another interpreter; arguments and result travel pickled."""

    __module__ = "airflow.providers.standard.operators.python"

    def __init__(self, *, python_callable, serializer=None, string_args=None, expect_airflow=True,
                 skip_on_exit_code=None, env_vars=None, inherit_env=True, use_dill=False, use_airflow_context=False,
                 **kwargs):
        if type(python_callable).__name__ != "function" or python_callable.__name__ == "<lambda>":
            raise ValueError(f"{type(self).__name__} only supports functions for python_callable arg")
        if is_generator(python_callable):
            raise ValueError(f"{type(self).__name__} does not support using 'yield' in python_callable")
        super().__init__(python_callable=python_callable, **kwargs)
        self.string_args = string_args or []
        if use_dill:
            state.warn("use_dill= was removed from Airflow; serializer='dill' is meant", 'serializer="dill"')
            serializer = serializer or "dill"
        self.serializer = serializer or "pickle"
        if self.serializer not in SERIALIZERS:
            from .exceptions import AirflowException

            known = ", ".join(map(repr, SERIALIZERS))
            raise AirflowException(f"Unsupported serializer {serializer!r}. Expected one of {known}")
        self.expect_airflow = expect_airflow
        many = hasattr(skip_on_exit_code, "__contains__")
        self.skip_on_exit_code = skip_on_exit_code if many else [] if skip_on_exit_code is None else [skip_on_exit_code]
        self.env_vars, self.inherit_env = env_vars, inherit_env

    def determine_kwargs(self, context):
        keys = self.context_keys()
        return determine_kwargs(self.python_callable, self.op_args, {k: context[k] for k in context if k in keys},
                                self.op_kwargs)

    def context_keys(self):
        return PLAIN_KEYS | DATE_KEYS | AIRFLOW_KEYS

    def get_python_source(self):
        """The function's source without its `@task` decorators."""
        from . import venv

        return venv.source_of(self.python_callable)

    def run_in(self, python):
        """Runs the function with an interpreter; gives its result."""
        from . import venv

        return venv.run(self, str(python))

    def on_kill(self):
        from . import venv

        venv.end_child()


class PythonVirtualenvOperator(_VenvOperator):
    """Makes a virtual environment, runs the function there, removes it again (or keeps it in `venv_cache_path`)."""

    __module__ = "airflow.providers.standard.operators.python"
    template_fields = ("templates_dict", "op_args", "op_kwargs", "requirements", "index_urls",
                       "index_urls_from_connection_ids", "venv_cache_path")
    template_ext = (".txt",)

    def __init__(self, *, requirements=None, python_version=None, system_site_packages=True, pip_install_options=None,
                 index_urls=None, index_urls_from_connection_ids=None, venv_cache_path=None, **kwargs):
        from .exceptions import AirflowException

        if python_version is not None and not isinstance(python_version, str):
            raise AirflowException("Passing non-string types (e.g. int or float) as python_version not supported")
        has_arguments = kwargs.get("op_args") or kwargs.get("op_kwargs")
        if python_version and python_version[0] != str(sys.version_info.major) and has_arguments:
            raise AirflowException(
                "Passing op_args or op_kwargs is not supported across different Python major versions for "
                f"PythonVirtualenvOperator. Please use string_args. Sys version: {sys.version_info}. "
                f"Virtual environment version: {python_version}")
        self.requirements = as_list(requirements) or []
        self.python_version = python_version
        self.system_site_packages = system_site_packages
        self.pip_install_options = pip_install_options
        self.index_urls = as_list(index_urls)
        self.index_urls_from_connection_ids = as_list(index_urls_from_connection_ids)
        self.venv_cache_path = venv_cache_path
        super().__init__(**kwargs)

    def context_keys(self):
        if self.system_site_packages:
            return super().context_keys()
        names = requirement_names(self.requirements)
        if "apache-airflow" in names:
            return super().context_keys()
        return PLAIN_KEYS | DATE_KEYS if "pendulum" in names else PLAIN_KEYS

    def execute_callable(self):
        import tempfile

        from . import venv

        for conn_id in self.index_urls_from_connection_ids or ():
            from .hooks import PackageIndexHook

            self.index_urls = [*(self.index_urls or ()), PackageIndexHook(conn_id).get_connection_url()]
        if self.venv_cache_path:
            return self.run_in(os.path.join(venv.cached(self, str(self.venv_cache_path)), "bin", "python"))
        with tempfile.TemporaryDirectory(prefix="venv") as folder:
            venv.make(self, folder)
            return self.run_in(os.path.join(folder, "bin", "python"))


class ExternalPythonOperator(_VenvOperator):
    """Runs the function with an interpreter that is there."""

    __module__ = "airflow.providers.standard.operators.python"
    template_fields = ("templates_dict", "op_args", "op_kwargs", "python")

    def __init__(self, *, python, expect_pendulum=False, **kwargs):
        if not python:
            raise ValueError("Python Path must be defined in ExternalPythonOperator")
        self.python, self.expect_pendulum = python, expect_pendulum
        super().__init__(**kwargs)

    def execute_callable(self):
        path = str(self.python)
        if not os.path.exists(path):
            raise ValueError(f"Python Path '{path}' must exists")
        if not os.path.isfile(path):
            raise ValueError(f"Python Path '{path}' must be a file")
        if not os.path.isabs(path):
            raise ValueError(f"Python Path '{path}' must be an absolute path.")
        return self.run_in(path)


class _Branch(BranchMixIn):
    inherits_from_skipmixin = True

    def choose_branch(self, context):
        return super().execute(context)

    def execute(self, context):
        return self.do_branch(context, self.choose_branch(context))


class BranchPythonVirtualenvOperator(_Branch, PythonVirtualenvOperator):
    """The function, run in a virtual environment, returns the ids to follow."""

    __module__ = "airflow.providers.standard.operators.python"


class BranchExternalPythonOperator(_Branch, ExternalPythonOperator):
    """The function, run by another interpreter, returns the ids to follow."""

    __module__ = "airflow.providers.standard.operators.python"


def as_list(given):
    """None, a text, or several."""
    if given is None or isinstance(given, (list, tuple, set, frozenset)):
        return None if given is None else list(given)
    return [given]


def requirement_names(requirements):
    """Names of the packages in requirement lines; ValueError for a line that is none."""
    import re

    names = set()
    for text in requirements:
        for line in str(text).splitlines():
            line = re.sub(r"(^|\s)#.*$", "", line).strip()
            if not line:
                continue
            found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
            if found is None:
                raise ValueError(f"Invalid requirement {line!r}")
            names.add(re.sub(r"[-_.]+", "-", found.group()).lower())
    return names


def is_venv_installed():
    """True if `python -m venv` is there."""
    import importlib.util

    return importlib.util.find_spec("venv") is not None


__all__ = ["print_done"]
