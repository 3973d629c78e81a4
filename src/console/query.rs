//! What the console asks the store and the log files, and what comes back.

use rusqlite::Connection;
use serde_json::Value;

use crate::{
    error::Result,
    model::{MapIndex, filter::Filter},
    store::screens::{
        Micros, TiRef,
        assets::{self, AssetRow},
        audit::{self, AuditRow},
        backfills::{self, BackfillRow, Held},
        calendar::{self, Calendar},
        compare::{self, Base, Compare},
        dags::{self, Dags},
        grid::{self, Grid},
        instance::{self, InstanceDetail},
        instances::{self, TiRow},
        page::{Page, Part},
        questions::{self, Question},
        run::{self, Graph, RunDetail},
        runs::{self, RunRow},
        settings::{self, Settings},
        system::{self, System},
        triage::{self, Triage},
        versions::{self, Versions},
        xcoms::{self, Xcoms},
    },
};

use super::{fields, place::Logs};

/// Acts that are read.
pub const LIMIT: usize = 3000;
/// Rows of a list that are read at a time; more when the cursor comes near their end.
pub const PAGE: usize = 400;
/// Runs of a grid.
pub const GRID_RUNS: usize = 60;

/// A question to the store.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // named after the screens
pub enum Query {
    Triage {
        now: Micros,
    },
    Dags,
    /// Runs, of one DAG or all: a part of those that fit a filter.
    Runs {
        dag_id: Option<String>,
        filter: String,
        part: Part,
        now: Micros,
    },
    /// Task instances of all DAGs, as above.
    Instances {
        filter: String,
        part: Part,
        now: Micros,
    },
    OfRun(i64),
    System,
    Grid {
        dag_id: String,
        unfolded: Vec<String>,
    },
    Run(i64),
    /// A DAG with the states of a run, or of its newest.
    Graph {
        dag_id: String,
        run: Option<i64>,
    },
    Instance(TiRef),
    /// The instance that made a run fail, with all that belongs to it.
    FailureOf {
        dag_id: String,
        run: i64,
    },
    /// XComs of a run, or of a task in it; compared with the run before.
    Xcoms(i64, Option<(String, MapIndex)>, bool),
    /// Acts, of all or about an object.
    Audit(Option<String>),
    Settings,
    Assets,
    /// The rows of some instances, for their logs.
    Logs(Logs),
    Backfills,
    /// Plans that are held for a moment.
    Held,
    /// What a task instance asks.
    Question(TiRef),
    Versions(String),
    Calendar {
        dag_id: String,
        now: Micros,
    },
    Compare(TiRef, u32, Base),
    /// A connection with its secret, for the form.
    Connection(String),
    /// The newest failed instance of a DAG, or of a run of it.
    Failure {
        dag_id: String,
        run: Option<i64>,
    },
    /// The definition of a DAG with its params, for the trigger form.
    Definition(String),
    /// A DAG itself.
    About(String),
    /// The ids of all DAGs, for the palette.
    Names,
}

/// Whose question it is. Of each of these only the newest question counts; an answer that nobody waits for any more isn't looked
/// for. The first ones are answered first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// A key that needs an answer before anything is shown.
    Errand,
    /// The screen.
    Screen,
    /// The line of held acts.
    Held,
    /// The palette.
    Names,
    /// The pane beside a list.
    Side,
}

/// An answer of the store.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs)]
pub enum Data {
    /// Not loaded yet.
    #[default]
    None,
    /// There is no store yet, or it has no tables: a scheduler makes them.
    NoStore,
    /// The object is gone.
    Gone,
    Triage(Triage),
    Dags(Dags),
    Runs(Page<RunRow>),
    Instances(Page<TiRow>),
    System(System),
    Grid(Box<Grid>),
    Run(Box<RunDetail>),
    Graph(Box<Graph>),
    Instance(Box<InstanceDetail>),
    Xcoms(Xcoms),
    Audit(Vec<AuditRow>),
    Settings(Settings),
    Assets(Vec<AssetRow>),
    Logs(Vec<TiRow>),
    Backfills(Vec<BackfillRow>),
    Held(Vec<Held>),
    Question(Option<Box<Question>>),
    Versions(Versions),
    Calendar(Calendar),
    Compare(Option<Box<Compare>>),
    Connection(Option<Value>),
    Failure(Option<TiRef>),
    Definition(Option<Box<crate::model::Dag>>),
    About(Box<dags::About>),
    Names(Vec<String>),
}

/// Asks the store.
pub fn answer(conn: &Connection, query: &Query) -> Result<Data> {
    Ok(match query {
        Query::Triage { now } => Data::Triage(triage::load(conn, *now)?),
        Query::Dags => Data::Dags(dags::load(conn)?),
        Query::Runs { dag_id, filter, part, now } => {
            // What can't be read as a filter narrows nothing; the screen says what is wrong with it.
            let filter = Filter::parse(filter).unwrap_or_default();
            let keep = |r: &RunRow| filter.matches(&fields::run(r, *now));
            Data::Runs(runs::load(conn, dag_id.as_deref(), &filter, keep, part)?)
        }
        Query::Instances { filter, part, now } => {
            let filter = Filter::parse(filter).unwrap_or_default();
            let keep = |t: &TiRow| filter.matches(&fields::ti(t, *now));
            Data::Instances(instances::load(conn, &filter, keep, part)?)
        }
        Query::OfRun(run) => Data::Instances(instances::of_run(conn, *run)?.into()),
        Query::System => Data::System(system::load(conn)?),
        Query::Grid { dag_id, unfolded } => Data::Grid(Box::new(grid::load(conn, dag_id, GRID_RUNS, unfolded)?)),
        Query::Run(id) => run::load(conn, *id)?.map_or(Data::Gone, |d| Data::Run(Box::new(d))),
        Query::Graph { dag_id, run } => {
            run::graph(conn, dag_id, *run)?.map_or(Data::Gone, |g| Data::Graph(Box::new(g)))
        }
        Query::FailureOf { dag_id, run } => {
            let found = instances::newest_failure(conn, dag_id, Some(*run))?;
            let detail = found.map(|ti| instance::load(conn, &ti)).transpose()?.flatten();
            detail.map_or(Data::Gone, |d| Data::Instance(Box::new(d)))
        }
        Query::Instance(ti) => instance::load(conn, ti)?.map_or(Data::Gone, |d| Data::Instance(Box::new(d))),
        Query::Xcoms(id, of, compared) => {
            let of = of.as_ref().map(|(task, index)| (task.as_str(), *index));
            Data::Xcoms(xcoms::of_run(conn, *id, of, *compared)?)
        }
        Query::Audit(about) => Data::Audit(audit::load(conn, about.as_deref(), LIMIT)?),
        Query::Backfills => Data::Backfills(backfills::load(conn)?),
        Query::Held => Data::Held(backfills::held(conn)?),
        Query::Question(ti) => Data::Question(questions::load(conn, Some(ti))?.into_iter().next().map(Box::new)),
        Query::Settings => Data::Settings(settings::load(conn)?),
        Query::Assets => Data::Assets(assets::load(conn)?),
        Query::Logs(Logs::These(all)) => Data::Logs(instances::these(conn, all)?),
        Query::Logs(Logs::Task(run, task)) => Data::Logs(instances::of_task(conn, run.id, task)?),
        Query::Versions(dag) => Data::Versions(versions::load(conn, dag)?),
        Query::Calendar { dag_id, now } => Data::Calendar(calendar::load(conn, dag_id, *now)?),
        Query::Compare(ti, number, base) => Data::Compare(compare::load(conn, ti, *number, base)?.map(Box::new)),
        Query::Connection(id) => Data::Connection(crate::store::connection::get(conn, id)?),
        Query::Failure { dag_id, run } => Data::Failure(instances::newest_failure(conn, dag_id, *run)?),
        Query::About(dag) => dags::about(conn, dag)?.map_or(Data::Gone, |d| Data::About(Box::new(d))),
        Query::Names => Data::Names(dags::names(conn)?),
        Query::Definition(dag) => Data::Definition(crate::store::screens::definition(conn, dag, None)?.map(Box::new)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        Store,
        screens::{RunRef, plans},
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
            let from =
                crate::store::screens::page::Position { at: at(9), run: at(9), task_id: "t".into(), map_index: -1 };
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
}
