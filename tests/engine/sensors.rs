//! Native sensors: no process and no executor's slot in any mode, pool slots as Airflow counts them.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Home, Run};

const DAGS: &str = include_str!("sensors.py");

fn home() -> Home {
    let home = Home::with_files(&[("sensors.py", DAGS)]);
    home.run(&["pools", "set", "small", "3", "for sensors"]).ok();
    // Fewer executor slots than sensors: those hold none.
    let done = home.command(&["scheduler", "start"]).env("AIRFLOW__CORE__PARALLELISM", "1").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    home
}

fn exception<'a>(run: &'a Run, task: &str) -> &'a Value {
    &run.task(task, -1)["cause"]["exception"]
}

#[test]
fn a_waiting_sensor_gives_back_what_its_mode_says() {
    let home = home();
    let folder = home.path().join("data");
    fs::create_dir(&folder).unwrap();
    let conf = json!({"folder": folder.to_string_lossy()}).to_string();
    home.run(&["dags", "trigger", "modes", "-r", "r1", "-c", &conf]).ok();
    for _ in 0..3000 {
        if home.show("modes", "r1").states("between") == ["success"] {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let waiting = home.show("modes", "r1");
    waiting.expect(&[("between", "success"), ("poke", "running"), ("deferred", "deferred")]);
    assert_eq!(waiting.task("poke", -1)["pid"], Value::Null);
    fs::write(folder.join("x.csv"), "1").unwrap();
    let run = home.wait("modes", "r1");
    run.expect(&[("poke", "success"), ("reschedule", "success"), ("deferred", "success")]);
    for task in ["poke", "reschedule", "deferred"] {
        assert_eq!(run.task(task, -1)["try_number"], json!(1), "{task}");
    }
    assert_eq!(run.0["tries"].as_array().unwrap().len(), 4, "looks are no tries of their own");
}

#[test]
fn a_deferred_sensor_survives_its_scheduler() {
    let home = home();
    let folder = home.path().join("data");
    fs::create_dir(&folder).unwrap();
    let conf = json!({"folder": folder.to_string_lossy()}).to_string();
    home.run(&["dags", "trigger", "modes", "-r", "r1", "-c", &conf]).ok();
    home.run(&["scheduler", "stop"]).ok();
    fs::write(folder.join("x.csv"), "1").unwrap();
    home.start();
    home.wait("modes", "r1").expect(&[("poke", "success"), ("reschedule", "success"), ("deferred", "success")]);
}

#[test]
fn time_and_day() {
    let home = home();
    // 2026-03-02 is a Monday.
    home.run(&["dags", "trigger", "times", "-r", "r1", "-l", "2026-03-02T06:00:00Z"]).ok();
    let run = home.wait("times", "r1");
    assert_eq!(run.state(), "success", "{run:#?}");
    assert_eq!(run.returned("delta_poke", -1), &Value::Null);
    assert_eq!(run.returned("delta_deferrable", -1), &json!(true), "Airflow's returns true when it needn't wait");
    assert_eq!(run.returned("wait", -1), &Value::Null);
}

#[test]
fn a_timeout_is_final_or_a_skip() {
    let home = home();
    let run = home.trigger("gives_up", "r1", &json!({}));
    run.expect(&[("deferred", "failed"), ("soft", "skipped")]);
    assert_eq!(exception(&run, "deferred"), &json!("AirflowSensorTimeout"));
    assert_eq!(run.task("deferred", -1)["try_number"], json!(1));
}

#[test]
fn runs_are_waited_for_deferred() {
    let home = home();
    let run = home.trigger("parent", "r1", &json!({}));
    run.expect(&[("good", "success"), ("bad", "failed")]);
    assert_eq!(exception(&run, "bad"), &json!("AirflowException"));
    assert_eq!(run.task("good", -1)["external_id"], json!("good"));
    // 2026-02-01 looks at the run of the day after.
    home.run(&["dags", "trigger", "follows", "-r", "r1", "-l", "2026-02-01T00:00:00Z"]).ok();
    let run = home.wait("follows", "r1");
    run.expect(&[
        ("deferred_task", "success"),
        ("deferred_run", "failed"),
        ("deferred_skip", "skipped"),
        ("poking_task", "success"),
        ("poking_run", "failed"),
        ("poking_skip", "skipped"),
    ]);
    assert_eq!(exception(&run, "deferred_run"), &json!("ExternalDagFailedError"));
}

#[test]
fn what_cannot_be_done_fails_as_in_airflow() {
    let home = home();
    home.run(&["dags", "trigger", "asks", "-r", "r1"]).ok();
    let run = home.wait("asks", "r1");
    for (task, class) in [
        ("no_json", json!("ValueError")),
        ("no_dag", json!("AirflowRuntimeError")),
        ("no_group", json!("AirflowRuntimeError")),
        ("twice", json!("ValueError")),
        ("no_date", json!("ParserError")),
        // Its date is that of a run with another id.
        ("other_id", json!("AirflowRuntimeError")),
        // It fails for good, and without an exception.
        ("again", Value::Null),
    ] {
        run.expect(&[(task, "failed")]);
        assert_eq!(exception(&run, task), &class, "{task}");
    }
    assert_eq!(run.task("again", -1)["try_number"], json!(1));
    run.expect(&[("text", "success")]);
    assert_eq!(home.show("child", "text").0["dag_run"]["conf"], json!({"a": 1}));
    let rows = run.0["rendered_fields"].as_array().unwrap();
    let of = |task: &str| &rows.iter().find(|row| row["task_id"] == task).unwrap()["fields"];
    assert_eq!((&of("again")["logical_date"], &of("text")["conf"]), (&json!("NOTSET"), &json!("{\"a\": 1}")));
}
