//! What pods used, the quotas that bound them, and what was asked of clusters.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::de::DeserializeOwned;

use super::{failed, rows};
use crate::{
    error::Result,
    model::{PodId, Quota, Sample, Traffic, Usage},
};

const COLUMNS: &str = "container, first_at, last_at, samples, cpu, memory, per_point, in_last, points";

/// Adds samples to what is known of a pod's containers.
pub(super) fn add(tx: &Transaction<'_>, pod: PodId, samples: &[Sample]) -> rusqlite::Result<usize> {
    for sample in samples {
        let sql = format!("SELECT {COLUMNS} FROM pod_usage WHERE pod = ?1 AND container = ?2");
        let known =
            tx.prepare_cached(&sql)?.query_row(params![pod.0, sample.container], |row| usage(row, 0)).optional()?;
        let now = match known {
            Some(mut known) => {
                known.add(sample);
                known
            }
            None => Usage::begin(sample),
        };
        tx.prepare_cached(
            "INSERT OR REPLACE INTO pod_usage (pod, container, first_at, last_at, samples, cpu, memory, per_point, \
             in_last, points) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            pod.0,
            now.container,
            now.first_at.as_microsecond(),
            now.last_at.as_microsecond(),
            now.samples,
            text(&now.cpu),
            text(&now.memory),
            now.per_point,
            now.in_last,
            text(&now.points),
        ])?;
    }
    Ok(samples.len())
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The columns of [`Usage`] from one on.
fn usage(row: &Row<'_>, from: usize) -> rusqlite::Result<Usage> {
    let time = |index| Ok::<_, rusqlite::Error>(rows::time(row, index)?.unwrap_or(Timestamp::UNIX_EPOCH));
    Ok(Usage {
        container: row.get(from)?,
        first_at: time(from + 1)?,
        last_at: time(from + 2)?,
        samples: row.get(from + 3)?,
        cpu: read(row, from + 4)?,
        memory: read(row, from + 5)?,
        per_point: row.get(from + 6)?,
        in_last: row.get(from + 7)?,
        points: read(row, from + 8)?,
    })
}

fn read<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    serde_json::from_value(rows::json(row, index)?)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, Box::new(e)))
}

/// What the containers of a pod have used, by name.
pub fn of_pod(db: &Connection, pod: PodId) -> Result<Vec<Usage>> {
    let get = || -> rusqlite::Result<Vec<Usage>> {
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM pod_usage WHERE pod = ?1 ORDER BY container"))?
            .query_map([pod.0], |row| usage(row, 0))?
            .collect()
    };
    get().map_err(|e| failed("cannot read what a pod used", e))
}

/// Takes the quotas of a namespace as they are now.
pub(super) fn set_quotas(
    tx: &Transaction<'_>,
    (cluster, namespace): (&str, &str),
    at: Timestamp,
    quotas: &[Quota],
) -> rusqlite::Result<usize> {
    tx.prepare_cached("DELETE FROM cluster_quota WHERE cluster = ?1 AND namespace = ?2")?
        .execute([cluster, namespace])?;
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO cluster_quota (cluster, namespace, name, resource, used, hard, at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for quota in quotas {
        insert.execute(params![
            cluster,
            namespace,
            quota.name,
            quota.resource,
            quota.used,
            quota.hard,
            at.as_microsecond()
        ])?;
    }
    Ok(quotas.len())
}

/// Quotas as seen last: cluster, namespace, when, quota.
pub fn quotas(db: &Connection) -> Result<Vec<(String, String, Timestamp, Quota)>> {
    let get = || -> rusqlite::Result<Vec<_>> {
        db.prepare_cached(
            "SELECT cluster, namespace, name, resource, used, hard, at FROM cluster_quota ORDER BY 1, 2, 3, 4",
        )?
        .query_map([], |row| {
            let quota = Quota { name: row.get(2)?, resource: row.get(3)?, used: row.get(4)?, hard: row.get(5)? };
            Ok((row.get(0)?, row.get(1)?, rows::time(row, 6)?.unwrap_or(Timestamp::UNIX_EPOCH), quota))
        })?
        .collect()
    };
    get().map_err(|e| failed("cannot read quotas", e))
}

/// Takes what was asked of a cluster so far.
pub(super) fn set_traffic(tx: &Transaction<'_>, traffic: &Traffic) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO cluster_traffic (cluster, since, requests, throttled, failed) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        traffic.cluster,
        traffic.since.as_microsecond(),
        traffic.requests,
        traffic.throttled,
        traffic.failed
    ])
}

/// What was asked of each cluster since the scheduler that asked it last began.
pub fn traffic(db: &Connection) -> Result<Vec<Traffic>> {
    let get = || -> rusqlite::Result<Vec<Traffic>> {
        db.prepare_cached("SELECT cluster, since, requests, throttled, failed FROM cluster_traffic ORDER BY 1")?
            .query_map([], |row| {
                Ok(Traffic {
                    cluster: row.get(0)?,
                    since: rows::time(row, 1)?.unwrap_or(Timestamp::UNIX_EPOCH),
                    requests: row.get(2)?,
                    throttled: row.get(3)?,
                    failed: row.get(4)?,
                })
            })?
            .collect()
    };
    get().map_err(|e| failed("cannot read what was asked of clusters", e))
}
