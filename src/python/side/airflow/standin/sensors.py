"""Sensors of the standard provider."""
from . import state
from .op_python import determine_kwargs
from .sensor import BaseSensorOperator, PokeReturnValue

_STANDARD = "airflow.providers.standard.sensors."


class PythonSensor(BaseSensorOperator):
    """Waits for a function to return something true."""

    __module__ = _STANDARD + "python"
    template_fields = ("templates_dict", "op_args", "op_kwargs")

    def __init__(self, *, python_callable, op_args=None, op_kwargs=None, templates_dict=None, **kwargs):
        super().__init__(**kwargs)
        self.python_callable = python_callable
        self.op_args, self.op_kwargs = op_args or [], op_kwargs or {}
        self.templates_dict = templates_dict

    def poke(self, context):
        if self.templates_dict is not None:
            context["templates_dict"] = self.templates_dict
        kwargs = determine_kwargs(self.python_callable, self.op_args, context, self.op_kwargs)
        self._say(f"Poking callable: {self.python_callable}")
        result = self.python_callable(*self.op_args, **kwargs)
        return result if isinstance(result, PokeReturnValue) else PokeReturnValue(bool(result))


class BashSensor(BaseSensorOperator):
    """Waits for a command to end with 0."""

    __module__ = _STANDARD + "bash"
    template_fields = ("bash_command", "env")
    template_ext = (".sh", ".bash")

    def __init__(self, *, bash_command, env=None, output_encoding="utf-8", retry_exit_code=None, **kwargs):
        super().__init__(**kwargs)
        self.bash_command, self.env, self.output_encoding = bash_command, env, output_encoding
        self.retry_exit_code = retry_exit_code
        self._process = None

    def poke(self, context):
        import os
        import subprocess
        import tempfile

        with tempfile.TemporaryDirectory(prefix="airflowtmp") as folder:
            self._process = process = subprocess.Popen(
                ["bash", "-c", self.bash_command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder,
                env=dict(os.environ) if self.env is None else self.env, start_new_session=True)
            for raw in iter(process.stdout.readline, b""):
                self._say(raw.decode(self.output_encoding, "backslashreplace").rstrip())
            code = process.wait()
        if code == 0:
            return True
        if self.retry_exit_code is None or code == self.retry_exit_code:
            self._say(f"Non-zero return code {code}, will poke again")
            return False
        from .exceptions import AirflowFailException

        raise AirflowFailException(f"Command exited with return code {code}. Failing Task")

    def on_kill(self):
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()


class FileSensor(BaseSensorOperator):
    """Waits for a file or folder below the connection's path."""

    __module__ = _STANDARD + "filesystem"
    template_fields = ("filepath", "fs_conn_id")

    def __init__(self, *, filepath, fs_conn_id="fs_default", recursive=False, deferrable=False,
                 start_from_trigger=False, trigger_kwargs=None, **kwargs):
        self.deferrable = deferrable
        super().__init__(**kwargs)
        self.filepath, self.fs_conn_id, self.recursive = filepath, fs_conn_id, recursive

    @property
    def path(self):
        import os

        from .hooks import FSHook

        return os.path.join(FSHook(self.fs_conn_id).get_path(), self.filepath)

    def poke(self, context):
        import glob
        import os

        path = self.path
        self._say(f"Poking for file {path}")
        for found in glob.glob(path, recursive=self.recursive):
            if os.path.isfile(found):
                return True
            if any(files for _, _, files in os.walk(found)):
                return True
        return False


def _now():
    import datetime as dt

    return dt.datetime.now(dt.timezone.utc)


class DateTimeSensor(BaseSensorOperator):
    """Waits for a moment."""

    __module__ = _STANDARD + "date_time"
    template_fields = ("target_time",)

    def __init__(self, *, target_time, deferrable=False, **kwargs):
        self.deferrable = deferrable
        super().__init__(**kwargs)
        if hasattr(target_time, "isoformat"):
            target_time = target_time.isoformat()
        elif not isinstance(target_time, str) and not hasattr(target_time, "operator"):
            raise TypeError(f"Expected str or datetime.datetime type for target_time. Got {type(target_time)}")
        self.target_time = target_time

    def poke(self, context):
        from .timezones import parse

        return _now() > parse(self.target_time)


class DateTimeSensorAsync(DateTimeSensor):
    __module__ = _STANDARD + "date_time"

    def __init__(self, *, start_from_trigger=False, end_from_trigger=False, trigger_kwargs=None, **kwargs):
        super().__init__(**kwargs)


class TimeDeltaSensor(BaseSensorOperator):
    """Waits until some time after the data interval's end."""

    __module__ = _STANDARD + "time_delta"
    template_fields = ("delta",)

    def __init__(self, *, delta, deferrable=False, end_from_trigger=False, **kwargs):
        self.deferrable = deferrable
        super().__init__(**kwargs)
        self.delta = delta

    def target(self, context):
        run = context["dag_run"]
        return (run.data_interval_end or run.run_after) + self.delta

    def poke(self, context):
        target = self.target(context)
        self._say(f"Checking if the delta has elapsed target={target}")
        return _now() > target

    def execute(self, context):
        super().execute(context)
        return True if self.deferrable else None


class TimeDeltaSensorAsync(TimeDeltaSensor):
    __module__ = _STANDARD + "time_delta"


class WaitSensor(BaseSensorOperator):
    """Waits a fixed time."""

    __module__ = _STANDARD + "time_delta"

    def __init__(self, time_to_wait, deferrable=False, **kwargs):
        super().__init__(**kwargs)
        import datetime as dt

        self.deferrable = deferrable
        self.time_to_wait = time_to_wait if hasattr(time_to_wait, "total_seconds") else dt.timedelta(minutes=time_to_wait)

    def execute(self, context):
        import time

        time.sleep(self.time_to_wait.total_seconds())


class TimeSensor(BaseSensorOperator):
    """Waits for a time of day, in the DAG's zone."""

    __module__ = _STANDARD + "time"

    def __init__(self, *, target_time, deferrable=False, start_from_trigger=False, end_from_trigger=False,
                 trigger_kwargs=None, **kwargs):
        self.deferrable = deferrable
        super().__init__(**kwargs)
        self.target_time = target_time

    def poke(self, context):
        import datetime as dt

        zone = self.dag.timezone
        now = _now().astimezone(zone)
        return now > dt.datetime.combine(now.date(), self.target_time, zone)


class TimeSensorAsync(TimeSensor):
    __module__ = _STANDARD + "time"


class DayOfWeekSensor(BaseSensorOperator):
    """Waits for a day of the week."""

    __module__ = _STANDARD + "weekday"

    def __init__(self, *, week_day, use_task_logical_date=False, **kwargs):
        super().__init__(**kwargs)
        self.week_day, self.use_task_logical_date = week_day, use_task_logical_date

    def poke(self, context):
        from .op_simple import WeekDay

        now = context["logical_date"] if self.use_task_logical_date else _now()
        return now.isoweekday() in WeekDay.numbers(self.week_day)


class HttpSensor(BaseSensorOperator):
    """Waits for an answer of a web server."""

    __module__ = "airflow.providers.http.sensors.http"
    template_fields = ("endpoint", "request_params", "headers")

    def __init__(self, *, endpoint, http_conn_id="http_default", method="GET", request_params=None,
                 request_kwargs=None, headers=None, response_error_codes_allowlist=None, response_check=None,
                 extra_options=None, deferrable=False, tcp_keep_alive=True, **kwargs):
        self.deferrable = deferrable
        super().__init__(**kwargs)
        self.endpoint, self.http_conn_id, self.method = endpoint, http_conn_id, method
        self.request_params, self.headers, self.response_check = request_params or {}, headers or {}, response_check
        self.extra_options = extra_options or {}

    def poke(self, context):
        from .exceptions import AirflowFailException

        raise AirflowFailException("HttpSensor is not built into this version of dagdeck")


__all__ = ["state"]
