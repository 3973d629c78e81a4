//! Backfills: the states before, right after and at the end, against the recorded ones, where a recording has them.

use serde_json::Value;

use super::{
    compare,
    golden::Corpus,
    home::{Home, Schedules},
    operations::states,
    runs,
};

const DAG: &str = "cc_ops_backfill";

#[test]
fn backfills_leave_the_recorded_states() {
    let Some(corpus) = Corpus::find() else { return };
    let Some(table) = corpus.table_if_there("operations_backfill") else {
        println!("left out: the recording has no table operations_backfill");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for name in ["cc_ops.py", "cc_lib.py"] {
        std::fs::copy(corpus.dags().join(name), folder.path().join(name)).unwrap();
    }
    let home = Home::start(folder.path(), Schedules::Off);
    let mut wrong = Vec::new();
    let steps = table["steps"].as_array().unwrap();
    for (number, step) in steps.iter().enumerate() {
        let operation = step["operation"].as_str().unwrap();
        home.json(&["dags", "pause", DAG]);
        act(&home, step);
        let mut check = |when: &str| {
            compare::differences(&step[when], &states(&home, DAG), "", &mut |pointer, wanted, got| {
                wrong.push(format!("{operation}: {when}{}", compare::line(pointer, wanted, got)));
            });
        };
        check("immediately_after");
        // Some steps were recorded with the DAG left paused: then nothing went on.
        if step["after_scheduler"] != step["immediately_after"] {
            home.json(&["dags", "unpause", DAG]);
            runs::wait_until(std::time::Duration::from_secs(20), || states(&home, DAG) == step["after_scheduler"]);
        }
        check("after_scheduler");
        let next = steps.get(number + 1).map_or(&step["after_scheduler"], |next| &next["before"]);
        if *next != step["after_scheduler"] {
            home.json(&["dags", "unpause", DAG]);
            runs::wait_until(std::time::Duration::from_secs(20), || states(&home, DAG) == *next);
        }
    }
    println!("{} recorded backfill steps, {} differences", steps.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Does what a step did: a line of Airflow's command line, or a request about the newest backfill.
fn act(home: &Home, step: &Value) {
    let operation = step["operation"].as_str().unwrap();
    let result = &step["result"];
    let (words, succeeded) = match result["argv"].as_array() {
        Some(argv) => {
            let words: Vec<String> = argv.iter().skip(1).filter_map(Value::as_str).map(Into::into).collect();
            (words, result["exit"] == 0)
        }
        None => {
            let known = ["pause", "unpause", "cancel"];
            let kind = result["request"]["kind"].as_str().and_then(|kind| kind.strip_prefix("backfill_"));
            let verb = kind.or_else(|| known.into_iter().rev().find(|verb| operation.contains(verb)));
            let verb = verb.unwrap_or_else(|| panic!("how is {operation:?} done?"));
            let newest = home.json(&["backfill", "list", "--dag-id", DAG])[0]["id"].to_string();
            let status = result["http_status"].as_u64().or_else(|| result.as_u64());
            (vec!["backfill".into(), verb.into(), newest], status.is_none_or(|code| code < 400))
        }
    };
    // Airflow doesn't ask.
    let agreed =
        if words.iter().any(|word| word == "--dry-run" || word == "pause" || word == "unpause") { "" } else { "-y" };
    let words: Vec<&str> = words.iter().map(String::as_str).chain((!agreed.is_empty()).then_some(agreed)).collect();
    let output = home.run(&words);
    assert_eq!(output.status.success(), succeeded, "{operation}: {}", String::from_utf8_lossy(&output.stderr));
}
