//! Pods, their events, and the health of the clusters that they run in.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{failed, rows};
use crate::{
    error::Result,
    model::{ClusterHealth, Pod, PodEvent, PodId, PodSight, PodStage, PodWrite, RunId, TiKey},
};

const COLUMNS: &str = "id, run, task_id, map_index, try_number, epoch, dag_id, run_id, kind, stage, access, namespace, \
     name, uid, manifest, conduct, phase, node, image_id, why, status, created_at, scheduled_at, started_at, ended_at, \
     deleted_at, result";

/// Writes one change.
pub fn write(tx: &Transaction<'_>, change: &PodWrite) -> Result<()> {
    let done = match change {
        PodWrite::Add(pod) => add(tx, pod),
        PodWrite::Final(pod) => tx
            .prepare_cached("UPDATE pod SET name = ?2, namespace = ?3, manifest = ?4, conduct = ?5 WHERE id = ?1")
            .and_then(|mut s| {
                let (manifest, conduct) = (pod.manifest.to_string(), pod.conduct.to_string());
                s.execute(params![pod.id.0, pod.name, pod.namespace, manifest, conduct])
            }),
        PodWrite::Created { id, name, uid } => tx
            .prepare_cached("UPDATE pod SET name = ?2, uid = ?3, stage = 'created' WHERE id = ?1")
            .and_then(|mut s| s.execute(params![id.0, name, uid])),
        PodWrite::Seen { id, sight } => see(tx, *id, sight),
        PodWrite::Event { id, event } => tx
            .prepare_cached(
                "INSERT OR REPLACE INTO pod_event (pod, uid, first_at, last_at, count, level, reason, message, source) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )
            .and_then(|mut s| {
                s.execute(params![
                    id.0,
                    event.uid,
                    rows::micros(event.first_at),
                    rows::micros(event.last_at),
                    event.count,
                    event.level,
                    event.reason,
                    event.message,
                    event.source
                ])
            }),
        PodWrite::Ended { id, result } => tx
            .prepare_cached("UPDATE pod SET stage = 'ended', result = ?2 WHERE id = ?1")
            .and_then(|mut s| s.execute(params![id.0, result.to_string()])),
        PodWrite::Done { id, gone_at } => tx
            .prepare_cached("UPDATE pod SET stage = 'done', deleted_at = coalesce(deleted_at, ?2) WHERE id = ?1")
            .and_then(|mut s| s.execute(params![id.0, rows::micros(*gone_at)])),
        PodWrite::Health(health) => tx
            .prepare_cached(
                "INSERT OR REPLACE INTO cluster_health (cluster, namespace, what, state, since, message) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut s| {
                s.execute(params![
                    health.cluster,
                    health.namespace,
                    health.what,
                    health.state,
                    health.since.as_microsecond(),
                    health.message
                ])
            }),
    };
    done.map(|_| ()).map_err(|e| failed("cannot write what is known of a pod", e))
}

fn add(tx: &Transaction<'_>, pod: &Pod) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "INSERT INTO pod (id, run, task_id, map_index, try_number, epoch, dag_id, run_id, kind, stage, access, \
         namespace, name, uid, manifest, conduct) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?
    .execute(params![
        pod.id.0,
        pod.key.run.0,
        &*pod.key.task_id,
        pod.key.map_index,
        pod.try_number,
        pod.epoch,
        pod.dag_id,
        pod.run_id,
        pod.kind.as_str(),
        pod.stage.as_str(),
        pod.access.to_string(),
        pod.namespace,
        pod.name,
        pod.uid,
        pod.manifest.to_string(),
        pod.conduct.to_string(),
    ])
}

fn see(tx: &Transaction<'_>, id: PodId, sight: &PodSight) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "UPDATE pod SET phase = ?2, node = coalesce(?3, node), image_id = coalesce(?4, image_id), why = ?5, status = ?6, \
         created_at = coalesce(?7, created_at), scheduled_at = coalesce(?8, scheduled_at), \
         started_at = coalesce(?9, started_at), ended_at = coalesce(?10, ended_at), \
         deleted_at = coalesce(?11, deleted_at) WHERE id = ?1",
    )?
    .execute(params![
        id.0,
        sight.phase,
        sight.node,
        sight.image_id,
        sight.why,
        sight.status.to_string(),
        rows::micros(sight.created_at),
        rows::micros(sight.scheduled_at),
        rows::micros(sight.started_at),
        rows::micros(sight.ended_at),
        rows::micros(sight.deleted_at)
    ])
}

fn pod(row: &Row<'_>) -> rusqlite::Result<Pod> {
    Ok(Pod {
        id: PodId(row.get(0)?),
        key: TiKey::new(RunId(row.get(1)?), row.get::<_, String>(2)?, row.get(3)?),
        try_number: row.get(4)?,
        epoch: row.get(5)?,
        dag_id: row.get(6)?,
        run_id: row.get(7)?,
        kind: rows::spelled(row, 8)?,
        stage: rows::spelled(row, 9)?,
        access: rows::json(row, 10)?,
        namespace: row.get(11)?,
        name: row.get(12)?,
        uid: row.get(13)?,
        manifest: rows::json(row, 14)?,
        conduct: rows::json(row, 15)?,
        sight: PodSight {
            phase: row.get(16)?,
            node: row.get(17)?,
            image_id: row.get(18)?,
            why: row.get(19)?,
            status: rows::json(row, 20)?,
            created_at: rows::time(row, 21)?,
            scheduled_at: rows::time(row, 22)?,
            started_at: rows::time(row, 23)?,
            ended_at: rows::time(row, 24)?,
            deleted_at: rows::time(row, 25)?,
        },
        result: rows::json(row, 26)?,
    })
}

fn select(db: &Connection, condition: &str, of: impl rusqlite::Params) -> Result<Vec<Pod>> {
    let read = || -> rusqlite::Result<Vec<Pod>> {
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM pod WHERE {condition}"))?.query_map(of, pod)?.collect()
    };
    read().map_err(|e| failed("cannot read pods", e))
}

/// All with which something is still to be done, oldest first.
pub fn open(db: &Connection) -> Result<Vec<Pod>> {
    select(db, "stage <> 'done' ORDER BY id", [])
}

/// The pods of a task instance, oldest first.
pub fn of_instance(db: &Connection, key: &TiKey) -> Result<Vec<Pod>> {
    select(
        db,
        "run = ?1 AND task_id = ?2 AND map_index = ?3 ORDER BY id",
        params![key.run.0, &*key.task_id, key.map_index],
    )
}

/// All of a name, newest first.
pub fn named(db: &Connection, name: &str) -> Result<Vec<Pod>> {
    select(db, "name = ?1 ORDER BY id DESC", [name])
}

/// The newest pods, at most so many; only of one DAG if it is named.
pub fn newest(db: &Connection, dag_id: Option<&str>, most: usize) -> Result<Vec<Pod>> {
    select(db, "(?1 IS NULL OR dag_id = ?1) ORDER BY id DESC LIMIT ?2", params![dag_id, most as i64])
}

/// Those that stayed on purpose, oldest first.
pub fn kept(db: &Connection) -> Result<Vec<Pod>> {
    select(db, "stage = 'done' AND deleted_at IS NULL AND uid IS NOT NULL ORDER BY id", [])
}

/// One.
pub fn get(db: &Connection, id: PodId) -> Result<Option<Pod>> {
    Ok(select(db, "id = ?1", [id.0])?.pop())
}

/// A pod that was kept is to be deleted after all: whoever takes care of pods finds it to do.
pub fn condemn(tx: &Transaction<'_>, id: PodId) -> Result<()> {
    tx.execute(
        "UPDATE pod SET stage = 'ended', conduct = json_set(conduct, '$.on_finish', 'delete_pod') WHERE id = ?1",
        [id.0],
    )
    .map(|_| ())
    .map_err(|e| failed("cannot have a pod deleted", e))
}

/// The highest number that was ever given; 0 if there was none.
pub fn last_id(db: &Connection) -> Result<i64> {
    db.query_row("SELECT max(id) FROM pod", [], |row| row.get::<_, Option<i64>>(0))
        .optional()
        .map(|id| id.flatten().unwrap_or(0))
        .map_err(|e| failed("cannot read pods", e))
}

/// What was said about a pod, oldest first.
pub fn events(db: &Connection, id: PodId) -> Result<Vec<PodEvent>> {
    let read = || -> rusqlite::Result<Vec<PodEvent>> {
        db.prepare_cached(
            "SELECT uid, first_at, last_at, count, level, reason, message, source FROM pod_event WHERE pod = ?1 \
             ORDER BY last_at, first_at, uid",
        )?
        .query_map([id.0], |row| {
            Ok(PodEvent {
                uid: row.get(0)?,
                first_at: rows::time(row, 1)?,
                last_at: rows::time(row, 2)?,
                count: row.get(3)?,
                level: row.get(4)?,
                reason: row.get(5)?,
                message: row.get(6)?,
                source: row.get(7)?,
            })
        })?
        .collect()
    };
    read().map_err(|e| failed("cannot read the events of a pod", e))
}

/// How well clusters can be watched.
pub fn health(db: &Connection) -> Result<Vec<ClusterHealth>> {
    let read = || -> rusqlite::Result<Vec<ClusterHealth>> {
        db.prepare_cached(
            "SELECT cluster, namespace, what, state, since, message FROM cluster_health ORDER BY 1, 2, 3",
        )?
        .query_map([], |row| {
            Ok(ClusterHealth {
                cluster: row.get(0)?,
                namespace: row.get(1)?,
                what: row.get(2)?,
                state: row.get(3)?,
                since: rows::time(row, 4)?.unwrap_or(jiff::Timestamp::UNIX_EPOCH),
                message: row.get(5)?,
            })
        })?
        .collect()
    };
    read().map_err(|e| failed("cannot read the health of clusters", e))
}

/// Forgets the pods of a deleted run with which nothing is to be done any more; the others go when that is done.
pub fn forget_run(tx: &Transaction<'_>, run: RunId) -> Result<()> {
    let forget = || -> rusqlite::Result<()> {
        tx.execute(
            "DELETE FROM pod_event WHERE pod IN (SELECT id FROM pod WHERE run = ?1 AND stage = ?2)",
            params![run.0, PodStage::Done.as_str()],
        )?;
        tx.execute("DELETE FROM pod WHERE run = ?1 AND stage = ?2", params![run.0, PodStage::Done.as_str()])?;
        Ok(())
    };
    forget().map_err(|e| failed("cannot forget the pods of a run", e))
}

/// Forgets pods whose run is gone and with which nothing is to be done any more.
pub fn forget_orphans(tx: &Transaction<'_>) -> Result<()> {
    tx.execute_batch(
        "DELETE FROM pod WHERE stage = 'done' AND NOT EXISTS (SELECT 1 FROM dag_run WHERE dag_run.id = pod.run); \
         DELETE FROM pod_event WHERE NOT EXISTS (SELECT 1 FROM pod WHERE pod.id = pod_event.pod);",
    )
    .map_err(|e| failed("cannot forget the pods of deleted runs", e))
}
