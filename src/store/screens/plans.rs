//! For tests: how SQLite finds what is read, statement by statement.

use std::cell::RefCell;

use rusqlite::Connection;

thread_local! {
    static NOTED: RefCell<Vec<(String, Vec<String>)>> = const { RefCell::new(Vec::new()) };
}

/// Notes a statement with the steps of its plan.
pub fn note(conn: &Connection, sql: &str) {
    let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut found = plan.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = found.next().unwrap() {
        steps.push(row.get::<_, String>("detail").unwrap());
    }
    NOTED.with_borrow_mut(|noted| noted.push((sql.to_owned(), steps)));
}

/// What was noted in this thread since the last call: statements that go through all runs or all task instances. Going through
/// them in the order of an index is fine for a list that is read in parts; an index of what is busy or failed has few rows.
pub fn that_scan() -> Vec<String> {
    let noted = NOTED.with_borrow_mut(std::mem::take);
    let scans = |steps: &[String]| {
        steps.iter().any(|step| {
            // An index that is made for the moment is made of all rows.
            if step.contains("AUTOMATIC") {
                let table = step.split(' ').nth(1).unwrap_or_default();
                return ["t", "task_instance", "dag_run"].contains(&table) && !step.contains("SUBQUERY");
            }
            let Some(what) = step.strip_prefix("SCAN ") else { return false };
            let table = what.split(' ').next().unwrap_or_default();
            let made_here = steps.iter().any(|s| {
                s.strip_prefix("MATERIALIZE ").or(s.strip_prefix("CO-ROUTINE ")).is_some_and(|name| name == table)
            });
            let large = ["t", "r", "y", "task_instance", "dag_run", "try", "event", "xcom"].contains(&table);
            let few = ["task_instance_busy", "task_instance_failed", "dag_run_active", "dag_run_failed", "dag_run_all"];
            large && !made_here && !few.iter().any(|index| what.contains(index))
        })
    };
    noted
        .iter()
        .filter(|(_, steps)| scans(steps))
        .map(|(sql, steps)| format!("{sql}\n  {}", steps.join("\n  ")))
        .collect()
}

/// A row or two of everything.
pub fn fill(conn: &Connection) {
    conn.execute_batch(
        r#"INSERT INTO dag_version VALUES (1, 'd', 1, 'h', '{"dag_id": "d", "tasks": {"t": {"task_id": "t", "operator": "X"}}}', '', 0),
            (2, 'd', 2, 'i', '{"dag_id": "d", "tasks": {"t": {"task_id": "t", "operator": "Y"}}}', '', 0);
        INSERT INTO dag (dag_id, fileloc, is_paused, version_id, timetable_summary, timetable_class, owners, tags, first_seen, last_parsed)
            VALUES ('d', '/d.py', 0, 1, '', '', '', '[]', 0, 0);
        INSERT INTO dag_run (id, dag_id, run_id, state, run_type, triggered_by, run_after, end_date, conf, dag_version)
            VALUES (1, 'd', 'one', 'success', 'manual', 'x', 1, 1, '{}', 1), (2, 'd', 'two', 'failed', 'manual', 'x', 2, 2, '{}', 2),
            (3, 'd', 'three', 'running', 'manual', 'x', 3, NULL, '{}', 2), (4, 'd', 'four', 'failed', 'manual', 'x', 4, 4, '{}', 2);
        INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, priority_weight, end_date)
            VALUES (1, 't', -1, 'success', 1, 0, 'X', 'default_pool', 1, 1, 1), (2, 't', -1, 'failed', 2, 0, 'X', 'default_pool', 1, 1, 2),
            (3, 't', -1, 'queued', 1, 0, 'X', 'default_pool', 1, 1, NULL);
        INSERT INTO audit (at, who, via, action, target, command, result) VALUES (2, 'me', 'cli', 'variable_set', 'v', '', 'ok');
        INSERT INTO backfill VALUES (1, 'd', 0, 0, '{}', 0, 'none', 1, 0, 0, NULL, NULL, 'me', 0, 0, NULL);
        INSERT INTO asset VALUES (1, 'a', 'a', '', '{}', 1, 0, 0);
        INSERT INTO asset_event (asset, timestamp, extra) VALUES (1, 1, '{}');"#,
    )
    .unwrap();
}

/// How many of some statements that do go through everything are found.
pub fn that_scan_of_those(conn: &Connection) -> usize {
    for sql in [
        "SELECT * FROM task_instance t WHERE t.state = 'up_for_retry'",
        "SELECT * FROM task_instance t WHERE t.pool = 'p'",
        "SELECT * FROM pool p LEFT JOIN task_instance t ON t.pool = p.name",
    ] {
        note(conn, sql);
    }
    that_scan().len()
}
