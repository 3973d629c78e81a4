"""Stored forms of XComs, backends of the author's own, and functions in other interpreters."""
import os
import tempfile
import unittest

from supervisor import run_task

HEAD = "from airflow.sdk import DAG, task\nwith DAG('d'):\n    @task\n"


def pushed(expression, head=""):
    return run_task(head + HEAD + f"    def t(): return {expression}\n    t()\n", "t")


class Stored(unittest.TestCase):
    def test_forms(self):
        for expression, name, data in (
                ("(1, (2,))", "builtins.tuple", [1, {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [2]}]),
                ("__import__('collections').namedtuple('P', 'x y')(1, 2)", "builtins.tuple", [1, 2]),
                ("__import__('uuid').UUID(int=1)", "uuid.UUID", "00000000-0000-0000-0000-000000000001"),
                ("__import__('decimal').Decimal('1.50')", "decimal.Decimal", 1.5),
                ("__import__('zoneinfo').ZoneInfo('Europe/Berlin')", "zoneinfo.ZoneInfo", "Europe/Berlin"),
                ("timedelta(days=1)", "datetime.timedelta", 86400.0)):
            value = pushed(expression).xcoms["return_value"]
            self.assertEqual((value["__classname__"], value["__data__"]), (name, data), expression)

    def test_the_class_of_a_time_zone_is_kept(self):
        fixed, named = "pendulum.tz.timezone.FixedTimezone", "pendulum.tz.timezone.Timezone"
        for zone, form in (("__import__('datetime').timezone.utc", ["UTC", fixed]),
                           ("__import__('datetime').timezone(timedelta(hours=2))", [7200, fixed]),
                           ("__import__('pendulum').UTC", ["UTC", named]),
                           ("__import__('pendulum').timezone('Europe/Berlin')", ["Europe/Berlin", named]),
                           ("__import__('zoneinfo').ZoneInfo('Europe/Berlin')", ["Europe/Berlin", "zoneinfo.ZoneInfo"])):
            value = pushed(f"datetime(2026, 1, 2, tzinfo={zone})").xcoms["return_value"]
            self.assertEqual(value["__data__"]["tz"]["__data__"], [*form, 1, True], zone)
            text = HEAD + "    def t(ti=None): return str(ti.xcom_pull(task_ids='up'))\n    t()\n"
            self.assertEqual(run_task(text, "t", xcoms={("up", -1, "return_value"): value}).xcoms["return_value"][:11],
                             "2026-01-02 ")

    def test_an_asset_is_read_as_it_was_pushed(self):
        value = pushed("__import__('airflow.sdk').sdk.Asset('file:///a', extra={'k': 1})").xcoms["return_value"]
        text = HEAD + "    def t(ti=None): return repr(ti.xcom_pull(task_ids='up'))\n    t()\n"
        found = run_task(text, "t", xcoms={("up", -1, "return_value"): value}).xcoms["return_value"]
        self.assertEqual(found, "Asset(name='file:///a', uri='file:///a', group='asset', extra={'k': 1}, watchers=[], "
                                "access_control=AssetAccessControl(producer_teams=[], consumer_teams=None, allow_global=True))")

    def test_words_are_kept(self):
        for expression, wanted in (("__import__('http').HTTPStatus.OK", 200), ("{1: (None)}", {"1": None}),
                                   ("type('S', (str,), {})('x')", "x")):
            self.assertEqual(pushed(expression).xcoms["return_value"], wanted)

    def test_dataclasses_inside_of_each_other_lose_their_class(self):
        head = "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n@dataclass\nclass B:\n    a: A\n"
        self.assertEqual(pushed("B(A(1))", head).xcoms["return_value"]["__data__"], {"a": {"x": 1}})

    def test_what_cannot_be_stored_fails(self):
        for expression, name in (("b'x'", "TypeError"), ("float('inf')", "AirflowRuntimeError"), ("2 ** 70", "OverflowError"),
                                 ("__import__('enum').Enum('E', 'a').a", "TypeError"), ("1 + 2j", "TypeError")):
            done = pushed(expression)
            self.assertEqual(done.end["cause"]["exception"], name, expression)

    def test_a_newer_version_is_refused(self):
        text = ("from dataclasses import dataclass\nfrom airflow.sdk import DAG, task\n@dataclass\nclass A:\n    x: int\n"
                "with DAG('d'):\n    @task\n    def t(ti=None): return ti.xcom_pull(task_ids='up').x\n    t()\n")
        settings = {"allowed_deserialization_classes": "", "allowed_deserialization_classes_regexp": r"unusual_prefix_.*\.A"}

        def form(message):
            module = "unusual_prefix_" + "0" * 40
            return {"type": "XComSequenceResult", "values": [{"map_index": -1, "run_id": "r", "value": {
                "__classname__": module + "_example.A", "__version__": 3, "__data__": {"x": 1}}}]}

        done = run_task(text, "t", answers={"GetXComSequence": form}, settings=settings)
        self.assertEqual(done.end["cause"]["exception"], "ModuleNotFoundError")


class Storage(unittest.TestCase):
    """`XComObjectStorageBackend` with a local folder."""

    def run_with(self, text, threshold, folder, compression="", **more):
        settings = {"xcom_backend": "airflow.providers.common.io.xcom.backend.XComObjectStorageBackend"}
        names = {"PATH": f"file://{folder}", "THRESHOLD": str(threshold), "COMPRESSION": compression}
        head = "import os\n" + "".join(
            f"os.environ['AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_{k}'] = {v!r}\n" for k, v in names.items())
        return run_task(head + text, "t", settings=settings, **more)

    def test_large_values_are_files(self):
        text = HEAD + "    def t(): return {'rows': [1] * 50}\n    t()\n"
        reads = HEAD + "    def t(ti=None): return len(ti.xcom_pull(task_ids='up')['rows'])\n    t()\n"
        for compression, ending in (("", ""), ("gzip", ".gz"), ("bz2", ".bz2"), ("xz", ".xz"), ("zip", ".zip")):
            with tempfile.TemporaryDirectory() as folder:
                path = self.run_with(text, 0, folder, compression).xcoms["return_value"]
                self.assertTrue(path.startswith(f"file://{folder}/d/r/t/") and path.endswith(ending), path)
                # small enough a value stays where it is
                found = self.run_with(reads, 1000, folder, compression, xcoms={("up", -1, "return_value"): path})
                self.assertEqual(found.xcoms["return_value"], 50)
                # the next try has the file deleted
                self.run_with(text, -1, folder, old_xcoms=[{"key": "return_value", "value": path}])
                self.assertFalse(os.path.exists(path[7:]))

    def test_what_cannot_be_used_says_so(self):
        text = HEAD + "    def t(): return 1\n    t()\n"
        done = self.run_with(text, 0, "/tmp", "snappy").end
        self.assertIn("Compression snappy is not supported", done["cause"]["summary"])
        settings = {"xcom_backend": "airflow.providers.common.io.xcom.backend.XComObjectStorageBackend"}
        head = "import os\nos.environ['AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_THRESHOLD'] = '0'\n"
        done = run_task(head + text, "t", settings=settings).end
        self.assertEqual(done["cause"]["exception"], "AirflowConfigException")


BACKEND = (
    "import sys, types\nfrom airflow.sdk.bases.xcom import BaseXCom\n"
    "class Shifted(BaseXCom):\n"
    "    @staticmethod\n    def serialize_value(value, *, key=None, task_id=None, **more):\n"
    "        return BaseXCom.serialize_value({'key': key, 'task': task_id, 'value': value})\n"
    "    @staticmethod\n    def deserialize_value(result):\n"
    "        return BaseXCom.deserialize_value(result)['value']\n"
    "    @classmethod\n    def purge(cls, xcom, *args):\n        print('purged', xcom.key, xcom.value)\n"
    "module = types.ModuleType('backend_of_test')\nmodule.Shifted = Shifted\nsys.modules['backend_of_test'] = module\n")


class Backend(unittest.TestCase):
    def test_values_go_through_it_and_old_ones_are_purged(self):
        text = BACKEND + HEAD + "    def t(ti=None): return ti.xcom_pull(task_ids='t', map_indexes=-1) + 1\n    t()\n"
        done = run_task(text, "t", xcoms={("t", -1, "return_value"): {"key": "k", "task": "t", "value": 4}},
                        settings={"xcom_backend": "backend_of_test.Shifted"}, old_xcoms=[{"key": "a", "value": 1}])
        self.assertEqual(done.xcoms, {"return_value": {"key": "return_value", "task": "t", "value": 5}})

    def test_another_class_is_refused(self):
        text = HEAD + "    def t(): return 1\n    t()\n"
        done = run_task(text, "t", settings={"xcom_backend": "decimal.Decimal"})
        self.assertIn("is not a subclass of `BaseXCom`", done.end["cause"]["summary"])


class Interpreters(unittest.TestCase):
    HEAD = ("import sys\nfrom airflow.sdk import DAG, task\n"
            "from airflow.providers.standard.operators.python import ExternalPythonOperator, PythonVirtualenvOperator\n"
            "def adds(a, b=0, *, ds=None, logical_date=None):\n"
            "    import os\n    return [a + b, ds, type(logical_date).__name__, virtualenv_string_args]\n"
            "with DAG('d'):\n")

    def test_arguments_context_and_result_travel(self):
        text = self.HEAD + ("    ExternalPythonOperator(task_id='t', python=sys.executable, python_callable=adds, op_args=[1],\n"
                            "                           op_kwargs={'b': 2}, string_args=['x'])\n")
        self.assertEqual(run_task(text, "t").xcoms["return_value"], [3, "2026-03-02", "DateTime", ["x"]])

    def test_ends(self):
        text = self.HEAD + ("    @task.external_python(python=sys.executable, skip_on_exit_code=[7, 8])\n"
                            "    def t(code):\n        import sys\n        sys.exit(code)\n    t(8)\n"
                            "    @task.external_python(python=sys.executable)\n"
                            "    def raises():\n        # told\n        raise ValueError('inside')\n    raises()\n"
                            "    @task.branch_external_python(python=sys.executable)\n"
                            "    def way(): return 't'\n    way() >> d_t\n".replace("d_t", "t.override(task_id='other')(1)"))
        self.assertEqual(run_task(text, "t").end["state"], "skipped")
        done = run_task(text, "raises")
        self.assertEqual(done.end["cause"]["exception"], "AirflowException")
        self.assertTrue(any("ValueError: inside" in line for line in done.log))

    def test_it_can_ask_for_variables(self):
        text = self.HEAD + ("    @task.external_python(python=sys.executable)\n    def t():\n"
                            "        from airflow.sdk import Variable\n        return Variable.get('k')\n    t()\n")
        answers = {"GetVariable": {"type": "VariableResult", "key": "k", "value": "v"}}
        self.assertEqual(run_task(text, "t", answers=answers).xcoms["return_value"], "v")

    def test_a_virtual_environment_is_kept(self):
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            text = self.HEAD + (f"    PythonVirtualenvOperator(task_id='t', python_callable=adds, op_args=[1], "
                                f"venv_cache_path={folder!r})\n")
            answers = {"GetVariable": {"type": "VariableResult", "key": "k", "value": ""}}
            first = run_task(text, "t", answers=answers)
            self.assertEqual(first.xcoms["return_value"][0], 1, first.log)
            again = run_task(text, "t", answers=answers)
            self.assertTrue(any("Reusing cached" in line for line in again.log), again.log)
            self.assertEqual(len([n for n in os.listdir(folder) if n.startswith("venv-") and not n.endswith(".lock")]), 1)

    def test_wrong_arguments_are_told_while_parsing(self):
        from supervisor import parse_text

        for arguments, message in (("python_callable=lambda: 1, python='p'", "only supports functions"),
                                   ("python_callable=adds, python=''", "Python Path must be defined"),
                                   ("python_callable=adds, python='p', serializer='xml'", "Unsupported serializer 'xml'")):
            made = parse_text(self.HEAD + f"    ExternalPythonOperator(task_id='t', {arguments})\n")
            self.assertIn(message, made["diagnostics"][0]["message"])
