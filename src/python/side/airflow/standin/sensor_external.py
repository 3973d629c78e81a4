"""`ExternalTaskSensor` in Python: for subclasses and callables; the plain one needs no process."""
from . import exceptions as ex
from . import state
from .op_simple import EmptyOperator
from .operator import DEFERRABLE
from .sensor import BaseSensorOperator

_MODULE = "airflow.providers.standard.sensors.external_task"
DAG_STATES = {"queued", "running", "success", "failed"}
TASK_STATES = DAG_STATES | {"skipped", "upstream_failed", "removed", "scheduled", "restarting", "up_for_retry",
                            "up_for_reschedule", "deferred", "awaiting_input", None}


class ExternalTaskSensor(BaseSensorOperator):
    """Waits for a task, several, a group, or a whole run of another DAG."""

    __module__ = _MODULE
    template_fields = ("external_dag_id", "external_task_id", "external_task_ids", "external_task_group_id")

    def __init__(self, *, external_dag_id, external_task_id=None, external_task_ids=None, external_task_group_id=None,
                 allowed_states=None, skipped_states=None, failed_states=None, execution_delta=None,
                 execution_date_fn=None, check_existence=False, poll_interval=None, deferrable=DEFERRABLE, **kwargs):
        self.deferrable = deferrable
        if poll_interval is not None:
            state.warn("poll_interval= is deprecated", "poke_interval=...")
            kwargs.setdefault("poke_interval", poll_interval)
        super().__init__(**kwargs)
        self.allowed_states = list(allowed_states) if allowed_states else ["success"]
        self.skipped_states = list(skipped_states) if skipped_states else []
        self.failed_states = list(failed_states) if failed_states else []
        every = self.allowed_states + self.skipped_states + self.failed_states
        if len(every) != len(set(every)):
            raise ex.AirflowException(
                "Duplicate values provided across allowed_states, skipped_states and failed_states.")
        external_task_ids = external_task_ids or None
        if external_task_id is not None and external_task_ids is not None:
            raise ValueError("Only one of `external_task_id` or `external_task_ids` may be provided to "
                             "ExternalTaskSensor; use external_task_id or external_task_ids or external_task_group_id.")
        if external_task_id is not None:
            external_task_ids = [external_task_id]
        if external_task_ids is not None and external_task_group_id is not None:
            raise ValueError("Only one of `external_task_id`, `external_task_ids` or `external_task_group_id` may be "
                             "provided to ExternalTaskSensor; "
                             "use external_task_id or external_task_ids or external_task_group_id.")
        known = TASK_STATES if external_task_ids or external_task_group_id else DAG_STATES
        if not set(every) <= known:
            of = "a task or group" if known is TASK_STATES else "a whole run (neither a task nor a group is given)"
            raise ValueError(f"Valid values for `allowed_states`, `skipped_states` and `failed_states` of {of} are: "
                             f"{sorted(s for s in known if s)}")
        if execution_delta is not None and execution_date_fn is not None:
            raise ValueError("Only one of `execution_delta` or `execution_date_fn` may be provided to "
                             "ExternalTaskSensor; not both.")
        self.external_dag_id = external_dag_id
        self.external_task_id, self.external_task_ids = external_task_id, external_task_ids
        self.external_task_group_id = external_task_group_id
        self.execution_delta, self.execution_date_fn = execution_delta, execution_date_fn
        self.check_existence = check_existence

    def _dates(self, context):
        logical = context.get("logical_date") or context["dag_run"].run_after
        if self.execution_delta is not None:
            return [logical - self.execution_delta]
        if self.execution_date_fn is not None:
            from .op_python import determine_kwargs

            kwargs = determine_kwargs(self.execution_date_fn, (logical,), context)
            found = self.execution_date_fn(logical, **kwargs)
            return list(found) if isinstance(found, (list, tuple, set)) else [found]
        return [logical]

    def _count(self, dates, states):
        ti, dag_id, ids = state.context["ti"], self.external_dag_id, self.external_task_ids
        if ids:
            return ti.get_ti_count(dag_id=dag_id, task_ids=list(ids), logical_dates=dates, states=states) / len(ids)
        if self.external_task_group_id:
            found = ti.get_task_states(dag_id=dag_id, task_group_id=self.external_task_group_id, logical_dates=dates)
            whole = 0
            for tasks in found.values():
                whole += bool(tasks) and all(s in states for s in tasks.values())
            return whole
        return ti.get_dr_count(dag_id=dag_id, logical_dates=dates, states=states)

    def _any(self, dates, states):
        """True if one of what is waited for is in these states."""
        ti = state.context["ti"]
        if not states:
            return False
        if self.external_task_group_id:
            found = ti.get_task_states(dag_id=self.external_dag_id, task_group_id=self.external_task_group_id,
                                       logical_dates=dates)
            return any(s in states for tasks in found.values() for s in tasks.values())
        return self._count(dates, states) > 0

    def _what(self):
        if self.external_task_group_id:
            return f"task_group_id {self.external_task_group_id!r}"
        return f"task(s) {list(self.external_task_ids)}" if self.external_task_ids else "the DAG"

    def poke(self, context):
        ids = self.external_task_ids
        if ids and len(ids) > len(set(ids)):
            raise ValueError("Duplicate task_ids passed in external_task_ids parameter")
        dates = self._dates(context)
        self._say(f"Poking for {self._what()} in dag {self.external_dag_id} on {', '.join(map(str, dates))} ...")
        if self._any(dates, self.failed_states):
            text = f"Some of the external {self._what()} in DAG {self.external_dag_id} failed."
            if self.soft_fail:
                raise ex.AirflowSkipException(text)
            cls = ex.ExternalTaskGroupFailedError if self.external_task_group_id else \
                ex.ExternalTaskFailedError if self.external_task_ids else \
                ex.ExternalDagFailedError
            raise cls(text)
        if self._any(dates, self.skipped_states):
            raise ex.AirflowSkipException(f"The external {self._what()} in DAG {self.external_dag_id} reached a state in "
                                          f"skipped_states.")
        return self._count(dates, self.allowed_states) >= len(dates)


    def execute(self, context):
        if not self.deferrable:
            return super().execute(context)
        from .triggers_standard import WorkflowTrigger

        trigger = WorkflowTrigger(
            external_dag_id=self.external_dag_id, external_task_ids=self.external_task_ids,
            external_task_group_id=self.external_task_group_id, allowed_states=self.allowed_states,
            failed_states=self.failed_states, skipped_states=self.skipped_states, poke_interval=self.poke_interval,
            soft_fail=self.soft_fail, logical_dates=self._dates(context))
        self.defer(trigger=trigger, method_name="execute_complete", timeout=self.timeout or self.execution_timeout)

    def execute_complete(self, context, event=None):
        if event is None:
            raise ex.ExternalTaskNotFoundError("No event received from trigger")
        status = event["status"]
        if status == "success":
            return
        if status == "skipped":
            raise ex.AirflowSkipException("External job has skipped skipping.")
        if self.soft_fail:
            raise ex.AirflowSkipException("External job has failed skipping.")
        if status == "failed":
            raise ex.ExternalDagFailedError("External job has failed.")
        raise ex.ExternalTaskNotFoundError("Error occurred while trying to retrieve task status. Please, check the "
                                           "name of executed task and Dag.")


class ExternalTaskMarker(EmptyOperator):
    """Marks a task of another DAG as depending on this one."""

    __module__ = _MODULE
    template_fields = ("external_dag_id", "external_task_id", "logical_date")

    def __init__(self, *, external_dag_id, external_task_id, logical_date="{{ logical_date.isoformat() }}",
                 recursion_depth=10, **kwargs):
        super().__init__(**kwargs)
        self.external_dag_id, self.external_task_id = external_dag_id, external_task_id
        self.logical_date = logical_date.isoformat() if hasattr(logical_date, "isoformat") else logical_date
        self.recursion_depth = recursion_depth
