//! Which tasks ever had a pod.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};

use super::{super::failed, IS_POD};
use crate::error::Result;

/// Tasks by their DAG.
pub type Owners = BTreeMap<String, BTreeSet<String>>;

/// All whose pods' rows are kept. Costs one step in an index for each task, however many pods it had, and one for each errand.
pub fn owners(db: &Connection) -> Result<Owners> {
    let read = || -> rusqlite::Result<Owners> {
        let sql = format!(
            "SELECT dag_id, task_id FROM pod WHERE {IS_POD} AND (dag_id, task_id) > (?1, ?2) ORDER BY dag_id, task_id LIMIT 1"
        );
        let mut next = db.prepare_cached(&sql)?;
        let mut all = Owners::new();
        let mut last = (String::new(), String::new());
        while let Some(found) = next.query_row((&last.0, &last.1), |r| Ok((r.get(0)?, r.get(1)?))).optional()? {
            last = found;
            all.entry(last.0.clone()).or_default().insert(last.1.clone());
        }
        Ok(all)
    };
    read().map_err(|e| failed("cannot read which tasks have pods", e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn each_task_is_named_once_and_no_errand() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let insert = |dag: &str, task: &str, kind: &str| {
            let sql = "INSERT INTO pod (run, task_id, map_index, try_number, epoch, dag_id, run_id, kind, stage, access, namespace, \
                       name, manifest, conduct) VALUES (1, ?2, -1, 1, 1, ?1, 'r', ?3, 'done', '{}', 'n', 'p', '{}', '{}')";
            store.reader().execute(sql, (dag, task, kind)).unwrap();
        };
        assert!(owners(store.reader()).unwrap().is_empty());
        for (dag, task, kind) in [
            ("b", "t", "operator"),
            ("a", "u", "worker"),
            ("a", "t", "operator"),
            ("a", "t", "operator"),
            ("a", "z", "errand"),
            ("c", "t", "job"),
        ] {
            insert(dag, task, kind);
        }
        let found = owners(store.reader()).unwrap();
        let words: Vec<String> = found.iter().map(|(dag, tasks)| format!("{dag} {tasks:?}")).collect();
        assert_eq!(words, [r#"a {"t", "u"}"#, r#"b {"t"}"#]);
        let plan: String = store
            .reader()
            .query_row(
                &format!(
                    "EXPLAIN QUERY PLAN SELECT dag_id, task_id FROM pod WHERE {IS_POD} AND (dag_id, task_id) > ('a', 't') \
                     ORDER BY dag_id, task_id LIMIT 1"
                ),
                [],
                |row| row.get(3),
            )
            .unwrap();
        assert!(plan.starts_with("SEARCH") && plan.contains("INDEX pod_of_task"), "{plan}");
    }
}
