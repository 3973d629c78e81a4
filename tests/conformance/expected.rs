//! Where dagdeck differs from the recording on purpose, and what is left out: the rows of `expected.toml`.

use std::{mem::discriminant, sync::LazyLock};

use serde::Deserialize;
use serde_json::Value;

use super::corpus::is_below;

/// The rows.
pub static EXPECTED: LazyLock<Expected> = LazyLock::new(|| toml::from_str(include_str!("expected.toml")).unwrap());

/// All that is expected to be different.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Fields of DAGs.
    pub differs: Vec<Differs>,
    /// Fields that were a matter of timing where it was recorded.
    pub chance: Vec<Differs>,
    /// Files.
    pub accepted: Vec<Accepted>,
    /// Rows of tables.
    pub rows: Vec<Rows>,
    /// Values of the recorder's machine.
    pub machine: Vec<Machine>,
    #[serde(default)]
    later: Vec<Later>,
    slow: Slow,
}

/// Fields of a DAG that aren't as recorded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differs {
    /// Why.
    pub why: String,
    /// The DAG.
    pub dag: String,
    fields: Vec<String>,
}

impl Differs {
    /// The fields, as readers name them.
    pub fn places(&self) -> String {
        self.fields
            .iter()
            .map(|field| format!("`{}`", field.trim_start_matches("/runs/")))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Values that say who recorded, when and where. Both sides must have one of the same JSON type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// What they say.
    pub why: String,
    /// The DAG; none for all.
    #[serde(default)]
    pub dag: Option<String>,
    /// How their pointers end.
    pub ends: Vec<String>,
}

/// A file that Airflow refuses and that is accepted here with a warning.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// What it uses.
    pub why: String,
    /// Its path in the recording.
    pub file: String,
}

/// Rows of a table that differ on purpose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// Why.
    pub why: String,
    /// The table.
    pub table: String,
    /// How their names begin.
    pub names: Vec<String>,
}

/// What waits for a feature.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    why: String,
    #[serde(default)]
    dags: Vec<String>,
    #[serde(default)]
    tables: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Slow {
    dags: Vec<String>,
}

/// Why a DAG is left out.
pub fn later(dag_id: &str) -> Option<&'static str> {
    EXPECTED.later.iter().find(|row| row.dags.iter().any(|d| d == dag_id)).map(|row| row.why.as_str())
}

/// Why a table is left out.
pub fn later_table(name: &str) -> Option<&'static str> {
    EXPECTED.later.iter().find(|row| row.tables.iter().any(|t| t == name)).map(|row| row.why.as_str())
}

/// Why a name, as `module:name`, needn't be importable yet.
pub fn later_name(name: &str) -> Option<&'static str> {
    EXPECTED.later.iter().find(|row| row.names.iter().any(|n| n == name)).map(|row| row.why.as_str())
}

/// Compared only when everything is.
pub fn is_slow(dag_id: &str) -> bool {
    EXPECTED.slow.dags.iter().any(|d| d == dag_id)
}

/// The field differs on purpose, or by chance.
pub fn on_purpose(dag_id: &str, pointer: &str) -> bool {
    let rows = EXPECTED.differs.iter().chain(&EXPECTED.chance).filter(|row| row.dag == dag_id);
    rows.flat_map(|row| &row.fields).any(|field| is_below(pointer, field))
}

/// Both values only say who made them, when and where.
pub fn is_of_machine(dag_id: &str, pointer: &str, wanted: Option<&Value>, got: Option<&Value>) -> bool {
    let (Some(wanted), Some(got)) = (wanted, got) else { return false };
    let rows = EXPECTED.machine.iter().filter(|row| row.dag.as_deref().is_none_or(|dag| dag == dag_id));
    discriminant(wanted) == discriminant(got) && rows.flat_map(|row| &row.ends).any(|end| pointer.ends_with(end))
}

/// The line about a row of a table, which begins with its name as JSON, names a difference on purpose.
pub fn row_on_purpose(table: &str, line: &str) -> bool {
    let rows = EXPECTED.rows.iter().filter(|row| row.table == table);
    rows.flat_map(|row| &row.names).any(|name| line.starts_with(&format!("\"{name}")))
}

/// A file that Airflow refuses is accepted with a warning.
pub fn accepted_here(file: &str) -> bool {
    EXPECTED.accepted.iter().any(|row| row.file == file)
}
