//! Tasks that wait for a person, and what tasks remember over their tries.

use serde_json::{Value, json};

use crate::support::Home;

const DAGS: &str = include_str!("input.py");

fn home() -> Home {
    let home = Home::with_files(&[("input.py", DAGS)]);
    home.start();
    home
}

fn answer(home: &Home, task: &str, arguments: &[&str]) -> Value {
    let all = [&["hitl", "answer", "asks", "r1", task, "-o", "json"], arguments].concat();
    home.run(&all).ok().json()
}

/// Waits until so many tasks ask.
fn await_questions(home: &Home, count: usize) -> Vec<Value> {
    for _ in 0..3000 {
        let asked = home.run(&["hitl", "list", "-o", "json"]).ok().json();
        if asked.as_array().unwrap().len() == count {
            return asked.as_array().unwrap().clone();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("there never are {count} questions");
}

#[test]
fn answers_let_tasks_go_on() {
    let home = home();
    home.run(&["dags", "trigger", "asks", "-r", "r1"]).ok();
    let asked = await_questions(&home, 4);
    let form = asked.iter().find(|row| row["task_id"] == "form").unwrap();
    assert_eq!(form["subject"], json!("Which of r1?"));
    assert_eq!(form["params"]["count"]["value"], json!(1));
    home.show("asks", "r1").expect(&[("form", "awaiting_input"), ("left", "none")]);

    let refused = |task: &str, arguments: &[&str], why: &str| {
        let ran = home.run(&[&["hitl", "answer", "asks", "r1", task], arguments].concat());
        assert!(ran.code == 1 && ran.err.contains(why), "{ran:?}");
    };
    refused("form", &["--params", r#"{"count": 0}"#], "count");
    refused("form", &["--params", r#"{"colour": "red"}"#], "no param \"colour\"");
    refused("several", &[], "an option must be chosen");
    refused("branch", &["--option", "up"], "none of the options");
    refused("branch", &["--option", "left", "--option", "go right"], "only one option");
    refused("left", &["--option", "x"], "waits for nobody");

    answer(&home, "form", &["--params", r#"{"name": "y"}"#]);
    answer(&home, "several", &["--option", "a", "--option", "c"]);
    answer(&home, "branch", &["--option", "go right"]);
    answer(&home, "approve", &["--option", "Reject"]);
    refused("approve", &["--option", "Approve"], "");
    let run = home.wait("asks", "r1");
    run.expect(&[
        ("form", "success"),
        ("several", "success"),
        ("left", "skipped"),
        ("right", "success"),
        ("approve", "success"),
        ("gone", "skipped"),
    ]);
    let form = run.returned("form", -1);
    assert_eq!(form["chosen_options"], json!(["OK"]));
    assert_eq!(form["params_input"], json!({"name": "y", "count": 1}));
    assert_eq!(form["responded_at"]["__classname__"], json!("datetime.datetime"));
    assert_eq!(form["responded_by_user"]["id"], form["responded_by_user"]["name"]);
    assert_eq!(run.returned("several", -1)["chosen_options"], json!(["a", "c"]));
    assert_eq!(run.task("form", -1)["try_number"], json!(1));
    let log = home.run(&["logs", "asks", "r1", "form"]).ok().out;
    assert!(log.contains("told: Which of r1?"), "{log}");
}

#[test]
fn without_an_answer_the_defaults_count_or_the_task_fails() {
    let home = home();
    let run = home.trigger("nobody", "r1", &json!({}));
    run.expect(&[("default", "success"), ("fails", "failed")]);
    assert_eq!(run.returned("default", -1)["chosen_options"], json!(["b"]));
    assert_eq!(run.returned("default", -1)["responded_by_user"], Value::Null);
    assert_eq!(run.task("fails", -1)["cause"]["exception"], json!("HITLTimeoutError"));
}

#[test]
fn only_assigned_users_may_answer_and_only_a_scheduler_takes_it() {
    let home = home();
    home.run(&["dags", "trigger", "mine", "-r", "r1"]).ok();
    await_questions(&home, 1);
    let refused = home.run(&["hitl", "answer", "mine", "r1", "approve", "--option", "Approve"]);
    assert!(refused.code == 1 && refused.err.contains("Someone Else"), "{refused:?}");
    home.run(&["scheduler", "stop"]).ok();
    assert_eq!(home.run(&["hitl", "answer", "mine", "r1", "approve", "--option", "Approve"]).code, 3);
    assert_eq!(home.run(&["hitl", "list", "-o", "json"]).ok().json().as_array().unwrap().len(), 1);
}

#[test]
fn a_task_remembers_over_its_tries() {
    let home = home();
    let run = home.trigger("remembers", "r1", &json!({}));
    assert_eq!(run.returned("remembers", -1), &json!([1, 2, 3]));
}

const DECLARED: &str = r#"
[dag]
dag_id = "asks"
is_paused_upon_creation = false
[tasks.approve]
operator = "approval"
subject = "{{ dag.dag_id }}: go on?"
ignore_downstream_trigger_rules = true
[tasks.gone]
operator = "empty"
depends = ["approve"]
[tasks.gone_too]
operator = "bash"
bash_command = "exit 1"
depends = ["gone"]
trigger_rule = "all_done"
[tasks.way]
operator = "choose_branch"
subject = "which way?"
options = ["up", "aside"]
options_mapping = {aside = "down"}
[tasks.up]
operator = "empty"
depends = ["way"]
[tasks.down]
operator = "empty"
depends = ["way"]
[tasks.form]
operator = "form"
subject = "fill in"
params = {count = {default = 1, type = "integer", minimum = 1}, name = "x"}
[tasks.late]
operator = "choice"
subject = "quick"
options = ["a", "b"]
defaults = "b"
response_timeout = 0.1
"#;

#[test]
fn a_toml_file_asks_too() {
    let home = Home::with_files(&[("asks.toml", DECLARED)]);
    home.start();
    home.run(&["dags", "trigger", "asks", "-r", "r1"]).ok();
    home.until("the three questions that wait for a person", || {
        let asked = home.run(&["hitl", "list", "-o", "json"]).ok().json();
        let asks = |task: &str| asked.as_array().unwrap().iter().any(|row| row["task_id"] == task);
        (asks("approve") && asks("way") && asks("form")).then_some(())
    });
    assert_eq!(answer(&home, "approve", &["--option", "Reject"])["subject"], "asks: go on?");
    answer(&home, "way", &["--option", "aside"]);
    let refused = home.run(&["hitl", "answer", "asks", "r1", "form", "--params", r#"{"count": 0}"#]);
    assert!(refused.code == 1 && refused.err.contains("count"), "{refused:?}");
    answer(&home, "form", &["--params", r#"{"count": 3}"#]);
    let run = home.wait("asks", "r1");
    run.expect(&[
        ("approve", "success"),
        ("gone", "skipped"),
        ("gone_too", "skipped"),
        ("way", "success"),
        ("up", "skipped"),
        ("down", "success"),
        ("form", "success"),
        ("late", "success"),
    ]);
    assert_eq!(run.returned("form", -1)["params_input"], json!({"count": 3, "name": "x"}));
    assert_eq!(run.returned("late", -1)["chosen_options"], json!(["b"]));
}
