//! Pods, their events, and the health of the clusters that they run in.

mod owners;
mod said;

pub use owners::{Owners, owners};
pub use said::{EVENT_ORDER, events, forget_clusters, health};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde_json::Value;

use super::{failed, pod_usage, rows};
use crate::{
    error::Result,
    model::{Pod, PodId, PodKind, PodSight, PodStage, PodWrite, RunId, TiKey},
};

const COLUMNS: &str = "id, run, task_id, map_index, try_number, epoch, dag_id, run_id, kind, stage, access, namespace, \
     name, uid, manifest, conduct, phase, node, image_id, why, status, created_at, scheduled_at, started_at, ended_at, \
     deleted_at, result";

/// Leaves out jobs, and what was done in a cluster at once.
pub(super) const IS_POD: &str = "kind NOT IN ('job', 'errand')";

/// Which pods a list shows, in the words of the indexes that it is read by: only those of the DAG `?1`, and without those that
/// are gone.
pub(super) fn listed(of_dag: bool, with_gone: bool) -> String {
    let of_dag = if of_dag { " AND p.dag_id = ?1" } else { "" };
    let there = " AND (p.stage <> 'done' OR (p.deleted_at IS NULL AND p.uid IS NOT NULL))";
    format!("p.{IS_POD}{of_dag}{}", if with_gone { "" } else { there })
}

/// A pod that its node still calls running, though what it was made for has ended: its sidecar goes on, or its deletion takes its
/// time. The container of a job's pod may be started again.
pub(super) const IS_ENDING: &str =
    "coalesce(phase = 'Running' AND (stage = 'ended' OR (ended_at >= started_at AND kind <> 'job_pod')), 0)";

/// Why a pod that has ended did so without success: as was said of itself, or of its task's try; of a pod `p`.
pub(super) const CAUSE: &str = "CASE WHEN p.stage IN ('ended', 'done') AND p.result ->> '$.end' IS NOT 'success' THEN \
     coalesce(p.result ->> '$.end.failed.summary', p.result ->> '$.end.skipped.summary', \
     p.result ->> '$.failed_launch.summary', iif(p.phase = 'Succeeded', NULL, (SELECT t.cause_summary FROM try t \
     WHERE t.run = p.run AND t.task_id = p.task_id AND t.map_index = p.map_index AND t.try_number = p.try_number))) END";

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
        PodWrite::Noted { id, notes } => tx
            .prepare_cached("UPDATE pod SET result = ?2 WHERE id = ?1 AND stage IN ('wanted', 'created')")
            .and_then(|mut s| s.execute(params![id.0, notes.to_string()])),
        PodWrite::Ended { id, result } => tx
            .prepare_cached("UPDATE pod SET stage = 'ended', result = ?2 WHERE id = ?1")
            .and_then(|mut s| s.execute(params![id.0, result.to_string()])),
        PodWrite::Relaunched { id, at, text } => tx
            .prepare_cached(
                "INSERT INTO event (run, task_id, map_index, at, kind, text, who) \
                 SELECT run, task_id, map_index, ?2, 'pod', ?3, 'scheduler' FROM pod WHERE id = ?1",
            )
            .and_then(|mut s| s.execute(params![id.0, at.as_microsecond(), text])),
        PodWrite::Adopted(id) => {
            tx.prepare_cached("UPDATE pod SET adopted = adopted + 1 WHERE id = ?1").and_then(|mut s| s.execute([id.0]))
        }
        PodWrite::Done { id, gone_at } => done_with(tx, *id, rows::micros(*gone_at)),
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
        PodWrite::Used { id, samples } => pod_usage::add(tx, *id, samples),
        PodWrite::Quotas { cluster, namespace, at, quotas } => {
            pod_usage::set_quotas(tx, (cluster, namespace), *at, quotas)
        }
        PodWrite::Traffic(traffic) => pod_usage::set_traffic(tx, traffic),
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

/// All pods of a name, newest first.
pub fn named(db: &Connection, name: &str) -> Result<Vec<Pod>> {
    select(db, &format!("name = ?1 AND {IS_POD} ORDER BY id DESC"), [name])
}

/// Those that stayed on purpose, oldest first.
pub fn kept(db: &Connection) -> Result<Vec<Pod>> {
    select(db, &format!("stage = 'done' AND deleted_at IS NULL AND uid IS NOT NULL AND {IS_POD} ORDER BY id"), [])
}

/// The pod of the last success of a task and index before a pod: `None` if none is known.
pub fn last_success(db: &Connection, pod: &Pod) -> Result<Option<Pod>> {
    let all = select(
        db,
        "dag_id = ?1 AND task_id = ?2 AND map_index = ?3 AND id < ?4 AND EXISTS (SELECT 1 FROM try t WHERE t.run = pod.run \
         AND t.task_id = pod.task_id AND t.map_index = pod.map_index AND t.try_number = pod.try_number \
         AND t.state = 'success') ORDER BY id DESC LIMIT 1",
        params![pod.dag_id, &*pod.key.task_id, pod.key.map_index, pod.id.0],
    )?;
    Ok(all.into_iter().next())
}

/// The newest pod of an earlier try of a pod's task instance: `None` if there is none.
pub fn of_try_before(db: &Connection, pod: &Pod) -> Result<Option<Pod>> {
    let all = select(
        db,
        &format!(
            "run = ?1 AND task_id = ?2 AND map_index = ?3 AND id < ?4 AND try_number < ?5 AND {IS_POD} \
             ORDER BY id DESC LIMIT 1"
        ),
        params![pod.key.run.0, &*pod.key.task_id, pod.key.map_index, pod.id.0, pod.try_number],
    )?;
    Ok(all.into_iter().next())
}

/// The newest pods of a task that were sampled, whatever their index: at most so many.
pub fn sampled(db: &Connection, dag_id: &str, task_id: &str, most: usize) -> Result<Vec<Pod>> {
    select(
        db,
        "dag_id = ?1 AND task_id = ?2 AND EXISTS (SELECT 1 FROM pod_usage u WHERE u.pod = pod.id) \
         ORDER BY id DESC LIMIT ?3",
        params![dag_id, task_id, most as i64],
    )
}

/// Tasks of a DAG that ever had a pod whose row is kept, by name.
pub fn tasks(db: &Connection, dag_id: &str) -> Result<Vec<String>> {
    let read = || -> rusqlite::Result<Vec<String>> {
        db.prepare_cached("SELECT DISTINCT task_id FROM pod WHERE dag_id = ?1 ORDER BY task_id")?
            .query_map([dag_id], |row| row.get(0))?
            .collect()
    };
    read().map_err(|e| failed("cannot read the tasks that have pods", e))
}

/// One.
pub fn get(db: &Connection, id: PodId) -> Result<Option<Pod>> {
    Ok(select(db, "id = ?1", [id.0])?.pop())
}

/// How many pods of a kind are how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtWork {
    /// Kind.
    pub kind: PodKind,
    /// `held` (the API server doesn't take it yet), `creating`, `pending`, `running`, `ending`.
    pub word: String,
    /// Number.
    pub pods: i64,
}

/// Everything in clusters with which something is still to be done, counted.
pub fn at_work(db: &Connection) -> Result<Vec<AtWork>> {
    let read = || -> rusqlite::Result<Vec<AtWork>> {
        db.prepare_cached(&format!(
            "SELECT kind, CASE WHEN stage = 'wanted' AND why IS NOT NULL THEN 'held' WHEN stage = 'wanted' THEN 'creating'
                 WHEN stage = 'ended' OR {IS_ENDING} THEN 'ending' WHEN phase = 'Running' THEN 'running' ELSE 'pending' END,
                 count(*)
             FROM pod WHERE stage <> 'done' GROUP BY 1, 2 ORDER BY 1, 2",
        ))?
        .query_map([], |row| Ok(AtWork { kind: rows::spelled(row, 0)?, word: row.get(1)?, pods: row.get(2)? }))?
        .collect()
    };
    read().map_err(|e| failed("cannot count pods", e))
}

/// What the pod of a task instance waits for, in a sentence; `None` if it has none, or one that runs or has ended.
pub fn waits_for(db: &Connection, key: &TiKey) -> Result<Option<String>> {
    // What holds up a pod of a job is said of the job, too.
    let newest = of_instance(db, key)?.into_iter().rfind(|pod| pod.kind != PodKind::JobPod);
    let Some(pod) = newest else { return Ok(None) };
    let said = match (&pod.sight.why, pod.stage) {
        (_, PodStage::Ended | PodStage::Done) => return Ok(None),
        _ if pod.kind == PodKind::Errand => "the API server hasn't carried out yet what the task asks".to_string(),
        (Some(why), _) if pod.kind == PodKind::Job => format!("job {}: {why}", pod.name),
        (Some(why), _) => format!("pod {}: {why}", pod.name),
        (None, PodStage::Wanted) => format!("pod {} is being created", pod.name),
        (None, PodStage::Created) if matches!(pod.sight.phase.as_str(), "" | "Pending") => {
            format!("pod {} waits for a node", pod.name)
        }
        _ => return Ok(None),
    };
    Ok(Some(match failed_launches(db, key, pod.epoch, Some(pod.id))? {
        0 => said,
        1 => format!("{said} (one pod before it failed to start)"),
        n => format!("{said} ({n} pods before it failed to start)"),
    }))
}

/// Mark in the result of a pod that failed before its task's code ran, and was made again without using a try.
pub const FAILED_LAUNCH: &str = "failed_launch";

/// How many pods of a try failed before its code ran and were made again; only those before a pod, if one is named.
pub fn failed_launches(db: &Connection, key: &TiKey, epoch: u32, before: Option<PodId>) -> Result<usize> {
    let count = |db: &Connection| -> rusqlite::Result<i64> {
        db.prepare_cached(
            "SELECT count(*) FROM pod WHERE run = ?1 AND task_id = ?2 AND map_index = ?3 AND epoch = ?4 \
             AND (?5 IS NULL OR id < ?5) AND json_type(result, '$.' || ?6) IS NOT NULL",
        )?
        .query_row(
            params![key.run.0, &*key.task_id, key.map_index, epoch, before.map(|id| id.0), FAILED_LAUNCH],
            |row| row.get(0),
        )
    };
    count(db).map(|n| n as usize).map_err(|e| failed("cannot count the pods of a try", e))
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

/// All that has a name in a namespace: pods, and what else is made in clusters.
pub fn at(db: &Connection, namespace: &str, name: &str) -> Result<Vec<Pod>> {
    select(db, "name = ?2 AND namespace = ?1 ORDER BY id", [namespace, name])
}

/// Where pods were ever made that rows know of: how the cluster is reached, and the namespace.
pub fn places(db: &Connection) -> Result<Vec<(Value, String)>> {
    let read = || -> rusqlite::Result<Vec<(Value, String)>> {
        db.prepare_cached("SELECT DISTINCT access, namespace FROM pod WHERE kind <> 'errand'")?
            .query_map([], |row| Ok((rows::json(row, 0)?, row.get(1)?)))?
            .collect()
    };
    read().map_err(|e| failed("cannot read where pods were made", e))
}

/// The highest number that was ever given; 0 if there was none.
pub fn last_id(db: &Connection) -> Result<i64> {
    db.query_row("SELECT max(id) FROM pod", [], |row| row.get::<_, Option<i64>>(0))
        .optional()
        .map(|id| id.flatten().unwrap_or(0))
        .map_err(|e| failed("cannot read pods", e))
}

/// Nothing is left to be done with a pod. If its run was deleted meanwhile, it is forgotten now.
fn done_with(tx: &Transaction<'_>, id: PodId, gone_at: Option<i64>) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "UPDATE pod SET stage = 'done', deleted_at = coalesce(deleted_at, ?2), why = NULL WHERE id = ?1",
    )?
    .execute(params![id.0, gone_at])?;
    forget(tx, "id = ?1 AND NOT EXISTS (SELECT 1 FROM dag_run WHERE dag_run.id = pod.run)", id.0)
}

/// Forgets the pods of a deleted run with which nothing is to be done any more; the others go when that is done. One that
/// was kept in its cluster is known as long as it is there, so that it can be cleaned up.
pub fn forget_run(tx: &Transaction<'_>, run: RunId) -> Result<()> {
    forget(tx, "run = ?1", run.0).map(|_| ()).map_err(|e| failed("cannot forget the pods of a run", e))
}

/// Forgets those that are done with and gone, with all that belongs to them.
fn forget(tx: &Transaction<'_>, which: &str, of: i64) -> rusqlite::Result<usize> {
    let gone = format!("{which} AND stage = 'done' AND (deleted_at IS NOT NULL OR uid IS NULL)");
    for table in ["pod_event", "pod_usage"] {
        tx.execute(&format!("DELETE FROM {table} WHERE pod IN (SELECT id FROM pod WHERE {gone})"), [of])?;
    }
    tx.execute(&format!("DELETE FROM pod WHERE {gone}"), [of])
}
