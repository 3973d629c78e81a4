"""`BaseSensorOperator`: poke until done, in one process or over reschedules."""
from . import state
from .op_python import print_done  # noqa: F401
from .operator import BaseOperator, setting
from .skipping import SkipMixin


class PokeReturnValue:
    """Result of a poke, with a value for the XCom."""

    __module__ = "airflow.sdk.bases.sensor"

    def __init__(self, is_done, xcom_value=None):
        self.is_done, self.xcom_value = is_done, xcom_value

    def __bool__(self):
        return bool(self.is_done)


def _number(value, name, task_id):
    if hasattr(value, "total_seconds"):
        value = value.total_seconds()
    if not isinstance(value, (int, float)) or value < 0:
        from .exceptions import AirflowException

        raise AirflowException(f"Operator arg `{name}` must be timedelta object or a non-negative number")
    return value


class BaseSensorOperator(BaseOperator, SkipMixin):
    """Subclasses define `poke(context)`."""

    __module__ = "airflow.sdk.bases.sensor"
    ui_color = "#e6f1f2"
    valid_modes = ("poke", "reschedule")
    inherits_from_skipmixin = False
    reschedule = property(lambda self: self.mode == "reschedule")

    def __init__(self, *, poke_interval=60, timeout=None, soft_fail=False, mode="poke", exponential_backoff=False,
                 max_wait=None, silent_fail=False, never_fail=False, **kwargs):
        super().__init__(**kwargs)
        self.poke_interval = _number(poke_interval, "poke_interval", self.task_id)
        if timeout is None:
            timeout = float(setting("sensors", "default_timeout") or 604800)
        self.timeout = _number(timeout, "timeout", self.task_id)
        self.soft_fail, self.never_fail, self.silent_fail = soft_fail, never_fail, silent_fail
        self.mode = mode
        self.exponential_backoff = exponential_backoff
        self.max_wait = None if max_wait is None else _number(max_wait, "max_wait", self.task_id)
        if soft_fail and never_fail:
            raise ValueError("soft_fail and never_fail are mutually exclusive, you can not provide both.")
        if mode not in self.valid_modes:
            from .exceptions import AirflowException

            dag = f"{self.dag_id}." if self.has_dag() else ""
            raise AirflowException(f"The mode must be one of {list(self.valid_modes)},'{dag}{self.task_id}'; "
                                   f"received '{mode}'.")
        if state.parsing and mode == "reschedule" and getattr(self, "deferrable", None):
            state.warn('mode="reschedule" beside deferrable=True: deferrable wins', "give only one of them")

    def poke(self, context):
        raise NotImplementedError("Override me.")

    def execute(self, context):
        import time

        from . import exceptions as ex

        started = self._first_poke(context) if self.mode == "reschedule" else time.time()
        tries = max(1, (context["ti"].task_reschedule_count or 0) + 1) if self.mode == "reschedule" else 1
        while True:
            try:
                done = self.poke(context)
            except (ex.AirflowSensorTimeout, ex.AirflowTaskTimeout, ex.AirflowFailException) as error:
                if self.soft_fail:
                    raise ex.AirflowSkipException("Skipping due to soft_fail is set to True.") from error
                if self.never_fail:
                    raise ex.AirflowSkipException("Skipping due to never_fail is set to True.") from error
                raise
            except ex.AirflowSkipException:
                raise
            except Exception as error:
                if self.silent_fail:
                    self.log.error("Sensor poke failed: \n %s", error)
                    done = False
                elif self.never_fail:
                    raise ex.AirflowSkipException("Skipping due to never_fail is set to True.") from error
                else:
                    raise
            if done:
                self._say("Success criteria met. Exiting.")
                return done.xcom_value if isinstance(done, PokeReturnValue) else None
            spent = time.time() - started
            if spent > self.timeout:
                text = (f"Sensor has timed out; run duration of {spent} seconds exceeds the specified timeout of "
                        f"{float(self.timeout)}.")
                if self.soft_fail:
                    raise ex.AirflowSkipException(text)
                raise ex.AirflowSensorTimeout(text)
            pause = self._get_next_poke_interval(started, lambda: time.time() - started, tries)
            if self.mode == "reschedule":
                import datetime as dt

                date = dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=pause)
                raise ex.AirflowRescheduleException(date)
            time.sleep(pause)
            tries += 1

    def _say(self, text):
        if state.channel is not None:
            state.channel.log("info", "airflow.task.operators", text)

    def _first_poke(self, context):
        """When this try's first poke was, over all reschedules."""
        import time

        date = context["ti"].get_first_reschedule_date()
        return date.timestamp() if date is not None else time.time()

    def _backoff(self, started_at, look):
        from hashlib import sha1

        least = max(int(self.poke_interval * (2 ** (look - 2))), 1)
        text = f"{self.dag_id}#{self.task_id}#{started_at}#{look}"
        return least + int(sha1(text.encode()).hexdigest(), 16) % least

    def _get_next_poke_interval(self, started_at, run_duration, poke_count):
        if not self.exponential_backoff:
            return self.poke_interval
        if self.reschedule:
            # pokes are not counted over reschedules: as many as fit into the time that passed
            passed, spent, poke_count = 0, run_duration(), 0
            while passed <= spent:
                poke_count += 1
                passed += self._backoff(started_at, poke_count)
        pause = min(self.timeout - int(run_duration()), self._backoff(started_at, poke_count))
        if self.max_wait:
            pause = min(self.max_wait, pause)
        return max(pause, 0)

    def resume_execution(self, next_method, next_kwargs, context):
        from . import exceptions as ex

        try:
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except ex.TaskDeferralTimeout as error:
                raise ex.AirflowSensorTimeout(*error.args) from error
        except (ex.AirflowException, ex.TaskDeferralError) as error:
            if self.soft_fail or self.never_fail:
                name = "soft_fail" if self.soft_fail else "never_fail"
                raise ex.AirflowSkipException(f"Skipping due to {name} is set to True.") from error
            raise
