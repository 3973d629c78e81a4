//! Names that a DAG file imports: what imports in Airflow 3.3 or 2.11 imports here.

use serde_json::Value;

use super::{expected, imports::check};

/// Tries each `module:name` in one file, which has a DAG for each that can't be imported.
const FILE: &str = r#"
import importlib
from airflow.sdk import DAG

for number, pair in enumerate(PAIRS):
    module, name = pair.split(":")
    try:
        getattr(importlib.import_module(module), name)
    except Exception:
        globals()[f"row_{number}"] = DAG(f"row_{number}", schedule=None)
"#;

/// Compares the table of names; a line for each that should import and doesn't.
pub fn differences(table: &Value) -> (usize, Vec<String>) {
    let rows = table["rows"].as_array().unwrap();
    let is_known = |row: &&Value| row["airflow_3.3.2"] == "ok" || row["airflow_2.11.2"] == "ok";
    let wanted: Vec<&str> = rows.iter().filter(is_known).filter_map(|row| row["import"].as_str()).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names.py");
    std::fs::write(&path, format!("PAIRS = {}\n{FILE}", serde_json::json!(wanted))).unwrap();
    let document = check(&[path]);
    let missing = document["files"][0]["dag_ids"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let number = |id: &str| id.strip_prefix("row_").and_then(|n| n.parse::<usize>().ok());
    let missing: Vec<&str> = missing.filter_map(number).map(|n| wanted[n]).collect();
    let mut wrong = Vec::new();
    for name in &wanted {
        match (missing.contains(name), expected::later_name(name)) {
            (true, None) => wrong.push(format!("{name} doesn't import")),
            (false, Some(why)) => wrong.push(format!("{name} imports: take it off the list of expected.toml ({why})")),
            _ => {}
        }
    }
    if document["errors"] != 0 {
        wrong.push(format!("the file of names can't be read: {document}"));
    }
    (rows.len(), wrong)
}
