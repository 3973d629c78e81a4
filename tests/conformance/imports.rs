//! Which files are accepted, and which are refused.

use serde_json::Value;

use super::{corpus::Corpus, expected, home::missing_package, score::say};

/// Compares the table of files; a line for each that is wrong.
pub fn differences(corpus: &Corpus, table: &Value) -> (usize, Vec<String>) {
    let rows: Vec<&Value> = table["rows"].as_array().unwrap().iter().collect();
    let path = |row: &&&Value| corpus.folder().join(row["file"].as_str().unwrap());
    let (rows, absent): (Vec<&Value>, Vec<&Value>) = rows.into_iter().partition(|row| path(&row).exists());
    for row in absent {
        say(&format!("skipped a row of import_results: {} is not in the recording", row["file"]));
    }
    let paths: Vec<_> = rows.iter().map(|row| path(&row)).collect();
    let document = check(&paths);
    let files = document["files"].as_array().unwrap();
    let mut wrong = Vec::new();
    for (row, path) in rows.iter().zip(&paths) {
        let named =
            |f: &&Value| f["filename"].as_str().is_some_and(|f| path.ends_with(f) || f == path.to_string_lossy());
        match files.iter().find(named) {
            Some(ours) => wrong.extend(difference(row, ours)),
            None => wrong.push(format!("{}: not answered", row["file"])),
        }
    }
    (rows.len(), wrong)
}

/// What `dags check` says of files.
pub fn check(paths: &[std::path::PathBuf]) -> Value {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dagdeck"));
    command.args(["dags", "check", "-o", "json"]).args(paths).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn difference(row: &Value, ours: &Value) -> Option<String> {
    let file = row["file"].as_str().unwrap();
    let diagnostics = ours["diagnostics"].as_array().unwrap();
    let of = |severity: &str| diagnostics.iter().filter(|d| d["severity"] == severity).count();
    let is_accepted = of("error") == 0;
    if let Some(package) =
        missing_package(&ours["diagnostics"].to_string()).filter(|_| !is_accepted && row["accepted"] == true)
    {
        say(&format!("skipped a row of import_results: {file}: the package {package} isn't installed"));
        return None;
    }
    let wanted = row["accepted"] == true || expected::accepted_here(file);
    if is_accepted != wanted {
        return Some(format!("{file}: accepted {is_accepted}, wanted {wanted} ({}): {diagnostics:?}", row["error"]));
    }
    if expected::accepted_here(file) && of("warning") == 0 {
        return Some(format!("{file}: no warning"));
    }
    let mut ids = ours["dag_ids"].as_array().cloned().unwrap_or_default();
    ids.sort_by_key(Value::to_string);
    let is_same = row["accepted"] != true || Value::Array(ids.clone()) == row["dag_ids"];
    (!is_same).then(|| format!("{file}: holds {ids:?}, wanted {}", row["dag_ids"]))
}

/// The articles' pipelines use what no single Airflow version has. They are somebody else's text and are only in recordings
/// that `DAGDECK_CONFORMANCE` names.
#[test]
fn the_articles_files_load_with_warnings() {
    let articles = Corpus::find().dags().join("articles");
    for name in ["ml_full_training_pipeline.py", "weekly_churn_model_training.py"] {
        let path = articles.join(name);
        if !path.exists() {
            say(&format!("skipped: {} is not there", path.display()));
            continue;
        }
        let document = check(&[path]);
        assert_eq!(document["errors"], 0, "{name}: {document}");
        assert!(document["warnings"].as_u64().unwrap() > 0, "{name}: {document}");
        assert!(!document["files"][0]["dag_ids"].as_array().unwrap().is_empty(), "{name}: {document}");
    }
}
