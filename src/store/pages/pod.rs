//! Pods: those that are there, and what was recorded of those that are gone.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::documents;
use crate::{
    error::Result,
    store::pod::{CAUSE, EVENT_ORDER, IS_ENDING, listed},
};

/// `state` is Kubernetes' phase where there is one.
fn columns() -> String {
    format!(
        r#"p.name, p.namespace, p.dag_id, p.run_id AS dag_run_id, p.task_id, p.map_index, p.try_number, p.kind, p.stage,
    CASE WHEN p.stage = 'done' AND (p.deleted_at IS NOT NULL OR p.uid IS NULL) THEN 'gone' WHEN {IS_ENDING} THEN 'Ending'
         ELSE coalesce(nullif(p.phase, ''), p.stage) END AS state,
    p.phase, p.node, coalesce(p.why, {CAUSE}) AS why, p.created_at AS "created_at@t", p.scheduled_at AS "scheduled_at@t",
    p.started_at AS "started_at@t", p.ended_at AS "ended_at@t", p.deleted_at AS "deleted_at@t""#
    )
}

/// The newest pods, at most so many: those that are there or are to come; with `all` also those that are gone.
///
/// # Errors
/// `System` if the store can't be read.
pub fn list(conn: &Connection, dag_id: Option<&str>, all: bool, most: usize) -> Result<Vec<Value>> {
    documents(conn, &query(dag_id.is_some(), all), params![dag_id, i64::try_from(most).unwrap_or(i64::MAX)])
}

fn query(of_dag: bool, all: bool) -> String {
    format!("SELECT {} FROM pod p WHERE {} ORDER BY p.id DESC LIMIT ?2", columns(), listed(of_dag, all))
}

/// Everything that is known of a pod, the newest of its name; with the manifest that was sent, its last status, and how its
/// task ended.
///
/// # Errors
/// `System` if the store can't be read.
pub fn show(conn: &Connection, name: &str) -> Result<Option<Value>> {
    let sql = format!(
        r#"SELECT p.id, {}, p.uid, p.image_id, p.access AS "access@j", p.status AS "status@j", p.result AS "result@j",
             p.manifest AS "manifest@j" FROM pod p WHERE p.name = ?1 ORDER BY p.id DESC LIMIT 1"#,
        columns()
    );
    Ok(documents(conn, &sql, [name])?.pop())
}

/// What the cluster said about a pod, oldest first.
///
/// # Errors
/// `System` if the store can't be read.
pub fn events(conn: &Connection, id: i64) -> Result<Vec<Value>> {
    let sql = format!(
        r#"SELECT first_at AS "first_at@t", last_at AS "last_at@t", count, level AS type, reason, message, source
        FROM pod_event WHERE pod = ?1 ORDER BY {EVENT_ORDER}"#
    );
    documents(conn, &sql, [id])
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::store::Store;

    /// A store in which so many pods are gone, and two are there.
    fn store(path: &std::path::Path, gone: i64) -> Store {
        let store = Store::open(path).unwrap();
        let insert = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {gone} + 2)
             INSERT INTO pod (id, run, task_id, map_index, try_number, epoch, dag_id, run_id, kind, stage, access, namespace,
                              name, uid, manifest, conduct, phase, started_at, ended_at, deleted_at)
             SELECT i, 1, 't', i, 1, 1, iif(i = 2, 'seldom', 'often'), 'r', 'operator', 'done', '{{}}', 'n', 'p' || i, i, '{{}}', '{{}}',
                    'Running', 5, iif(i = 1, NULL, 5), iif(i > 2, 9, NULL) FROM n"
        );
        store.reader().execute_batch(&insert).unwrap();
        store
    }

    #[test]
    fn a_list_costs_what_it_shows_and_not_what_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let (few, many) = (store(&dir.path().join("few"), 100), store(&dir.path().join("many"), 20_000));
        for (dag_id, all, names) in [(None, false, ["p2", "p1"].as_slice()), (Some("seldom"), true, &["p2"])] {
            let costs = [&few, &many].map(|store| {
                let found = list(store.reader(), dag_id, all, 500).unwrap();
                let found: Vec<&str> = found.iter().map(|row| row["name"].as_str().unwrap()).collect();
                assert_eq!(found, names);
                let mut query = store.reader().prepare(&query(dag_id.is_some(), all)).unwrap();
                let rows = query.query(params![dag_id, 500]).unwrap();
                let rows = rows.mapped(|_| Ok(())).count();
                (rows, query.get_status(StatementStatus::VmStep))
            });
            assert_eq!(costs[0], costs[1], "{dag_id:?} all: {all}");
        }
    }

    #[test]
    fn one_whose_container_has_ended_is_not_called_running() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir.path().join("db"), 1);
        let states = |store: &Store| -> Vec<String> {
            let rows = list(store.reader(), None, true, 9).unwrap();
            rows.iter().map(|row| row["state"].as_str().unwrap().to_string()).collect()
        };
        assert_eq!(states(&store), ["gone", "Ending", "Running"]);
        // A job's container may be started again; a worker's task has ended when its agent said so.
        store
            .reader()
            .execute_batch("UPDATE pod SET kind = 'job_pod' WHERE id = 2; UPDATE pod SET stage = 'ended' WHERE id = 1")
            .unwrap();
        assert_eq!(states(&store), ["gone", "Running", "Ending"]);
    }
}
