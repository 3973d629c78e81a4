"""`ti` of the context."""
from airflow.standin import state

from . import xcom

NOTSET = state.NOTSET


class RuntimeTaskInstance:
    """The running task instance."""

    __module__ = "airflow.sdk.execution_time.task_runner"

    def __init__(self, given, task, start):
        self.id = given.get("id")
        self.dag_id, self.run_id, self.task_id = given["dag_id"], given["run_id"], given["task_id"]
        self.map_index = given.get("map_index", -1)
        self.try_number, self.max_tries = given.get("try_number", 1), given.get("max_tries", 0)
        self.hostname, self.pool, self.queue = given.get("hostname"), given.get("pool"), given.get("queue")
        self.priority_weight = given.get("priority_weight")
        self.task = task
        self.task_reschedule_count = start.get("task_reschedule_count") or 0
        self.rendered_map_index = None
        self.is_mapped = self.map_index is not None and self.map_index >= 0
        self.log_url = self.mark_success_url = ""
        self.end_date = None
        self.duration = None
        self._start = start
        self._given = given

    def __getattr__(self, name):
        if name == "start_date":
            from .context import moment

            value = self.start_date = moment(self._given.get("start_date"))
            return value
        if name == "state":
            from airflow.standin.enums import RunningState

            self.state = RunningState.RUNNING
            return self.state
        if name == "dag_run":
            return state.context["dag_run"]
        if name == "operator":
            return self.task.task_type
        if name == "key":
            from airflow.standin.compat import TaskInstanceKey

            return TaskInstanceKey(self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index)
        if name == "log":
            return self.task.log
        if name in ("logical_date", "execution_date"):
            return state.context["dag_run"].logical_date
        raise AttributeError(f"'RuntimeTaskInstance' object has no attribute {name!r}")

    def __repr__(self):
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id} [{self.state}]>"

    def xcom_push(self, key, value, execution_date=None):
        push(key, value)

    def xcom_pull(self, task_ids=None, dag_id=None, key="return_value", include_prior_dates=False, session=None, *,
                  map_indexes=NOTSET, default=None, run_id=None):
        dag_id = dag_id or self.dag_id
        run_id = run_id or self.run_id
        if key is None:
            raise type("ValidationError", (ValueError,), {})("1 validation error for GetXCom: key must be a string")
        if task_ids is None:
            task_ids = self.task_id
        single = isinstance(task_ids, str)
        ids = [task_ids] if single else list(task_ids)
        if map_indexes is NOTSET:
            found = []
            for task_id in ids:
                values = self._all(key, dag_id, run_id, task_id, include_prior_dates)
                found.extend(values if values else [None])
            if single and len(found) == 1:
                return found[0]
            return found
        one_index = map_indexes is None or isinstance(map_indexes, int)
        indexes = [map_indexes] if one_index else list(map_indexes)
        found = []
        for task_id in ids:
            for index in indexes:
                have, value = xcom.get_one(key, dag_id, run_id, task_id, -1 if index is None else index,
                                           include_prior_dates)
                found.append(value if have and value is not None else default)
        if single and one_index:
            return found[0]
        return found

    async def axcom_pull(self, *args, **kwargs):
        """`xcom_pull` for async functions."""
        import asyncio

        return await asyncio.to_thread(self.xcom_pull, *args, **kwargs)

    async def axcom_push(self, key, value):
        import asyncio

        await asyncio.to_thread(self.xcom_push, key, value)

    def _all(self, key, dag_id, run_id, task_id, prior):
        task = self.task.dag.task_dict.get(task_id) if dag_id == self.dag_id else None
        if task is not None and not prior and not task.is_mapped and run_id == self.run_id \
                and not any(True for _ in task.task_group.iter_mapped_task_groups()):
            found, value = xcom.get_one(key, dag_id, run_id, task_id, -1)
            return [value] if found else []
        return xcom.get_all(key, dag_id, run_id, task_id, prior)

    def get_template_context(self, session=None):
        return state.context

    def get_dagrun(self, session=None):
        return state.context["dag_run"]

    def get_first_reschedule_date(self, first_try_number=None):
        from .context import moment

        return moment(self._start.get("first_poke_date"))

    def get_previous_dagrun(self, state=None):
        from .context import DagRun
        from airflow.standin import state as standin

        run = standin.context["dag_run"]
        reply = standin.channel.ask({"type": "GetPreviousDagRun", "dag_id": self.dag_id,
                                     "logical_date": run._given.get("logical_date"), "state": state}, quiet=True)
        found = (reply or {}).get("dag_run")
        return DagRun(found) if found else None

    def get_relevant_upstream_map_indexes(self, *args, **kwargs):
        return None

    def current_state(self, session=None):
        return self.state

    def are_dependencies_met(self, *args, **kwargs):
        return True

    def render_templates(self, context=None, jinja_env=None):
        self.task.render_template_fields(context or state.context)
        return self.task

    @staticmethod
    def get_ti_count(dag_id, map_index=None, task_ids=None, task_group_id=None, logical_dates=None, run_ids=None,
                     states=None):
        from airflow.standin.current import count

        return count("GetTICount", dag_id=dag_id, map_index=map_index, task_ids=task_ids, task_group_id=task_group_id,
                     logical_dates=logical_dates, run_ids=run_ids, states=states)

    @staticmethod
    def get_dr_count(dag_id, logical_dates=None, run_ids=None, states=None):
        from airflow.standin.current import count

        return count("GetDRCount", dag_id=dag_id, logical_dates=logical_dates, run_ids=run_ids, states=states)

    @staticmethod
    def get_task_states(dag_id, map_index=None, task_ids=None, task_group_id=None, logical_dates=None, run_ids=None):
        from airflow.standin.current import task_states

        return task_states(dag_id, map_index, task_ids, task_group_id, logical_dates, run_ids)

    @staticmethod
    def get_dagrun_state(dag_id, run_id):
        return state.channel.ask({"type": "GetDagRunState", "dag_id": dag_id, "run_id": run_id}).get("state")


def push(key, value, mapped_length=None):
    """Stores an XCom of the running task."""
    try:
        made = xcom.to_stored(value, key, state.context["ti"])
    except ValueError as error:
        if "JSON compliant" not in str(error):
            raise
        from airflow.standin.exceptions import AirflowRuntimeError

        raise AirflowRuntimeError("API_SERVER_ERROR", {"status_code": None, "message": str(error),
                                                       "exception_type": "ValueError"}) from None
    from .protocol import Refused

    try:
        state.channel.ask({"type": "SetXCom", "key": key, "value": made, "mapped_length": mapped_length})
    except Refused as refused:
        from airflow.standin.exceptions import AirflowRuntimeError

        raise AirflowRuntimeError(refused.error, refused.detail) from None
