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
