//! The recording: its folder, its goldens, its tables, and what of it can't be tried here and why.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// The folder of the recording.
pub struct Corpus {
    folder: PathBuf,
    wheels: Option<PathBuf>,
}

impl Corpus {
    /// The recording that `DAGDECK_CONFORMANCE` names, else the repository's own.
    pub fn find() -> Self {
        std::env::var_os("DAGDECK_CONFORMANCE").map_or_else(Self::own, |folder| Self::at(PathBuf::from(folder)))
    }

    /// The repository's own recording.
    pub fn own() -> Self {
        Self::at(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/recording"))
    }

    fn at(folder: PathBuf) -> Self {
        let folder = folder.canonicalize().unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
        assert!(folder.join("golden").is_dir(), "{} is no recording: it has no folder golden", folder.display());
        let wheels = std::env::var_os("DAGDECK_CONFORMANCE_WHEELS").map(|folder| {
            let folder = PathBuf::from(folder);
            folder.canonicalize().unwrap_or_else(|why| panic!("{}: {why}", folder.display()))
        });
        Self { folder, wheels }
    }

    /// Everything is compared, not only what is quick.
    pub fn is_whole() -> bool {
        ["DAGDECK_CONFORMANCE", "DAGDECK_CONFORMANCE_ALL"].iter().any(|name| std::env::var_os(name).is_some())
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The DAG files.
    pub fn dags(&self) -> PathBuf {
        self.folder.join("dags")
    }

    /// Folder with unpacked wheels of Airflow, if there is one.
    pub fn wheels(&self) -> Option<&Path> {
        self.wheels.as_deref()
    }

    /// A table by its name, if it was recorded.
    pub fn table(&self, name: &str) -> Option<Value> {
        let path = self.folder.join("tables").join(format!("{name}.json"));
        path.exists().then(|| read(&path))
    }

    /// Names of all tables.
    pub fn tables(&self) -> Vec<String> {
        names(&self.folder.join("tables"))
    }

    /// All goldens by DAG id.
    pub fn goldens(&self) -> Vec<Golden> {
        let folder = self.folder.join("golden");
        let golden = |name: &String| {
            let document = read(&folder.join(format!("{name}.json")));
            Golden { dag_id: document["dag_id"].as_str().unwrap().into(), document }
        };
        names(&folder).iter().map(golden).collect()
    }
}

/// Names of the JSON files in a folder, without their ending.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> =
        entries.filter_map(|e| e.file_name().to_str()?.strip_suffix(".json").map(str::to_owned)).collect();
    names.sort();
    names
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// How the runs of a DAG came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// A person triggered each.
    Triggered,
    /// The scheduler made them by the DAG's timetable.
    Scheduled,
    /// Producers were triggered, consumers followed.
    Assets,
}

/// What was recorded of one DAG.
pub struct Golden {
    /// Its id.
    pub dag_id: String,
    /// The recording.
    pub document: Value,
}

impl Golden {
    /// How its runs came about.
    pub fn method(&self) -> Method {
        match self.document["method"].as_str().unwrap_or_default() {
            text if text.ends_with("triggered through the REST API") => Method::Triggered,
            text if text.ends_with("unpaused with catchup") => Method::Scheduled,
            text if text.ends_with("asset events") => Method::Assets,
            other => panic!("{}: unknown method {other:?}", self.dag_id),
        }
    }

    /// Path of its file in the folder of DAG files; `None` for a file of a wheel.
    pub fn file(&self) -> Option<&str> {
        self.document["source"]["file"].as_str().and_then(|file| file.strip_prefix("dags/"))
    }

    /// Path of its file in an unpacked wheel.
    pub fn path_in_wheel(&self) -> Option<&str> {
        self.document["source"]["path_in_wheel"].as_str()
    }

    /// The recorded runs.
    pub fn runs(&self) -> &[Value] {
        self.document["runs"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The field at this pointer differed between two recordings, or lies inside one that did.
    pub fn is_unstable(&self, pointer: &str) -> bool {
        let unstable = self.document["unstable"].as_array().into_iter().flatten().filter_map(Value::as_str);
        unstable.into_iter().any(|u| is_below(pointer, u))
    }
}

/// The pointer is the other one, or lies below it.
pub fn is_below(pointer: &str, other: &str) -> bool {
    pointer.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
