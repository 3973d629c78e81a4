//! Supervisors serve one try after the other: nothing of a try is left for the next, and any of them may be killed.

use std::fs;

use crate::support::Home;

const DAG: &str = r#"
from datetime import datetime
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, chain

LOOK = """
test -z "$(ls -A)" || { echo "not empty: $(ls -A)"; exit 1; }
test "$(stat -c %a .)" = 700 || { echo "mode $(stat -c %a .)"; exit 1; }
test -z "$LEFT" || { echo "variable left"; exit 1; }
test -n "$DAGDECK_TRY" || exit 1
! ls -l /proc/self/fd | grep claim || exit 1
test "$(ls -l /proc/$PPID/fd | grep -c claim)" = 1 || { ls -l /proc/$PPID/fd; exit 1; }
"""
LEAVE = ["true", "touch file", "mkdir -p a/b", "chmod 755 .", "touch x; rm x", "cd /; rmdir $OLDPWD", "export LEFT=1; ulimit -n 99"]

with DAG("row", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    chain(*[BashOperator(task_id=f"t{i}", bash_command=LOOK + LEAVE[i % len(LEAVE)] + "\n") for i in range(3 * len(LEAVE))])

with DAG("burst", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    for i in range(24):
        BashOperator(task_id=f"t{i}", bash_command=LOOK)
"#;

/// The spawner of a home, and the supervisors that it forked.
fn spawner(home: &Home) -> (i32, Vec<i32>) {
    let parent = |pid: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<i32>().ok())
    };
    let all = home.processes();
    let named: Vec<i32> = all
        .into_iter()
        .filter(|pid| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|c| c.windows(8).any(|w| w == b"\0spawner")))
        .collect();
    let (supervisors, spawners): (Vec<i32>, Vec<i32>) =
        named.iter().partition(|pid| parent(**pid).is_some_and(|p| named.contains(&p)));
    assert_eq!(spawners.len(), 1, "{spawners:?} {supervisors:?}");
    (spawners[0], supervisors)
}

fn kill(pids: &[i32]) {
    for pid in pids {
        // SAFETY: a process of this test's own home.
        assert_eq!(unsafe { libc::kill(*pid, libc::SIGKILL) }, 0);
    }
}

#[test]
fn every_try_finds_an_empty_folder_and_nothing_of_the_one_before() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    home.run(&["scheduler", "start"]).ok();
    for id in ["r1", "r2"] {
        let run = home.trigger("row", id, &serde_json::json!({}));
        assert_eq!(run.state(), "success", "{run:#?}");
    }
    let (_, supervisors) = spawner(&home);
    assert!(!supervisors.is_empty() && supervisors.len() < 6, "42 tries in a row took {supervisors:?}");
}

/// Of many at once each has a supervisor of its own, which holds the claim of its try and no other.
#[test]
fn a_burst_of_tries_is_the_same() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    home.run(&["scheduler", "start"]).ok();
    for id in ["r1", "r2"] {
        let run = home.trigger("burst", id, &serde_json::json!({}));
        assert_eq!(run.state(), "success", "{run:#?}");
    }
}

#[test]
fn killed_supervisors_and_a_killed_spawner_are_replaced() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    home.run(&["scheduler", "start"]).ok();
    home.trigger("row", "r1", &serde_json::json!({}));
    let (_, supervisors) = spawner(&home);
    kill(&supervisors);
    let run = home.trigger("row", "r2", &serde_json::json!({}));
    assert_eq!(run.state(), "success", "{run:#?}");
    let (spawner, _) = spawner(&home);
    kill(&[spawner]);
    let run = home.trigger("row", "r3", &serde_json::json!({}));
    assert_eq!(run.state(), "success", "{run:#?}");
}

#[test]
fn no_claims_are_left_when_the_scheduler_ends() {
    let home = Home::with_files(&[("dags.py", DAG)]);
    home.run(&["scheduler", "start"]).ok();
    home.trigger("row", "r1", &serde_json::json!({}));
    home.run(&["scheduler", "stop"]).ok();
    let left: Vec<_> = fs::read_dir(home.path().join("tries")).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}
