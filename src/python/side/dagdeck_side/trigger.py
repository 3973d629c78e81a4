"""What follows `TriggerDagRunOperator.execute`: the run is asked for, and waited for."""
import time

from airflow.standin import exceptions as ex


def triggered(run, asked):
    """(message, callback) of the try."""
    from .outcome import stored_name

    channel, ti = run.channel, run.ti
    reply = channel.ask_raw({
        "type": "TriggerDagRun", "dag_id": asked.trigger_dag_id, "run_id": asked.dag_run_id,
        "logical_date": asked.logical_date, "conf": asked.conf, "reset_dag_run": bool(asked.reset_dag_run),
        "skip_when_already_exists": bool(asked.skip_when_already_exists), "note": asked.note,
        "run_after": asked.run_after, "fail_when_dag_is_paused": bool(asked.fail_when_dag_is_paused),
    })
    if reply.get("type") == "ErrorResponse":
        if reply.get("error") == "DAGRUN_ALREADY_EXISTS":
            if asked.skip_when_already_exists:
                raise ex.AirflowSkipException("Dag Run already exists, skipping task as skip_when_already_exists is set")
            return give_up(run, unlogged(ex.DagRunAlreadyExists("Dag Run already exists, failing task.")))
        if reply.get("error") == "DAG_IS_PAUSED":
            raise ex.DagIsPaused(asked.trigger_dag_id)
        raise ex.AirflowRuntimeError(reply.get("error"), reply.get("detail"))
    run_id = reply.get("run_id") or asked.dag_run_id
    channel.log("info", "task", f"Dag Run triggered successfully. trigger_dag_id={asked.trigger_dag_id} run_id={run_id}")
    ti.xcom_push(key="trigger_run_id", value=run_id)
    if asked.wait_for_completion and asked.deferrable:
        from airflow.standin.triggers_standard import DagStateTrigger

        trigger = DagStateTrigger(asked.trigger_dag_id, [*asked.allowed_states, *asked.failed_states], [run_id],
                                  poll_interval=asked.poke_interval)
        raise ex.TaskDeferred(trigger=trigger, method_name="execute_complete")
    if asked.wait_for_completion:
        wait(channel, asked, run_id)
    return ({"type": "SucceedTask", "outlets": [], "outlet_events": [], "rendered_map_index": stored_name(run)},
            ("on_success_callback", "success", None))


def unlogged(error):
    """What Airflow's worker fails the task for without logging an exception."""
    error.is_logged = False
    return error


def give_up(run, error):
    from .outcome import cause

    run.channel.log("error", "task", str(error))
    return ({"type": "TaskState", "state": "failed", "retryable": False, "cause": cause("exception", error)},
            ("on_failure_callback", "failed", error))


def wait(channel, asked, run_id):
    """Until the run is in one of the allowed states."""
    while True:
        state = channel.ask({"type": "GetDagRunState", "dag_id": asked.trigger_dag_id, "run_id": run_id}).get("state")
        if state in asked.failed_states:
            raise unlogged(ex.AirflowException(f"{asked.trigger_dag_id} failed with failed state {state}"))
        if state in asked.allowed_states:
            return
        channel.log("info", "task", f"Waiting for {asked.trigger_dag_id} ({run_id}) to complete: {state}")
        time.sleep(asked.poke_interval)
