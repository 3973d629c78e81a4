//! The churn pipeline: both branches, a failed try that is cleared, refused params.

use serde_json::json;

use crate::support::Home;

const DAG: &str = "churn_retraining";

#[test]
fn takes_either_branch() {
    let home = Home::with_samples();

    let run = home.trigger(DAG, "kept", &json!({"force": "keep"}));
    run.expect(&[("train", "success"), ("deploy", "skipped"), ("keep_champion", "success"), ("notify", "success")]);
    assert!(run.returned("notify", -1).as_str().unwrap().ends_with("the old model stays."));

    // There is no champion yet, so the challenger wins by itself.
    let run = home.trigger(DAG, "better", &json!({}));
    run.expect(&[("data_gate", "success"), ("deploy", "success"), ("keep_champion", "skipped"), ("notify", "success")]);
    let accuracy = run.returned("evaluate", -1)["challenger"].as_f64().unwrap();
    assert!(accuracy > 0.75, "the model has learned something: {accuracy}");
    let champion = home.run(&["variables", "get", "churn_champion_accuracy"]).ok();
    assert_eq!(champion.out.trim(), accuracy.to_string());

    // The same data give the same model: nothing is gained any more.
    let run = home.trigger(DAG, "again", &json!({}));
    assert_eq!(run.returned("evaluate", -1)["gain"], json!(0.0));
    run.expect(&[("deploy", "skipped"), ("keep_champion", "success"), ("notify", "success")]);

    let run = home.trigger(DAG, "forced", &json!({"force": "deploy"}));
    run.expect(&[("deploy", "success"), ("keep_champion", "skipped"), ("notify", "success")]);
}

#[test]
fn a_failed_try_is_cleared_with_its_downstream() {
    let home = Home::with_samples();
    let run = home.trigger(DAG, "r", &json!({"fail_once": true}));
    assert_eq!(run.state(), "failed");
    run.expect(&[
        ("prepare.features", "success"),
        ("train", "failed"),
        ("choose", "upstream_failed"),
        ("notify", "upstream_failed"),
    ]);
    assert_eq!(run.task("train", -1)["cause"]["exception"], "RuntimeError");

    let plan = home.run(&["tasks", "clear", DAG, "--run-id", "r", "--task-id", "train", "-d", "-y", "-o", "json"]).ok();
    assert_eq!(plan.json()["applied"], true);

    let run = home.wait(DAG, "r");
    assert_eq!(run.state(), "success");
    run.expect(&[("train", "success"), ("deploy", "success"), ("notify", "success")]);
    assert_eq!(run.task("train", -1)["try_number"], 2);
    assert_eq!(run.task("prepare.features", -1)["try_number"], 1, "what is above stays as it was");
}

#[test]
fn refuses_a_param_that_its_schema_forbids() {
    let home = Home::with_samples();
    let ran = home.run(&["dags", "trigger", DAG, "-c", r#"{"force": "maybe"}"#]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.err.contains("force"), "{ran:#?}");
}
