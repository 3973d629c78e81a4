//! A run is made for events: which ones, and what waits no longer.

use rusqlite::{Transaction, params};

use super::failed;
use crate::{
    error::Result,
    model::{Consumes, DagRun, Schedule},
    store::dag,
};

/// Gives a new run its events, and takes them from the DAG's queue.
pub fn consume(tx: &Transaction<'_>, run: &DagRun, consumes: Consumes) -> Result<()> {
    match consumes {
        Consumes::Queue => queue(tx, run),
        Consumes::Partition(id) => {
            tx.execute("UPDATE asset_partition SET run = ?2 WHERE id = ?1", [id, run.id.0]).map_err(failed)?;
            let sql = "INSERT OR IGNORE INTO asset_event_run (run, event) \
                 SELECT ?2, event FROM asset_partition_event WHERE partition = ?1";
            tx.execute(sql, [id, run.id.0]).map_err(failed)?;
            Ok(())
        }
    }
}

/// All events since the last asset-triggered run; for the first one, since the DAG follows assets, or with catchup all.
fn queue(tx: &Transaction<'_>, run: &DagRun) -> Result<()> {
    let definition = dag::version(tx, run.dag_version)?;
    debug_assert!(matches!(definition.schedule, Schedule::Asset { .. }));
    let catchup = definition.catchup.unwrap_or(false);
    // Events of assets that the schedule only refers to belong to no run, as in Airflow.
    let sql = "INSERT OR IGNORE INTO asset_event_run (run, event) SELECT ?1, e.id FROM asset_event e \
         WHERE e.timestamp <= ?3 AND e.timestamp > coalesce( \
           (SELECT max(p.run_after) FROM dag_run p WHERE p.dag_id = ?2 AND p.run_type = 'asset_triggered' AND p.run_after < ?3), \
           CASE WHEN ?4 THEN NULL ELSE (SELECT min(r.created_at) FROM asset_reference r \
             WHERE r.dag_id = ?2 AND r.role = 'schedule' AND r.kind = 'asset') END, -1) \
         AND (e.asset IN (SELECT a.id FROM asset_reference r JOIN asset a ON a.name = r.name AND a.uri = r.uri \
             WHERE r.dag_id = ?2 AND r.role = 'schedule' AND r.kind = 'asset') \
           OR e.id IN (SELECT ea.event FROM asset_reference r JOIN asset_alias l ON l.name = r.name \
             JOIN asset_event_alias ea ON ea.alias = l.id \
             WHERE r.dag_id = ?2 AND r.role = 'schedule' AND r.kind = 'alias'))";
    let until = run.run_after.as_microsecond();
    tx.execute(sql, params![run.id.0, &*run.dag_id, until, catchup]).map_err(failed)?;
    tx.execute("DELETE FROM asset_queue WHERE dag_id = ?1 AND at <= ?2", params![&*run.dag_id, until])
        .map_err(failed)?;
    Ok(())
}
