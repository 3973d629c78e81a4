//! That what is kept of tasks (`seen`) is what their rows say, and what keeping it costs the writer: counted in rows that are
//! written and in steps of SQLite.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;

use super::{
    Store,
    gate::Refused,
    load, run,
    screens::{
        dags::run_counts,
        instances::{self, Search},
        page::Part,
    },
    seen,
};
use crate::model::{
    Cause, CauseKind, Change, RunChange, RunId, RunState, TaskInstance, TiChange, TiKey, TiState, filter::Filter,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000 + seconds).unwrap()
}

/// A store with a run of `d` and so many indexes of its task `t`.
fn store(indexes: i32) -> (tempfile::TempDir, Store, Vec<TaskInstance>) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(&dir.path().join("dagdeck.db")).unwrap();
    let sql = "INSERT INTO dag_run (id, dag_id, run_id, state, run_type, triggered_by, run_after, conf, dag_version)
        VALUES (1, 'd', 'r', 'running', 'manual', 'cli', 0, '{}', 1)";
    store.db.execute(sql, []).unwrap();
    let key = |map_index| TiKey { run: RunId(1), task_id: "t".into(), map_index };
    let rows = (0..indexes).map(|i| TaskInstance::new(key(i), "BashOperator", 0)).collect();
    apply(&mut store, Change::Expand { run: RunId(1), task_id: "t".into(), replaces_unmapped: false, rows });
    let rows = load::instances(store.reader(), RunId(1)).unwrap();
    (dir, store, rows)
}

fn apply(store: &mut Store, change: Change) {
    assert_eq!(store.apply(&[change]).unwrap(), Refused::default());
}

/// An instance becomes another one.
fn step(store: &mut Store, row: &mut TaskInstance, to: TiState, seconds: i64, why: Option<&str>) {
    let from = std::mem::replace(&mut row.state, to);
    let cause = why.map(|summary| Cause {
        kind: CauseKind::Exception,
        summary: summary.into(),
        exception: Some("ValueError".into()),
        exit_code: None,
        fingerprint: "f".into(),
    });
    apply(store, Change::Ti(Box::new(TiChange { from, row: row.clone(), cause, at: at(seconds) })));
}

/// Queued, running, ended so.
fn live(store: &mut Store, row: &TaskInstance, seconds: i64, end: TiState, why: Option<&str>) {
    let mut row = row.clone();
    row.try_number = 1;
    step(store, &mut row, TiState::Queued, 0, None);
    row.start_date = Some(at(0));
    step(store, &mut row, TiState::Running, 0, None);
    row.end_date = Some(at(seconds));
    step(store, &mut row, end, seconds, why);
}

fn one<T: rusqlite::types::FromSql>(store: &Store, sql: &str) -> T {
    store.db.query_row(sql, [], |r| r.get(0)).unwrap()
}

#[test]
fn what_is_known_is_not_written_again() {
    const LIVES: usize = 60;
    let (_dir, mut store, rows) = store(LIVES as i32 + 2);
    // The first two say what is new: how short and how long it may take.
    live(&mut store, &rows[0], 1, TiState::Success, None);
    live(&mut store, &rows[1], 1000, TiState::Success, None);
    let before: i64 = one(&store, "SELECT total_changes()");
    let steps = Arc::new(AtomicU64::new(0));
    let counted = steps.clone();
    let count = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    };
    store.db.progress_handler(1, Some(count)).unwrap();
    for (n, row) in rows[2..].iter().enumerate() {
        live(&mut store, row, 2 + n as i64, TiState::Success, None);
    }
    let steps = steps.load(Ordering::Relaxed) / LIVES as u64;
    // The instance and its try, each time it is another one.
    let written = one::<i64>(&store, "SELECT total_changes()") - before;
    println!("{steps} steps of SQLite and {} rows for a life", written / LIVES as i64);
    assert_eq!(written, LIVES as i64 * 6);
    assert!(steps < 900, "{steps} steps; without all of this it were 732");
}

#[test]
fn it_says_what_the_rows_say() {
    let (_dir, mut store, rows) = store(40);
    store
        .transaction(|tx| {
            for n in [3, 4] {
                run::set_note(tx, RunId(1), Some(("t", n)), Some(&format!("ask lee, ticket {n}")))?;
            }
            Ok(())
        })
        .unwrap();
    for (n, row) in rows.iter().enumerate().take(30) {
        let mut row = row.clone();
        row.rendered_map_index = Some(format!("part {n}"));
        let (end, why) = match n % 3 {
            0 => (TiState::Failed, Some(format!("row {n} is bad"))),
            1 => (TiState::Skipped, None),
            _ => (TiState::Success, None),
        };
        live(&mut store, &row, n as i64 + 1, end, why.as_deref());
    }
    let counts: Option<String> = one(&store, "SELECT counts FROM dag_run");
    assert_eq!(counts, None, "a run that goes on is counted by who looks");
    let mut ended = load::active_runs(store.reader()).unwrap().remove(0);
    (ended.state, ended.end_date) = (RunState::Failed, Some(at(50)));
    let change = RunChange { from: RunState::Running, row: ended, reason: "timed_out".into(), at: at(50) };
    apply(&mut store, Change::Run(Box::new(change)));
    // One ends after its run, in a pool that was changed meanwhile.
    let mut late = rows[35].clone();
    late.pool = "gpu".into();
    live(&mut store, &late, 90, TiState::Success, None);
    let kept = |store: &Store| {
        let seen =
            "SELECT json_group_array(json_array(dag_id, task_id, operator, pool, shortest, longest, highest_index))
            FROM task_seen";
        let states = "SELECT group_concat(states, '') FROM task_seen";
        let mut said: Vec<String> = Vec::new();
        let mut texts = store.db.prepare("SELECT kind || ' ' || text FROM task_said").unwrap();
        for text in texts.query_map([], |r| r.get::<_, String>(0)).unwrap() {
            said.push(seen::collapsed(&text.unwrap()));
        }
        said.sort();
        said.dedup();
        let mut states: Vec<String> = one::<String>(store, states).split(',').map(str::to_owned).collect();
        states.sort();
        states.dedup();
        let late: i64 = one(store, "SELECT count(*) FROM run_ended_before");
        (one::<String>(store, seen), states, said, late, one::<Option<String>>(store, "SELECT counts FROM dag_run"))
    };
    let kept_by_gate = kept(&store);
    seen::recount(store.reader()).unwrap();
    assert_eq!(kept_by_gate, kept(&store));
    assert_eq!(kept_by_gate.2, ["cause ValueError: row 0 is bad", "name part 0", "note ask lee, ticket 0"]);
    assert_eq!(kept_by_gate.3, 1);
    let counts = run_counts(store.reader(), 1).unwrap();
    assert_eq!((counts.get(TiState::Success), counts.get(TiState::None), counts.total()), (11, 9, 40));
}

#[test]
fn a_task_that_says_very_much_may_say_anything() {
    let (_dir, mut store, rows) = store(300);
    // Letters for digits, since numbers don't count.
    let word = |n: i32| n.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect::<String>();
    store
        .transaction(|tx| {
            for row in &rows {
                run::set_note(tx, RunId(1), Some(("t", row.key.map_index)), Some(&word(row.key.map_index)))?;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(one::<i64>(&store, "SELECT count(*) FROM task_said"), seen::MOST_SAID as i64);
    let found = |text: &str| {
        let filter = Filter::parse(&format!("note:{text}")).unwrap();
        let search = Search::new(store.reader(), &filter, 0).unwrap();
        let page = instances::load(
            store.reader(),
            &search,
            |row| row.note.as_deref() == Some(text),
            &Part { after: None, limit: 10 },
        );
        let page = page.unwrap();
        (page.rows.len(), page.seen)
    };
    // The last of them isn't among the texts that are kept. What nobody said is looked for in vain.
    assert_eq!(found(&word(299)), (1, 300));
    assert_eq!(found("nobody"), (0, 300));
    store.db.execute("DELETE FROM task_said WHERE text < 'c'", []).unwrap();
    assert_eq!(found("nobody"), (0, 0));
}

/// A store of the version before, with rows that its triggers saw.
#[test]
fn an_older_store_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dagdeck.db");
    let before = super::MIGRATIONS.iter().position(|sql| sql.contains("DROP TRIGGER")).unwrap();
    let old = rusqlite::Connection::open(&path).unwrap();
    super::MIGRATIONS[..before].iter().for_each(|sql| old.execute_batch(sql).unwrap());
    old.pragma_update(None, "user_version", before as i64).unwrap();
    old.execute_batch(
        "INSERT INTO dag_run (id, dag_id, run_id, state, run_type, triggered_by, run_after, end_date, conf, dag_version)
             VALUES (1, 'd', 'r', 'failed', 'manual', 'cli', 0, 9, '{}', 1), (2, 'd', 's', 'running', 'manual', 'cli', 0, NULL, '{}', 1);
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 299)
         INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, priority_weight, note)
             SELECT 1 + i % 2, 't', i, 'failed', 1, 0, 'X', 'default_pool', 1, 1, 'note ' || i FROM n;",
    )
    .unwrap();
    drop(old);
    let refused = Store::open_reader(&path).unwrap_err();
    assert!(refused.to_string().contains("older version"), "{refused}");
    let store = Store::open(&path).unwrap();
    assert!(Store::open_reader(&path).unwrap().is_some());
    assert_eq!(one::<i64>(&store, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), 0);
    assert_eq!(one::<String>(&store, "SELECT json_group_array(counts) FROM dag_run"), r#"["{\"failed\":150}",null]"#);
    assert_eq!(one::<i64>(&store, "SELECT count(*) FROM task_said"), seen::MOST_SAID as i64);
    assert_eq!(run_counts(store.reader(), 2).unwrap().get(TiState::Failed), 150);
}
