//! Supervisors that die in bad moments, and tries whose old process is still there.

use std::fs;

use serde_json::json;

use crate::support::{
    Home,
    files::{await_file, await_gone, kill, parent_of, pid_in, until_in},
};

const DAG: &str = r#"
from datetime import datetime
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

# Neither it nor what it starts ends by TERM.
STUBBORN = """
trap '' TERM
if [ -e $OUT/pid ] && kill -0 $(cat $OUT/pid) 2> /dev/null; then touch $OUT/overlap; fi
echo $$ > $OUT/pid
sleep 1000 &
echo $! > $OUT/grandchild
echo started >> $OUT/starts
mv $OUT/starts $OUT/starts.whole; cp $OUT/starts.whole $OUT/starts
until [ -e $OUT/go ]; do sleep 0.02; done
"""

with DAG("stubborn", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    BashOperator(task_id="stays", bash_command=STUBBORN, append_env=True, env={})

with DAG("quick", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    BashOperator(task_id="once", bash_command="echo x >> $OUT/effects", append_env=True, env={})
"#;

/// An outcome that is whole as its hash tells, and yet no outcome (another version's, say).
const DAMAGED: &str = "9149d2c14fbefac83c5a426853c57bc1ef47ef08 {\"key\": \n";

/// A home with a scheduler that waits so many seconds between TERM and KILL.
fn home(grace: &str) -> Home {
    let home = Home::with_files(&[("dags.py", DAG)]);
    home.start_with(&[("OUT", home.path().to_str().unwrap()), ("AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME", grace)]);
    home
}

/// Waits until the task has begun so many times; its process and what that started.
fn begun(home: &Home, times: usize) -> (i32, i32) {
    let starts = home.path().join("starts.whole");
    until_in(&home.path(), || {
        let text = fs::read_to_string(&starts).unwrap_or_default();
        (text.lines().count() == times).then_some(())
    });
    (pid_in(&home.path().join("pid")), pid_in(&home.path().join("grandchild")))
}

#[test]
fn a_supervisor_that_died_before_its_first_word_fails_its_try() {
    let home = home("60");
    // What such a supervisor leaves: the claim, without a lock and without an outcome.
    fs::write(home.path().join("tries/1.-1.1.once.claim"), "").unwrap();
    let run = home.trigger("quick", "r1", &json!({}));
    assert_eq!(run.state(), "failed");
    assert_eq!(run.task("once", -1)["cause"]["kind"], "runner_killed", "{run:#?}");
    assert!(!home.path().join("effects").exists());
}

#[test]
fn what_a_marked_try_started_ends_also_when_its_supervisor_is_killed_meanwhile() {
    let home = home("60");
    home.run(&["dags", "trigger", "stubborn", "-r", "r1"]).ok();
    let (child, grandchild) = begun(&home, 1);
    home.run(&["tasks", "mark", "stubborn", "r1", "stays", "success", "-y"]).ok();
    kill(parent_of(child));
    await_gone(child);
    await_gone(grandchild);
    assert_eq!(home.wait("stubborn", "r1").task("stays", -1)["state"], "success");
}

#[test]
fn the_same_with_a_scheduler_that_started_after_the_mark() {
    let home = home("60");
    home.run(&["dags", "trigger", "stubborn", "-r", "r1"]).ok();
    let (child, grandchild) = begun(&home, 1);
    home.kill_scheduler();
    home.run(&["tasks", "mark", "stubborn", "r1", "stays", "success", "-y"]).ok();
    kill(parent_of(child));
    await_gone(child);
    home.start();
    await_gone(grandchild);
    assert_eq!(home.wait("stubborn", "r1").task("stays", -1)["state"], "success");
}

#[test]
fn a_new_try_waits_until_the_process_of_the_old_one_is_gone() {
    let home = home("60");
    home.run(&["dags", "trigger", "stubborn", "-r", "r1"]).ok();
    let (old, grandchild) = begun(&home, 1);
    // Marked, the instance is done at once; its process has its grace, longer than this test takes. Cleared, the instance may run again.
    home.run(&["tasks", "mark", "stubborn", "r1", "stays", "failed", "-y"]).ok();
    home.run(&["tasks", "clear", "stubborn", "--run-id", "r1", "--task-id", "stays", "-y"]).ok();
    let why = home.run(&["tasks", "explain", "stubborn", "r1", "stays", "-o", "json"]).ok();
    assert!(why.out.contains("earlier_try"), "{why:#?}");
    assert_eq!(fs::read_to_string(home.path().join("starts.whole")).unwrap().lines().count(), 1);
    kill(old);
    kill(grandchild);
    begun(&home, 2);
    assert!(!home.path().join("overlap").exists(), "the old process still lived");
    fs::write(home.path().join("go"), "").unwrap();
    let run = home.wait("stubborn", "r1");
    assert_eq!(run.state(), "success", "{run:#?}");
    assert_eq!(run.task("stays", -1)["try_number"], 2);
}

#[test]
fn it_waits_also_after_the_scheduler_was_killed_in_between() {
    let home = home("2");
    home.run(&["dags", "trigger", "stubborn", "-r", "r1"]).ok();
    begun(&home, 1);
    home.run(&["tasks", "mark", "stubborn", "r1", "stays", "failed", "-y"]).ok();
    home.kill_scheduler();
    home.run(&["tasks", "clear", "stubborn", "--run-id", "r1", "--task-id", "stays", "-y"]).ok();
    home.start_with(&[("OUT", home.path().to_str().unwrap())]);
    begun(&home, 2);
    assert!(!home.path().join("overlap").exists(), "the old process still lived");
    fs::write(home.path().join("go"), "").unwrap();
    assert_eq!(home.wait("stubborn", "r1").state(), "success");
}

#[test]
fn a_damaged_outcome_fails_its_try_and_not_the_scheduler() {
    let home = home("60");
    let scheduler = home.scheduler();
    home.run(&["dags", "trigger", "stubborn", "-r", "r1"]).ok();
    let (child, grandchild) = begun(&home, 1);
    fs::write(home.path().join("tries/1.-1.1.stays.claim"), DAMAGED).unwrap();
    kill(parent_of(child));
    let run = home.wait("stubborn", "r1");
    let cause = &run.task("stays", -1)["cause"];
    assert_eq!(cause["kind"], "runner_killed", "{run:#?}");
    assert!(cause["summary"].as_str().unwrap().contains("damaged"), "{cause}");
    await_gone(grandchild);
    assert_eq!(home.scheduler(), scheduler);
    home.run(&["scheduler", "status"]).ok();
}

#[test]
fn a_damaged_outcome_that_the_next_scheduler_finds_is_the_same() {
    let home = home("60");
    home.run(&["dags", "trigger", "stubborn", "-r", "r1"]).ok();
    let (child, grandchild) = begun(&home, 1);
    home.kill_scheduler();
    fs::write(home.path().join("tries/1.-1.1.stays.claim"), DAMAGED).unwrap();
    kill(parent_of(child));
    home.start();
    let run = home.wait("stubborn", "r1");
    assert_eq!(run.task("stays", -1)["cause"]["kind"], "runner_killed", "{run:#?}");
    await_gone(grandchild);
}

#[test]
fn files_of_ended_tries_go() {
    let home = home("60");
    for run in ["r1", "r2", "r3"] {
        assert_eq!(home.trigger("quick", run, &json!({})).state(), "success");
    }
    let tries = home.path().join("tries");
    until_in(&tries, || (fs::read_dir(&tries).unwrap().count() == 0).then_some(()));
    await_file(&home.path().join("effects"));
}
