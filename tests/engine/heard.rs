//! What others see of a task that runs, and what a DAG's callbacks are told.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Home, Run, files::until_in};

const DAGS: &str = include_str!("heard.py");

fn trigger(home: &Home, dag_id: &str, run_id: &str, conf: &Value) {
    home.run(&["dags", "trigger", dag_id, "-r", run_id, "-c", &conf.to_string()]).ok();
}

#[test]
fn what_a_task_pushed_is_there_while_it_runs() {
    let home = Home::with_files(&[("heard.py", DAGS)]);
    home.start();
    let end = home.path().join("end");
    trigger(&home, "runs_on", "r1", &json!({"notes": end.to_string_lossy()}));
    let pushed = |run: &Run| run.0["xcoms"].as_array().is_some_and(|rows| rows.iter().any(|row| row["key"] == "early"));
    let seen = home.until("the XCom", || Some(home.show("runs_on", "r1")).filter(pushed));
    seen.expect(&[("says", "running")]);
    assert_eq!(seen.0["rendered_fields"][0]["task_id"], "says");
    fs::write(&end, "").unwrap();
    home.wait("runs_on", "r1").expect(&[("says", "success")]);
}

#[test]
fn a_dags_callback_is_about_what_succeeded_or_failed_last() {
    let home = Home::with_files(&[("heard.py", DAGS)]);
    home.start();
    let notes = home.path().join("notes");
    for (run_id, fail, line) in [("good", false, "success works"), ("bad", true, "task_failure works")] {
        trigger(&home, "tells", run_id, &json!({"notes": notes.to_string_lossy(), "fail": fail}));
        home.wait("tells", run_id);
        let has_it = || fs::read_to_string(&notes).ok().filter(|text| text.lines().any(|one| one == line));
        until_in(&home.path(), has_it);
    }
}
