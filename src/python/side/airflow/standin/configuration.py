"""`airflow.configuration.conf`: settings of the environment, with Airflow's defaults for what DAG files ask."""
import os

from . import state

version = "3.3.2"
sdk_version, standard_version = "1.3.2", "1.21.0"
AIRFLOW_HOME = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow")
DAGS_FOLDER = os.environ.get("AIRFLOW__CORE__DAGS_FOLDER") or os.path.join(AIRFLOW_HOME, "dags")
DEFAULTS = {
    ("core", "dags_folder"): DAGS_FOLDER, ("core", "default_timezone"): "UTC", ("core", "parallelism"): "32",
    ("core", "executor"): "LocalExecutor", ("core", "load_examples"): "False",
    ("core", "max_active_tasks_per_dag"): "16", ("core", "max_active_runs_per_dag"): "16",
    ("core", "plugins_folder"): os.path.join(AIRFLOW_HOME, "plugins"), ("core", "unit_test_mode"): "False",
    ("core", "default_task_retries"): "0", ("operators", "default_owner"): "airflow",
    ("operators", "default_deferrable"): "false", ("operators", "default_queue"): "default",
    ("logging", "base_log_folder"): os.path.join(AIRFLOW_HOME, "logs"),
    ("webserver", "base_url"): "http://localhost:8080", ("api", "base_url"): "http://localhost:8080",
    ("smtp", "smtp_host"): "localhost", ("smtp", "smtp_mail_from"): "airflow@example.com",
    ("sensors", "default_timeout"): "604800", ("kubernetes_executor", "namespace"): "default",
    ("kubernetes_executor", "worker_container_repository"): "", ("kubernetes_executor", "worker_container_tag"): "",
    ("core", "max_map_length"): "1024", ("core", "hostname_callable"): "socket.getfqdn",
    ("core", "xcom_backend"): "airflow.sdk.execution_time.xcom.BaseXCom", ("core", "test_connection"): "Disabled",
    ("scheduler", "catchup_by_default"): "False", ("scheduler", "create_cron_data_intervals"): "False",
    ("scheduler", "max_tis_per_query"): "16", ("dag_processor", "refresh_interval"): "300",
    ("email", "email_backend"): "airflow.utils.email.send_email_smtp", ("email", "from_email"): "",
    ("secrets", "backend"): "", ("webserver", "instance_name"): "",
}


def variable(section, key):
    """Name of an option's environment variable."""
    return f"AIRFLOW__{section.replace('.', '_').upper()}__{key.upper()}"


class AirflowConfigParser:
    """What DAG files use of Airflow's configuration object."""

    def get(self, section, key, fallback=state.NOTSET, **kwargs):
        name = variable(section, key)
        if name in os.environ:
            return os.environ[name]
        found = DEFAULTS.get((section.lower(), key.lower()))
        if found is not None:
            return found
        if fallback is not state.NOTSET:
            return fallback
        from .exceptions import AirflowConfigException

        raise AirflowConfigException(f"section/key [{section}/{key}] not found in config")

    def getboolean(self, section, key, fallback=state.NOTSET, **kwargs):
        value = self.get(section, key, fallback=fallback)
        return value if isinstance(value, bool) else str(value).strip().lower() in ("true", "t", "1", "yes", "on")

    def getint(self, section, key, fallback=state.NOTSET, **kwargs):
        return int(self.get(section, key, fallback=fallback))

    def getfloat(self, section, key, fallback=state.NOTSET, **kwargs):
        return float(self.get(section, key, fallback=fallback))

    def getlist(self, section, key, fallback=state.NOTSET, delimiter=",", **kwargs):
        return [p.strip() for p in self.get(section, key, fallback=fallback).split(delimiter)]

    def has_option(self, section, key):
        return (section.lower(), key.lower()) in DEFAULTS or variable(section, key) in os.environ

    def has_section(self, section):
        return bool(self.getsection(section))

    def getsection(self, section):
        """What is known of a section, as texts."""
        known = {key: value for (name, key), value in DEFAULTS.items() if name == section.lower()}
        start = variable(section, "")
        known.update({name[len(start):].lower(): value for name, value in os.environ.items() if name.startswith(start)})
        return known

    def getimport(self, section, key, **kwargs):
        """The object that an option names; None if it names none."""
        from .compat import import_string

        path = self.get(section, key, fallback=kwargs.get("fallback", ""))
        return import_string(path) if path else None

    def gettimedelta(self, section, key, fallback=state.NOTSET, **kwargs):
        """A number of seconds as a timedelta; None for an empty one."""
        from datetime import timedelta

        value = self.get(section, key, fallback=fallback)
        return timedelta(seconds=float(value)) if value not in (None, "") else None

    def getenum(self, section, key, enum_class, fallback=state.NOTSET, **kwargs):
        value = self.get(section, key, fallback=fallback)
        return value if isinstance(value, enum_class) else enum_class[value]

    def get_mandatory_value(self, section, key, **kwargs):
        return self.get(section, key)

    def getjson(self, section, key, fallback=state.NOTSET, **kwargs):
        import json

        value = self.get(section, key, fallback=fallback)
        return json.loads(value) if isinstance(value, str) else value


conf = AirflowConfigParser()


def __getattr__(name):
    if name == "TIMEZONE":
        from .times import default_zone_name, make_zone

        return make_zone(default_zone_name())
    raise AttributeError(name)
