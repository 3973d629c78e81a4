//! Backfills without a scheduler: plans, refusals, what is written, pause and cancel.

use serde_json::Value;

use super::home::Home;

/// `churn` has a run of 2026-03-02T06:00 that failed; its schedule is `0 6 * * *` from 2026-01-01.
const CREATE: &str = "backfill create --dag-id churn --from-date 2026-03-01 --to-date 2026-03-04";

fn rows(document: &Value) -> Vec<(i64, String, Value, String)> {
    document["dag_runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
            (row["sort_ordinal"].as_i64().unwrap(), text("dag_run_id"), row["from"].clone(), text("reason"))
        })
        .collect()
}

#[test]
fn a_range_of_dates_becomes_runs() {
    let home = Home::with_runs();
    let plan = home.run(&format!("{CREATE} --dry-run -o json"));
    assert_eq!(plan.code, 0, "{plan:?}");
    let wanted = [
        (1, "backfill__2026-03-01T06:00:00+00:00".to_owned(), Value::Null, "created".to_owned()),
        (2, "done".to_owned(), "failed".into(), "already exists".to_owned()),
        (3, "backfill__2026-03-03T06:00:00+00:00".to_owned(), Value::Null, "created".to_owned()),
    ];
    assert_eq!(rows(&plan.json()), wanted);
    assert_eq!(home.run("backfill list -o json").json(), serde_json::json!([]), "a dry run changes nothing");

    let done = home.run(&format!("{CREATE} --max-active-runs 3 --dag-run-conf {{\"epochs\":9}} -y -o json"));
    assert_eq!((done.code, &done.json()["applied"]), (0, &true.into()), "{done:?}");
    let backfill = &done.json()["backfill"];
    assert_eq!((&backfill["id"], &backfill["max_active_runs"]), (&1.into(), &3.into()));
    assert_eq!(backfill["dag_run_conf"], serde_json::json!({"epochs": 9}));
    let run = home.run("runs show churn backfill__2026-03-01T06:00:00+00:00 -o json").json();
    let run = &run["dag_run"];
    assert_eq!(
        (&run["run_type"], &run["state"], &run["triggered_by"], &run["logical_date"]),
        (&"backfill".into(), &"queued".into(), &"backfill".into(), &"2026-03-01T06:00:00Z".into())
    );
    assert_eq!(run["conf"]["epochs"], 9);
    let show = home.run("backfill show 1 -o json").json();
    assert_eq!(show["dag_runs"][1]["exception_reason"], "already exists");
    assert_eq!((&show["num_queued"], &show["completed_at"]), (&2.into(), &Value::Null));

    let second = home.run(&format!("{CREATE} -y"));
    assert_eq!(second.code, 1);
    assert!(second.err.contains("backfill 1 of DAG churn isn't over"), "{}", second.err);
}

#[test]
fn runs_that_are_there_are_run_again_if_told_to() {
    let home = Home::with_runs();
    let done = home.run(&format!("{CREATE} --reprocess-behavior failed --run-backwards -y -o json"));
    assert_eq!(done.code, 0, "{done:?}");
    let ids: Vec<String> = rows(&done.json()).into_iter().map(|row| row.1).collect();
    assert_eq!(ids[1], "done");
    assert!(ids[0].contains("2026-03-03") && ids[2].contains("2026-03-01"), "{ids:?}");
    let run = home.run("runs show churn done -o json").json();
    let states: Vec<&Value> = run["task_instances"].as_array().unwrap().iter().map(|ti| &ti["state"]).collect();
    assert!(states.iter().all(|state| state.is_null()), "{states:?}");
    let run = &run["dag_run"];
    assert_eq!(
        (&run["state"], &run["run_type"], &run["clear_number"]),
        (&"queued".into(), &"backfill".into(), &1.into())
    );
    assert_eq!(run["conf"]["epochs"], 5, "its own conf stays");
}

#[test]
fn it_is_paused_and_cancelled() {
    let home = Home::with_runs();
    assert_eq!(home.run(&format!("{CREATE} -y")).code, 0);
    assert_eq!(home.run("backfill pause 1 -o json").json()["is_paused"], true);
    assert_eq!(home.run("backfill unpause 1 -o json").json()["is_paused"], false);
    let plan = home.run("backfill cancel 1 --dry-run -o json").json();
    assert_eq!(plan["dag_runs"].as_array().unwrap().len(), 2, "{plan}");
    assert_eq!(home.run("backfill cancel 1").code, 1, "nobody was asked");
    let done = home.run("backfill cancel 1 -y -o json");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.json()["backfill"]["completed_at"].is_string(), "{done:?}");
    let states = home.run("runs list churn --where type:backfill -o json").json();
    assert!(states.as_array().unwrap().iter().all(|run| run["state"] == "failed"), "{states}");
    for line in ["backfill pause 1", "backfill unpause 1", "backfill cancel 1 -y"] {
        let over = home.run(line);
        assert_eq!(over.code, 1, "{line}");
        assert!(over.err.contains("over already"), "{line}: {}", over.err);
    }
    assert_eq!(home.run("backfill show 9").code, 1);
    assert_eq!(home.run(&format!("{CREATE} -y")).code, 0, "the next one may begin");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let home = Home::with_runs();
    let create = |dates: &str| home.run(&format!("backfill create --dag-id churn {dates} --dry-run"));
    for (line, code, words) in [
        ("--from-date 2026-03-04 --to-date 2026-03-01", 1, "is after"),
        ("--from-date 2999-01-01 --to-date 2999-01-02", 1, "is the future"),
        ("--from-date 2026-03-01T07:00 --to-date 2026-03-01T08:00", 1, "has no date"),
        ("--from-date 2026-03-01 --to-date 2026-03-02 --max-active-runs 0", 1, "would never start"),
        ("--from-date 2026-03-01 --to-date 2026-03-02 --dag-run-conf {\"epochs\":\"many\"}", 1, "epochs"),
        ("--from-date 2026-03-01 --to-date 2026-03-02 --dag-run-conf [1]", 2, "JSON object"),
        ("--from-date 2026-03-01 --to-date 2026-03-02 --pool nothing", 1, "no pool"),
        ("--from-date 2026-03-01 --to-date 2026-03-02 --task-id nothing", 1, "no task or group"),
        ("--from-date soon --to-date 2026-03-02", 2, "is no time"),
    ] {
        let ran = create(line);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{line}: {ran:?}");
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
    }
    assert_eq!(create("--from-date 2026-03-01 --to-date 2026-03-02 --reprocess-behavior all").code, 2);
    assert_eq!(home.run("backfill create --dag-id nothing --from-date 2026-03-01 --to-date 2026-03-02").code, 1);
}

#[test]
fn a_backfill_with_nothing_to_do_is_over_at_once() {
    let home = Home::with_runs();
    let line = "backfill create --dag-id churn --from-date 2026-03-02 --to-date 2026-03-02T23:00 -y -o json";
    let done = home.run(line);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.json()["backfill"]["completed_at"].is_string(), "{done:?}");
}

#[test]
fn some_tasks_in_a_pool_while_the_dag_is_paused() {
    let home = Home::with_runs();
    home.run("dags pause churn");
    let paused = home.run(&format!("{CREATE} --dry-run -o json")).json();
    assert!(paused["effects"].to_string().contains("nothing runs until"), "{paused}");
    let line = format!("{CREATE} --while-paused --task-id gate --task-id notify --pool gpu -y -o json");
    let done = home.run(&line);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.json()["backfill"]["task_ids"], serde_json::json!(["gate", "notify"]));
    let run = home.run("runs show churn backfill__2026-03-01T06:00:00+00:00 -o json").json();
    let tasks: Vec<(&str, &str)> = run["task_instances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ti| (ti["task_id"].as_str().unwrap(), ti["pool"].as_str().unwrap()))
        .collect();
    assert_eq!(tasks, [("gate", "gpu"), ("notify", "gpu")]);
}
