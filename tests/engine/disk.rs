//! A disk that takes nothing more: the scheduler waits, and goes on when there is room.

use std::fs;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

use crate::support::{Home, files::until_in};

const OFTEN: &str = r#"
from datetime import datetime, timedelta
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("often", schedule=timedelta(seconds=1), start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    EmptyOperator(task_id="nothing")
"#;

const NEW: &str = r#"
from datetime import datetime
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("new", schedule=None, start_date=datetime(2026, 1, 1)):
    EmptyOperator(task_id="nothing")
"#;

/// What the scheduler says once each time when it can't write.
const STUCK: &str = "nothing is started until this is mended";

/// Lets no file of the scheduler grow beyond so many bytes, which fails its writes as a full disk does.
fn limit(home: &Home, bytes: Option<u64>) {
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Pid::from_raw(home.scheduler()), Resource::Fsize, limit).unwrap();
}

/// Fills the disk until the scheduler has said for the `times`th time that it can't write.
fn fill(home: &Home, times: usize, meanwhile: impl FnOnce()) {
    // Log lines fit, pages of the store don't.
    limit(home, Some(3000));
    meanwhile();
    let log = home.path().join("scheduler.log");
    until_in(&home.path(), || (fs::read_to_string(&log).unwrap().matches(STUCK).count() >= times).then_some(()));
    let status = home.run(&["scheduler", "status", "-o", "json"]).ok().json();
    assert!(!status["stuck"].is_null(), "{status}");
}

fn home(files: &[(&str, &str)]) -> Home {
    let home = Home::with_files(files);
    home.start_with(&[("AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL", "3600")]);
    home
}

fn has_dag(home: &Home, dag_id: &str) -> bool {
    let all = home.run(&["dags", "list", "-o", "json"]).ok().json();
    all.as_array().unwrap().iter().any(|dag| dag["dag_id"] == dag_id)
}

#[test]
fn saved_and_deleted_files_are_taken_in_when_there_is_room_again() {
    let home = home(&[]);
    let scheduler = home.scheduler();
    let file = home.dags().join("new.py");
    fill(&home, 1, || fs::write(&file, NEW).unwrap());
    limit(&home, None);
    home.until("the new DAG", || has_dag(&home, "new").then_some(()));
    fill(&home, 2, || fs::remove_file(&file).unwrap());
    limit(&home, None);
    home.until("the end of the new DAG", || (!has_dag(&home, "new")).then_some(()));
    home.run(&["scheduler", "status"]).ok();
    assert_eq!(home.scheduler(), scheduler, "it is another one");
}

#[test]
fn a_due_run_is_created_when_there_is_room_again() {
    let home = home(&[("often.py", OFTEN)]);
    let scheduler = home.scheduler();
    let ended = || -> Option<usize> {
        let runs = home.run(&["runs", "list", "often", "-o", "json"]).ok().json();
        let runs: Vec<Value> = runs.as_array().unwrap().clone();
        (!runs.is_empty() && runs.iter().all(|run| run["state"] == "success")).then_some(runs.len())
    };
    home.until("the first run", &ended);
    fill(&home, 1, || {});
    let before = home.run(&["runs", "list", "often", "-o", "json"]).ok().json().as_array().unwrap().len();
    limit(&home, None);
    home.until("another run", || ended().filter(|now| *now > before));
    assert_eq!(home.scheduler(), scheduler, "it is another one");
}
