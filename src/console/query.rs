//! What the console asks the store and the log files, and what comes back.

use rusqlite::Connection;
use serde_json::Value;

use crate::{
    command, config,
    error::Result,
    model::{ClusterHealth, MapIndex, yaml},
    secrets::mask::Mask,
    store::screens::{
        Micros, TiRef,
        assets::{self, AssetRow, EventRow},
        audit::{self, AuditRow},
        backfills::{self, BackfillRow},
        calendar::{self, Calendar},
        compare::{self, Base, Compare},
        dags::{self, Dags},
        grid::{self, Grid},
        instance::{self, InstanceDetail},
        instances::{self, Search, TiRow},
        names::{self, Names},
        outlook::{self, Outlook},
        page::{Page, Part},
        pod::{self, PodDetail},
        pods::{self, Clusters, PodRow},
        questions::{self, Question},
        run::{self, Graph, RunDetail},
        runs::{self, RunRow},
        settings::{self, Settings},
        system::{self, System},
        triage::{self, Triage},
        usual::Known,
        versions::{self, Versions},
        xcoms,
    },
};

pub use super::everywhere::{Everywhere, Health, is_blind};
use super::{everywhere, fields, inspected::Inspected, log::search::Hits, place::Logs};

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
    /// Task instances of a run, and how long they usually take if that is asked for.
    OfRun(i64, bool),
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
    /// Of all indexes of a task in a run the one that needs a person most, with all that belongs to it.
    WorstOf {
        run: i64,
        task_id: String,
    },
    /// XComs of a run, or of a task in it; compared with the run before.
    Xcoms(i64, Option<(String, MapIndex)>, bool),
    /// Acts, of all or about an object.
    Audit(Option<audit::Subject>),
    Settings,
    Assets,
    /// All that was said of an asset.
    AssetHistory(i64),
    /// The rows of some instances, for their logs.
    Logs(Logs),
    Backfills,
    /// What every screen shows.
    Everywhere(Vec<String>),
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
    /// A task instance by its names, or any of a run.
    Located {
        dag_id: String,
        run_id: String,
        task: Option<(String, MapIndex)>,
    },
    /// The newest failed instance of a DAG, or of a run of it.
    Failure {
        dag_id: String,
        run: Option<i64>,
    },
    /// The definition of a DAG with its params, for the trigger form.
    Definition(String),
    /// The newest task instance of a DAG, or of a run of it, that hasn't ended.
    Waiting {
        dag_id: String,
        run: Option<i64>,
    },
    /// A DAG itself.
    About(String),
    /// What has a name, for the palette.
    Names,
    /// What a form tells of a DAG besides its plan.
    Outlook(String),
    /// Pods that fit a filter, a part of them; also those that are gone.
    Pods {
        gone: bool,
        filter: String,
        part: Part,
        now: Micros,
    },
    /// A pod by its number.
    Pod(i64),
    /// The pod of a task instance's try, else its newest one.
    PodOf(TiRef, Option<u32>),
}

/// Whose question it is. Of each of these only the newest question counts; an answer that nobody waits for any more isn't looked
/// for. The first ones are answered first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// A key that needs an answer before anything is shown.
    Errand,
    /// The screen.
    Screen,
    /// What every screen shows.
    Everywhere,
    /// The palette.
    Names,
    /// A form, for what it tells besides its plan.
    Form,
    /// The pane beside a list.
    Side,
}

/// Pods, and how their clusters are.
#[derive(Debug, Clone, PartialEq)]
pub struct Pods {
    /// The newest that fit.
    pub page: Page<PodRow>,
    /// Their clusters.
    pub clusters: Clusters,
}

/// A pod among those of its task instance. What may be secret is masked.
#[derive(Debug, Clone, PartialEq)]
pub struct PodShown {
    /// The pod.
    pub detail: PodDetail,
    /// All pods of its task instance, oldest first.
    pub all: Vec<PodRow>,
    /// Its manifest as YAML.
    pub yaml: String,
    /// What is said about pods of its namespace may not be read.
    pub events_hidden: bool,
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
    Xcoms(Box<Inspected>),
    Audit(Vec<AuditRow>),
    Settings(Settings),
    Assets(Vec<AssetRow>),
    AssetHistory(Vec<EventRow>),
    Logs(Vec<TiRow>),
    /// What was found in all logs so far; it isn't the store's.
    Hits(Box<Hits>),
    Backfills(Vec<BackfillRow>),
    Everywhere(Box<Everywhere>),
    Question(Option<Box<Question>>),
    Versions(Versions),
    Calendar(Calendar),
    Compare(Option<Box<Compare>>),
    Connection(Option<Value>),
    Failure(Option<TiRef>),
    /// And whether it is paused.
    Definition(Option<(Box<crate::model::Dag>, bool)>),
    About(Box<dags::About>),
    Names(Names),
    Outlook(Box<Outlook>),
    Pods(Pods),
    /// `None`: the task instance has no pod.
    Pod(Option<Box<PodShown>>),
}

impl Query {
    /// It asks for more of a list whose start is known.
    pub fn goes_on(&self) -> bool {
        match self {
            Self::Runs { part, .. } | Self::Instances { part, .. } | Self::Pods { part, .. } => part.after.is_some(),
            _ => false,
        }
    }
}

/// What is kept from one answer to the next.
#[derive(Debug, Default)]
pub struct Kept {
    /// The last search for instances, and its filter.
    search: Option<(String, Search)>,
}

/// Asks the store.
pub fn answer(conn: &Connection, query: &Query, kept: &mut Kept) -> Result<Data> {
    Ok(match query {
        Query::Triage { now } => Data::Triage(triage::load(conn, *now)?),
        Query::Dags => Data::Dags(dags::load(conn)?),
        Query::Runs { dag_id, filter, part, now } => {
            // What can't be read as a filter narrows nothing; the screen says what is wrong with it.
            let filter = command::filter(filter).unwrap_or_default();
            let known = Known::new(conn);
            let usual = |r: &RunRow| if filter.asks_usual() { known.of(&r.run.dag_id, "") } else { Vec::new() };
            let keep = |r: &RunRow| filter.matches(&fields::run(r, *now).beside(&usual(r)));
            let mut page = runs::load(conn, dag_id.as_deref(), &filter, keep, part)?;
            page.usual = known.all();
            Data::Runs(page)
        }
        Query::Instances { filter: text, part, now } => {
            let filter = command::filter(text).unwrap_or_default();
            let (_, search) = match kept.search.take() {
                Some(begun) if part.after.is_some() && begun.0 == *text => kept.search.insert(begun),
                _ => kept.search.insert((text.clone(), Search::new(conn, &filter, *now)?)),
            };
            let known = Known::new(conn);
            let usual =
                |t: &TiRow| if filter.asks_usual() { known.of(&t.ti.run.dag_id, &t.ti.task_id) } else { Vec::new() };
            let keep = |t: &TiRow| filter.matches(&fields::ti(t, *now).beside(&usual(t)));
            let mut page = instances::load(conn, search, keep, part)?;
            page.usual = known.all();
            Data::Instances(page)
        }
        Query::OfRun(run, usual) => {
            let mut page: Page<TiRow> = instances::of_run(conn, *run)?.into();
            if *usual {
                let known = Known::new(conn);
                page.iter().for_each(|t| drop(known.of(&t.ti.run.dag_id, &t.ti.task_id)));
                page.usual = known.all();
            }
            Data::Instances(page)
        }
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
        Query::WorstOf { run, task_id } => {
            let found = instances::worst_of(conn, *run, task_id)?;
            let detail = found.map(|ti| instance::load(conn, &ti)).transpose()?.flatten();
            detail.map_or(Data::Gone, |d| Data::Instance(Box::new(d)))
        }
        Query::Instance(ti) => instance::load(conn, ti)?.map_or(Data::Gone, |d| Data::Instance(Box::new(d))),
        Query::Xcoms(id, of, compared) => {
            let of = of.as_ref().map(|(task, index)| (task.as_str(), *index));
            Data::Xcoms(Box::new(Inspected::new(xcoms::of_run(conn, *id, of, *compared)?)))
        }
        Query::Audit(about) => Data::Audit(audit::load(conn, about.as_ref(), LIMIT)?),
        Query::Backfills => Data::Backfills(backfills::load(conn)?),
        Query::Everywhere(plans) => Data::Everywhere(Box::new(everywhere::load(conn, plans)?)),
        Query::Question(ti) => Data::Question(questions::load(conn, Some(ti))?.into_iter().next().map(Box::new)),
        Query::Settings => Data::Settings(settings::load(conn)?),
        Query::Assets => Data::Assets(assets::load(conn)?),
        Query::AssetHistory(id) => Data::AssetHistory(assets::events(conn, *id, assets::MOST_EVENTS)?),
        Query::Logs(Logs::These(all)) => Data::Logs(instances::these(conn, all)?),
        Query::Logs(Logs::Task(run, task)) => Data::Logs(instances::of_task(conn, run.id, task)?),
        Query::Versions(dag) => Data::Versions(versions::load(conn, dag)?),
        Query::Calendar { dag_id, now } => Data::Calendar(calendar::load(conn, dag_id, *now)?),
        Query::Compare(ti, number, base) => Data::Compare(compare::load(conn, ti, *number, base)?.map(Box::new)),
        Query::Connection(id) => Data::Connection(crate::store::connection::get(conn, id)?),
        Query::Failure { dag_id, run } => Data::Failure(instances::newest_failure(conn, dag_id, *run)?),
        Query::Located { dag_id, run_id, task } => {
            let task = task.as_ref().map(|(id, index)| (id.as_str(), *index));
            Data::Failure(instances::named(conn, dag_id, run_id, task)?)
        }
        Query::Waiting { dag_id, run } => Data::Failure(instances::newest_waiting(conn, dag_id, *run)?),
        Query::About(dag) => dags::about(conn, dag)?.map_or(Data::Gone, |d| Data::About(Box::new(d))),
        Query::Names => Data::Names(names::load(conn)?),
        Query::Outlook(dag) => Data::Outlook(Box::new(outlook::load(conn, dag)?)),
        Query::Pods { gone, filter, part, now } => {
            let filter = command::filter(filter).unwrap_or_default();
            let keep = |p: &PodRow| filter.matches(&fields::pod(p, *now));
            Data::Pods(Pods { page: pods::list(conn, None, *gone, keep, part)?, clusters: pods::clusters(conn)? })
        }
        Query::Pod(id) => match pod::load(conn, *id)? {
            Some(detail) => Data::Pod(Some(Box::new(shown(conn, detail)?))),
            None => Data::Gone,
        },
        Query::PodOf(ti, number) => {
            let all = pods::of_instance(conn, ti)?;
            let of_try = all.iter().rev().find(|p| number.is_some_and(|n| p.try_number == n));
            match of_try.or(all.last()).map(|p| pod::load(conn, p.id)).transpose()?.flatten() {
                Some(detail) => Data::Pod(Some(Box::new(shown(conn, detail)?))),
                None => Data::Pod(None),
            }
        }
        Query::Definition(dag) => Data::Definition(match crate::store::screens::definition(conn, dag, None)? {
            Some(found) => Some((Box::new(found), dags::is_paused(conn, dag)?)),
            None => None,
        }),
    })
}

/// A pod with its siblings; what may be secret is masked.
fn shown(conn: &Connection, mut detail: PodDetail) -> Result<PodShown> {
    // The store lies in the home, as do the settings that tell what is secret.
    let home = conn.path().and_then(|path| std::path::Path::new(path).parent()).map(std::path::Path::to_owned);
    let settings = config::Settings::load(&home.unwrap_or_default().join("dagdeck.toml"), std::env::vars())?;
    let mask = Mask::load(conn, &settings)?;
    mask.hide_in_manifest(&mut detail.manifest);
    for change in detail.diff.iter_mut().chain(&mut detail.try_diff).flat_map(|d| &mut d.changes) {
        let sides = [&change.before, &change.after];
        let has_secret = sides.into_iter().flatten().any(|text| mask.hide_text(text).is_some());
        if mask.is_sensitive(&change.name) || has_secret {
            change.mask();
        }
    }
    let hides = |h: &ClusterHealth| is_blind(h) && h.what == "events" && h.namespace == detail.row.namespace;
    let events_hidden = pods::clusters(conn)?.health.iter().any(hides);
    let (all, yaml) = (pods::of_instance(conn, &detail.row.ti)?, yaml::emit(&detail.manifest));
    Ok(PodShown { all, yaml, events_hidden, detail })
}
