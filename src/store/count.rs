//! Counting runs and task instances, as sensors in Python ask for it.

use rusqlite::{Connection, params_from_iter, types::Value};
use serde_json::{Map, Value as Json};

use super::failed;
use crate::error::Result;

/// What is counted; `None` selects everything.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// DAG.
    pub dag_id: String,
    /// Tasks.
    pub task_ids: Option<Vec<String>>,
    /// Tasks of a group.
    pub task_group_id: Option<String>,
    /// Logical dates, microseconds.
    pub logical_dates: Option<Vec<i64>>,
    /// Run ids.
    pub run_ids: Option<Vec<String>>,
    /// States.
    pub states: Option<Vec<String>>,
    /// Map index.
    pub map_index: Option<i64>,
}

/// A condition with its values.
struct Filter {
    sql: String,
    values: Vec<Value>,
}

impl Filter {
    fn new(dag_id: &str) -> Self {
        Self { sql: "r.dag_id = ?".into(), values: vec![dag_id.to_string().into()] }
    }
    fn is_in(&mut self, column: &str, values: impl ExactSizeIterator<Item = Value>) {
        self.sql.push_str(&format!(" AND {column} IN ({})", vec!["?"; values.len()].join(", ")));
        self.values.extend(values);
    }
    fn of_run(which: &Which) -> Self {
        let mut filter = Self::new(&which.dag_id);
        if let Some(dates) = &which.logical_dates {
            filter.is_in("r.logical_date", dates.iter().map(|d| Value::from(*d)));
        }
        if let Some(ids) = &which.run_ids {
            filter.is_in("r.run_id", ids.iter().cloned().map(Value::from));
        }
        filter
    }
    fn of_instance(which: &Which) -> Self {
        let mut filter = Self::of_run(which);
        if let Some(ids) = &which.task_ids {
            filter.is_in("t.task_id", ids.iter().cloned().map(Value::from));
        }
        if let Some(group) = &which.task_group_id {
            filter.sql.push_str(" AND substr(t.task_id, 1, length(?)) = ?");
            let prefix = format!("{group}.");
            filter.values.extend([Value::from(prefix.clone()), Value::from(prefix)]);
        }
        if let Some(index) = which.map_index {
            filter.sql.push_str(" AND t.map_index = ?");
            filter.values.push(index.into());
        }
        filter
    }
}

/// Number of runs.
pub fn runs(db: &Connection, which: &Which) -> Result<i64> {
    let mut filter = Filter::of_run(which);
    if let Some(states) = &which.states {
        filter.is_in("r.state", states.iter().cloned().map(Value::from));
    }
    number(db, &format!("SELECT count(*) FROM dag_run r WHERE {}", filter.sql), filter.values)
}

/// Number of task instances.
pub fn instances(db: &Connection, which: &Which) -> Result<i64> {
    let mut filter = Filter::of_instance(which);
    if let Some(states) = &which.states {
        filter.is_in("t.state", states.iter().cloned().map(Value::from));
    }
    let sql = format!("SELECT count(*) FROM dag_run r JOIN task_instance t ON t.run = r.id WHERE {}", filter.sql);
    number(db, &sql, filter.values)
}

fn number(db: &Connection, sql: &str, values: Vec<Value>) -> Result<i64> {
    db.prepare_cached(sql)
        .and_then(|mut s| s.query_row(params_from_iter(values), |row| row.get(0)))
        .map_err(|e| failed("cannot count", e))
}

/// States by run id and task id (with `_<index>` for mapped instances).
pub fn task_states(db: &Connection, which: &Which) -> Result<Json> {
    let filter = Filter::of_instance(which);
    let sql = format!(
        "SELECT r.run_id, t.task_id, t.map_index, t.state FROM dag_run r JOIN task_instance t ON t.run = r.id WHERE {}",
        filter.sql
    );
    let read = || -> rusqlite::Result<Map<String, Json>> {
        let mut all = Map::new();
        let mut statement = db.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(filter.values))?;
        while let Some(row) = found.next()? {
            let (run_id, task_id, index): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let state: String = row.get(3)?;
            let name = if index < 0 { task_id } else { format!("{task_id}_{index}") };
            let state = if state == "none" { Json::Null } else { state.into() };
            if let Some(of_run) = all.entry(run_id).or_insert_with(|| Json::Object(Map::new())).as_object_mut() {
                of_run.insert(name, state);
            }
        }
        Ok(all)
    };
    read().map(Json::Object).map_err(|e| failed("cannot read states", e))
}
