//! `depends_on_past`: which run is looked back on, and what happens when that one is changed.

use std::fs;

use serde_json::Value;

use crate::support::Home;

const DAG: &str = r#"
from datetime import datetime
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

for name, more in (("plain", {}), ("catches", {"schedule": "0 3 * * *", "catchup": True})):
    with DAG(name, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False, **{"schedule": None, **more}):
        BashOperator(task_id="a", bash_command="test {{ dag_run.conf.get('ok', 'yes') }} = yes", depends_on_past=True)
"#;

fn start(home: &Home) {
    let done = home.command(&["scheduler", "start"]).env("AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE", "False").output();
    assert!(done.unwrap().status.success());
}

fn trigger(home: &Home, dag: &str, run: &str, ok: &str) {
    let date = format!("2026-01-0{}", &run[1..]);
    let conf = format!(r#"{{"ok": "{ok}"}}"#);
    home.run(&["dags", "trigger", dag, "-r", run, "-l", &date, "-c", &conf]).ok();
}

fn reasons(home: &Home, dag: &str, run: &str, task: &str) -> Vec<String> {
    let blockers = home.run(&["tasks", "explain", dag, run, task, "-o", "json"]).ok().json();
    let kind = |row: &Value| row["kind"].as_str().unwrap().to_owned();
    blockers["blockers"].as_array().or(blockers.as_array()).unwrap().iter().map(kind).collect()
}

#[test]
fn a_blocked_run_goes_on_when_the_run_before_is_marked_or_deleted() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    start(&home);
    trigger(&home, "plain", "r1", "no");
    assert_eq!(home.wait("plain", "r1").state(), "failed");
    trigger(&home, "plain", "r2", "yes");
    assert!(reasons(&home, "plain", "r2", "a").contains(&"past".into()));
    home.run(&["tasks", "mark", "plain", "r1", "a", "success", "-y"]).ok();
    assert_eq!(home.wait("plain", "r2").state(), "success");

    trigger(&home, "plain", "r3", "no");
    assert_eq!(home.wait("plain", "r3").state(), "failed");
    trigger(&home, "plain", "r4", "yes");
    assert!(reasons(&home, "plain", "r4", "a").contains(&"past".into()));
    home.run(&["runs", "delete", "plain", "r3", "-y"]).ok();
    assert_eq!(home.wait("plain", "r4").state(), "success");
}

#[test]
fn with_catchup_runs_by_hand_do_not_count() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    start(&home);
    trigger(&home, "catches", "r1", "no");
    assert_eq!(home.wait("catches", "r1").state(), "failed");
    trigger(&home, "catches", "r2", "yes");
    assert_eq!(home.wait("catches", "r2").state(), "success");
}

/// No scheduler: the store is asked what a run would look back on.
#[test]
fn a_task_that_was_away_in_the_run_before_waits_if_it_ever_had_an_instance() {
    let file = |tasks: &str| {
        format!(
            "[dag]\ndag_id = \"toml\"\nis_paused_upon_creation = false\n[tasks.a]\noperator = \"bash\"\nbash_command = \"true\"\n{tasks}"
        )
    };
    let back = "[tasks.b]\noperator = \"bash\"\nbash_command = \"true\"\ndepends_on_past = true\n";
    let home = Home::with_files(&[("toml.toml", &file(""))]);
    let write = |tasks: &str| fs::write(home.dags().join("toml.toml"), file(tasks)).unwrap();
    trigger(&home, "toml", "r1", "yes");
    write(back);
    trigger(&home, "toml", "r2", "yes");
    assert!(!reasons(&home, "toml", "r2", "b").contains(&"past".into()), "its first instance ever");
    write("");
    trigger(&home, "toml", "r3", "yes");
    write(back);
    trigger(&home, "toml", "r4", "yes");
    assert!(reasons(&home, "toml", "r4", "b").contains(&"past".into()), "it had one in r2");
}
