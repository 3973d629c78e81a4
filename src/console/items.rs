//! Lines of a list, made from what was read: what each is, its id, the object that verbs act on.

use std::{borrow::Cow, cmp::Reverse};

use crate::{
    model::{Diagnostic, RunState, TiState, filter::Filter},
    store::screens::{
        TiRef,
        instances::TiRow,
        label,
        page::Walk,
        runs::RunRow,
        settings::{ConnectionRow, Settings},
        system::PoolUse,
    },
};

use super::{
    comparison, fields, needs, orders,
    place::{Logs, Object, Place, Setting},
    pods::{self, Fact, PodOf},
    query::Data,
    screen::Screen,
    tree,
};

/// What a line is, and where its data is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A heading with how many lines follow.
    Heading(Cow<'static, str>, usize),
    /// A group of failures.
    Group,
    /// A run that failed without a failed task.
    FailedRun,
    /// A file that doesn't import.
    FileError,
    /// An instance that waits for its next try.
    Retry,
    /// An instance that waits for a slot.
    Stuck,
    /// An instance that can never run as things are.
    Never,
    /// An overdue DAG.
    Late,
    /// A run that missed its deadline, or will.
    Due,
    /// A running instance that takes longer than usual.
    Slow,
    /// A DAG.
    Dag,
    /// A run.
    Run,
    /// A task instance.
    Ti,
    /// An XCom.
    Xcom,
    /// An XCom that only the run before has.
    GoneXcom,
    /// An act.
    Act,
    /// A pool, connection or variable.
    Setting(Setting),
    /// A version.
    Version,
    /// A backfill.
    Backfill,
    /// An asset.
    Asset,
    /// A line of some log.
    Hit,
    /// Long work that is under way.
    Job,
    /// A task that asks.
    Question,
    /// A day of the week.
    Weekday,
    /// A line of a comparison.
    Pair,
    /// What two pods used, as curves beside each other.
    Curve,
    /// A line of two logs beside each other.
    LogPair,
    /// A pod.
    Pod,
    /// A fact about a pod.
    PodFact(Fact),
    /// A container of a pod.
    Container,
    /// What a cluster said about a pod.
    PodEvent,
    /// A group of tasks; folded.
    TreeGroup(bool),
    /// A task; for a mapped one: whether it is folded.
    TreeTask(Option<bool>),
    /// One index of a mapped task.
    TreeIndex(i32),
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Stays the same when the data is read again.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Index in its part of the data.
    pub at: usize,
    /// Depth in a tree.
    pub depth: u16,
    /// What verbs act on.
    pub object: Object,
    /// It needs a person.
    pub problem: bool,
}

impl Item {
    /// A heading is never under the cursor.
    pub fn is_heading(&self) -> bool {
        matches!(self.kind, Kind::Heading(..))
    }
    /// A line that is no part of a tree.
    pub fn new(id: String, kind: Kind, at: usize, object: Object, problem: bool) -> Self {
        Self { id, kind, at, depth: 0, object, problem }
    }
}

/// Id of a task instance's line.
pub fn ti_id(ti: &TiRef) -> String {
    format!("ti:{}:{}:{}", ti.run.id, ti.task_id, ti.map_index)
}

/// The lines of a screen, and how many there would be without the filter.
pub fn build(screen: &Screen, filter: &Filter) -> (Vec<Item>, usize) {
    let mut items = match &screen.data {
        Data::Triage(_) => needs::triage(screen, filter),
        Data::Grid(_) | Data::Run(_) => return tree::build(screen, filter),
        Data::Pods(all) => return pods::list(screen, all, filter),
        Data::Pod(Some(shown)) if matches!(screen.place, Place::Pod(_)) => pods::one(screen, shown, filter),
        _ => plain(screen, filter),
    };
    if screen.only_problems {
        items.0.retain(|i| i.problem);
    }
    items
}

fn plain(screen: &Screen, filter: &Filter) -> (Vec<Item>, usize) {
    let mut items = Vec::new();
    let mut total = 0;
    let now = screen.loaded_at.unwrap_or(0);
    match &screen.data {
        Data::Dags(dags) => {
            total = dags.dags.len() + dags.errors.len();
            for (at, d) in dags.dags.iter().enumerate() {
                if !filter.matches(&fields::dag(d, now).beside(&d.pace().sorted())) {
                    continue;
                }
                let problem = d.import_errors || d.runs.first().is_some_and(|r| r.state == RunState::Failed);
                let object = Object::Dag(d.dag_id.clone(), Some(d.paused));
                items.push(Item::new(format!("dag:{}", d.dag_id), Kind::Dag, at, object, problem));
            }
            orders::sort_dags(&mut items, dags, screen.sort);
            items.extend(file_errors(&dags.errors, filter));
        }
        Data::Runs(runs) => {
            total = runs.seen;
            let usual =
                |r: &RunRow| runs.usual.get(&(r.run.dag_id.clone(), String::new())).map_or(&[][..], Vec::as_slice);
            let fits = |r: &RunRow| filter.matches(&fields::run(r, now).beside(usual(r)));
            for (at, r) in runs.iter().enumerate().filter(|(_, r)| fits(r)) {
                let object = Object::Run(r.run.clone(), r.state);
                let failed = r.state == RunState::Failed;
                items.push(Item::new(format!("run:{}", r.run.id), Kind::Run, at, object, failed));
            }
            orders::sort_runs(&mut items, runs, screen.sort, now);
        }
        Data::Instances(rows) => {
            total = rows.seen;
            let usual = |t: &TiRow| {
                let key = (t.ti.run.dag_id.clone(), t.ti.task_id.clone());
                rows.usual.get(&key).map_or(&[][..], Vec::as_slice)
            };
            let fits = |t: &TiRow| filter.matches(&fields::ti(t, now).beside(usual(t)));
            for (at, t) in rows.iter().enumerate().filter(|(_, t)| fits(t)) {
                items.push(ti_item(Kind::Ti, at, t));
            }
            // Within a run the newest start is first; what failed stands by its end.
            if screen.is_paged() && rows.walk != Walk::Failed {
                let key = |i: &Item| {
                    (Reverse(rows[i.at].run_after), Reverse(rows[i.at].ti.run.id), Reverse(rows[i.at].start))
                };
                items.sort_by_key(key);
            }
            orders::sort_instances(&mut items, rows, screen.sort, now);
        }
        Data::System(system) => {
            let errors: Vec<Item> = file_errors(&system.errors, filter).collect();
            total = screen.jobs.len() + distinct(&system.errors).count();
            let jobs = screen.jobs.iter().enumerate().filter(|(_, j)| filter.matches(&fields::named(&j.what, "")));
            items.extend(jobs.map(|(at, job)| job.item(at)));
            if !errors.is_empty() && !items.is_empty() {
                let heading = Kind::Heading(NOT_IMPORTED.into(), errors.len());
                items.push(Item::new("heading:files".into(), heading, 0, Object::None, true));
            }
            items.extend(errors);
        }
        Data::Xcoms(xcoms) => {
            let Place::Xcom(run, ..) = &screen.place else { return (items, total) };
            let gone = xcoms.base().into_iter().flat_map(|(_, theirs)| theirs).enumerate();
            let gone =
                gone.filter(|(_, x)| !xcoms.rows.iter().any(|y| y.names(x))).map(|(at, x)| (at, x, Kind::GoneXcom));
            let all: Vec<_> = xcoms.rows.iter().enumerate().map(|(at, x)| (at, x, Kind::Xcom)).chain(gone).collect();
            total = all.len();
            for (at, x, kind) in all.into_iter().filter(|(_, x, _)| filter.matches(&fields::xcom(x))) {
                let ti = TiRef { run: run.clone(), task_id: x.task_id.clone(), map_index: x.map_index };
                let id = format!("xcom:{}:{}:{}", x.task_id, x.map_index, x.key);
                // With a comparison `!` shows what differs.
                let differs = xcoms.base().is_some_and(|(_, theirs)| {
                    theirs.iter().find(|y| y.names(x)).is_none_or(|y| y.value != x.value) || kind == Kind::GoneXcom
                });
                items.push(Item::new(id, kind, at, Object::Ti(ti, TiState::Success), differs));
            }
            orders::sort_xcoms(&mut items, xcoms, screen.sort);
        }
        Data::Audit(rows) => {
            total = rows.len();
            for (at, a) in rows.iter().enumerate().filter(|(_, a)| filter.matches(&fields::act(a, now))) {
                items.push(Item::new(format!("act:{}", a.id), Kind::Act, at, Object::None, a.result != "ok"));
            }
            orders::sort_acts(&mut items, rows, screen.sort);
        }
        Data::Hits(found) => {
            total = found.hits.len();
            for (at, h) in found.hits.iter().enumerate().filter(|(_, h)| filter.matches(&fields::hit(h, now))) {
                let name = label(&h.task_id, h.map_index);
                let id = format!("hit:{}:{}:{name}:{}:{}", h.dag_id, h.run_id, h.try_number, h.offset);
                items.push(Item::new(id, Kind::Hit, at, Object::Dag(h.dag_id.clone(), None), false));
            }
        }
        Data::Settings(s) => return settings(s, filter),
        Data::Backfills(all) => {
            total = all.len();
            for (at, b) in all.iter().enumerate().filter(|(_, b)| filter.matches(&fields::backfill(b, now))) {
                let object = Object::Backfill(b.id, b.dag_id.clone(), b.paused, b.done());
                let failed = b.count(RunState::Failed) > 0;
                items.push(Item::new(format!("backfill:{}", b.id), Kind::Backfill, at, object, failed));
            }
            orders::sort_backfills(&mut items, all, screen.sort);
        }
        Data::Assets(all) => {
            total = all.len();
            for (at, a) in all.iter().enumerate().filter(|(_, a)| filter.matches(&fields::asset(a, now))) {
                // What is triggered is the DAG that makes it.
                let maker = a.makers.first().map(|(dag, _)| dag).or(a.followers.first());
                let object = maker.map_or(Object::None, |dag| Object::Dag(dag.clone(), None));
                items.push(Item::new(format!("asset:{}", a.id), Kind::Asset, at, object, a.late(now)));
            }
            orders::sort_assets(&mut items, all, screen.sort);
        }
        Data::Versions(v) => {
            total = v.rows.len();
            let (Place::Versions(dag) | Place::Source(dag, _)) = &screen.place else { return (items, total) };
            for (at, row) in v.rows.iter().enumerate() {
                let object = Object::Version(dag.clone(), row.number);
                items.push(Item::new(format!("version:{}", row.id), Kind::Version, at, object, row.runs.1 > 0));
            }
        }
        Data::Calendar(_) => {
            let Place::Calendar(dag) = &screen.place else { return (items, total) };
            total = 7;
            for at in 0..7 {
                items.push(Item::new(format!("day:{at}"), Kind::Weekday, at, Object::Dag(dag.clone(), None), false));
            }
        }
        Data::Compare(Some(c)) => return comparison::lines(screen, c, filter),
        _ => {}
    }
    (items, total)
}

fn settings(s: &Settings, filter: &Filter) -> (Vec<Item>, usize) {
    let mut items = Vec::new();
    let mut part = |title: &'static str, kind: Setting, names: Vec<(&str, String, bool)>| {
        let lines: Vec<_> =
            names.iter().enumerate().filter(|(_, n)| filter.matches(&fields::named(n.0, &n.1))).collect();
        items.push(Item::new(
            format!("heading:{title}"),
            Kind::Heading(title.into(), lines.len()),
            0,
            Object::None,
            true,
        ));
        for (at, (name, _, problem)) in lines {
            let object = Object::Setting(kind, (*name).to_owned());
            items.push(Item::new(format!("{}:{name}", kind.noun()), Kind::Setting(kind), at, object, *problem));
        }
    };
    let full = |p: &PoolUse| p.slots >= 0 && p.running + p.queued >= p.slots && p.waiting > 0;
    part("POOLS", Setting::Pool, s.pools.iter().map(|p| (p.name.as_str(), String::new(), full(p))).collect());
    let about = |c: &ConnectionRow| format!("{} {} {}", c.conn_type, c.host, c.description);
    part(
        "CONNECTIONS",
        Setting::Connection,
        s.connections.iter().map(|c| (c.conn_id.as_str(), about(c), false)).collect(),
    );
    let variables = s.variables.iter().map(|v| (v.key.as_str(), v.description.clone(), false)).collect();
    part("VARIABLES", Setting::Variable, variables);
    (items, s.pools.len() + s.connections.len() + s.variables.len())
}

pub(super) fn ti_item(kind: Kind, at: usize, t: &TiRow) -> Item {
    let problem = matches!(t.state, TiState::Failed | TiState::UpForRetry | TiState::UpstreamFailed);
    let prefix = if kind == Kind::Ti { "" } else { "w" };
    Item::new(format!("{prefix}{}", ti_id(&t.ti)), kind, at, Object::Ti(t.ti.clone(), t.state), problem)
}

/// Title of the files that don't import.
pub const NOT_IMPORTED: &str = "FILES THAT DON'T IMPORT";

/// Errors that are lines of their own, with their places. What is wrong with no line of a file may be wrong with every file (there
/// is no Python, say): that is one line.
pub fn distinct(errors: &[Diagnostic]) -> impl Iterator<Item = (usize, &Diagnostic)> {
    errors.iter().enumerate().filter(|(at, e)| !errors[..*at].iter().any(|before| is_alike(before, e)))
}

/// Files that have the same error, which is wrong with no line of them; else only its own.
pub fn alike<'a>(errors: &'a [Diagnostic], of: &'a Diagnostic) -> impl Iterator<Item = &'a str> {
    errors.iter().filter(move |e| *e == of || is_alike(e, of)).map(|e| e.file.as_str())
}

fn is_alike(a: &Diagnostic, b: &Diagnostic) -> bool {
    a.line == 0 && b.line == 0 && a.message == b.message
}

pub(super) fn file_errors<'a>(errors: &'a [Diagnostic], filter: &'a Filter) -> impl Iterator<Item = Item> + 'a {
    let fits = |(_, e): &(usize, &Diagnostic)| filter.matches(&fields::error(e));
    distinct(errors).filter(fits).map(|(at, e)| {
        let object = Object::File(e.file.clone(), e.line);
        Item::new(format!("file:{}:{}:{at}", e.file, e.line), Kind::FileError, at, object, true)
    })
}

/// What verbs act on.
pub fn object(screen: &Screen) -> Object {
    match (&screen.place, &screen.data) {
        (Place::Instance(ti, _), Data::Instance(d)) => Object::Ti(ti.clone(), d.row.state),
        (Place::Compare(ti, ..), _) => Object::Ti(ti.clone(), TiState::None),
        (Place::Instance(ti, _), _) => Object::Ti(ti.clone(), TiState::None),
        (Place::Grid(_), Data::Grid(_)) => tree::cell(screen),
        (Place::Spec(..), Data::Pod(Some(shown))) => {
            Object::Pod(pods::reference(&shown.detail.row), pods::now(&shown.detail.row), None)
        }
        (place, _) => match screen.item() {
            Some(item) => item.object.clone(),
            None => match place {
                Place::Runs(Some(dag))
                | Place::Grid(dag)
                | Place::Calendar(dag)
                | Place::Graph(dag, _)
                | Place::About(dag)
                | Place::Versions(dag)
                | Place::Source(dag, _) => Object::Dag(dag.clone(), None),
                Place::Pod(PodOf::Try(ti, _)) => Object::Ti(ti.clone(), TiState::None),
                Place::Logs(Logs::Task(run, task)) => Object::Task(run.clone(), task.clone(), TiState::None),
                Place::Instances(Some(run)) | Place::Gantt(run) | Place::Xcom(run, ..) => {
                    Object::Run(run.clone(), RunState::Running)
                }
                _ => Object::None,
            },
        },
    }
}
