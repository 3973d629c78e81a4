//! Every question of the console, and how SQLite finds what it asks for.

use crate::store::{
    Store,
    screens::{RunRef, TiRef, audit::Subject, compare::Base, page::Part, plans},
};

use super::{
    place::Logs,
    query::{Kept, Query, answer},
};

#[test]
fn nothing_is_read_by_going_through_all_runs_or_task_instances() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("dagdeck.db")).unwrap();
    let conn = store.reader();
    plans::fill(conn);
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
        Query::OfRun(2, true),
        Query::System,
        Query::Grid { dag_id: dag.clone(), unfolded: vec!["t".into()] },
        Query::Run(3),
        Query::Graph { dag_id: dag.clone(), run: None },
        Query::Instance(ti(run(2, "two"))),
        Query::Instance(ti(run(3, "three"))),
        Query::FailureOf { dag_id: dag.clone(), run: 2 },
        Query::Xcoms(2, None, true),
        Query::Audit(None),
        Query::Audit(Some(Subject::Work {
            dag_id: dag.clone(),
            run_id: Some("two".into()),
            task: Some(("t".into(), -1)),
            fingerprint: None,
        })),
        Query::Waiting { dag_id: dag.clone(), run: None },
        Query::Waiting { dag_id: dag.clone(), run: Some(2) },
        Query::Settings,
        Query::Assets,
        Query::Logs(Logs::These(vec![ti(run(2, "two"))])),
        Query::Logs(Logs::Task(run(2, "two"), "t".into())),
        Query::Backfills,
        Query::Everywhere(Vec::new()),
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
    let mut kept = Kept::default();
    for query in all {
        answer(conn, &query, &mut kept).unwrap();
        assert_eq!(plans::that_scan(), [""; 0], "{query:?}");
    }
    // It does see them.
    assert_eq!(plans::that_scan_of_those(conn), 3);
}
