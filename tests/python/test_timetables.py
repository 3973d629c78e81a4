"""Timetables and weights of the author's own, and the forms of the others."""
import unittest

from supervisor import parse_files, parse_text

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
