//! Searches, branches and rules, the instructive failure, the Airflow 2 file.

use serde_json::{Value, json};

use crate::support::Home;

#[test]
fn searches_map_and_reduce() {
    let home = Home::with_samples();

    let run = home.trigger("hyperparameter_search", "r", &json!({"neighbours": [1, 15]}));
    assert_eq!(run.state(), "success", "{run:#?}");
    assert_eq!(run.states("train"), ["success"; 4]);
    assert_eq!(run.states("confirm"), ["success"; 3]);
    assert_eq!(run.task("train", 3)["rendered_map_index"], "k=15 p=2");
    assert_eq!(run.task("confirm", 0)["rendered_map_index"], "fold 1");
    assert_eq!(run.returned("report", -1)["neighbours"], 15);

    let run = home.trigger("hyperparameter_search_toml", "r", &json!({}));
    assert_eq!(run.state(), "success", "{run:#?}");
    assert_eq!(run.states("search.train"), ["success"; 5]);
    let best = run.returned("search.best", -1).as_str().unwrap().to_owned();
    let all: Vec<&Value> = (0..5).map(|i| run.returned("search.train", i)).collect();
    assert!(all.iter().all(|result| result.as_str().unwrap() <= best.as_str()), "{best} of {all:?}");
    run.expect(&[("announce", "success"), ("keep_looking", "skipped")]);
}

#[test]
fn branches_and_trigger_rules() {
    let home = Home::with_samples();
    let run = home.trigger("branching_showcase", "fast", &json!({"publish": false}));
    assert_eq!(run.state(), "success", "{run:#?}");
    run.expect(&[
        ("paths.fast", "success"),
        ("paths.careful", "skipped"),
        ("paths.review", "skipped"),
        ("joined", "success"),
        ("worth_publishing", "success"),
        ("publish", "skipped"),
    ]);
    // One upstream succeeded, one was skipped, one failed.
    run.expect(&[
        ("rules.all_success", "upstream_failed"),
        ("rules.all_failed", "skipped"),
        ("rules.all_done", "success"),
        ("rules.all_done_min_one_success", "skipped"),
        ("rules.all_done_setup_success", "success"),
        ("rules.one_success", "success"),
        ("rules.one_failed", "success"),
        ("rules.one_done", "success"),
        ("rules.none_failed", "upstream_failed"),
        ("rules.none_failed_min_one_success", "upstream_failed"),
        ("rules.none_skipped", "skipped"),
        ("rules.all_skipped", "skipped"),
        ("rules.always", "success"),
    ]);

    let run = home.trigger("branching_showcase", "both", &json!({"path": "both"}));
    run.expect(&[("paths.fast", "success"), ("paths.review", "success"), ("publish", "success")]);
}

#[test]
fn the_failure_names_its_reason_and_remedy() {
    let home = Home::with_samples();
    let run = home.trigger("instructive_failure", "broken", &json!({}));
    assert_eq!(run.state(), "failed");
    assert_eq!(run.states("check_export"), ["success", "failed", "success"]);
    run.expect(&[("publish", "upstream_failed"), ("cleanup", "success")]);
    let south = run.task("check_export", 1);
    assert_eq!((&south["try_number"], &south["rendered_map_index"]), (&json!(2), &json!("south")));
    assert!(south["cause"]["summary"].as_str().unwrap().contains("31 of 95 rows"), "{south:#}");

    let run = home.trigger("instructive_failure", "whole", &json!({"broken_region": "none"}));
    assert_eq!((run.state(), run.returned("publish", -1)), ("success", &json!("published 355 rows")));
}

#[test]
fn the_airflow_2_file_loads_with_warnings_and_runs() {
    let home = Home::with_samples();
    let details = home.run(&["dags", "details", "legacy_report", "-o", "json"]).ok().json();
    assert_eq!(details["is_paused"], true, "scheduled samples wait for a person");
    assert!(details["warnings"].as_array().unwrap().len() >= 5, "{details:#}");
    home.run(&["dags", "list-import-errors"]).ok();

    home.run(&["dags", "unpause", "legacy_report"]).ok();
    let run = home.trigger("legacy_report", "r", &json!({}));
    assert_eq!(run.state(), "success", "{run:#?}");
    assert_eq!(run.returned("collect", -1), 7);
}
