//! Acts on assets: which DAG makes one, and which partition a person's key stands for.

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::perform::Touched;
use crate::{
    config::Place,
    error::{Error, Result},
    model::{AssetCondition, Dag, Schedule},
    store::asset::{self, AssetId, Emitted, Named},
    timetable::Timetable,
};

/// An update of an asset that no task made.
pub struct Update {
    /// Name.
    pub name: Option<String>,
    /// URI.
    pub uri: Option<String>,
    /// What is said about it.
    pub extra: Value,
    /// Partition.
    pub partition_key: Option<String>,
}

/// Writes an update of an asset that a person or a program outside says has happened, and tells its followers.
/// It leads to at most `limit` partitions.
pub fn update(tx: &Transaction<'_>, limit: usize, update: Update, now: Timestamp) -> Result<(Value, Touched)> {
    let (asset, document) = check(tx, &update)?;
    let Update { extra, partition_key, .. } = update;
    let extra = if extra.is_null() { json!({}) } else { extra };
    let emitted = Emitted {
        asset,
        extra: &extra,
        aliases: &[],
        source: None,
        partition_key: partition_key.as_deref(),
        partition_date: None,
    };
    let id = asset::emit(tx, &emitted, limit, now)?;
    let document = json!({"id": id, "asset_id": asset.0, "name": document["name"], "uri": document["uri"],
        "extra": extra, "partition_key": partition_key});
    Ok((document, Touched::default()))
}

/// The asset of an update that can be written.
///
/// # Errors
/// `NotFound` if there is no such asset; `Refused` for what can't be said of one.
pub fn check(tx: &Transaction<'_>, update: &Update) -> Result<(AssetId, Value)> {
    if !update.extra.is_object() && !update.extra.is_null() {
        return Err(
            Error::refused("an event's extra must be a JSON object").hint("for example --extra '{\"rows\": 5}'")
        );
    }
    if let Some(key) = &update.partition_key {
        check_key(key)?;
    }
    known(tx, update.name.clone(), update.uri.clone())
}

/// To how many partitions an update may lead.
///
/// # Errors
/// If the setting isn't a number.
pub fn most_keys(place: &Place) -> Result<usize> {
    Ok(place.settings.number("scheduler", "partition_mapper_max_downstream_keys")? as usize)
}

fn known(tx: &Transaction<'_>, name: Option<String>, uri: Option<String>) -> Result<(AssetId, Value)> {
    let shown = name.clone().or_else(|| uri.clone()).unwrap_or_default();
    asset::find(tx, &Named { name, uri, active: false })?.ok_or_else(|| {
        Error::not_found(format!("there is no asset {shown:?}")).hint("`dagdeck assets list` names them all")
    })
}

fn check_key(key: &str) -> Result<()> {
    if key.trim().is_empty() || key.chars().count() > 250 {
        return Err(Error::refused("a partition key has 1 to 250 characters, not only spaces"));
    }
    Ok(())
}

/// The only DAG that has an asset as an outlet.
pub fn materializer(tx: &Transaction<'_>, name: Option<String>, uri: Option<String>) -> Result<String> {
    let shown = name.clone().or_else(|| uri.clone()).unwrap_or_default();
    let (asset, _) = known(tx, name, uri)?;
    let mut dags = asset::materializers(tx, asset)?;
    match (dags.pop(), dags.as_slice()) {
        (Some(only), []) => Ok(only),
        (None, _) => Err(Error::not_found(format!("no DAG has asset {shown:?} as an outlet"))),
        (Some(last), others) => Err(Error::refused(format!(
            "more than one DAG has asset {shown:?} as an outlet: {}, {last}",
            others.join(", ")
        ))
        .hint("trigger the one that you mean: `dagdeck dags trigger DAG`")),
    }
}

/// Checks a partition key that a person gave; the start of the partition, where the key stands for a time.
pub fn partition_date(dag: &Dag, timetable: &Timetable, key: &str) -> Result<Option<Timestamp>> {
    if !dag.schedule.is_partitioned() {
        return Err(Error::refused(format!("runs of DAG {} are not about partitions", dag.dag_id))
            .hint("leave out --partition-key"));
    }
    check_key(key)?;
    let wrong =
        |why: String| Error::refused(format!("partition key {key:?} does not fit DAG {}", dag.dag_id)).because(why);
    let Schedule::Asset { expression, partitions: Some(partitions), .. } = &dag.schedule else {
        return timetable.partition_date(key).map_err(wrong);
    };
    let mut dates = Vec::new();
    for leaf in expression.leaves() {
        let (name, uri) = match leaf {
            AssetCondition::Asset(a) => (a.name.as_str(), a.uri.as_str()),
            AssetCondition::AssetRef(r) => (r.name.as_deref().unwrap_or(""), r.uri.as_deref().unwrap_or("")),
            _ => continue,
        };
        dates.extend(partitions.mapper(name, uri).mapper.partition_date(key).map_err(wrong)?);
    }
    dates.dedup();
    Ok(if dates.len() == 1 { dates.pop() } else { None })
}
