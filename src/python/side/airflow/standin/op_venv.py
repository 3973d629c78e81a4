"""Python operators with an interpreter of their own: they parse, and say that they aren't built in when run."""
from .op_python import BranchMixIn, PythonOperator


class _VenvOperator(PythonOperator):
    """Operators with an interpreter of their own parse; running one says that it isn't built in."""

    __module__ = "airflow.providers.standard.operators.python"

    def __init__(self, *, requirements=None, python_version=None, python=None, serializer=None,
                 system_site_packages=True, pip_install_options=None, index_urls=None, venv_cache_path=None,
                 env_vars=None, inherit_env=True, expect_airflow=True, skip_on_exit_code=None, string_args=None,
                 use_dill=False, expect_pendulum=False, use_airflow_context=False, index_urls_from_connection_ids=None,
                 **kwargs):
        super().__init__(**kwargs)
        self.requirements = requirements
        self.python = python

    def execute(self, context):
        from .exceptions import AirflowFailException

        raise AirflowFailException(f"{type(self).__name__} is not built into this version of dagdeck; use @task")


class PythonVirtualenvOperator(_VenvOperator):
    __module__ = "airflow.providers.standard.operators.python"
    template_fields = ("templates_dict", "op_args", "op_kwargs", "requirements", "index_urls", "venv_cache_path")


class ExternalPythonOperator(_VenvOperator):
    __module__ = "airflow.providers.standard.operators.python"
    template_fields = ("templates_dict", "op_args", "op_kwargs", "python")


class BranchPythonVirtualenvOperator(PythonVirtualenvOperator, BranchMixIn):
    __module__ = "airflow.providers.standard.operators.python"
    inherits_from_skipmixin = True


class BranchExternalPythonOperator(ExternalPythonOperator, BranchMixIn):
    __module__ = "airflow.providers.standard.operators.python"
    inherits_from_skipmixin = True


def is_venv_installed():
    return False

