//! Manifests of pods: each row's arguments in a DAG file of its own, rendered as a person would.

use std::{path::Path, process::Command};

use dagdeck::operators::kubernetes_pod::{Identity, safe_label};
use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Value, json};

/// The run is the one of the schedule at this time.
const FILE: &str = r#"
from datetime import datetime, timezone
from airflow.sdk import DAG
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret

with DAG("kpo_golden", schedule="0 6 * * 1", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)):
    KubernetesPodOperator(task_id="train_model", **KWARGS)
"#;
const DATE: &str = "2026-03-02T06:00:00+00:00";

/// Compares the table of manifests; a line for each row that differs.
pub fn differences(table: &Value) -> (usize, Vec<String>) {
    let rows = table["rows"].as_array().unwrap();
    let labels = table["safe_label_values"].as_object().unwrap();
    let mut wrong: Vec<String> = rows.iter().filter_map(|row| difference(row, &table["pod_template_yaml"])).collect();
    let made = |(given, made): (&String, &Value)| (safe_label(given) != *made).then(|| format!("label {given:?}"));
    wrong.extend(labels.iter().filter_map(made));
    (rows.len(), wrong)
}

fn difference(row: &Value, template: &Value) -> Option<String> {
    let name = row["name"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let yaml = folder.path().join("pod.yaml");
    std::fs::write(&yaml, template.as_str().unwrap()).unwrap();
    let kwargs = kwargs(row["kwargs"].as_str().unwrap(), &yaml);
    std::fs::create_dir(folder.path().join("dags")).unwrap();
    std::fs::write(folder.path().join("dags/pod.py"), FILE.replace("KWARGS", &kwargs)).unwrap();
    let map_index = name.rsplit_once("map_index_").map_or("-1", |(_, index)| index);
    let output = Command::new(env!("CARGO_BIN_EXE_dagdeck"))
        .args(["pods", "render", "kpo_golden", "train_model", DATE, "-o", "json"])
        .arg(format!("--map-index={map_index}"))
        .env("DAGDECK_HOME", folder.path())
        .env("DAGDECK_DAGS_FOLDER", folder.path().join("dags"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if let Some(error) = row["error"].as_str() {
        let (_, sentence) = error.split_once(": ").unwrap();
        return (output.status.success() || !said.contains(sentence))
            .then(|| format!("{name}: {said}, wanted {error}"));
    }
    let Ok(ours) = serde_json::from_slice::<Value>(&output.stdout) else { return Some(format!("{name}: {said}")) };
    let (ours, wanted) = (comparable(ours), comparable(meant(row["manifest"].clone())));
    if ours != wanted {
        return Some(format!("{name}: {ours}, wanted {wanted}"));
    }
    let selector = row["find_pod_selector"].as_str().unwrap();
    let is_same = kwargs.contains("'labels'") || selector == identity(map_index).selector(&IndexMap::new());
    (!is_same).then(|| format!("{name}: selector, wanted {selector}"))
}

fn identity(map_index: &str) -> Identity {
    Identity {
        dag_id: "kpo_golden".into(),
        task_id: "train_model".into(),
        run_id: format!("scheduled__{DATE}"),
        map_index: map_index.parse().unwrap(),
        try_number: 1,
    }
}

/// Python text that makes the arguments again: secrets are written without quotes, the template lies elsewhere.
fn kwargs(repr: &str, template: &Path) -> String {
    let secret = Regex::new(r"Secret\(([^)]*)\)").unwrap();
    let quoted = secret.replace_all(repr, |found: &regex::Captures<'_>| {
        let parts = found[1].split(", ").map(|part| if part == "None" { part.into() } else { format!("{part:?}") });
        format!("Secret({})", parts.collect::<Vec<_>>().join(", "))
    });
    let file = Regex::new("'pod_template_file': '[^']*'").unwrap();
    file.replace_all(&quoted, format!("'pod_template_file': {template:?}")).into_owned()
}

/// An extended resource without a limit is sent with one: no API server would take the pod otherwise.
fn meant(mut manifest: Value) -> Value {
    for container in manifest["spec"]["containers"].as_array_mut().unwrap() {
        let requests = container["resources"]["requests"].as_object().cloned().unwrap_or_default();
        for (resource, amount) in requests.iter().filter(|(resource, _)| resource.contains('/')) {
            if container["resources"]["limits"][resource].is_null() {
                container["resources"]["limits"][resource] = amount.clone();
            }
        }
    }
    without_nulls(&mut manifest);
    manifest
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        _ => {}
    }
}

/// Without what is random, ours, or says which version made it.
fn comparable(mut manifest: Value) -> Value {
    let metadata = &mut manifest["metadata"];
    let name = metadata["name"].as_str().unwrap().to_owned();
    let random = Regex::new("-[a-z0-9]{8}$").unwrap();
    metadata["name"] = json!(random.replace(&name, "-<random>"));
    metadata["labels"].as_object_mut().unwrap().shift_remove("airflow_version");
    metadata["annotations"].as_object_mut().unwrap().retain(|key, _| !key.starts_with("dagdeck/"));
    let uuid = Regex::new("secretvol[0-9a-f-]{36}|secretvol<uuid>").unwrap();
    serde_json::from_str(&uuid.replace_all(&manifest.to_string(), "secretvol")).unwrap()
}
