//! Backfills and held plans under a real scheduler: order, limits, kills, cancelling.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;

use crate::support::Home;

const DAG: &str = r#"
from datetime import datetime
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, CronPartitionTimetable

def dag(name, command, **kwargs):
    with DAG(name, schedule="0 3 * * *", start_date=datetime(2026, 1, 1), catchup=False, **kwargs):
        BashOperator(task_id="first", bash_command=command, append_env=True, env={}) >> BashOperator(
            task_id="second", bash_command="true")

dag("writes", "echo {{ ds }} {{ dag_run.conf.get('x', '-') }} >> $OUT/dates", is_paused_upon_creation=False)
dag("waits", "touch $OUT/started; until [ -e $OUT/go ]; do sleep 0.02; done", is_paused_upon_creation=False)
dag("paused", "true", is_paused_upon_creation=True)
dag("choosy", "true", allowed_run_types=["scheduled", "operator_triggered"])

with DAG("parts", schedule=CronPartitionTimetable("0 3 * * *", timezone="UTC"), start_date=datetime(2026, 1, 1)):
    BashOperator(task_id="first", bash_command="true")
"#;

fn start(home: &Home) {
    let mut command = home.command(&["scheduler", "start"]);
    // Only the backfills' own runs exist.
    command.env("OUT", home.path()).env("AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE", "False");
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn kill_scheduler(home: &Home) {
    let pid: i32 = fs::read_to_string(home.path().join("scheduler.lock")).unwrap().trim().parse().unwrap();
    // SAFETY: the pid is that of our own scheduler, which holds the lock file.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

fn json(home: &Home, words: &[&str]) -> Value {
    home.run(&[words, &["-o", "json"]].concat()).ok().json()
}

/// Waits until a file is there: the task itself makes it.
fn await_file(path: &Path) {
    for _ in 0..3000 {
        if path.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} never came", path.display());
}

fn run_id(day: u32) -> String {
    format!("backfill__2026-02-{day:02}T03:00:00+00:00")
}

fn create(home: &Home, dag: &str, last: &str, more: &[&str]) -> Value {
    let words = ["backfill", "create", "--dag-id", dag, "--from-date", "2026-02-01", "--to-date", last, "-y"];
    json(home, &[&words[..], more].concat())
}

#[test]
fn its_runs_go_one_after_the_other_and_survive_the_scheduler() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    start(&home);
    let more = ["--max-active-runs", "1", "--run-backwards", "--dag-run-conf", r#"{"x": "y"}"#];
    create(&home, "writes", "2026-02-06", &more);
    for day in [5, 3] {
        home.wait("writes", &run_id(day));
        kill_scheduler(&home);
        start(&home);
    }
    let last = home.wait("writes", &run_id(1));
    assert_eq!(last.state(), "success");
    let dates = fs::read_to_string(home.path().join("dates")).unwrap();
    let wanted: Vec<String> = (1..6).rev().map(|day| format!("2026-02-{day:02} y")).collect();
    assert_eq!(dates.lines().collect::<Vec<_>>(), wanted, "each date once, the newest first");
    let backfill = json(&home, &["backfill", "show", "1"]);
    assert!(backfill["completed_at"].is_string(), "its end is noticed with the last run's: {backfill}");
    assert_eq!(backfill["num_success"], 5);
}

#[test]
fn what_failed_is_run_again_and_what_succeeded_is_left_alone() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    start(&home);
    create(&home, "writes", "2026-02-03", &[]);
    (1..3).for_each(|day| assert_eq!(home.wait("writes", &run_id(day)).state(), "success"));
    home.run(&["runs", "set-state", "writes", &run_id(2), "failed", "-y"]).ok();
    let again = create(&home, "writes", "2026-02-03", &["--reprocess-behavior", "failed"]);
    let reasons: Vec<&str> =
        again["dag_runs"].as_array().unwrap().iter().map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["already exists", "cleared"]);
    let run = home.wait("writes", &run_id(2));
    assert_eq!((run.state(), &run.0["dag_run"]["clear_number"]), ("success", &1.into()));
    assert_eq!(run.task("first", -1)["try_number"], 2);
    let dates = fs::read_to_string(home.path().join("dates")).unwrap();
    let mut lines: Vec<&str> = dates.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["2026-02-01 -", "2026-02-02 -", "2026-02-02 -"]);
}

#[test]
fn cancelling_strands_nothing() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    start(&home);
    create(&home, "waits", "2026-02-04", &["--max-active-runs", "1"]);
    await_file(&home.path().join("started"));
    json(&home, &["backfill", "pause", "1"]);
    json(&home, &["backfill", "cancel", "1", "-y"]);
    for day in [2, 3] {
        assert_eq!(home.wait("waits", &run_id(day)).state(), "failed");
    }
    assert_eq!(home.show("waits", &run_id(1)).state(), "running");
    fs::write(home.path().join("go"), "").unwrap();
    assert_eq!(home.wait("waits", &run_id(1)).state(), "success");
    // A run of it that is cleared later runs, though its backfill was paused when it ended.
    home.run(&["runs", "clear", "waits", &run_id(3), "-y"]).ok();
    assert_eq!(home.wait("waits", &run_id(3)).state(), "success");
}

/// No scheduler: the commands do it themselves.
#[test]
fn a_dag_can_refuse_kinds_of_runs() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    let dates = ["--from-date", "2026-02-01", "--to-date", "2026-02-03", "-y"];
    let backfill = home.run(&[&["backfill", "create", "--dag-id", "choosy"][..], &dates].concat());
    let trigger = home.run(&["dags", "trigger", "choosy"]);
    for (ran, kind) in [(backfill, "backfill"), (trigger, "manual")] {
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains(&format!("does not allow {kind} runs")), "{}", ran.err);
    }
    let details = json(&home, &["dags", "details", "choosy"]);
    assert_eq!(details["allowed_run_types"], serde_json::json!(["operator_triggered", "scheduled"]));
    assert_eq!(details["is_backfillable"], false);
    assert_eq!(json(&home, &["dags", "details", "writes"])["is_backfillable"], true);
}

#[test]
fn queued_runs_can_be_deleted_and_the_last_one_ends_the_backfill() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    start(&home);
    create(&home, "waits", "2026-02-03", &["--max-active-runs", "1"]);
    await_file(&home.path().join("started"));
    let running = home.run(&["runs", "delete", "waits", &run_id(1), "-y"]);
    assert_eq!(running.code, 1, "{running:?}");
    home.run(&["runs", "delete", "waits", &run_id(2), "-y"]).ok();
    fs::write(home.path().join("go"), "").unwrap();
    assert_eq!(home.wait("waits", &run_id(1)).state(), "success");
    let backfill = json(&home, &["backfill", "show", "1"]);
    assert!(backfill["completed_at"].is_string(), "{backfill}");
    assert_eq!(backfill["dag_runs"][1]["dag_run_id"], Value::Null);
}

#[test]
fn it_can_go_on_while_the_dag_is_paused() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    start(&home);
    create(&home, "paused", "2026-02-02T00:00", &["--while-paused", "--task-id", "second"]);
    let run = home.wait("paused", &run_id(1));
    assert_eq!(run.state(), "success");
    assert_eq!(run.0["task_instances"].as_array().unwrap().len(), 1);
    assert_eq!(json(&home, &["dags", "details", "paused"])["is_paused"], true);
}

#[test]
fn a_held_clear_is_done_when_its_time_has_come_even_if_the_scheduler_was_killed() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    start(&home);
    create(&home, "writes", "2026-02-02T00:00", &[]);
    home.wait("writes", &run_id(1));
    let clear = |hold: &str| {
        let run = run_id(1);
        let words = ["tasks", "clear", "writes", "--run-id", &run, "--task-id", "first", "--hold", hold, "-y"];
        json(&home, &words)
    };
    clear("3600");
    assert_eq!(home.show("writes", &run_id(1)).state(), "success");
    let held = json(&home, &["plans", "list"]);
    json(&home, &["plans", "discard", held[0]["plan_id"].as_str().unwrap()]);
    let plan = clear("0.5")["plan_id"].clone();
    kill_scheduler(&home);
    start(&home);
    let again = |run: &crate::support::Run| run.task("first", -1)["try_number"] == 2 && run.state() == "success";
    let done = (0..600).any(|_| again(&home.wait("writes", &run_id(1))));
    assert!(done, "{:#?}", home.show("writes", &run_id(1)));
    assert_eq!(json(&home, &["plans", "show", plan.as_str().unwrap()])["state"], "applied");
}

#[test]
fn a_partition_gets_a_run_of_its_own_each_time() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    start(&home);
    home.run(&["dags", "unpause", "parts"]).ok();
    let again = |more: &[&str]| {
        let plan = create(&home, "parts", "2026-02-02T12:00", more);
        plan["dag_runs"].as_array().unwrap().clone()
    };
    let keys = |runs: &[Value]| runs.iter().map(|run| run["partition_key"].clone()).collect::<Vec<_>>();
    let wanted = ["2026-02-01T03:00:00", "2026-02-02T03:00:00"];
    let first = again(&[]);
    assert_eq!(keys(&first), wanted, "{first:?}");
    let id = |run: &Value| run["dag_run_id"].as_str().unwrap().to_owned();
    assert!(id(&first[0]).starts_with("backfill__2026-02-01T03:00:00+00:00__2026-02-01T03:00:00__"), "{first:?}");
    for run in &first {
        let run = home.wait("parts", &id(run));
        assert_eq!((run.state(), &run.0["dag_run"]["logical_date"]), ("success", &Value::Null));
    }
    let left = again(&[]);
    assert!(left.iter().all(|run| run["reason"] == "already exists"), "{left:?}");
    let second = again(&["--reprocess-behavior", "completed", "--run-backwards"]);
    assert_eq!(keys(&second), [wanted[1], wanted[0]], "{second:?}");
    assert!(second.iter().all(|run| first.iter().all(|old| id(old) != id(run))), "{second:?}");
    for run in &second {
        assert_eq!(home.wait("parts", &id(run)).state(), "success");
    }
    assert_eq!(json(&home, &["runs", "list", "parts"]).as_array().unwrap().len(), 4);
}
