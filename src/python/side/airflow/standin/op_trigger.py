"""`TriggerDagRunOperator` in Python: for subclasses; the plain one needs no process."""
from . import state
from .operator import DEFERRABLE, BaseOperator
from .state import NOTSET


class TriggerDagRunOperator(BaseOperator):
    """Makes a run of another DAG."""

    __module__ = "airflow.providers.standard.operators.trigger_dagrun"
    template_fields = ("trigger_dag_id", "trigger_run_id", "logical_date", "conf", "wait_for_completion",
                       "skip_when_already_exists")
    template_fields_renderers = {"conf": "py"}
    ui_color = "#ffefeb"

    def __init__(self, *, trigger_dag_id, trigger_run_id=None, conf=None, logical_date=NOTSET, reset_dag_run=False,
                 wait_for_completion=False, poke_interval=60, allowed_states=None, failed_states=None,
                 skip_when_already_exists=False, fail_when_dag_is_paused=False, note=None, deferrable=DEFERRABLE,
                 openlineage_inject_parent_info=True, run_after=None, execution_date=NOTSET, **kwargs):
        super().__init__(**kwargs)
        if execution_date is not NOTSET:
            state.warn("execution_date= was removed from Airflow; logical_date= is meant", "logical_date=...")
            logical_date = execution_date
        self.trigger_dag_id, self.trigger_run_id, self.conf = trigger_dag_id, trigger_run_id, conf
        self.logical_date = logical_date
        self.reset_dag_run, self.wait_for_completion = reset_dag_run, wait_for_completion
        self.poke_interval = poke_interval.total_seconds() if hasattr(poke_interval, "total_seconds") else poke_interval
        self.allowed_states = [str(getattr(s, "value", s)) for s in allowed_states] if allowed_states else ["success"]
        self.failed_states = [str(getattr(s, "value", s)) for s in failed_states] if failed_states or failed_states == [] else ["failed"]
        self.skip_when_already_exists = skip_when_already_exists
        self.fail_when_dag_is_paused, self.note, self.deferrable = fail_when_dag_is_paused, note, deferrable
        self.run_after = run_after

    def execute(self, context):
        from .exceptions import DagRunTriggerException
        from .times import utc_text

        logical = self.logical_date
        if logical is NOTSET:
            logical = None
            if self.run_after is None:
                import datetime as dt

                logical = dt.datetime.now(dt.timezone.utc)
        logical, run_after = moment("logical_date", logical), moment("run_after", self.run_after)
        import json

        try:
            if self.conf and isinstance(self.conf, str):
                self.conf = json.loads(self.conf)
            json.dumps(self.conf)
        except (TypeError, ValueError):
            raise ValueError(f"conf parameter should be JSON Serializable: {self.conf}") from None
        raise DagRunTriggerException(
            trigger_dag_id=self.trigger_dag_id, dag_run_id=self.trigger_run_id, conf=self.conf,
            logical_date=utc_text(logical), reset_dag_run=self.reset_dag_run,
            skip_when_already_exists=self.skip_when_already_exists, wait_for_completion=self.wait_for_completion,
            allowed_states=self.allowed_states, failed_states=self.failed_states, poke_interval=self.poke_interval,
            note=self.note, run_after=utc_text(run_after), fail_when_dag_is_paused=self.fail_when_dag_is_paused,
            deferrable=self.deferrable)

    def execute_complete(self, context, event):
        from .exceptions import AirflowException

        _, data = event
        failed = [run_id for run_id in data.get("run_ids") or () if data.get(run_id) in self.failed_states]
        if failed:
            raise AirflowException(f"{self.trigger_dag_id}: the runs {failed} ended in one of {self.failed_states}")


def moment(name, value):
    """What a template gave, as a datetime; None where it says so."""
    if value is None or hasattr(value, "isoformat"):
        return value
    if not isinstance(value, str):
        raise TypeError(f"Expected str, datetime.datetime, or None for parameter '{name}'. Got {type(value).__name__}")
    from .timezones import parse

    return None if value in ("None", "") else parse(value)
