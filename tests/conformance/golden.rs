//! The recording: its folder, its goldens, and the form in which two documents are compared.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// The folder of the recording.
pub struct Corpus(PathBuf);

impl Corpus {
    /// The folder, or `None` after saying why there is nothing to test.
    pub fn find() -> Option<Self> {
        let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
        let folder = std::env::var_os("DAGDECK_CONFORMANCE").map_or_else(beside, PathBuf::from);
        match folder.canonicalize() {
            Ok(folder) if folder.join("golden").is_dir() => Some(Self(folder)),
            _ => {
                eprintln!("skipped: {} is not there", folder.display());
                None
            }
        }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The DAG files.
    pub fn dags(&self) -> PathBuf {
        self.0.join("dags")
    }

    /// A table by its name.
    pub fn table(&self, name: &str) -> Value {
        read(&self.0.join("tables").join(format!("{name}.json")))
    }

    /// All goldens by DAG id, or those that were asked for.
    pub fn goldens(&self) -> Vec<Golden> {
        let only = std::env::var("DAGDECK_CONFORMANCE_ONLY").ok();
        let wanted = |id: &str| only.as_ref().is_none_or(|list| list.split(',').any(|one| one == id));
        let entries = std::fs::read_dir(self.0.join("golden")).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
        paths.sort();
        let goldens = paths.iter().map(|path| {
            let document = read(path);
            Golden { dag_id: document["dag_id"].as_str().unwrap().into(), document }
        });
        goldens.filter(|g| wanted(&g.dag_id)).collect()
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What was recorded of one DAG.
pub struct Golden {
    /// Its id.
    pub dag_id: String,
    /// The recording.
    pub document: Value,
}

impl Golden {
    /// The runs were asked for, not created by the scheduler.
    pub fn is_triggered(&self) -> bool {
        self.runs().iter().all(|run| run["trigger"].is_object())
    }

    /// The recorded runs.
    pub fn runs(&self) -> &[Value] {
        self.document["runs"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The field at this pointer differed between two recordings, or lies inside one that did.
    pub fn is_unstable(&self, pointer: &str) -> bool {
        let unstable = self.document["unstable"].as_array().into_iter().flatten().filter_map(Value::as_str);
        unstable.into_iter().any(|u| pointer == u || pointer.strip_prefix(u).is_some_and(|rest| rest.starts_with('/')))
    }
}

/// Rows of a list by the given fields, joined with colons, as the recording names them.
pub fn by(rows: &Value, fields: &[&str]) -> Map<String, Value> {
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let key = |row: &Value| fields.iter().map(|f| text(&row[*f])).collect::<Vec<_>>().join(":");
    rows.as_array().into_iter().flatten().map(|row| (key(row), row.clone())).collect()
}

/// Some fields of a document; a missing one is null.
pub fn only(document: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|f| ((*f).to_owned(), document[*f].clone())).collect::<Map<_, _>>().into()
}

/// Each text of a document, changed.
pub fn map_texts(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(list) => list.iter_mut().for_each(|v| map_texts(v, change)),
        Value::Object(map) => map.values_mut().for_each(|v| map_texts(v, change)),
        _ => {}
    }
}
