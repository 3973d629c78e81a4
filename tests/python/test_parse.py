"""DAG files as JSON, old spellings as warnings, mistakes as errors with a line."""
import unittest

from supervisor import parse_text

DAG = "with DAG('d', schedule=None, start_date=datetime(2026, 1, 1)) as dag:\n"


def one(text):
    found = parse_text(text)
    if not found["dags"]:
        raise AssertionError(found["diagnostics"])
    return found["dags"][0]


def error(text):
    found = [d for d in parse_text(text)["diagnostics"] if d["severity"] == "error"]
    return found[0]


class Graph(unittest.TestCase):
    def test_links_groups_and_labels(self):
        dag = one(
            "from airflow.sdk import DAG, TaskGroup, Label, TriggerRule\n"
            "from airflow.providers.standard.operators.empty import EmptyOperator\n" + DAG +
            "    a = EmptyOperator(task_id='a')\n"
            "    with TaskGroup('g', tooltip='tip') as g:\n"
            "        b = EmptyOperator(task_id='b')\n"
            "        c = EmptyOperator(task_id='c', retries=2, retry_delay=timedelta(seconds=5))\n"
            "        b >> c\n"
            "    a >> Label('go') >> g >> EmptyOperator(task_id='z', trigger_rule='one_done')\n"
            "    a.trigger_rule = TriggerRule.NONE_FAILED\n"
        )
        self.assertEqual(list(dag["tasks"]), ["a", "g.b", "g.c", "z"])
        self.assertEqual(dag["tasks"]["g.b"]["upstream_task_ids"], ["a"])
        self.assertEqual(dag["tasks"]["z"]["upstream_task_ids"], ["g.c"])
        self.assertEqual(dag["tasks"]["g.c"]["retry_delay"], 5.0)
        self.assertEqual(dag["tasks"]["z"]["trigger_rule"], "one_done")
        self.assertEqual(dag["tasks"]["a"]["trigger_rule"], "none_failed", "members of the task API print as another text")
        self.assertEqual(dag["task_groups"]["g"]["children"], ["g.b", "g.c"])
        self.assertEqual(dag["edge_labels"]["a"]["g.upstream_join_id"], "go")
        self.assertEqual(dag["children"], ["a", "g", "z"])
        self.assertEqual(dag["start_date"], "2026-01-01T00:00:00Z")
        self.assertGreater(dag["tasks"]["a"]["line"], 3)

    def test_what_is_left_open_is_as_the_settings_say(self):
        text = ("from airflow.sdk import DAG, task\n"
                "from airflow.providers.standard.sensors.filesystem import FileSensor\n" + DAG +
                "    FileSensor(task_id='f', filepath='x')\n    FileSensor(task_id='g', filepath='x', deferrable=False)\n"
                "    @task(retries=0, owner='me')\n    def t(): pass\n    t()\n"
                "    FileSensor.partial(task_id='m').expand(filepath=['a'])\n")
        tasks = parse_text(
            text, AIRFLOW__CORE__DEFAULT_TASK_RETRIES="2", AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY="7",
            AIRFLOW__CORE__DEFAULT_TASK_EXECUTION_TIMEOUT="90", AIRFLOW__CORE__DEFAULT_TASK_WEIGHT_RULE="upstream",
            AIRFLOW__OPERATORS__DEFAULT_OWNER="ops", AIRFLOW__OPERATORS__DEFAULT_QUEUE="slow",
            AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE="True", AIRFLOW__SENSORS__DEFAULT_TIMEOUT="30")["dags"][0]["tasks"]
        for name in ("f", "m"):
            found = [tasks[name][k] for k in ("retries", "retry_delay", "execution_timeout", "weight_rule", "owner", "queue")]
            self.assertEqual(found, [2, 7.0, 90.0, "upstream", "ops", "slow"])
        self.assertEqual([tasks[n]["args"]["deferrable"] for n in "fg"], [True, False])
        self.assertEqual(tasks["f"]["args"]["timeout"], 30.0)
        self.assertEqual([tasks["t"]["retries"], tasks["t"]["owner"], tasks["t"]["queue"]], [0, "me", "slow"])

    def test_decorated_tasks_and_mapping(self):
        dag = one(
            "from airflow.sdk import DAG, task\n" + DAG +
            "    @task\n    def nums() -> dict:\n        return {}\n"
            "    @task\n    def add(x, y=1):\n        return x\n"
            "    @task\n    def total(xs):\n        return xs\n"
            "    n = nums()\n"
            "    total([add.partial(y=2).expand(x=n), n['k']])\n"
            "    add(1)\n"
        )
        tasks = dag["tasks"]
        self.assertEqual(list(tasks), ["nums", "add", "total", "add__1"])
        self.assertTrue(tasks["nums"]["multiple_outputs"])
        self.assertEqual(tasks["add"]["expand"], {
            "kind": "expand", "args": {"x": {"__dagdeck__": "xcom", "task_id": "nums", "key": "return_value"}}})
        self.assertEqual(tasks["add"]["args"]["op_kwargs"], {"y": 2})
        self.assertEqual(tasks["total"]["upstream_task_ids"], ["add", "nums"])
        self.assertEqual(tasks["total"]["operator"], "_PythonDecoratedOperator")
        self.assertIn("PythonOperator", tasks["total"]["bases"])

    def test_arguments_of_native_operators(self):
        dag = one(
            "from airflow.sdk import DAG\n"
            "from airflow.providers.standard.operators.bash import BashOperator\n"
            "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator\n"
            "from kubernetes.client import models as k8s\n" + DAG +
            "    BashOperator(task_id='b', bash_command='echo {{ ds }}', env={'A': '1'})\n"
            "    KubernetesPodOperator(task_id='p', image='i', name='n', env_vars=[k8s.V1EnvVar(name='A', value='b')],\n"
            "        container_resources=k8s.V1ResourceRequirements(requests={'cpu': '1'}), get_logs=True)\n"
        )
        bash = dag["tasks"]["b"]["args"]
        self.assertEqual((bash["bash_command"], bash["env"], bash["append_env"]), ("echo {{ ds }}", {"A": "1"}, False))
        self.assertEqual(bash["skip_on_exit_code"], [99])
        pod = dag["tasks"]["p"]["args"]
        marked = {"__dagdeck__": "v1", "model": "V1EnvVar", "value": {"name": "A", "value": "b"}}
        self.assertEqual(pod["env_vars"], [marked])
        self.assertEqual(pod["container_resources"]["value"], {"requests": {"cpu": "1"}})
        self.assertFalse(dag["tasks"]["p"]["do_xcom_push"])

    def test_schedules(self):
        text = ("from airflow.sdk import DAG, Asset, CronDataIntervalTimetable\nimport pendulum\n"
                "when = pendulum.datetime(2026, 1, 1, tz='Europe/Berlin')\n"
                "a = DAG('a', schedule='0 6 * * *', start_date=when)\n"
                "b = DAG('b', schedule=timedelta(hours=2))\n"
                "c = DAG('c', schedule=CronDataIntervalTimetable('@daily', timezone='UTC'))\n"
                "d = DAG('d', schedule=[Asset('x')])\n")
        dags = {d["dag_id"]: d["schedule"] for d in parse_text(text)["dags"]}
        self.assertEqual(dags["a"], {"kind": "cron", "expression": "0 6 * * *", "timezone": "Europe/Berlin"})
        self.assertEqual(dags["b"], {"kind": "delta", "seconds": 7200.0, "months": 0})
        self.assertTrue(dags["c"]["data_interval"])
        self.assertEqual(dags["d"]["kind"], "asset")


class Dialect(unittest.TestCase):
    def warnings(self, text):
        found = parse_text(text)
        self.assertEqual([d for d in found["diagnostics"] if d["severity"] == "error"], [])
        return " / ".join(d["message"] for d in found["diagnostics"]), found["dags"]

    def test_old_spellings_are_understood(self):
        text, dags = self.warnings(
            "from airflow import DAG\n"
            "from airflow.operators.dummy_operator import DummyOperator\n"
            "from airflow.utils.dates import days_ago\n"
            "with DAG('d', schedule_interval='@daily', concurrency=3, default_view='graph', start_date=days_ago(1)):\n"
            "    DummyOperator(task_id='a', trigger_rule='dummy', task_concurrency=2)\n"
        )
        for part in ("schedule_interval", "concurrency", "default_view", "days_ago", "dummy", "task_concurrency",
                     "DummyOperator"):
            self.assertIn(part, text)
        dag = dags[0]
        self.assertEqual(dag["schedule"]["expression"], "@daily")
        self.assertEqual(dag["max_active_tasks"], 3)
        self.assertEqual(dag["tasks"]["a"]["operator"], "EmptyOperator")
        self.assertEqual(dag["tasks"]["a"]["trigger_rule"], "always")
        self.assertEqual(dag["tasks"]["a"]["max_active_tis_per_dag"], 2)

    def test_operator_where_its_output_is_meant(self):
        text, dags = self.warnings(
            "from airflow.sdk import DAG, task\n"
            "from airflow.operators.python import PythonOperator\n" + DAG +
            "    a = PythonOperator(task_id='a', python_callable=print, provide_context=True)\n"
            "    @task(name='renamed')\n    def b(x):\n        return x\n"
            "    b(a)\n"
        )
        self.assertIn(".output is meant", text)
        self.assertIn("provide_context", text)
        self.assertEqual(dags[0]["tasks"]["renamed"]["upstream_task_ids"], ["a"])


class Mistakes(unittest.TestCase):
    def check(self, text, message, line=None):
        found = error(text)
        self.assertIn(message, found["message"])
        if line:
            self.assertEqual(found["line"], line)
        return found

    def test_refused_as_by_airflow(self):
        sdk = "from airflow.sdk import DAG, task, TaskGroup\n"
        self.check(sdk + "DAG('d', schedule='61 * * * *')\n", "AirflowTimetableInvalid", 3)
        self.check(sdk + "DAG('d', schedule='@daily', catchup=True)\n", "start_date is required when catchup=True", 3)
        self.check(sdk + "DAG('has space', schedule=None)\n", "ValueError: The key 'has space'", 3)
        self.check(sdk + "DAG('d', nonsense=1)\n", "unexpected keyword argument 'nonsense'", 3)
        expand = sdk + DAG + "    @task\n    def t(x=1): return x\n"
        self.check(expand + "    t.expand()\n", "TypeError: no arguments to expand against", 6)
        self.check(expand + "    t.expand(x='abc')\n", "unexpected type 'str'", 6)
        self.check(expand + "    t.expand(zz=[1])\n", "unexpected keyword argument 'zz'", 6)
        self.check(sdk + DAG + "    with TaskGroup('g'): pass\n    with TaskGroup('g'): pass\n", "DuplicateTaskIdFound", 5)
        self.check(sdk + "DAG('d', dagrun_timeout=5)\n", "'dagrun_timeout' must be <class 'datetime.timedelta'>", 3)
        self.check(sdk + "DAG('d', start_date='2026-01-01')\n", "'str' object has no attribute 'utcoffset'", 3)
        self.check(sdk + "DAG('d', owner_links={'a': 'nowhere'})\n", "Wrong link format", 3)
        circle = expand + "    a, b = t(), t()\n    a >> b >> a\n"
        self.assertIn("AirflowDagCycleException", self.check(circle, "Cycle detected")["message"])

    def test_always_where_something_has_to_be_waited_for(self):
        head = "from airflow.sdk import DAG, task, task_group\n" + DAG
        inside = "    @task\n    def up(): return [1]\n    @task_group\n    def g(x):\n" \
                 "        @task(trigger_rule='always')\n        def t(): pass\n        t()\n"
        self.check(head + inside + "    g.expand(x=up())\n", "mapped task group is not allowed with trigger rule 'always'")
        self.assertEqual(parse_text(head + inside + "    g.expand(x=[1])\n")["diagnostics"], [])
        self.check(head + "    @task\n    def s(): pass\n    @task(trigger_rule='always')\n    def w(): pass\n"
                   "    s().as_setup() >> w()\n", "Setup tasks must be followed with trigger rule ALL_SUCCESS", 8)

    def test_imports_name_the_modern_spelling(self):
        found = self.check("from airflow.operators.bash import PythonOperator\n", "ImportError", 2)
        self.assertIn("airflow.providers.standard.operators.python", found["hint"])
        found = self.check("from airflow.operators.subdag import SubDagOperator\n", "ModuleNotFoundError", 2)
        self.assertIn("TaskGroup", found["hint"])
        found = self.check("import not_a_package_at_all\n", "ModuleNotFoundError", 2)
        self.assertIn("isn't installed", found["hint"])
        self.check("def f(:\n", "SyntaxError", 2)

    def test_what_the_file_prints_is_not_in_the_answer(self):
        self.assertEqual(parse_text("print('hello')\n"), {"dags": [], "diagnostics": []})


if __name__ == "__main__":
    unittest.main()
