//! Plugins and settings that change how a file's tasks run: listeners, XComs in files, ignored files; and a task's own params.

use std::fs;

use serde_json::json;

use crate::support::{Home, files::until_in};

const DAG: &str = r#"
from datetime import datetime, timedelta
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param, task

with DAG("d", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    @task
    def fine():
        return "x" * 100

    @task(retries=1, retry_delay=timedelta(0))
    def fails():
        raise ValueError("no")

    @task
    def skips():
        from airflow.exceptions import AirflowSkipException
        raise AirflowSkipException("s")

    @task(params={"n": Param(1, type="integer")})
    def checked(params=None):
        return params["n"]

    BashOperator(task_id="native", bash_command="echo {{ ti.xcom_pull(task_ids='fine') | length }}") << fine()
    fails(), skips(), checked()
"#;

const PLUGIN: &str = r#"
import os
from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

def note(*words):
    with open(os.environ["OUT"] + "/heard", "a") as file:
        file.write(" ".join(map(str, words)) + "\n")

class Ears:
    @hookimpl
    def on_task_instance_running(self, previous_state, task_instance):
        note("running", task_instance.task_id, previous_state.value)

    @hookimpl
    def on_task_instance_success(self, task_instance):
        note("success", task_instance.task_id, task_instance.state.value)

    @hookimpl
    def on_task_instance_failed(self, previous_state, task_instance, error):
        note("failed", task_instance.task_id, task_instance.state.value, error)
        raise RuntimeError("what a listener raises is only logged")

    @hookimpl
    def on_task_instance_skipped(self, task_instance):
        note("skipped", task_instance.task_id)

    @hookimpl
    def on_dag_run_running(self, dag_run, msg):
        note("run", dag_run.run_id, msg)

    @hookimpl
    def on_dag_run_failed(self, dag_run, msg):
        note("run failed", dag_run.run_id, msg)

    def on_dag_run_success(self, dag_run, msg):
        note("never: it is not marked")

class Heard(AirflowPlugin):
    name = "heard"
    listeners = [Ears()]
"#;

fn lines(home: &Home) -> Vec<String> {
    let text = fs::read_to_string(home.path().join("heard")).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn listeners_hear_of_runs_and_instances() {
    let home = Home::with_files(&[("d.py", DAG)]);
    fs::create_dir(home.path().join("plugins")).unwrap();
    fs::write(home.path().join("plugins/heard.py"), PLUGIN).unwrap();
    home.start_with(&[("OUT", home.path().to_str().unwrap())]);
    let run = home.trigger("d", "r", &json!({}));
    run.expect(&[("fine", "success"), ("fails", "failed"), ("skips", "skipped"), ("native", "success")]);
    assert_eq!(run.returned("native", -1), "100");
    let wanted = [
        "failed fails failed no",
        "failed fails up_for_retry no",
        "run failed r task_failure",
        "run r started",
        "running checked queued",
        "running fails queued",
        "running fails queued",
        "running fine queued",
        "running native queued",
        "running skips queued",
        "skipped skips",
        "success checked success",
        "success fine success",
        "success native success",
    ];
    // The run's callbacks come after its end.
    let heard = until_in(&home.path(), || Some(lines(&home)).filter(|lines| lines.len() >= wanted.len()));
    assert_eq!(heard, wanted);
}

#[test]
fn params_of_a_task_are_checked_when_it_starts() {
    let home = Home::with_files(&[("d.py", DAG)]);
    home.start();
    let run = home.trigger("d", "r", &json!({"n": "text"}));
    run.expect(&[("checked", "failed"), ("fine", "success")]);
    let tries = run.0["tries"].as_array().unwrap();
    let cause = &tries.iter().find(|t| t["task_id"] == "checked").unwrap()["cause"];
    assert_eq!((&cause["exception"], &cause["kind"]), (&json!("ParamValidationError"), &json!("value")), "{cause}");
    assert!(cause["summary"].as_str().unwrap().starts_with("param n: "), "{cause}");
}

#[test]
fn large_xcoms_are_files_and_are_read_by_every_task() {
    let home =
        Home::with_files(&[("d.py", DAG), ("sub_dag.py", DAG), (".airflowignore", "^sub_[a-z]+\\.py # regexp\n")]);
    let folder = home.path().join("xcoms");
    let settings = format!(
        "[core]\nxcom_backend = \"airflow.providers.common.io.xcom.backend.XComObjectStorageBackend\"\n\
         dag_ignore_file_syntax = \"regexp\"\n\
         [common.io]\nxcom_objectstorage_path = \"file://{}\"\nxcom_objectstorage_threshold = 50\n",
        folder.display()
    );
    fs::write(home.path().join("dagdeck.toml"), settings).unwrap();
    home.start();
    let run = home.trigger("d", "r", &json!({}));
    run.expect(&[("fine", "success"), ("native", "success")]);
    let path = run.returned("fine", -1).as_str().unwrap().to_owned();
    assert!(path.starts_with(&format!("file://{}/d/r/fine/", folder.display())), "{path}");
    assert_eq!(run.returned("native", -1), "100");
    assert_eq!(run.returned("checked", -1), 1);
}
