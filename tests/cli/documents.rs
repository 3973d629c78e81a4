//! The documents of the verbs that read: field names, times, states, order of the words.

use super::home::{Home, Ran};

fn keys(value: &serde_json::Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

fn fails(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{ran:?}");
    assert_eq!(ran.out, "", "{ran:?}");
    for word in words {
        assert!(ran.err.contains(word), "{word} is missing in {}", ran.err);
    }
}

#[test]
fn runs_show_is_the_whole_run() {
    let home = Home::with_runs();
    let ran = home.run("runs show churn done -o json");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let document = ran.json();
    assert_eq!(keys(&document), ["dag_run", "task_instances", "tries", "xcoms", "rendered_fields", "events"]);
    let run = &document["dag_run"];
    for key in [
        "dag_id",
        "dag_run_id",
        "state",
        "run_type",
        "triggered_by",
        "logical_date",
        "data_interval_start",
        "data_interval_end",
        "run_after",
        "queued_at",
        "start_date",
        "end_date",
        "conf",
        "note",
        "clear_number",
        "dag_version",
    ] {
        assert!(run.get(key).is_some(), "dag_run.{key}");
    }
    assert_eq!(run["logical_date"], "2026-03-02T06:00:00Z");
    assert_eq!(run["start_date"], "2026-03-02T06:00:00.250000Z");
    assert_eq!(run["conf"]["epochs"], 5);
    assert_eq!(run["dag_version"], 1);
    let instances = document["task_instances"].as_array().unwrap();
    assert_eq!(instances.len(), 4);
    let gate = &instances[0];
    for key in [
        "task_id",
        "map_index",
        "state",
        "try_number",
        "max_tries",
        "operator",
        "pool",
        "pool_slots",
        "priority_weight",
        "rendered_map_index",
        "queued_when",
        "start_date",
        "end_date",
        "duration",
        "hostname",
        "pid",
        "external_id",
        "note",
        "cause",
    ] {
        assert!(gate.get(key).is_some(), "task_instances.{key}");
    }
    assert_eq!(gate["operator"], "BranchPythonOperator");
    assert_eq!(gate["duration"], 2.5);
    // The last try's cause, unless the instance has one of its own.
    assert_eq!(gate["cause"]["exception"], "ValueError");
    assert_eq!(instances[1]["task_id"], "notify");
    assert_eq!(instances[1]["cause"]["kind"], "upstream");
    assert_eq!(instances[3]["map_index"], 1);
    assert_eq!(instances[3]["rendered_map_index"], "lr=2");
    let tries = document["tries"].as_array().unwrap();
    assert_eq!(tries.iter().map(|t| t["try_number"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(keys(&tries[0]["cause"]), ["kind", "summary", "exception", "exit_code", "fingerprint"]);
    assert_eq!(tries[0]["cause"]["exit_code"], 3);
    let xcom = &document["xcoms"][0];
    assert_eq!(keys(xcom), ["task_id", "map_index", "key", "value", "timestamp", "source"]);
    // The connection's password, wherever it turns up.
    assert_eq!(xcom["value"]["url"], "db://u:***@h");
    assert_eq!(xcom["value"]["rows"], 7);
    assert_eq!(document["rendered_fields"][0]["fields"]["op_kwargs"]["ds"], "2026-03-02");
    assert_eq!(keys(&document["events"][0]), ["when", "kind", "task_id", "map_index", "text", "who"]);
    // A state that Airflow has as null.
    let waiting = home.run("runs show churn next -o json").json();
    assert!(waiting["task_instances"][1]["state"].is_null());
    assert!(waiting["dag_run"]["logical_date"].is_null());
}

#[test]
fn runs_are_found_by_id_date_and_latest() {
    let home = Home::with_runs();
    let shown = |run: &str| home.run(&format!("runs show churn {run} -o json")).json()["dag_run"]["dag_run_id"].clone();
    assert_eq!(shown("latest"), "next");
    assert_eq!(shown("2026-03-02T06:00"), "done");
    assert_eq!(shown("2026-03-02T06:00:00+00:00"), "done");
    fails(&home.run("runs show churn dome -o json"), 1, &["no run \"dome\"", "done"]);
    fails(&home.run("runs show chrun done"), 1, &["no DAG \"chrun\"", "did you mean churn?"]);
    fails(&home.run("runs show churn"), 2, &["RUN is missing"]);
    fails(&home.run("runs show churn done more"), 2, &[]);
}

#[test]
fn lists_have_airflows_fields() {
    let home = Home::with_runs();
    let dag = &home.run("dags list -o json").json()[0];
    assert_eq!(dag["dag_id"], "churn");
    assert_eq!(dag["is_paused"], false);
    assert_eq!(dag["timetable_summary"], "0 6 * * *");
    assert_eq!(dag["owners"], serde_json::json!(["airflow"]));
    assert_eq!(dag["tags"], serde_json::json!(["ml", "prod"]));
    assert_eq!(dag["last_run_state"], "running");
    for key in ["fileloc", "next_dagrun_logical_date", "next_dagrun_run_after", "has_import_errors"] {
        assert!(dag.get(key).is_some(), "{key}");
    }
    let runs = home.run("runs list churn -o json").json();
    assert_eq!(runs.as_array().unwrap().len(), 2);
    assert_eq!(runs[0]["dag_run_id"], "next");
    assert_eq!(home.run("dags list-runs -d churn --state failed -o json").json()[0]["dag_run_id"], "done");
    assert_eq!(home.run("runs list --where state:failed --limit 1 -o json").json().as_array().unwrap().len(), 1);
    assert_eq!(home.run("runs list --order-by run_after -o json").json()[0]["dag_run_id"], "done");
    fails(&home.run("runs list --order-by colour"), 2, &["colour", "logical_date"]);
    fails(&home.run("runs list --state broken"), 2, &["broken", "queued"]);
    let tasks = home.run("tasks list churn -o json").json();
    let train = &tasks[1];
    for key in [
        "task_id",
        "operator_name",
        "trigger_rule",
        "upstream_task_ids",
        "downstream_task_ids",
        "is_mapped",
        "retries",
        "pool",
        "pool_slots",
        "priority_weight",
        "weight_rule",
        "depends_on_past",
        "wait_for_downstream",
        "template_fields",
        "task_group",
        "is_setup",
        "is_teardown",
    ] {
        assert!(train.get(key).is_some(), "{key}");
    }
    assert_eq!(train["downstream_task_ids"], serde_json::json!(["notify"]));
    assert_eq!(tasks[2]["trigger_rule"], "all_done");
}

#[test]
fn details_say_what_the_dag_says() {
    let home = Home::with_runs();
    let dag = home.run("dags details churn -o json").json();
    assert_eq!(dag["timetable_description"], "At 06:00");
    assert_eq!(dag["catchup"], true);
    assert_eq!(dag["max_active_runs"], 1);
    assert_eq!(dag["max_active_tasks"], 16);
    assert_eq!(dag["params"]["epochs"]["value"], 3);
    assert_eq!(dag["warnings"][0]["line"], 3);
    assert_eq!(dag["latest_dag_version"]["version_number"], 1);
    assert_eq!(dag["relative_fileloc"], "churn.py");
    fails(&home.run("dags details churm"), 1, &["did you mean churn?"]);
    assert_eq!(home.run("dags source churn").out, "# the DAG churn\n");
    assert_eq!(home.run("dags versions churn -o json").json()[0]["run_count"], 2);
    fails(&home.run("dags source churn --version 7"), 1, &["no version 7", "it has 1"]);
    let next = home.run("dags next-execution churn -n 2 --at 2026-05-01 -o json").json();
    assert_eq!(next.as_array().unwrap().len(), 2);
}

#[test]
fn task_instances_are_named_in_both_orders() {
    let home = Home::with_runs();
    for line in [
        "tasks state churn done gate",
        "tasks state churn gate done",
        "tasks state --dag-id churn --run-id done --task-id gate",
    ] {
        assert_eq!(home.run(line).out, "failed\n", "{line}");
    }
    assert_eq!(home.run("tasks state churn done train:1 -o json").json()["rendered_map_index"], "lr=2");
    assert_eq!(home.run("tasks state churn done train --map-index 0 -o json").json()["map_index"], 0);
    assert_eq!(home.run("tasks state churn done train -o json").json().as_array().unwrap().len(), 2);
    let states = home.run("tasks states-for-dag-run churn done -o json").json();
    assert_eq!(states[0]["dag_run_id"], "done");
    fails(&home.run("tasks state churn done trian"), 1, &["no task", "train"]);
    fails(&home.run("tasks state churn done train:9"), 1, &["no map index 9"]);
    let rendered = home.run("tasks render churn done gate -o json").json();
    assert_eq!(rendered["fields"]["op_kwargs"]["token"], "***");
}

#[test]
fn a_waiting_task_names_its_reasons() {
    let home = Home::with_runs();
    let why = home.run("tasks explain churn next train -o json").json();
    let kinds: Vec<&str> = why["blockers"].as_array().unwrap().iter().map(|b| b["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["no_scheduler", "trigger_rule"], "{why}");
    assert!(home.run("tasks explain churn next train").out.contains("gate"));
    assert!(home.run("tasks failed-deps churn next train").out.starts_with("Task instance dependencies not met:"));
    assert!(home.run("tasks explain churn done gate").out.contains("has ended: failed: ValueError: no rows"));
}

#[test]
fn what_changed_since_a_task_worked_is_told_with_its_failure() {
    let home = Home::with_runs();
    let db = rusqlite::Connection::open(home.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE task_instance SET state = iif(run = 1, 'success', 'failed') WHERE task_id = 'gate'", [])
        .unwrap();
    let why = home.run("tasks explain churn next gate -o json").json();
    assert_eq!(why["since_it_worked"]["worked"]["dag_run_id"], "done", "{why}");
    let what = why["since_it_worked"]["changes"][0]["what"].as_str().unwrap();
    assert!(what.contains("conf") && what.contains("epochs"), "{why}");
    let text = home.run("tasks explain churn next gate").out;
    assert!(text.contains(&format!("changed since it worked: {what}")), "{text}");
    assert!(home.run("tasks explain churn done gate -o json").json()["since_it_worked"].is_null());
}

#[test]
fn xcoms_are_listed_and_got() {
    let home = Home::with_runs();
    assert_eq!(home.run("xcoms list churn done -o json").json().as_array().unwrap().len(), 3);
    assert_eq!(home.run("xcoms list churn done train -o json").json().as_array().unwrap().len(), 2);
    assert_eq!(home.run("xcoms get churn done train --map-index 1").out, "0.25\n");
    assert_eq!(home.run("xcoms get churn done train -o json").json(), serde_json::json!([0.5, 0.25]));
    assert_eq!(home.run("xcoms get churn done gate -o json").json()["rows"], 7);
    fails(&home.run("xcoms get churn done gate --key return"), 1, &["no XCom \"return\"", "return_value"]);
    fails(&home.run("xcoms set churn done gate nonsense"), 2, &["isn't JSON"]);
    assert_eq!(home.run("xcoms set churn done gate --key ok true -o json").code, 0);
    assert_eq!(home.run("xcoms get churn done gate --key ok").out, "true\n");
    assert_eq!(home.run("xcoms delete churn done gate --key ok").code, 0);
    assert_eq!(home.run("xcoms get churn done gate --key ok").code, 1);
}

#[test]
fn every_format_prints_the_same_rows() {
    let home = Home::with_runs();
    let table = home.run("runs list churn").out;
    assert!(table.starts_with("DAG_ID  DAG_RUN_ID"), "{table}");
    assert!(!table.contains('\x1b'));
    let plain = home.run("runs list churn -o plain").out;
    assert_eq!(plain.lines().nth(2).unwrap().split('\t').nth(1), Some("done"));
    assert!(home.run("runs list churn -o yaml").out.starts_with("- dag_id: churn\n  dag_run_id: next\n"));
    assert!(home.run("runs show churn done").out.contains("ValueError: no rows"));
}

#[test]
fn a_new_home_is_empty_not_an_error() {
    let home = Home::empty();
    let ran = home.run("dags list -o json");
    assert_eq!((ran.code, ran.json()), (0, serde_json::json!([])), "{ran:?}");
    assert_eq!(home.run("dags list-import-errors").code, 0);
    assert_eq!(home.run("runs list -o json").json(), serde_json::json!([]));
    fails(&home.run("dags trigger nothing"), 1, &["no DAG \"nothing\""]);
}
