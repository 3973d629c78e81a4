"""What can be imported, and what using the rest says."""
import subprocess
import sys
import unittest

from supervisor import SIDE, parse_files, parse_text


def run(code):
    """Runs code with the stand-in on the path; gives what it prints."""
    head = f"import sys; sys.path.insert(0, {SIDE!r}); import airflow\n"
    done = subprocess.run([sys.executable, "-c", head + code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise AssertionError(done.stderr.decode())
    return done.stdout.decode().strip()


class Names(unittest.TestCase):
    def test_every_name_of_the_table_is_there(self):
        print_missing = (
            "from dagdeck_side import load; load.prepare('/tmp')\n"
            "from airflow import _modules as m\n"
            "bad = []\n"
            "from airflow import _beside, _inside\n"
            "beside = {k: dict.fromkeys(v, '') for k, v in _inside.table(_beside.NAMES).items()}\n"
            "for module, names in [*m.MODULES.items(), *beside.items()]:\n"
            "    if module.startswith('airflow.example_dags'): continue\n"
            "    there = __import__(module, fromlist=['x'])\n"
            "    for name in names:\n"
            "        if names[name] not in ('macros', 'op_pod:V1') and name not in ('dateutil', 'yaml'):\n"
            "            try: getattr(there, name)\n"
            "            except Exception as e: bad.append((module, name, repr(e)))\n"
            "print(bad)")
        self.assertEqual(run(print_missing), "[]")

    def test_insides_import_and_say_what_they_are(self):
        text = run(
            "from airflow.models.taskreschedule import TaskReschedule\n"
            "from airflow.models.backfill import AlreadyRunningBackfill\n"
            "def f(x: TaskReschedule): pass\n"
            "for use in (lambda: TaskReschedule(), lambda: TaskReschedule.find()):\n"
            "    try: use()\n"
            "    except NotImplementedError as e: print(e)\n")
        self.assertIn("TaskReschedule belongs to Airflow's database or processes", text)
        self.assertIn("TaskReschedule.find belongs", text)

    def test_example_dags_are_where_dags_and_plugins_are(self):
        files = {"one.py": "from airflow.sdk import DAG\nfrom airflow.example_dags.libs.helper import word\n"
                           "from airflow.example_dags.plugins import more\n"
                           "from airflow.example_dags.plugins.more import name\nDAG(word + name)\n"
                           "with DAG(word + name): pass\n",
                 "libs/__init__.py": "", "libs/helper.py": "word = 'a'\n"}
        made = parse_files(files, "one.py", {"more.py": "name = 'b'\n"})
        self.assertEqual([d["dag_id"] for d in made["dags"]], ["ab"])

    def test_names_that_a_module_only_uses_itself(self):
        self.assertEqual(run(
            "from airflow.timetables.trigger import DataInterval\n"
            "from airflow.timetables.base import DataInterval as Own\n"
            "from airflow.sdk.bases.decorator import XComArg\n"
            "from airflow.timetables.simple import SerializedAsset\n"
            "try: SerializedAsset()\n"
            "except NotImplementedError as e: print(DataInterval is Own, 'SerializedAsset belongs' in str(e))"), "True True")

    def test_a_dag_and_a_group_find_what_is_inside(self):
        self.assertEqual(run(
            "from airflow.sdk import DAG, TaskGroup\n"
            "from airflow.sdk.bases.decorator import DagContext, TaskGroupContext\n"
            "from airflow.sdk.exceptions import NodeNotFound\n"
            "with DAG('d') as dag:\n"
            "    assert DagContext.get_current_dag() is dag and TaskGroupContext.get_current() is dag.task_group\n"
            "    @dag.task\n    def a(): pass\n"
            "    a()\n"
            "    with TaskGroup('g') as g: a.override(task_id='b')() >> a.override(task_id='c')()\n"
            "print(dag['a'], dag['g'] is g, g['b'], [t.task_id for t in g.topological_sort()])\n"
            "for place in (dag, g):\n"
            "    try: place['nothing']\n"
            "    except NodeNotFound as e: print(e)"),
            "<Task(_PythonDecoratedOperator): a> True <Task(_PythonDecoratedOperator): g.b> ['g.b', 'g.c']\n"
            "Task or group 'nothing' not found\nTask 'nothing' not found")

    def test_names_of_states_rules_and_days_print_as_in_airflow(self):
        self.assertEqual(run(
            "from airflow.sdk import TaskInstanceState, TriggerRule\n"
            "from airflow.utils.state import TaskInstanceState as Server\n"
            "from airflow.providers.standard.utils.weekday import WeekDay\n"
            "print(TaskInstanceState.SUCCESS, f'{TriggerRule.ALL_DONE}', Server.SUCCESS, TaskInstanceState('failed') == 'failed',\n"
            "      Server.SUCCESS == TaskInstanceState.SUCCESS, {Server.SUCCESS: 1}[TaskInstanceState.SUCCESS])\n"
            "print(repr(WeekDay.MONDAY), WeekDay.FRIDAY + 0, sorted(WeekDay.validate_week_day({'sunday', WeekDay.MONDAY})))"),
            "TaskInstanceState.SUCCESS TriggerRule.ALL_DONE success True True 1\n"
            "<WeekDay.MONDAY: 1> 5 [<WeekDay.MONDAY: 1>, <WeekDay.SUNDAY: 7>]")

    def test_times_of_the_sdk(self):
        self.assertEqual(run(
            "from dagdeck_side import load; load.prepare('/tmp')\n"
            "import datetime as dt\n"
            "from airflow.utils import timezone\n"
            "print(type(timezone.utcnow()).__name__, repr(timezone.utc), type(timezone.parse('2026-01-02')).__name__)\n"
            "print(timezone.make_aware(dt.datetime(2026, 10, 25, 2, 30), timezone.parse_timezone('Europe/Berlin')))\n"
            "for wrong in (lambda: timezone.make_aware(timezone.utcnow()), lambda: timezone.make_naive(dt.datetime(2026, 1, 1))):\n"
            "    try: wrong()\n"
            "    except ValueError: print('refused')"),
            "datetime Timezone('UTC') DateTime\n2026-10-25 02:30:00+01:00\nrefused\nrefused")

    def test_what_is_not_there_has_a_hint(self):
        made = parse_text("from airflow.operators.subdag import SubDagOperator\n")
        self.assertIn("TaskGroup", made["diagnostics"][0]["hint"])

    def test_small_functions(self):
        self.assertEqual(run(
            "from airflow.utils.helpers import chunks, merge_dicts, exactly_one, as_flattened_list, partition\n"
            "even, odd = partition(lambda n: n % 2, [1, 2, 3])\n"
            "print(list(chunks([1, 2, 3], 2)), merge_dicts({'a': {'b': 1}}, {'a': {'c': 2}}), exactly_one(1, 0),\n"
            "      as_flattened_list([1, [2, [3]]]), list(even), list(odd))"),
            "[[1, 2], [3]] {'a': {'b': 1, 'c': 2}} True [1, 2, 3] [2] [1, 3]")


class Paths(unittest.TestCase):
    def test_a_local_object_storage_path(self):
        self.assertEqual(run(
            "import tempfile\n"
            "from airflow.sdk import ObjectStoragePath\n"
            "base = ObjectStoragePath('file://' + tempfile.mkdtemp())\n"
            "(base / 'a').mkdir()\n"
            "(base / 'a' / 'x.txt').write_text('hello')\n"
            "(base / 'a').copy(base / 'b', recursive=True)\n"
            "again = ObjectStoragePath.deserialize((base / 'b').serialize(), 1)\n"
            "print([p.name for p in again.iterdir()], (again / 'x.txt').read_text(), (again / 'x.txt').suffix)\n"
            "print([(f.name if f != base else 'base', d, n) for f, d, n in base.walk()])\n"
            "x = again / 'x.txt'\n"
            "print(x.with_stem('y').name, x.is_relative_to(base), base.is_relative_to(x), x.match('*.txt'), x.parents[0] == again)"),
            "['x.txt'] hello .txt\n[('base', ['a', 'b'], []), ('a', [], ['x.txt']), ('b', [], ['x.txt'])]\n"
            "y.txt True False True True")

    def test_a_store_without_its_package(self):
        self.assertIn("fsspec", run(
            "import sys\n"
            "sys.modules['fsspec'] = None\n"
            "from airflow.sdk import ObjectStoragePath\n"
            "try: ObjectStoragePath('s3://conn@bucket/key')\n"
            "except ImportError as e: print(e)"))
