//! Plans of acts that write one thing: an XCom, or what is said of an asset. They are made only where such an act is saved or held;
//! without that it is done at once.

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{
    acts::{find_run, set_xcom},
    asset::{self, Update},
    perform::Touched,
    prepared::{Deed, Prepared},
};
use crate::{
    config::Place,
    error::{Error, Result},
    model::{MapIndex, TiKey, hash},
    protocol::Command,
    store,
};

/// What is to be written.
pub enum One {
    /// An XCom; without a value it is deleted.
    Xcom(TiKey, String, Option<Value>),
    /// What is said of an asset, and how many partitions it may lead to.
    Asset(Update, usize),
}

impl One {
    /// Writes it.
    pub fn write(self, tx: &Transaction<'_>, now: Timestamp) -> Result<(Value, Touched)> {
        match self {
            Self::Xcom(key, name, value) => {
                let delete = value.is_none();
                set_xcom(tx, key, &name, &value.unwrap_or_default(), delete, now)
            }
            Self::Asset(update, most) => asset::update(tx, most, update, now),
        }
    }
}

/// Whose XCom.
pub struct Of<'a> {
    /// DAG.
    pub dag_id: &'a str,
    /// Run.
    pub run_id: &'a str,
    /// Task.
    pub task_id: &'a str,
    /// Index.
    pub map_index: MapIndex,
    /// Key.
    pub key: &'a str,
}

/// The plan that writes or deletes an XCom. It holds as long as the XCom is what it was.
///
/// # Errors
/// `NotFound` if there is no such task instance, or nothing to delete.
pub fn xcom(tx: &Transaction<'_>, of: &Of<'_>, value: Option<Value>) -> Result<Prepared> {
    let run = find_run(tx, of.dag_id, of.run_id)?;
    let key = TiKey::new(run.id, of.task_id, of.map_index);
    if store::load::instance(tx, &key)?.is_none() {
        return Err(Error::not_found(format!("there is no task instance {key} in this run")));
    }
    let before = store::xcom::get(tx, run.id, of.task_id, of.map_index, of.key)?;
    if value.is_none() && before.is_none() {
        return Err(Error::not_found(format!("{key} has no XCom {:?}", of.key)));
    }
    let name = format!("XCom {} of {key} of {} {}", of.key, of.dag_id, of.run_id);
    let effect = if value.is_some() { format!("{name} is written") } else { format!("{name} is deleted") };
    // The value itself is nothing for a message.
    let of_value = |v: &Value| format!("is {} bytes, {}", v.to_string().len(), &hash::text(&v.to_string())[..8]);
    let was = before.as_ref().map_or_else(|| "is not there".to_owned(), of_value);
    Ok(Prepared {
        document: json!({"task_instances": [], "dag_runs": [], "effects": [effect], "before": before, "after": value}),
        basis: vec![format!("{name} {was}")],
        deed: Deed::One(Box::new(One::Xcom(key, of.key.to_owned(), value))),
    })
}

/// The plan that says that an asset was updated.
///
/// # Errors
/// `NotFound` if there is no such asset; `Refused` for what can't be said of one.
pub fn asset(tx: &Transaction<'_>, place: &Place, update: Update) -> Result<Prepared> {
    let (id, known) = asset::check(tx, &update)?;
    let name = known["name"].as_str().unwrap_or_default();
    let followers = store::asset::followers(tx, id)?;
    let mut effects = vec![format!("asset {name} is said to be updated: {}", update.extra)];
    if !followers.is_empty() {
        effects.push(format!("DAGs that follow it are told: {}", followers.join(", ")));
    }
    Ok(Prepared {
        document: json!({"task_instances": [], "dag_runs": [], "effects": effects}),
        basis: vec![format!("asset {name} is known")],
        deed: Deed::One(Box::new(One::Asset(update, asset::most_keys(place)?))),
    })
}

/// The plan that takes a written XCom back: it gets the value that it had.
///
/// # Errors
/// `Refused` if it was written again meanwhile.
pub fn xcom_back(tx: &Transaction<'_>, command: &Command, document: &Value) -> Result<Option<Prepared>> {
    let Command::SetXcom { dag_id, run_id, task_id, map_index, key, value, delete } = command else {
        return Ok(None);
    };
    let of = Of { dag_id, run_id, task_id, map_index: *map_index, key };
    let run = find_run(tx, dag_id, run_id)?;
    let now = store::xcom::get(tx, run.id, task_id, *map_index, key)?;
    let left = if *delete { None } else { Some(value) };
    if now.as_ref() != left {
        let why = "somebody, or the task itself, wrote it again";
        return Err(Error::refused(format!("XCom {key} isn't what that plan left")).because(why));
    }
    xcom(tx, &of, Some(document["before"].clone()).filter(|before| !before.is_null())).map(Some)
}
