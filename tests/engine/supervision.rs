//! What happens to tries that are stopped, cleared, marked, timed out, or lose their supervisor.

use std::fs;

use crate::support::{
    Home,
    files::{await_file, await_gone, kill, parent_of, pid_in},
};

const DAG: &str = r#"
from datetime import datetime, timedelta
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

def dag(name, **kwargs):
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False, **kwargs)

SLEEPER = "echo $$ > $OUT/pid; (sleep 1000 & echo $! > $OUT/grandchild; touch $OUT/ready; wait $!)"

with dag("sleeper"):
    BashOperator(task_id="sleep", bash_command=SLEEPER, append_env=True, env={}) >> BashOperator(task_id="after", bash_command="true")

with dag("limited"):
    BashOperator(task_id="sleep", bash_command="sleep 1000", execution_timeout=timedelta(seconds=0.3))

with dag("words"):
    BashOperator(task_id="fails", bash_command="echo first; echo the last word; exit 3")
    BashOperator(task_id="skips", bash_command="exit 99")
    BashOperator(task_id="pushes", bash_command="echo one; echo two")

    @task
    def raises():
        raise ValueError("no such colour: mauve")

    raises()
"#;

fn home() -> Home {
    let home = Home::with_files(&[("dags.py", DAG)]);
    home.start_with(&[("OUT", home.path().to_str().unwrap())]);
    home
}

fn start_sleeper(home: &Home) -> (i32, i32) {
    home.run(&["dags", "trigger", "sleeper", "-r", "r1"]).ok();
    await_file(&home.path().join("ready"));
    (pid_in(&home.path().join("pid")), pid_in(&home.path().join("grandchild")))
}

#[test]
fn stopping_ends_the_whole_process_group() {
    let home = home();
    let (child, grandchild) = start_sleeper(&home);
    home.run(&["tasks", "stop", "sleeper", "r1", "sleep"]).ok();
    let run = home.wait("sleeper", "r1");
    assert_eq!(run.state(), "failed");
    assert_eq!(run.task("sleep", -1)["cause"]["kind"], "killed");
    assert_eq!(run.task("after", -1)["state"], "upstream_failed");
    await_gone(child);
    await_gone(grandchild);
}

#[test]
fn marking_a_running_task_ends_its_process_and_the_run_goes_on() {
    let home = home();
    let (child, grandchild) = start_sleeper(&home);
    home.run(&["tasks", "mark", "sleeper", "r1", "sleep", "success", "-y"]).ok();
    let run = home.wait("sleeper", "r1");
    assert_eq!(run.state(), "success");
    assert_eq!(run.task("sleep", -1)["state"], "success");
    await_gone(child);
    await_gone(grandchild);
}

#[test]
fn clearing_a_running_task_starts_it_again() {
    let home = home();
    let (child, _) = start_sleeper(&home);
    fs::remove_file(home.path().join("ready")).unwrap();
    home.run(&["tasks", "clear", "sleeper", "--run-id", "r1", "--task-id", "sleep", "-y"]).ok();
    await_gone(child);
    await_file(&home.path().join("ready"));
    let run = home.show("sleeper", "r1");
    assert_eq!(run.task("sleep", -1)["try_number"], 2, "{run:#?}");
    home.run(&["runs", "set-state", "sleeper", "r1", "failed", "-y"]).ok();
    let run = home.wait("sleeper", "r1");
    assert_eq!(run.task("sleep", -1)["state"], "failed");
    await_gone(pid_in(&home.path().join("pid")));
}

#[test]
fn a_killed_supervisor_takes_its_child_with_it_and_the_try_fails() {
    let home = home();
    let (child, grandchild) = start_sleeper(&home);
    kill(parent_of(child));
    let run = home.wait("sleeper", "r1");
    assert_eq!(run.state(), "failed");
    assert_eq!(run.task("sleep", -1)["cause"]["kind"], "runner_killed", "{run:#?}");
    await_gone(child);
    await_gone(grandchild);
}

#[test]
fn a_try_outlives_the_scheduler_and_its_outcome_is_collected() {
    let home = home();
    let (child, grandchild) = start_sleeper(&home);
    home.run(&["scheduler", "stop"]).ok();
    // SAFETY: ends the task's own sleep, so that its shell ends well while no scheduler is there.
    unsafe { libc::kill(grandchild, libc::SIGTERM) };
    await_gone(child);
    home.start_with(&[("OUT", home.path().to_str().unwrap())]);
    let run = home.wait("sleeper", "r1");
    let tries = run.0["tries"].as_array().unwrap();
    assert_eq!(tries.iter().filter(|t| t["task_id"] == "sleep").count(), 1);
    // `wait` answers with the signal's code, so the try failed, by its own doing.
    assert_eq!(run.task("sleep", -1)["cause"]["kind"], "exit_code", "{run:#?}");
}

#[test]
fn execution_timeout_ends_the_try() {
    let home = home();
    let run = home.trigger("limited", "r1", &serde_json::json!({}));
    assert_eq!(run.state(), "failed");
    assert_eq!(run.task("sleep", -1)["cause"]["exception"], "AirflowTaskTimeout");
    assert_eq!(run.task("sleep", -1)["cause"]["kind"], "timeout");
}

#[test]
fn every_end_has_its_cause() {
    let home = home();
    let run = home.trigger("words", "r1", &serde_json::json!({}));
    assert_eq!(run.state(), "failed");
    let cause = &run.task("fails", -1)["cause"];
    assert_eq!((cause["kind"].as_str(), cause["exit_code"].as_i64()), (Some("exit_code"), Some(3)));
    assert!(cause["summary"].as_str().unwrap().contains("the last word"), "{cause}");
    assert_eq!(run.task("skips", -1)["state"], "skipped");
    assert_eq!(run.task("raises", -1)["cause"]["exception"], "ValueError");
    assert!(run.task("raises", -1)["cause"]["summary"].as_str().unwrap().contains("mauve"));
    assert_eq!(*run.returned("pushes", -1), "two");
}
