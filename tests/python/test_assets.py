"""Assets in DAG files: what they become, which are refused, and what a success says about them."""
import unittest

from supervisor import parse_text, run_task

HEAD = "from airflow.sdk import DAG, Asset, AssetAlias, asset, task\n"


def schedules(written, head=HEAD):
    """The schedules of one DAG each, all in one file."""
    lines = (f"d{n} = DAG('d{n}', schedule={one}, start_date=datetime(2026, 1, 1))\n" for n, one in enumerate(written))
    text = "".join(lines)
    found = parse_text(head + text)
    if len(found["dags"]) != len(written):
        raise AssertionError(found["diagnostics"])
    return [dag["schedule"] for dag in found["dags"]]


def schedule(written, head=HEAD):
    return schedules([written], head)[0]


def refused(text):
    return [d["message"] for d in parse_text(HEAD + text)["diagnostics"] if d["severity"] == "error"][0]


def named(name, uri=None, group="asset", **more):
    return {"asset": {"name": name, "uri": uri or name, "group": group, **more}}


class Conditions(unittest.TestCase):
    def test_forms(self):
        a, b, c = named("a"), named("b"), named("c")
        rows = (
            ("[Asset('a'), Asset('b')]", {"all": [a, b]}),
            ("Asset('a')", a),
            ("Asset('a') | Asset('b') | Asset('c')", {"any": [a, b, c]}),
            ("Asset('a') | (Asset('b') & Asset('c'))", {"any": [a, {"all": [b, c]}]}),
            ("AssetAlias('x')", {"alias": {"name": "x", "group": "asset"}}),
            ("Asset.ref(name='a') & Asset.ref(uri='s3://b')",
             {"all": [{"asset_ref": {"name": "a"}}, {"asset_ref": {"uri": "s3://b"}}]}),
            ("Asset('a', extra={'k': 1}, group='g')", named("a", group="g", extra={"k": 1})),
        )
        for found, (written, wanted) in zip(schedules([written for written, _ in rows]), rows):
            self.assertEqual(found, {"kind": "asset", "expression": wanted}, written)

    def test_uris(self):
        rows = (("S3://lake/orders/", "s3://lake/orders"), ("s3://lake", "s3://lake/"), ("orders", "orders"),
                ("https://h/a?b=2&a=1#x", "https://h/a?a=1&b=2"), ("x-own://A/", "x-own://A/"))
        for found, (written, wanted) in zip(schedules([f"Asset(uri={written!r})" for written, _ in rows]), rows):
            self.assertEqual(found["expression"], named(written, wanted))

    def test_asset_or_time(self):
        head = HEAD + "from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable\n"
        found = schedule("AssetOrTimeSchedule(timetable=CronTriggerTimetable('0 1 * * 3', timezone='UTC'), assets=[Asset('a')])",
                         head)
        self.assertEqual((found["kind"], found["expression"]), ("asset", {"all": [named("a")]}))
        self.assertEqual((found["time"]["kind"], found["time"]["expression"]), ("cron", "0 1 * * 3"))

    def test_partitions(self):
        head = HEAD + ("from airflow.sdk import (CronPartitionTimetable, FanOutMapper, PartitionedAssetTimetable, "
                       "PartitionedAtRuntime, RollupMapper, StartOfDayMapper, DayWindow, WeekWindow, StartOfWeekMapper)\n")
        found = schedule("PartitionedAssetTimetable(assets=Asset('a') & Asset('b'), partition_mapper_config={Asset('a'): "
                         "RollupMapper(upstream_mapper=StartOfDayMapper(), window=DayWindow())})", head)
        self.assertEqual(found["partitions"]["default"], {"kind": "identity"})
        rollup = found["partitions"]["by_name"]["a"]
        self.assertEqual((rollup["kind"], rollup["wait_policy"]), ("rollup", {"kind": "wait_for_all"}))
        self.assertEqual(rollup["window"], {"kind": "period", "period": "day", "backward": False})
        found = schedule("PartitionedAssetTimetable(assets=Asset('a'), default_partition_mapper=FanOutMapper("
                         "upstream_mapper=StartOfWeekMapper(), window=WeekWindow(), max_downstream_keys=7))", head)
        self.assertEqual(found["partitions"]["default"]["downstream_mapper"]["period"], "day")
        self.assertEqual(found["partitions"]["default"]["max_downstream_keys"], 7)
        self.assertEqual(schedule("PartitionedAtRuntime()", head), {"kind": "partitioned_at_runtime"})
        found = schedule("CronPartitionTimetable('0 * * * *', timezone='UTC', run_offset=-1)", head)
        self.assertEqual((found["kind"], found["run_offset"], found["key_format"]),
                         ("cron_partition", -1, "%Y-%m-%dT%H:%M:%S"))

    def test_refusals(self):
        rows = (
            ("Asset()", "Asset() requires either 'name' or 'uri'"),
            ("Asset('self')", "prohibited name for asset: self"),
            ("Asset('  ')", "Asset name cannot be just whitespace"),
            ("Asset('airflow://x')", "Asset scheme 'airflow' is reserved"),
            ("Asset.ref(name='a', uri='b')", "Asset reference must be made to either name or URI, not both"),
            ("@asset(schedule=None)\ndef f(*args):\n    pass", "wildcard '*args' is not supported in @asset"),
            ("@asset.multi(schedule=None, outlets=[])\ndef f():\n    pass", "no outlets provided"),
        )
        for text, wanted in rows:
            self.assertIn(wanted, refused(text + "\n"), text)


class Decorated(unittest.TestCase):
    def test_a_dag_of_one_task(self):
        found = parse_text(HEAD + "@asset(uri='s3://made/it', schedule=None, tags=['t'])\ndef made(self, context, other, n=1):\n"
                           "    pass\n@asset.multi(schedule=made, outlets=[Asset('x'), Asset('y')])\ndef both():\n    pass\n")
        made, both = found["dags"]
        task = made["tasks"]["made"]
        self.assertEqual((made["dag_id"], made["catchup"], made["tags"], task["operator"]),
                         ("made", False, ["t"], "_AssetMainOperator"))
        self.assertEqual(task["outlets"], [{"__dagdeck__": "asset", **named("made", "s3://made/it")}])
        self.assertEqual(task["inlets"], [{"__dagdeck__": "asset", "asset_ref": {"name": "other"}}])
        self.assertEqual(both["schedule"], {"kind": "asset", "expression": named("made", "s3://made/it")})
        self.assertEqual(len(both["tasks"]["both"]["outlets"]), 2)


class Outlets(unittest.TestCase):
    TEXT = (HEAD + "from airflow.sdk import Metadata\na = Asset('a')\nal = AssetAlias('al')\n"
            "with DAG('d', schedule=None, start_date=datetime(2026, 1, 1)):\n"
            "    @task(outlets=[a, al])\n    def says(outlet_events=None):\n"
            "        outlet_events[a].extra = {'rows': 5}\n        outlet_events[al].add(Asset('b'), extra={'k': 1})\n"
            "    @task(outlets=[a])\n    def yields():\n        yield Metadata(a, {'m': 2})\n"
            "    @task(outlets=[a])\n    def parts(outlet_events=None):\n        outlet_events[a].add_partitions(['y', 'x', 'y'])\n"
            "    @task(outlets=[a])\n    def wrong(outlet_events=None):\n        outlet_events[a].add_partitions(' ')\n"
            "    @task(outlets=[a])\n    def fails():\n        raise ValueError('no')\n"
            "    says(); yields(); parts(); wrong(); fails()\n")
    A = {"dest_asset_key": {"name": "a", "uri": "a"}}

    def said(self, task_id):
        done = run_task(self.TEXT, task_id)
        return done, [m for m in done.messages if m["type"] == "SetOutletEvents"]

    def test_extras_and_aliases(self):
        done, (said,) = self.said("says")
        self.assertEqual(done.end["type"], "SucceedTask")
        self.assertEqual(said["outlets"], [named("a"), {"alias": {"name": "al", "group": "asset"}}])
        self.assertEqual(said["events"], [
            {**self.A, "extra": {"rows": 5}},
            {"source_alias_name": "al", "dest_asset_key": {"name": "b", "uri": "b"}, "dest_asset_extra": {},
             "extra": {"k": 1}}])

    def test_metadata_and_partitions(self):
        self.assertEqual(self.said("yields")[1][0]["events"], [{**self.A, "extra": {"m": 2}}])
        self.assertEqual(self.said("parts")[1][0]["events"],
                         [{**self.A, "extra": {}, "partition_key": key} for key in ("x", "y")])

    def test_a_failure_says_nothing(self):
        done, said = self.said("wrong")
        self.assertIn("partition_key must not be empty", done.end["cause"]["summary"])
        self.assertEqual(said, [])
        self.assertEqual(self.said("fails")[1], [])


if __name__ == "__main__":
    unittest.main()
