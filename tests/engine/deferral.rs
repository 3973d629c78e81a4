//! Deferred tasks: authors' own triggers in the triggerer, what survives, and what ends a wait.

use std::{fs, path::Path, time::Duration};

use serde_json::json;

use crate::support::Home;

const DAGS: &str = include_str!("deferral.py");

fn start(home: &Home) {
    let done = home.command(&["scheduler", "start"]).env("OUT", home.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn home() -> Home {
    let home = Home::with_files(&[("deferral.py", DAGS)]);
    start(&home);
    home
}

/// Waits until a trigger has noted something so often: it writes it itself.
fn await_notes(home: &Home, name: &str, text: &str, times: usize) {
    let path = home.path().join(format!("{name}.notes"));
    for _ in 0..3000 {
        let notes = fs::read_to_string(&path).unwrap_or_default();
        if notes.lines().filter(|line| *line == text).count() >= times {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} never has {times} x {text:?}: {:?}", path.display(), fs::read_to_string(&path));
}

fn answer(home: &Home, name: &str, text: &str) {
    let path = home.path().join(name);
    fs::write(path.with_extension("new"), text).unwrap();
    fs::rename(path.with_extension("new"), path).unwrap();
}

/// The triggerer of a home: the process that runs the Python side below this scheduler.
fn triggerer(home: &Home) -> i32 {
    let scheduler = fs::read_to_string(home.path().join("scheduler.lock")).unwrap();
    let children = format!("/proc/{0}/task/{0}/children", scheduler.trim());
    let children = fs::read_to_string(children).unwrap_or_default();
    let runs_python = |pid: &&str| {
        fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("dagdeck_execute.py"))
    };
    let found = children.split_whitespace().find(runs_python);
    found.unwrap_or_else(|| panic!("no triggerer among {children:?}")).parse().unwrap()
}

fn kill(pid: i32) {
    // SAFETY: the pid is that of a process that this test started.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

fn log(home: &Home, dag: &str, run: &str, task: &str) -> String {
    let path = home.path().join(format!("logs/dag_id={dag}/run_id={run}/task_id={task}/attempt=1.log"));
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_same_try_goes_on_with_the_event() {
    let home = home();
    home.run(&["dags", "trigger", "waits", "-r", "r1"]).ok();
    await_notes(&home, "r1", "run", 1);
    let waiting = home.show("waits", "r1");
    waiting.expect(&[("own", "deferred")]);
    let began = waiting.task("own", -1)["start_date"].clone();
    answer(&home, "r1", "hello");
    let run = home.wait("waits", "r1");
    run.expect(&[("own", "success")]);
    assert_eq!(run.returned("own", -1), &json!("r1 hello 2026 [1, 2] 1"));
    assert_eq!(run.task("own", -1)["start_date"], began);
    assert_eq!(run.task("own", -1)["try_number"], json!(1));
    let xcoms = run.0["xcoms"].as_array().unwrap();
    assert!(xcoms.iter().any(|x| x["key"] == "before" && x["value"] == "kept"), "{xcoms:?}");
    assert_eq!(run.0["tries"].as_array().unwrap().len(), 1);
    let log = log(&home, "waits", "r1", "own");
    for text in ["first phase", "the trigger looks for r1", "second phase r1"] {
        assert!(log.contains(text), "{text:?} is not in {log}");
    }
}

#[test]
fn a_killed_triggerer_and_a_killed_scheduler_lose_nothing() {
    let home = home();
    home.run(&["dags", "trigger", "waits", "-r", "r1"]).ok();
    await_notes(&home, "r1", "run", 1);
    kill(triggerer(&home));
    await_notes(&home, "r1", "run", 2);
    kill(fs::read_to_string(home.path().join("scheduler.lock")).unwrap().trim().parse().unwrap());
    start(&home);
    await_notes(&home, "r1", "run", 3);
    answer(&home, "r1", "late");
    let run = home.wait("waits", "r1");
    assert_eq!(run.returned("own", -1), &json!("r1 late 2026 [1, 2] 1"));
    let log = log(&home, "waits", "r1", "own");
    assert_eq!(log.matches("second phase").count(), 1, "{log}");
}

#[test]
fn an_event_while_no_scheduler_runs_comes_after_its_start() {
    let home = home();
    home.run(&["dags", "trigger", "waits", "-r", "r1"]).ok();
    await_notes(&home, "r1", "run", 1);
    home.run(&["scheduler", "stop"]).ok();
    answer(&home, "r1", "meanwhile");
    start(&home);
    let run = home.wait("waits", "r1");
    assert_eq!(run.returned("own", -1), &json!("r1 meanwhile 2026 [1, 2] 1"));
}

#[test]
fn clearing_and_marking_end_the_trigger() {
    let home = home();
    home.run(&["dags", "trigger", "waits", "-r", "r1"]).ok();
    await_notes(&home, "r1", "run", 1);
    home.run(&["tasks", "clear", "waits", "--run-id", "r1", "-y"]).ok();
    await_notes(&home, "r1", "on_kill", 1);
    await_notes(&home, "r1", "run", 2);
    let again = home.show("waits", "r1");
    assert_eq!(again.task("own", -1)["try_number"], json!(2));
    home.run(&["tasks", "mark", "waits", "r1", "own", "success", "-y"]).ok();
    await_notes(&home, "r1", "on_kill", 2);
    await_notes(&home, "r1", "cleanup", 2);
    let run = home.wait("waits", "r1");
    run.expect(&[("own", "success")]);
}

#[test]
fn a_trigger_can_end_its_task() {
    let home = home();
    for end in ["success", "failed", "skipped"] {
        answer(&home, end, "text");
    }
    let run = home.trigger("ends", "r1", &json!({}));
    run.expect(&[("success", "success"), ("failed", "failed"), ("skipped", "skipped")]);
    // As in Airflow: what a trigger leaves is the text of its JSON.
    assert_eq!(run.returned("success", -1), &json!("\"text\""));
    assert_eq!(run.task("failed", -1)["try_number"], json!(1), "no retry");
}

#[test]
fn a_late_trigger_and_a_broken_one_fail_the_task() {
    let home = home();
    let late = home.trigger("late", "r1", &json!({}));
    late.expect(&[("late", "failed")]);
    assert_eq!(late.task("late", -1)["cause"]["exception"], json!("TaskDeferralTimeout"));
    answer(&home, "boom", "boom");
    answer(&home, "nothing", "nothing");
    let broken = home.trigger("breaks", "r1", &json!({}));
    broken.expect(&[("boom", "failed"), ("nothing", "failed")]);
    assert_eq!(broken.task("boom", -1)["cause"]["exception"], json!("TaskDeferralError"));
    assert!(log(&home, "breaks", "r1", "boom").contains("the trigger says boom"));
    assert!(log(&home, "breaks", "r1", "nothing").contains("exited without sending an event"));
}

#[test]
fn a_task_can_start_from_its_trigger() {
    let home = home();
    answer(&home, "r1", "hello");
    let run = home.trigger("there", "r1", &json!({}));
    run.expect(&[("there", "success"), ("each", "success,success")]);
    assert_eq!(run.returned("there", -1), &json!("unused hello 2026 none 1"));
    assert_eq!(run.returned("each", 1), &json!("b hello 2026 none 1"));
}

#[test]
fn standard_triggers_need_no_triggerer() {
    let home = home();
    let run = home.trigger("native", "r1", &json!({}));
    assert_eq!(run.returned("soon", -1), &json!("datetime"));
    assert!(!Path::new(&home.path().join("triggerer.log")).exists());
}
