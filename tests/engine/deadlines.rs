//! Deadlines, and the callbacks that the scheduler has called: once, whatever happens to it.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use crate::support::Home;

const DAGS: &str = include_str!("deadlines.py");

fn start(home: &Home) {
    let done = home.command(&["scheduler", "start"]).env("OUT", home.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn home() -> Home {
    let home = Home::with_files(&[("deadlines.py", DAGS)]);
    home.run(&["variables", "set", "seconds", "0"]).ok();
    start(&home);
    home
}

/// What was called, by name and text, sorted; waits until it is so much: the callbacks write it themselves.
fn calls(home: &Home, count: usize) -> Vec<Value> {
    let read = || fs::read_to_string(home.path().join("calls")).unwrap_or_default();
    for _ in 0..3000 {
        if read().lines().count() >= count {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut all: Vec<Value> = read().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    all.sort_by_key(ToString::to_string);
    assert_eq!(all.len(), count, "{all:#?}");
    all
}

fn named<'a>(calls: &'a [Value], name: &str) -> Vec<&'a Value> {
    calls.iter().filter(|call| call["name"] == name).collect()
}

#[test]
fn a_missed_deadline_calls_once_and_the_run_goes_on() {
    let home = home();
    home.run(&["dags", "trigger", "late", "-r", "r1", "-l", "2026-03-02T06:00:00Z"]).ok();
    let seen = calls(&home, 5);
    let context = &named(&seen, "async")[0];
    assert_eq!(context["text"], json!("{{ not rendered }}"));
    assert_eq!(context["keys"], json!(["dag_run", "deadline"]));
    assert_eq!(context["run"], json!("r1"));
    assert_eq!(named(&seen, "notifier")[0]["text"], json!("queued"));
    assert_eq!(named(&seen, "asked").len(), 1);
    let texts: Vec<&Value> = named(&seen, "sync").into_iter().map(|call| &call["text"]).collect();
    assert_eq!(texts, [&json!("logical"), &json!("own")]);
    assert_eq!(home.show("late", "r1").state(), "running");
    home.run(&["scheduler", "stop"]).ok();
    start(&home);
    fs::write(home.path().join("go"), "").unwrap();
    assert_eq!(home.wait("late", "r1").state(), "success");
    calls(&home, 5);
}

#[test]
fn a_kept_deadline_calls_nothing() {
    let home = home();
    assert_eq!(home.trigger("in_time", "r1", &json!({})).state(), "success");
    calls(&home, 0);
}

#[test]
fn a_process_that_dies_has_its_callbacks_called_by_the_scheduler() {
    let home = home();
    let run = home.trigger("dies", "r1", &json!({}));
    run.expect(&[("dies", "failed")]);
    let seen = calls(&home, 2);
    let (retry, failure) = (named(&seen, "retry"), named(&seen, "failure"));
    assert_eq!((retry.len(), failure.len()), (1, 1), "{seen:?}");
    assert!(retry[0]["state"].as_str().unwrap().ends_with("UP_FOR_RETRY"), "{retry:?}");
    assert!(failure[0]["error"].as_str().unwrap().contains("SIGKILL"), "{failure:?}");
}

#[test]
fn a_dags_callback_is_called_once_even_if_the_scheduler_was_killed() {
    let home = home();
    home.run(&["dags", "trigger", "ended", "-r", "r1"]).ok();
    assert_eq!(home.wait("ended", "r1").state(), "success");
    let pid: i32 = fs::read_to_string(home.path().join("scheduler.lock")).unwrap().trim().parse().unwrap();
    // SAFETY: the pid is that of our own scheduler, which holds the lock file.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    start(&home);
    let seen = calls(&home, 1);
    assert_eq!(seen[0]["reason"], json!("success"));
}
