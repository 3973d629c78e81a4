//! `dagdeck screen`: every screen as plain text, through the program itself.

use std::process::Command;

use dagdeck::console::PLAIN_SCREENS;

use super::home::build;

fn screen(home: &std::path::Path, words: &[&str]) -> (i32, String, String) {
    let out =
        Command::new(env!("CARGO_BIN_EXE_dagdeck")).arg("--home").arg(home).arg("screen").args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

#[test]
fn every_screen_is_there_as_plain_text() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    for (name, about, _) in PLAIN_SCREENS {
        let object = match format!("{about:?}").as_str() {
            "Everything" => None,
            "Dag" => Some("churn_train"),
            "Run" => Some("churn_train/latest"),
            _ => Some("churn_train/latest/train_with_hp:3"),
        };
        let words: Vec<&str> = std::iter::once(*name).chain(object).collect();
        let (code, out, err) = screen(dir.path(), &words);
        assert_eq!((code, err.as_str()), (0, ""), "{name}: {out}");
        assert!(*name == "pods" || out.lines().count() > 3, "{name}:\n{out}");
        assert!(!out.contains("\n\n\n") && !out.contains('\u{1b}') && !out.contains("?:help"), "{name}:\n{out}");
        let fact = match *name {
            "triage" => "train_with_hp[3] killed by SIGKILL",
            "dags" => "IMPORT ERROR",
            "settings" => "gate_min_gain",
            "assets" => "churn_prediction",
            "grid" | "timeline" => "train_with_hp",
            "compare" => "exit code",
            "log" => "RuntimeError: DataLoader worker exited unexpectedly",
            _ => continue,
        };
        assert!(out.contains(fact), "{name} without {fact}:\n{out}");
    }
    let (code, out, _) = screen(dir.path(), &["tasks", "--where", "state:failed task:train_with_hp"]);
    let found: Vec<&str> = out.lines().filter(|l| l.contains("train_with_hp[") && !l.starts_with("--")).collect();
    assert!(code == 0 && found.len() > 1 && found.iter().all(|l| l.starts_with("  F ")), "{out}");
    // Mistakes are sentences.
    for (words, part) in [
        (&["no_such"][..], "no screen is called no_such"),
        (&["grid"], "grid needs a DAG"),
        (&["why", "churn_train/latest"], "needs DAG/RUN/TASK"),
        (&["triage", "churn_train"], "takes no object"),
        (&["tasks", "--where", "colour:red"], "no such key"),
        (&["grid", "churn_trai"], "churn_train"),
    ] {
        let (code, out, err) = screen(dir.path(), words);
        assert!(code != 0 && out.is_empty() && err.contains(part), "{words:?}: {code} {out}{err}");
    }
}

#[test]
fn the_rows_of_a_list_are_a_document_too() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let document = |words: &[&str]| -> serde_json::Value {
        let (code, out, err) = screen(dir.path(), &[words, &["-o", "json"]].concat());
        assert_eq!(code, 0, "{words:?}: {err}");
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{words:?}: {e}\n{out}"))
    };
    let failed = document(&["tasks", "--where", "state:failed task:train_with_hp"]);
    let failed = failed.as_array().unwrap();
    let fits = |row: &serde_json::Value| {
        row["state"] == "failed" && row["task_id"] == "train_with_hp" && row["dag_run_id"].is_string()
    };
    assert!(failed.len() > 1 && failed.iter().all(fits), "{failed:#?}");
    for (name, ..) in PLAIN_SCREENS.iter().filter(|(_, about, _)| format!("{about:?}") == "Everything") {
        let shown = document(&[name]);
        assert!(shown.is_array() || shown["lines"].is_array(), "{name}: {shown}");
    }
    assert_eq!(document(&["source", "churn_train"])["screen"], "source");
}
