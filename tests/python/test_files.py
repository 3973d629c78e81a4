"""Zip files, plugins, cluster policies."""
import os
import tempfile
import unittest
import zipfile

from supervisor import parse_files, startup, talk

PLUGIN = ("from airflow.plugins_manager import AirflowPlugin\n"
          "def shout(text): return str(text).upper()\n"
          "class Mine(AirflowPlugin):\n    name = 'mine'\n    macros = [shout]\n")
POLICY = ("from airflow.exceptions import AirflowClusterPolicySkipDag, AirflowClusterPolicyViolation\n"
          "def task_policy(task):\n    task.owner = 'policy'\n"
          "def dag_policy(dag):\n"
          "    if dag.dag_id == 'left_out': raise AirflowClusterPolicySkipDag()\n"
          "    if dag.dag_id == 'refused': raise AirflowClusterPolicyViolation('not this one')\n")


class Files(unittest.TestCase):
    def test_dags_of_a_zip_file_run(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "packed.zip")
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("one.py", "import beside\nfrom airflow.sdk import DAG, task\nwith DAG('d'):\n"
                                           "    @task\n    def t(): return beside.VALUE\n    t()\n")
                archive.writestr("beside.py", "VALUE = 5\n")
                archive.writestr("inner/no.py", "raise ValueError('airflow dag')\n")
            done = talk(startup(path, "d", "t"))
        self.assertEqual(done.xcoms, {"return_value": 5})

    def test_policies_change_refuse_and_leave_out(self):
        text = ("from airflow.sdk import DAG, task\n"
                "with DAG('kept'):\n    @task\n    def t(): pass\n    t()\nwith DAG('left_out'): pass\n")
        made = parse_files({"a.py": text}, "a.py", {"airflow_local_settings.py": POLICY})
        self.assertEqual([d["dag_id"] for d in made["dags"]], ["kept"])
        self.assertEqual(made["dags"][0]["tasks"]["t"]["owner"], "policy")
        made = parse_files({"b.py": "from airflow.sdk import DAG\nwith DAG('refused'): pass\n"}, "b.py",
                           {"airflow_local_settings.py": POLICY})
        self.assertEqual(made["diagnostics"][0]["message"], "AirflowClusterPolicyViolation: not this one")

    def test_macros_of_a_plugin(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("plugins/p.py", PLUGIN), ("plugins/broken.py", "AirflowPlugin\n"), (
                    "d.py", "from airflow.sdk import DAG, task\nwith DAG('d'):\n    @task\n"
                            "    def t(macros=None): return macros.mine.shout('a')\n    t()\n")):
                os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text)
            done = talk(startup(folder + "/d.py", "d", "t", plugins_folder=folder + "/plugins"))
        self.assertEqual(done.xcoms, {"return_value": "A"})
