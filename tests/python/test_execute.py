"""One try of a task, seen from the supervisor."""
import signal
import tempfile
import time
import unittest

from supervisor import run_task, startup, talk, write_dag

HEAD = ("from airflow.sdk import DAG, task\n"
        "from airflow.exceptions import AirflowFailException, AirflowSkipException\n"
        "with DAG('d', schedule=None, start_date=datetime(2026, 1, 1)):\n")


def body(*lines):
    return HEAD + "".join("    " + line + "\n" for line in lines)


class Outcomes(unittest.TestCase):
    def test_success_pushes_and_prints(self):
        for options in ((), ("-S",)):
            done = run_task(body("@task", "def t(ds, ti=None, **context):", "    print('seen', ds, context['run_id'])",
                                 "    return {'try': ti.try_number, 'conf': context['params']}", "t()"),
                            "t", options=options)
            self.assertEqual(done.code, 0)
            self.assertEqual(done.end["type"], "SucceedTask")
            self.assertEqual(done.xcoms["return_value"], {"try": 1, "conf": {"c": 1}})
            self.assertIn("seen 2026-03-02 r", done.log)

    def test_failures(self):
        text = body("@task", "def boom():", "    raise ValueError('no good')", "@task", "def never():",
                    "    raise AirflowFailException('stop')", "@task", "def skips():", "    raise AirflowSkipException('s')",
                    "@task", "def leaves():", "    import sys; sys.exit(0)", "boom(); never(); skips(); leaves()")
        done = run_task(text, "boom").end
        self.assertEqual((done["state"], done["retryable"]), ("failed", True))
        self.assertEqual(done["cause"]["exception"], "ValueError")
        self.assertEqual(done["cause"]["summary"], "no good")
        self.assertFalse(run_task(text, "never").end["retryable"])
        self.assertEqual(run_task(text, "skips").end["state"], "skipped")
        # Airflow logs no exception class for SystemExit.
        left = run_task(text, "leaves").end
        self.assertEqual((left["state"], left["cause"]["exception"]), ("failed", None))

    def test_names_of_mapped_instances(self):
        text = body("@task(map_index_template='{{ ds }}')", "def t(x):", "    if x == 1: raise AirflowSkipException('s')",
                    "    if x == 2: raise ValueError('v')", "    return x", "t.expand(x=[0, 1, 2])",
                    "@task(map_index_template='n' * 251)", "def long(x): return x", "long.expand(x=[5])",
                    "@task(do_xcom_push=False)", "def silent(): return [1]", "silent()")
        for index in (0, 1, 2):
            done = run_task(text, "t", index)
            # known before it executes, so also of one that is skipped
            self.assertEqual([m["rendered_map_index"] for m in done.of("SetRenderedMapIndex")], ["2026-03-02"])
            self.assertEqual(done.end["rendered_map_index"], "2026-03-02")
        done = run_task(text, "long", 0)
        self.assertEqual((done.end["state"], done.end["retryable"], done.end["cause"]["exception"]),
                         ("failed", True, "AirflowRuntimeError"))
        self.assertEqual((done.xcoms, done.of("SetRenderedMapIndex")), ({"return_value": 5}, []))
        done = run_task(text, "silent", mapped_dependants=True)
        self.assertEqual(done.end["cause"]["exception"], "XComForMappingNotPushed")

    def test_kwargs_over_what_partial_was_given(self):
        text = body("@task", "def t(x, y=0): return [x, y]", "t.partial(x=1).expand(x=[2])",
                    "t.override(task_id='strict').partial(x=1).expand_kwargs([{'x': 2}])",
                    "t.override(task_id='loose').partial(x=1).expand_kwargs([{'x': 2}], strict=False)")
        self.assertEqual(run_task(text, "t", 0).xcoms["return_value"], [2, 0])
        self.assertEqual(run_task(text, "loose", 0).xcoms["return_value"], [2, 0])
        self.assertIn("mapping already partial argument: x", run_task(text, "strict", 0).end["cause"]["summary"])

    def test_a_file_can_ask_for_which_task_it_is_imported(self):
        text = ("from airflow.sdk import DAG, task, get_parsing_context\nimport os\n"
                "asked = get_parsing_context()\n"
                "for dag_id in 'abd':\n    if asked.dag_id not in (None, dag_id): continue\n"
                "    with DAG(dag_id, schedule=None) as dag:\n        @task\n        def t():\n"
                "            here = [k for k in os.environ if 'PARSING_CONTEXT' in k]\n"
                "            return [asked.dag_id, asked.task_id, 'a' in globals().get('made', []), here]\n        t()\n"
                "    made = globals().get('made', []) + [dag_id]\n")
        self.assertEqual(run_task(text, "t").xcoms["return_value"], ["d", "t", False, []])

    def test_async_functions_pull_and_push(self):
        text = body("@task", "async def t(ti=None):", "    await ti.axcom_push('k', 2)",
                    "    return await ti.axcom_pull(task_ids='up')", "t()")
        done = run_task(text, "t", xcoms={("up", -1, "return_value"): 5})
        self.assertEqual(done.xcoms, {"k": 2, "return_value": 5})

    def test_broken_file(self):
        done = run_task("raise RuntimeError('broken')\n", "t").end
        self.assertEqual((done["state"], done["cause"]["kind"]), ("failed", "import"))
        self.assertEqual(run_task(body("pass"), "gone").end["cause"]["exception"], "TaskNotFound")

    def test_time_limit(self):
        done = run_task(body("@task(execution_timeout=timedelta(seconds=0.2))", "def t():", "    import time; time.sleep(9)",
                             "t()"), "t").end
        self.assertEqual((done["cause"]["kind"], done["cause"]["exception"]), ("timeout", "AirflowTaskTimeout"))

    def test_term_calls_on_kill(self):
        def watch(message, process):
            if message.get("event") == "ready":
                time.sleep(0.05)
                process.send_signal(signal.SIGTERM)

        done = run_task("from airflow.sdk import DAG, BaseOperator\n"
                        "class Op(BaseOperator):\n"
                        "    def execute(self, context):\n"
                        "        import time; print('ready'); time.sleep(9)\n"
                        "    def on_kill(self):\n"
                        "        print('killed')\n"
                        "with DAG('d', schedule=None):\n"
                        "    Op(task_id='t')\n", "t", watch=watch)
        self.assertEqual(done.code, 143)
        self.assertIn("killed", done.log)

    def test_logging_and_callbacks(self):
        done = run_task("import logging\n" + body(
            "def cb(context): print('called', context['exception'])",
            "@task(on_failure_callback=[cb, lambda c: 1/0], on_retry_callback=lambda c: print('retry'))",
            "def t():", "    logging.getLogger('mine').warning('careful %s', 1)", "    raise KeyError('k')", "t()"), "t")
        self.assertIn("called 'k'", done.log)
        self.assertIn("Failed to run task callback", done.log)
        record = [m for m in done.of("Log") if m["logger"] == "mine"][0]
        self.assertEqual((record["level"], record["event"]), ("warning", "careful 1"))


class Values(unittest.TestCase):
    def test_mapping_order_and_reduce(self):
        text = body("@task", "def pair(x, y):", "    return [x, y]", "@task", "def total(xs):",
                    "    return [type(xs).__name__, len(xs), list(xs)]",
                    "total(pair.expand(x=[1, 2], y={'a': 1, 'b': 2}))")
        found = run_task(text, "pair", 2).xcoms["return_value"]
        self.assertEqual(found[0], 2)
        self.assertEqual(found[1]["__data__"], ["a", 1])
        xcoms = {("pair", 0, "return_value"): 7, ("pair", 1, "return_value"): 8}
        self.assertEqual(run_task(text, "total", xcoms=xcoms).xcoms["return_value"], ["LazyXComSequence", 2, [7, 8]])

    def test_results_that_are_mapped_over(self):
        text = body("@task", "def t(v):", "    return v", "t.override(task_id='none')(None)", "t.override(task_id='text')('x')",
                    "t.override(task_id='long')([1] * 5)", "t.override(task_id='good')([1, 2])")
        for name, wanted in (("none", "XComForMappingNotPushed"), ("text", "UnmappableXComTypePushed"),
                             ("long", "AirflowRuntimeError")):
            done = run_task(text, name, mapped_dependants=True)
            self.assertEqual(done.end["cause"]["exception"], wanted)
            self.assertEqual(done.xcoms, {})
        good = run_task(text, "good", mapped_dependants=True).of("SetXCom")[0]
        self.assertEqual(good["mapped_length"], 2)

    def test_templates_literals_and_xcom_values(self):
        text = body("from airflow.sdk import BaseOperator", "class Op(BaseOperator):", "    template_fields = ('a', 'b')",
                    "    def __init__(self, *, a, b, **kwargs):", "        super().__init__(**kwargs)", "        self.a, self.b = a, b",
                    "    def execute(self, context):", "        return [self.a, self.b]",
                    "@task", "def src():", "    return ['{{ ds }}']",
                    "Op.partial(task_id='t', b=['{{ ds }}', {'k': '{{ ds }}'}]).expand(a=src())")
        done = run_task(text, "t", 0, xcoms={("src", -1, "return_value"): ["{{ ds }}"]})
        self.assertEqual(done.xcoms["return_value"], ["{{ ds }}", ["2026-03-02", {"k": "2026-03-02"}]])
        self.assertEqual(done.of("SetRenderedFields")[0]["rendered_fields"]["b"], ["2026-03-02", {"k": "2026-03-02"}])

    def test_stored_forms(self):
        done = run_task(body("@task(multiple_outputs=True)", "def t():",
                             "    return {'a': (1, 'b'), 'b': datetime(2026, 1, 2), 'c': None, 'd': timedelta(hours=1)}", "t()"), "t")
        self.assertEqual(done.xcoms["a"], {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1, "b"]})
        self.assertEqual(done.xcoms["d"], {"__classname__": "datetime.timedelta", "__version__": 2, "__data__": 3600.0})
        self.assertIn("c", done.xcoms)
        bad = run_task(body("@task", "def t():", "    return object()", "t()"), "t").end
        self.assertEqual(bad["cause"]["exception"], "TypeError")

    def test_branch_and_short_circuit(self):
        text = body("from airflow.providers.standard.operators.empty import EmptyOperator as E",
                    "@task.branch", "def br():", "    return 'a'", "@task.short_circuit", "def sc():", "    return False",
                    "a, b, j = E(task_id='a'), E(task_id='b'), E(task_id='j')", "br() >> [a, b, j]", "a >> j",
                    "sc() >> b >> E(task_id='far', trigger_rule='all_done')")
        done = run_task(text, "br")
        self.assertEqual(done.xcoms, {"skipmixin_key": {"followed": ["a", "j"]}})
        self.assertEqual(done.of("SkipDownstreamTasks")[0]["tasks"], ["b"])
        self.assertEqual(done.end["type"], "SucceedTask")
        done = run_task(text, "sc")
        self.assertEqual(done.xcoms, {"skipmixin_key": {"skipped": ["b", "far"]}})

    def test_sensor_modes(self):
        text = body("from airflow.sdk import PokeReturnValue", "@task.sensor(poke_interval=30, mode='reschedule', timeout=5)",
                    "def s():", "    return False", "@task.sensor(poke_interval=0.01)", "def ok():",
                    "    return PokeReturnValue(True, 5)", "s(); ok()")
        self.assertEqual(run_task(text, "s").end["type"], "RescheduleTask")
        late = run_task(text, "s", first_poke_date="2026-01-01T00:00:00Z", task_reschedule_count=1).end
        self.assertEqual((late["cause"]["exception"], late["retryable"]), ("AirflowSensorTimeout", False))
        self.assertEqual(run_task(text, "ok").xcoms["return_value"], 5)

    def test_bash_variables_and_connections(self):
        text = body("from airflow.sdk import Variable, BaseHook", "@task.bash", "def b():", "    return 'echo one; echo $AIRFLOW_CTX_TASK_ID'",
                    "@task", "def v():", "    return [Variable.get('k', default='d'), BaseHook.get_connection('c').get_uri()]", "b(); v()")
        self.assertEqual(run_task(text, "b").xcoms["return_value"], "b")
        conn = {"type": "ConnectionResult", "conn_id": "c", "conn_type": "http", "host": "h", "login": "u", "password": "p",
                "port": 80, "schema": None, "extra": None}
        done = run_task(text, "v", answers={"GetConnection": conn})
        self.assertEqual(done.xcoms["return_value"], ["d", "http://u:p@h:80"])
        self.assertEqual(run_task(text, "v").end["cause"]["exception"], "AirflowNotFoundException")

    def test_trigger_and_defer(self):
        text = body("from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator",
                    "TriggerDagRunOperator(task_id='t', trigger_dag_id='other', conf={'a': '{{ ds }}'})")
        done = run_task(text, "t", answers={"TriggerDagRun": {"type": "OKResponse", "run_id": "made"}})
        self.assertEqual(done.of("TriggerDagRun")[0]["conf"], {"a": "2026-03-02"})
        self.assertEqual(done.xcoms, {"trigger_run_id": "made"})
        exists = {"type": "ErrorResponse", "error": "DAGRUN_ALREADY_EXISTS", "detail": None}
        self.assertFalse(run_task(text, "t", answers={"TriggerDagRun": exists}).end["retryable"])

    def test_mapped_group_and_params(self):
        text = ("from airflow.sdk import dag, task, task_group\n"
                "@dag(schedule=None)\n"
                "def d(name='world'):\n"
                "    @task\n    def src(): return [1, 2]\n"
                "    @task\n    def inc(v, k): return [v, k]\n"
                "    @task\n    def show(v): return v\n"
                "    @task_group\n    def g(x, k): return show(inc(x, k))\n"
                "    show.override(task_id='all')(g.partial(k=name).expand(x=src()))\n"
                "d()\n")
        done = run_task(text, "g.inc", 1, xcoms={("src", -1, "return_value"): [1, 2]})
        self.assertEqual(done.xcoms["return_value"], [2, "world"])
        done = run_task(text, "g.show", 1, xcoms={("g.inc", 0, "return_value"): 0, ("g.inc", 1, "return_value"): 9})
        self.assertEqual(done.xcoms["return_value"], 9)
        xcoms = {("g.show", 0, "return_value"): "a", ("g.show", 1, "return_value"): "b"}
        self.assertEqual(run_task(text, "all", xcoms=xcoms).xcoms["return_value"], ["a", "b"])


class DagCallbacks(unittest.TestCase):
    def test_all_run_with_the_reason(self):
        text = ("from airflow.sdk import DAG\n"
                "def cb(context): print(context['dag'].dag_id, context['reason'], 'ti' in context)\n"
                "dag = DAG('d', schedule=None, on_failure_callback=[lambda c: 1 / 0, cb])\n")
        with tempfile.TemporaryDirectory() as folder:
            start = startup(write_dag(folder, text), "d", "t")
            start.update(type="DagCallbackRequest", dag_id="d", is_failure=True, reason="task_failure")
            done = talk(start)
        self.assertEqual(done.code, 0)
        self.assertEqual(done.log, ["Callback failed", "d task_failure False"])


if __name__ == "__main__":
    unittest.main()
