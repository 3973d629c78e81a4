//! Every question of the console, and how SQLite finds what it asks for.

use crate::store::{
    Store,
    screens::{RunRef, TiRef, compare::Base, page::Part, plans},
};

use super::{
    place::Logs,
    query::{Query, answer},
};

#[test]
fn nothing_is_read_by_going_through_all_runs_or_task_instances() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("dagdeck.db")).unwrap();
    let conn = store.reader();
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
    let run = |id: i64, name: &str| RunRef { id, dag_id: "d".into(), run_id: name.into() };
    let ti = |run: RunRef| TiRef { run, task_id: "t".into(), map_index: -1 };
    let (dag, now) = ("d".to_owned(), 10);
    let part = |after: bool| {
        let at = |n| std::cmp::Reverse(n);
        let from = crate::store::screens::page::Position { at: at(9), run: at(9), task_id: "t".into(), map_index: -1 };
        Part { after: after.then_some(from), limit: 10 }
    };
    let mut all = vec![
        Query::Triage { now },
        Query::Dags,
        Query::OfRun(2),
        Query::System,
        Query::Grid { dag_id: dag.clone(), unfolded: vec!["t".into()] },
        Query::Run(3),
        Query::Graph { dag_id: dag.clone(), run: None },
        Query::Instance(ti(run(2, "two"))),
        Query::Instance(ti(run(3, "three"))),
        Query::FailureOf { dag_id: dag.clone(), run: 2 },
        Query::Xcoms(2, None, true),
        Query::Audit(Some("t".into())),
        Query::Settings,
        Query::Assets,
        Query::Logs(Logs::These(vec![ti(run(2, "two"))])),
        Query::Logs(Logs::Task(run(2, "two"), "t".into())),
        Query::Backfills,
        Query::Held,
        Query::Question(ti(run(2, "two"))),
        Query::Versions(dag.clone()),
        Query::Calendar { dag_id: dag.clone(), now },
        Query::Compare(ti(run(2, "two")), 0, Base::LastSuccess),
        Query::Compare(ti(run(3, "three")), 0, Base::RunBefore),
        Query::Connection("c".into()),
        Query::Failure { dag_id: dag.clone(), run: None },
        Query::Failure { dag_id: dag.clone(), run: Some(2) },
        Query::Definition(dag.clone()),
        Query::About(dag.clone()),
        Query::Names,
        Query::Pod(1),
        Query::PodOf(ti(run(2, "two")), None),
    ];
    for filter in [
        "",
        "text",
        "state:failed",
        "state:running,queued",
        "state:success",
        "dag:d",
        "dag:d,e",
        "dag:d state:failed pool:x",
    ] {
        for after in [false, true] {
            let (filter, part) = (filter.to_owned(), part(after));
            all.push(Query::Instances { filter: filter.clone(), part: part.clone(), now });
            all.push(Query::Runs { dag_id: None, filter: filter.clone(), part: part.clone(), now });
            all.push(Query::Runs { dag_id: Some(dag.clone()), filter, part, now });
        }
    }
    for query in all {
        answer(conn, &query).unwrap();
        assert_eq!(plans::that_scan(), [""; 0], "{query:?}");
    }
    // It does see one.
    plans::note(conn, "SELECT * FROM task_instance t WHERE t.state = 'up_for_retry'");
    plans::note(conn, "SELECT * FROM task_instance t WHERE t.pool = 'p'");
    plans::note(conn, "SELECT * FROM pool p LEFT JOIN task_instance t ON t.pool = p.name");
    assert_eq!(plans::that_scan().len(), 3);
}
