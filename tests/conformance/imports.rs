//! Which files are accepted, and which are refused.

use serde_json::Value;

use super::{expected, golden::Corpus};

#[test]
fn files_are_accepted_and_refused_as_in_airflow() {
    let Some(corpus) = Corpus::find() else { return };
    let table = corpus.table("import_results");
    let rows: Vec<&Value> = table["rows"].as_array().unwrap().iter().collect();
    let paths: Vec<_> = rows.iter().map(|row| corpus.folder().join(row["file"].as_str().unwrap())).collect();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dagdeck"));
    command.args(["dags", "check", "-o", "json"]).args(&paths).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let mut wrong = Vec::new();
    for (row, path) in rows.iter().zip(&paths) {
        let file = row["file"].as_str().unwrap();
        let files = document["files"].as_array().unwrap();
        let Some(ours) = files
            .iter()
            .find(|f| f["filename"].as_str().is_some_and(|f| path.ends_with(f) || f == path.to_string_lossy()))
        else {
            wrong.push(format!("{file}: not answered"));
            continue;
        };
        let diagnostics = ours["diagnostics"].as_array().unwrap();
        let is_accepted = !diagnostics.iter().any(|d| d["severity"] == "error");
        let wanted = row["accepted"] == true || expected::accepted_here(file);
        if is_accepted != wanted {
            wrong.push(format!("{file}: accepted {is_accepted}, wanted {wanted}: {diagnostics:?}"));
        }
        if expected::accepted_here(file) && !diagnostics.iter().any(|d| d["severity"] == "warning") {
            wrong.push(format!("{file}: no warning"));
        }
        if row["accepted"] == true {
            let mut ids = ours["dag_ids"].as_array().cloned().unwrap_or_default();
            ids.sort_by_key(Value::to_string);
            if Value::Array(ids.clone()) != row["dag_ids"] {
                wrong.push(format!("{file}: holds {ids:?}, wanted {}", row["dag_ids"]));
            }
        }
    }
    println!("{} of {} files of the import table as in Airflow", rows.len() - wrong.len().min(rows.len()), rows.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The articles' pipelines use what no single Airflow version has.
#[test]
fn the_articles_files_load_with_warnings() {
    let Some(corpus) = Corpus::find() else { return };
    for name in ["ml_full_training_pipeline.py", "weekly_churn_model_training.py"] {
        let path = corpus.dags().join("articles").join(name);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dagdeck"));
        command.args(["dags", "check", "-o", "json"]).arg(&path).env("PYTHONDONTWRITEBYTECODE", "1");
        let output = command.output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["errors"], 0, "{name}: {document}");
        assert!(document["warnings"].as_u64().unwrap() > 0, "{name}: {document}");
        assert!(!document["files"][0]["dag_ids"].as_array().unwrap().is_empty(), "{name}: {document}");
    }
}
