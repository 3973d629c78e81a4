"""Sensors of the standard provider."""
from . import state
from .op_python import determine_kwargs
from .operator import DEFERRABLE
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

    def __init__(self, *, filepath, fs_conn_id="fs_default", recursive=False, deferrable=DEFERRABLE,
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

    def execute(self, context):
        if not self.deferrable:
            return super().execute(context)
        if self.poke(context):
            return None
        from .triggers_standard import FileTrigger

        self.defer(trigger=FileTrigger(self.path, self.recursive, self.poke_interval), method_name="execute_complete",
                   timeout=_seconds(self.timeout))

    def execute_complete(self, context, event=None):
        if not event:
            from .exceptions import AirflowException

            raise AirflowException(f"{self.task_id} task failed as {self.filepath} not found.")


def _now():
    import datetime as dt

    return dt.datetime.now(dt.timezone.utc)


def _seconds(number):
    import datetime as dt

    return dt.timedelta(seconds=number)


def _until(sensor, moment, timeout=None):
    """Defers a sensor until an instant."""
    from .triggers_standard import DateTimeTrigger

    trigger = DateTimeTrigger(moment, end_from_trigger=getattr(sensor, "end_from_trigger", False))
    sensor.defer(trigger=trigger, method_name="execute_complete", timeout=timeout)


class DateTimeSensor(BaseSensorOperator):
    """Waits for a moment."""

    __module__ = _STANDARD + "date_time"
    template_fields = ("target_time",)

    def __init__(self, *, target_time, **kwargs):
        super().__init__(**kwargs)
        if not (isinstance(target_time, str) or hasattr(target_time, "isoformat") or hasattr(target_time, "operator")):
            raise TypeError(f"Expected str or datetime.datetime type for target_time. Got {type(target_time)}")
        self.target_time = target_time

    @property
    def _moment(self):
        from .timezones import parse

        given = self.target_time
        return parse(given.isoformat() if hasattr(given, "isoformat") else given)

    def poke(self, context):
        self._say(f"Checking if the time ({self.target_time}) has come")
        return _now() > self._moment


class DateTimeSensorAsync(DateTimeSensor):
    """Waits for a moment, deferred."""

    __module__ = _STANDARD + "date_time"

    def __init__(self, *, start_from_trigger=False, end_from_trigger=False, trigger_kwargs=None, **kwargs):
        super().__init__(**kwargs)
        self.end_from_trigger = end_from_trigger

    def execute(self, context):
        _until(self, self._moment)

    def execute_complete(self, context, event=None):
        return None


def _delta(value):
    """A timedelta; a bare number is minutes."""
    import datetime as dt

    return value if isinstance(value, dt.timedelta) else dt.timedelta(minutes=int(value))


class TimeDeltaSensor(BaseSensorOperator):
    """Waits until some time after the data interval's end."""

    __module__ = _STANDARD + "time_delta"
    template_fields = ("delta",)

    def __init__(self, *, delta, deferrable=DEFERRABLE, end_from_trigger=False, **kwargs):
        super().__init__(**kwargs)
        self.delta, self.deferrable, self.end_from_trigger = delta, deferrable, end_from_trigger

    def target(self, context):
        run = context["dag_run"]
        return (run.data_interval_end or run.run_after) + _delta(self.delta)

    def poke(self, context):
        target = self.target(context)
        self._say(f"Checking if the delta has elapsed target={target}")
        return _now() > target

    def execute(self, context):
        if not self.deferrable:
            return super().execute(context)
        if self.poke(context):
            return True
        _until(self, self.target(context), self.timeout)

    def execute_complete(self, context, event=None):
        return None


class TimeDeltaSensorAsync(TimeDeltaSensor):
    __module__ = _STANDARD + "time_delta"

    def __init__(self, *, delta, end_from_trigger=False, **kwargs):
        kwargs["deferrable"] = True
        super().__init__(delta=delta, end_from_trigger=end_from_trigger, **kwargs)


class WaitSensor(BaseSensorOperator):
    """Waits a fixed time."""

    __module__ = _STANDARD + "time_delta"
    template_fields = ("time_to_wait",)

    def __init__(self, time_to_wait, deferrable=DEFERRABLE, **kwargs):
        super().__init__(**kwargs)
        self.deferrable, self.time_to_wait = deferrable, time_to_wait

    def execute(self, context):
        wait = _delta(self.time_to_wait)
        if self.deferrable:
            self.end_from_trigger = True
            _until(self, _now() + wait)
        import time

        time.sleep(int(wait.total_seconds()))

    def execute_complete(self, context, event=None):
        return None


class TimeSensor(BaseSensorOperator):
    """Waits for a time of day, in the DAG's zone."""

    __module__ = _STANDARD + "time"

    def __init__(self, *, target_time, deferrable=DEFERRABLE, start_from_trigger=False, end_from_trigger=False,
                 trigger_kwargs=None, **kwargs):
        super().__init__(**kwargs)
        self.target_time, self.deferrable, self.end_from_trigger = target_time, deferrable, end_from_trigger

    @property
    def target_datetime(self):
        import datetime as dt

        zone = self.dag.timezone
        return dt.datetime.combine(_now().astimezone(zone).date(), self.target_time, zone)

    def execute(self, context):
        if self.deferrable:
            _until(self, self.target_datetime)
        return super().execute(context)

    def execute_complete(self, context, event=None):
        return None

    def poke(self, context):
        self._say(f"Checking if the time ({self.target_datetime}) has come")
        return _now() > self.target_datetime


class TimeSensorAsync(TimeSensor):
    __module__ = _STANDARD + "time"

    def __init__(self, **kwargs):
        kwargs["deferrable"] = True
        super().__init__(**kwargs)


class DayOfWeekSensor(BaseSensorOperator):
    """Waits for a day of the week."""

    __module__ = _STANDARD + "weekday"

    def __init__(self, *, week_day, use_task_logical_date=False, **kwargs):
        super().__init__(**kwargs)
        from .op_simple import WeekDay, day_names

        self.week_day, self.use_task_logical_date = day_names(week_day), use_task_logical_date
        WeekDay.validate_week_day(week_day)

    def poke(self, context):
        from .op_simple import WeekDay

        now = _now()
        if self.use_task_logical_date:
            now = context.get("logical_date") or context["dag_run"].run_after
        return now.isoweekday() in WeekDay.validate_week_day(self.week_day)


class HttpSensor(BaseSensorOperator):
    """Waits for an answer of a web server."""

    __module__ = "airflow.providers.http.sensors.http"
    template_fields = ("endpoint", "request_params", "headers")

    def __init__(self, *, endpoint, http_conn_id="http_default", method="GET", request_params=None,
                 request_kwargs=None, headers=None, response_error_codes_allowlist=None, response_check=None,
                 extra_options=None, deferrable=DEFERRABLE, tcp_keep_alive=True, **kwargs):
        self.deferrable = deferrable
        super().__init__(**kwargs)
        self.endpoint, self.http_conn_id, self.method = endpoint, http_conn_id, method
        self.request_params, self.headers, self.response_check = request_params or {}, headers or {}, response_check
        self.extra_options = extra_options or {}

    def poke(self, context):
        from .exceptions import AirflowFailException

        raise AirflowFailException("HttpSensor is not built into this version of dagdeck")


__all__ = ["state"]
