"""Timetables and weights of the author's own, and the forms of the others."""
import sys
import unittest
from datetime import datetime

from supervisor import SIDE, parse_files, parse_text

OWN = """
from airflow.sdk import DAG
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

class EveryOtherDay(Timetable):
    description = "every other day"
    summary = "2 days"

    def infer_manual_data_interval(self, *, run_after):
        return DataInterval(run_after.subtract(days=2), run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        start = last_automated_data_interval.end if last_automated_data_interval else restriction.earliest
        end = start.add(days=2)
        if restriction.latest is not None and end > restriction.latest:
            return None
        return DagRunInfo.interval(start, end)

with DAG("d", schedule=EveryOtherDay(), start_date=datetime(2026, 3, 1), end_date=datetime(2026, 3, 6), catchup=True): pass
"""
HEAD = "from datetime import datetime, timedelta\n"


class Timetables(unittest.TestCase):
    def test_own_class_answers_ahead(self):
        dag = parse_text(OWN)["dags"][0]
        self.assertEqual(dag["schedule"], {"kind": "custom", "class": "EveryOtherDay", "summary": "2 days",
                                           "description": "every other day", "periodic": True})
        days = [f"2026-03-0{n}T00:00:00Z" for n in (1, 3, 5)]
        first, second = days[:2], days[1:]
        self.assertEqual(dag["timetable_answers"]["next"], [
            {"after": None, "run": {"run_after": days[1], "data_interval": first}},
            {"after": first, "run": {"run_after": days[2], "data_interval": second}},
            {"after": second, "run": None}])

    def test_own_class_beside_assets(self):
        text = OWN.replace("schedule=EveryOtherDay()", "schedule=AssetOrTimeSchedule(timetable=EveryOtherDay(), assets=[A])")
        text = "from airflow.timetables.assets import AssetOrTimeSchedule\nfrom airflow.sdk import Asset\nA = Asset('a')\n" + text
        dag = parse_text(text)["dags"][0]
        self.assertEqual([dag["schedule"]["kind"], dag["schedule"]["time"]["class"]], ["asset", "EveryOtherDay"])
        self.assertEqual([len(dag["timetable_answers"]["next"]), dag["timetable_answers"]["next"][0]["run"]["run_after"]],
                         [3, "2026-03-03T00:00:00Z"])
        made = parse_files({"d.py": HEAD + text}, "d.py", more=["--manual", "d", "2026-03-09T06:00:00Z"])
        self.assertEqual(made, ["2026-03-07T06:00:00Z", "2026-03-09T06:00:00Z"])

    def test_it_goes_on_after_the_last_run(self):
        more = ["--last", '{"d": ["2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z"]}']
        answers = parse_files({"d.py": HEAD + OWN}, "d.py", more=more)["dags"][0]["timetable_answers"]["next"]
        self.assertEqual(answers[0]["after"], ["2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z"])

    def test_a_triggered_run(self):
        made = parse_files({"d.py": HEAD + OWN}, "d.py", more=["--manual", "d", "2026-03-09T06:00:00Z"])
        self.assertEqual(made, ["2026-03-07T06:00:00Z", "2026-03-09T06:00:00Z"])

    def test_a_class_built_on_one_of_airflows(self):
        text = """
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable
import pendulum

class Skips(CronTriggerTimetable):
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        info = super().next_dagrun_info(last_automated_data_interval=last_automated_data_interval, restriction=restriction)
        while info is not None and info.run_after.day == 2:
            info = super().next_dagrun_info(last_automated_data_interval=info.data_interval, restriction=restriction)
        return info

class Weekly(CronDataIntervalTimetable):
    def infer_manual_data_interval(self, *, run_after):
        found = super().infer_manual_data_interval(run_after=run_after)
        return type(found)(found.start.subtract(days=1), found.end)

class Same(CronTriggerTimetable):
    def __init__(self):
        super().__init__("0 6 * * *", timezone="UTC")

class Steps(DeltaDataIntervalTimetable):
    def next_dagrun_info(self, **more):
        return super().next_dagrun_info(**more)

more = dict(start_date=datetime(2026, 1, 1), end_date=datetime(2026, 1, 4), catchup=True)
DAG("d", schedule=Skips("0 2 * * *", timezone="Europe/Berlin"), **more)
a = DAG("a", schedule=Skips("0 2 * * *", timezone="Europe/Berlin"), **more)
b = DAG("b", schedule=Weekly("0 0 * * 0", timezone="UTC"), **more)
c = DAG("c", schedule=Same(), **more)
e = DAG("e", schedule=Steps(timedelta(hours=36)), **more)
"""
        dags = {d["dag_id"]: d for d in parse_text(text)["dags"]}
        times = {k: [row["run"] and row["run"]["run_after"][:16] for row in d["timetable_answers"]["next"]] for k, d in dags.items()}
        self.assertEqual(times["a"], ["2026-01-01T01:00", "2026-01-03T01:00", None])
        self.assertEqual(times["e"], ["2026-01-02T12:00", "2026-01-04T00:00", "2026-01-05T12:00", None])
        self.assertEqual(dags["c"]["schedule"]["kind"], "cron")
        made = parse_files({"d.py": HEAD + text.replace('DAG("d", schedule=Skips', 'd = DAG("d", schedule=Weekly')}, "d.py",
                           more=["--manual", "d", "2026-03-10T06:00:00Z"])
        self.assertEqual(made, ["2026-03-08T01:00:00Z", "2026-03-10T01:00:00Z"])

    def test_one_that_raises_is_a_warning(self):
        made = parse_text(OWN.replace("end = start", "raise ValueError('no')\n        end = start"))
        self.assertIn("EveryOtherDay raised ValueError: no", made["diagnostics"][0]["message"])
        self.assertEqual(made["diagnostics"][0]["severity"], "warning")
        self.assertEqual(len(made["dags"]), 1)

    def test_forms_of_events_and_several_crons(self):
        made = parse_text(
            "from airflow.sdk import DAG, EventsTimetable, MultipleCronTriggerTimetable\n"
            "with DAG('e', schedule=EventsTimetable([datetime(2026, 1, 2), datetime(2026, 1, 1)])): pass\n"
            "with DAG('m', schedule=MultipleCronTriggerTimetable('0 6 * * *', '@daily', timezone='UTC',\n"
            "                                                     run_immediately=True)): pass\n")
        events, crons = [d["schedule"] for d in made["dags"]]
        self.assertEqual((events["dates"], events["summary"]), (["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"], "2 events"))
        self.assertEqual((crons["kind"], crons["expressions"], crons["run_immediately"]),
                         ("crons", ["0 6 * * *", "@daily"], 1e12))


class Crons(unittest.TestCase):
    """The expressions of the recorded table, in local time."""

    def next(self, text, *after):
        sys.path.insert(0, SIDE)
        try:
            from airflow.standin.cron_times import Cron
        finally:
            sys.path.remove(SIDE)
        cron, when, found = Cron(text), datetime(*after), []
        for _ in range(3):
            when = cron.next(when)
            found.append(when)
        self.assertEqual([cron.prev(one) for one in found[1:]], found[:-1], text)
        return [f"{one:%m-%dT%H:%M}" for one in found]

    def test_next_and_back(self):
        for text, wanted in (
                ("30 2 * * *", ["01-02T02:30", "01-03T02:30", "01-04T02:30"]),
                ("0 22-2 * * *", ["01-01T22:00", "01-01T23:00", "01-02T00:00"]),
                ("*/25 12 * * mon-fri", ["01-01T12:25", "01-01T12:50", "01-02T12:00"]),
                ("0 0 L * *", ["01-31T00:00", "02-28T00:00", "03-31T00:00"]),
                ("0 0 15W * *", ["01-15T00:00", "02-16T00:00", "03-16T00:00"]),
                ("0 0 * * L5", ["01-30T00:00", "02-27T00:00", "03-27T00:00"]),
                ("0 0 * * 5#2", ["01-09T00:00", "02-13T00:00", "03-13T00:00"]),
                ("0 0 13 * 5", ["01-02T00:00", "01-09T00:00", "01-13T00:00"]),
                ("0 0 * * 7", ["01-04T00:00", "01-11T00:00", "01-18T00:00"]),
                ("0 0 29 2 *", ["02-29T00:00", "02-29T00:00", "02-29T00:00"]),
                ("@quarterly", ["04-01T00:00", "07-01T00:00", "10-01T00:00"])):
            self.assertEqual(self.next(text, 2026, 1, 1, 12), wanted, text)

    def test_across_a_change_of_the_clock(self):
        text = ("from airflow.sdk import DAG\nfrom airflow.timetables.trigger import CronTriggerTimetable\n"
                "class Own(CronTriggerTimetable):\n    def _get_next(self, current): return super()._get_next(current)\n"
                "import pendulum\n"
                "def d(name, cron, start): globals()[name] = DAG(name, catchup=True, start_date=start, end_date=start.add(days=2),\n"
                "    schedule=Own(cron, timezone='Europe/Berlin'))\n"
                "d('spring', '30 2 * * *', pendulum.datetime(2026, 3, 28))\n"
                "d('autumn', '30 2 * * *', pendulum.datetime(2026, 10, 24))\n"
                "d('hourly', '0 * * * *', pendulum.datetime(2026, 10, 24, 23))\n")
        dags = {d["dag_id"]: d["timetable_answers"]["next"] for d in parse_text(text)["dags"]}
        times = {k: [row["run"]["run_after"][5:16] for row in rows[:4] if row["run"]] for k, rows in dags.items()}
        self.assertEqual(times["spring"], ["03-28T01:30", "03-29T01:30"])
        self.assertEqual(times["autumn"], ["10-24T00:30", "10-25T01:30"])
        self.assertEqual(times["hourly"], ["10-24T23:00", "10-25T00:00", "10-25T01:00", "10-25T02:00"])


class Weights(unittest.TestCase):
    def test_a_strategy_by_instance_and_by_name(self):
        files = {"d.py": "from airflow.sdk import DAG\nfrom airflow.providers.standard.operators.empty import EmptyOperator\n"
                         "from mine import Fixed\nwith DAG('d'):\n"
                         "    EmptyOperator(task_id='a', weight_rule=Fixed())\n"
                         "    EmptyOperator(task_id='b', weight_rule='mine.Fixed', priority_weight=2)\n",
                 "mine.py": "from airflow.task.priority_strategy import PriorityWeightStrategy\n"
                            "class Fixed(PriorityWeightStrategy):\n"
                            "    def get_weight(self, ti): return 7 + ti.task.priority_weight + ti.try_number\n"}
        tasks = parse_files(files, "d.py")["dags"][0]["tasks"]
        self.assertEqual([tasks[t]["weight_strategy"] for t in "ab"],
                         [{"name": "Fixed", "weight": 8}, {"name": "Fixed", "weight": 9}])

    def test_an_unknown_one(self):
        made = parse_text("from airflow.sdk import DAG\nfrom airflow.providers.standard.operators.empty import EmptyOperator\n"
                          "with DAG('d'):\n    EmptyOperator(task_id='a', weight_rule='no.Such')\n")
        self.assertIn("Unknown priority strategy 'no.Such'", made["diagnostics"][0]["message"])
        self.assertEqual(made["diagnostics"][0]["line"], 5)
