"""Assets beyond the first probes: conditions, aliases, events of several kinds, inlets, several outlets."""
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, AssetAlias, AssetAll, AssetAny, Metadata, asset, task

START = datetime(2026, 1, 1)
SETTINGS = {"start_date": START, "catchup": False}
ONE, TWO, THREE = (Asset(uri=f"file:///cx/{n}", name=f"cx_{n}", group="numbers", extra={"n": n}) for n in ("one", "two", "three"))
BARE = Asset("cx_bare")
URI_ONLY = Asset(uri="file:///cx/uri only")
ALIAS = AssetAlias("cx_alias", group="aliases")

with DAG("cx_asset_makes", schedule=None, **SETTINGS):
    EmptyOperator(task_id="empty", outlets=[ONE])
    BashOperator(task_id="bash", bash_command="echo x", outlets=[TWO, BARE])

    @task(outlets=[ONE, URI_ONLY])
    def extras(outlet_events=None):
        outlet_events[ONE].extra = {"from": "extras"}
        outlet_events[URI_ONLY].extra["added"] = [1, 2]
        return "value"

    @task(outlets=[ALIAS])
    def alias_twice(outlet_events=None):
        outlet_events[ALIAS].add(THREE, extra={"k": 1})
        outlet_events[ALIAS].add(Asset(uri="file:///cx/alias_made", name="cx_alias_made"))

    @task(outlets=[ALIAS])
    def alias_unused():
        return 1

    @task(outlets=[ALIAS])
    def alias_metadata():
        yield Metadata(THREE, extra={"m": 1}, alias=ALIAS)

    @task(outlets=[TWO])
    def undeclared(outlet_events=None):
        outlet_events[THREE].extra = {"x": 1}

    @task(outlets=[TWO])
    def mapped(x, outlet_events=None):
        outlet_events[TWO].extra = {"x": x}

    extras() >> alias_twice() >> alias_metadata() >> mapped.expand(x=[1, 2])
    alias_unused()
    undeclared()


@task
def seen(triggering_asset_events=None, dag_run=None, **context):
    rows = sorted([getattr(k, "uri", None) or k.name, sorted(str(dict(e.extra)) for e in v), sorted({e.source_task_id for e in v})] for k, v in triggering_asset_events.items())
    return {"rows": rows, "type": str(dag_run.run_type), "conf": dag_run.conf, "by_name": len(triggering_asset_events[ONE]) if ONE in triggering_asset_events else None}


with DAG("cx_asset_all", schedule=AssetAll(ONE, TWO), **SETTINGS):
    seen()
with DAG("cx_asset_any", schedule=AssetAny(THREE, BARE), **SETTINGS):
    seen()
with DAG("cx_asset_nested", schedule=(ONE & (TWO | THREE)), **SETTINGS):
    seen()
with DAG("cx_asset_alias", schedule=[ALIAS], **SETTINGS):
    seen()
with DAG("cx_asset_never", schedule=[ONE, Asset("cx_never")], **SETTINGS):
    seen()

with DAG("cx_asset_reads", schedule=None, **SETTINGS):

    @task(inlets=[ONE, ALIAS, Asset.ref(name="cx_two")])
    def reads(inlet_events=None, inlets=None):
        one, alias = inlet_events[ONE], inlet_events[ALIAS]
        return {"one": [len(one), dict(one[-1].extra), one[-1].source_task_id], "alias": len(alias),
                "kinds": [type(i).__name__ for i in inlets], "ref": len(inlet_events[Asset.ref(name="cx_two")])}

    reads()
    BashOperator(task_id="template", bash_command="echo {{ inlet_events['cx_one'] | length }} {{ inlets[0].uri }}", inlets=[ONE])


@asset(uri="file:///cx/made", schedule=None, group="made")
def cx_made(self, context):
    return {"name": self.name, "uri": self.uri, "run": context["run_id"]}


@asset(schedule=[cx_made])
def cx_made_again(cx_made, context):
    return [cx_made, list(context["triggering_asset_events"])[0].name]


@asset.multi(schedule=None, outlets=[Asset("cx_multi_a"), Asset("cx_multi_b")])
def cx_multi(self, outlet_events):
    outlet_events[Asset("cx_multi_a")].extra = {"a": 1}
    return 5


with DAG("cx_asset_multi_seen", schedule=[Asset("cx_multi_a"), Asset("cx_multi_b")], **SETTINGS):
    seen()
