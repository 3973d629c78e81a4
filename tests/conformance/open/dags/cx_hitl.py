"""Tasks that wait for a person."""
from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLBranchOperator, HITLEntryOperator, HITLOperator
from airflow.sdk import DAG, Param, task

START = datetime(2026, 1, 1)
SETTINGS = {"schedule": None, "start_date": START, "catchup": False}

with DAG("cx_hitl_defaults", **SETTINGS):
    SOON = {"response_timeout": timedelta(seconds=3)}
    HITLOperator(task_id="choice", subject="Which {{ ds }}?", options=["a", "b"], defaults="b", **SOON) >> EmptyOperator(task_id="after_choice")
    HITLOperator(task_id="several", subject="s", options=["a", "b", "c"], defaults=["a", "c"], multiple=True, **SOON)
    HITLOperator(task_id="no_default", subject="s", options=["a", "b"], **SOON) >> EmptyOperator(task_id="after_no_default")
    HITLOperator(task_id="no_default_retry", subject="s", options=["a"], retries=1, retry_delay=timedelta(seconds=1), **SOON)
    HITLOperator(task_id="with_params", subject="s", options=["go"], defaults=["go"], params={"n": Param(5, type="integer")}, **SOON)
    ApprovalOperator(task_id="approved", subject="ok?", defaults="Approve", **SOON) >> EmptyOperator(task_id="after_approved")
    ApprovalOperator(task_id="rejected", subject="ok?", defaults="Reject", **SOON) >> EmptyOperator(task_id="after_rejected") >> EmptyOperator(
        task_id="far_rejected", trigger_rule="all_done")
    ApprovalOperator(task_id="rejected_fails", subject="ok?", defaults="Reject", fail_on_reject=True, **SOON) >> EmptyOperator(task_id="after_rejected_fails")
    HITLEntryOperator(task_id="entry", subject="s", params={"text": Param("x", type="string")}, defaults="OK", **SOON)
    HITLBranchOperator(task_id="branch", subject="where", options=["left", "right"], defaults="left", **SOON) >> [
        EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]
    HITLBranchOperator(task_id="mapped_branch", subject="where", options=["one", "two"], options_mapping={"one": "go_one", "two": "go_two"},
                       defaults="two", **SOON) >> [EmptyOperator(task_id="go_one"), EmptyOperator(task_id="go_two")]

with DAG("cx_hitl_answers", **SETTINGS):
    HITLOperator(task_id="choice", subject="Which?", options=["a", "b"])
    HITLEntryOperator(task_id="entry", subject="s", params={"text": Param("x", type="string"), "n": Param(1, type="integer")})
    ApprovalOperator(task_id="approve", subject="ok?") >> EmptyOperator(task_id="after_approve")
    ApprovalOperator(task_id="reject", subject="ok?", ignore_downstream_trigger_rules=True) >> EmptyOperator(task_id="after_reject") >> EmptyOperator(
        task_id="far_reject", trigger_rule="all_done")
    HITLOperator(task_id="several", subject="s", options=["a", "b", "c"], multiple=True)
    HITLBranchOperator(task_id="branch", subject="where", options=["left", "right", "both"], multiple=True) >> [
        EmptyOperator(task_id="left"), EmptyOperator(task_id="right"), EmptyOperator(task_id="both")]

with DAG("cx_hitl_waits", **SETTINGS):
    HITLOperator(task_id="waits", subject="for ever", options=["a"]) >> EmptyOperator(task_id="below")
    EmptyOperator(task_id="free")
