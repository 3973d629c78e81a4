"""Branches, short circuits, groups, and each trigger rule below the same three tasks.

Every rule of the group `rules` looks at one task that succeeds, one that is skipped and one that fails. The run
succeeds although a task failed: what counts are the leaves, here `summary` alone.
"""
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Label, Param, TaskGroup, TriggerRule, dag, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

# `all_done_setup_success` is the rule of teardown tasks; it looks at setups, of which there are none here.
RULES = [rule.value for rule in TriggerRule]


@dag(
    schedule=None,
    is_paused_upon_creation=False,
    tags=["sample", "branching"],
    params={
        "path": Param("fast", enum=["fast", "careful", "both"], description="What `choose` returns"),
        "publish": Param(True, type="boolean", description="False: the short circuit skips what is below it"),
    },
)
def branching_showcase():
    @task.branch
    def choose(params):
        """One task id or a list of them; what isn't named is skipped."""
        return ["paths.fast", "paths.careful"] if params["path"] == "both" else f"paths.{params['path']}"

    @task.short_circuit
    def worth_publishing(params):
        return params["publish"]

    choice = choose()
    with TaskGroup("paths", tooltip="One of them, or both") as paths:
        fast = EmptyOperator(task_id="fast")
        careful = EmptyOperator(task_id="careful")
        review = EmptyOperator(task_id="review")
        careful >> review
    choice >> Label("little time") >> fast
    choice >> Label("much at stake") >> careful

    joined = EmptyOperator(task_id="joined", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    publish = EmptyOperator(task_id="publish")
    paths >> joined >> worth_publishing() >> publish

    with TaskGroup("outcomes", tooltip="One of each kind"):

        @task
        def succeeds():
            return "fine"

        @task(trigger_rule=TriggerRule.ALL_DONE)
        def skips():
            raise AirflowSkipException("nothing to do today")

        @task
        def fails():
            raise AirflowFailException("fails on purpose, without another try")

        # Some rules take the first bad news they see (`all_success`): here the failure always comes first.
        good, bad, idle = succeeds(), fails(), skips()
        bad >> idle

    with TaskGroup("rules", tooltip="What each trigger rule makes of them") as rules:
        for rule in RULES:
            EmptyOperator(task_id=rule, trigger_rule=rule)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def summary():
        print("`dagdeck runs show branching_showcase RUN` lists what became of each")

    [good, bad, idle] >> rules
    [rules, publish] >> summary()


branching_showcase()
