//! Where the console is: which screen, about which object.

use crate::{
    command,
    model::MapIndex,
    store::screens::{Micros, RunRef, TiRef, audit::Subject, compare::Base, label, page::Part},
};

pub use super::object::{Object, Setting};

use super::{
    keymap::Action,
    pods::{PodOf, PodRef},
    query::Query,
    widgets::text::{run_id, run_id as run_id_short},
};

/// A set of screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope(pub u32);

#[allow(missing_docs)]
impl Scope {
    pub const TRIAGE: Self = Self(1);
    pub const DAGS: Self = Self(2);
    pub const RUNS: Self = Self(4);
    pub const TIS: Self = Self(8);
    pub const SYSTEM: Self = Self(16);
    pub const GRID: Self = Self(32);
    pub const GANTT: Self = Self(64);
    pub const INSTANCE: Self = Self(128);
    pub const XCOM: Self = Self(256);
    pub const AUDIT: Self = Self(512);
    pub const SETTINGS: Self = Self(1024);
    pub const VERSIONS: Self = Self(2048);
    pub const SOURCE: Self = Self(4096);
    pub const CALENDAR: Self = Self(8192);
    pub const COMPARE: Self = Self(16_384);
    pub const BACKFILLS: Self = Self(32_768);
    pub const GRAPH: Self = Self(65_536);
    pub const ABOUT: Self = Self(131_072);
    pub const ASSETS: Self = Self(262_144);
    pub const LOGS: Self = Self(524_288);
    pub const PODS: Self = Self(1_048_576);
    pub const POD: Self = Self(2_097_152);
    pub const SPEC: Self = Self(4_194_304);
    pub const SEARCH: Self = Self(8_388_608);
    pub const ALL: Self = Self(16_777_215);
    /// Both.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// All but these.
    pub const fn not(self) -> Self {
        Self(Self::ALL.0 & !self.0)
    }
    /// True if the two share a screen.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Parts of the task instance screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Output.
    Log,
    /// Row, tries, events.
    Details,
    /// Rendered fields.
    Inputs,
    /// What it pushed.
    Xcom,
    /// Why it isn't running, or why it ended.
    Why,
}

impl Tab {
    /// All, in order.
    pub const ALL: [Self; 5] = [Self::Log, Self::Details, Self::Inputs, Self::Xcom, Self::Why];
    /// The action whose key leads there, and its name.
    pub fn name(self) -> (Action, &'static str) {
        match self {
            Self::Log => (Action::Log, "log"),
            Self::Details => (Action::Details, "details"),
            Self::Inputs => (Action::Inputs, "inputs"),
            Self::Xcom => (Action::Xcom, "xcom"),
            Self::Why => (Action::Blockers, "why"),
        }
    }
}

/// Whose logs are shown as one.
#[derive(Debug, Clone, PartialEq)]
pub enum Logs {
    /// These.
    These(Vec<TiRef>),
    /// Every index of a task in a run.
    Task(RunRef, String),
}

/// A screen and its object.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// What needs a person.
    Triage,
    /// DAGs.
    Dags,
    /// Runs, of one DAG or all.
    Runs(Option<String>),
    /// Task instances, of one run or all.
    Instances(Option<RunRef>),
    /// System.
    System,
    /// Runs x tasks of a DAG.
    Grid(String),
    /// Timeline of a run.
    Gantt(RunRef),
    /// The tasks of a DAG as a drawing, with the states of a run; the newest if none is named.
    Graph(String, Option<RunRef>),
    /// What is known about a DAG itself, with its documentation.
    About(String),
    /// One task instance.
    Instance(TiRef, Tab),
    /// XComs of a run, or of one task in it; compared with the run before.
    Xcom(RunRef, Option<(String, MapIndex)>, bool),
    /// Who did what, to all or to an object.
    Audit(Option<Subject>),
    /// Pools, connections, variables.
    Settings,
    /// Backfills.
    Backfills,
    /// Assets.
    Assets,
    /// The logs of several instances as one.
    Logs(Logs),
    /// A text looked for in all logs.
    Search(String),
    /// Versions of a DAG.
    Versions(String),
    /// Text of a DAG's file, of a version's number or the newest.
    Source(String, Option<i64>),
    /// Days of a DAG.
    Calendar(String),
    /// A try beside another.
    Compare(TiRef, u32, Base),
    /// Pods; also those that are gone.
    Pods(bool),
    /// One pod.
    Pod(PodOf),
    /// What was sent of a pod; or how that differs from the pod of the last success.
    Spec(PodRef, bool),
}

impl Place {
    /// Its text is a log.
    pub fn is_log(&self) -> bool {
        matches!(self, Self::Instance(_, Tab::Log) | Self::Logs(_))
    }

    /// Its body is text to read, not lines to choose from: `/` finds, it doesn't filter.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Instance(..) | Self::Logs(_) | Self::Source(..) | Self::About(_) | Self::Spec(..))
    }

    /// As a member of a key's scope.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Triage => Scope::TRIAGE,
            Self::Dags => Scope::DAGS,
            Self::Runs(_) => Scope::RUNS,
            Self::Instances(_) => Scope::TIS,
            Self::System => Scope::SYSTEM,
            Self::Grid(_) => Scope::GRID,
            Self::Gantt(_) => Scope::GANTT,
            Self::Graph(..) => Scope::GRAPH,
            Self::About(_) => Scope::ABOUT,
            Self::Instance(..) => Scope::INSTANCE,
            Self::Xcom(..) => Scope::XCOM,
            Self::Audit(_) => Scope::AUDIT,
            Self::Settings => Scope::SETTINGS,
            Self::Backfills => Scope::BACKFILLS,
            Self::Assets => Scope::ASSETS,
            Self::Logs(_) => Scope::LOGS,
            Self::Search(_) => Scope::SEARCH,
            Self::Versions(_) => Scope::VERSIONS,
            Self::Source(..) => Scope::SOURCE,
            Self::Calendar(_) => Scope::CALENDAR,
            Self::Compare(..) => Scope::COMPARE,
            Self::Pods(_) => Scope::PODS,
            Self::Pod(_) => Scope::POD,
            Self::Spec(..) => Scope::SPEC,
        }
    }

    /// Crumbs for the top line.
    pub fn title(&self) -> String {
        match self {
            Self::Triage => "triage".into(),
            Self::Dags => "DAGs".into(),
            Self::Runs(None) => "runs".into(),
            Self::Runs(Some(dag)) => format!("{dag} > runs"),
            Self::Instances(None) => "task instances".into(),
            Self::Instances(Some(run)) => format!("{} > {} > tasks", run.dag_id, run_id(&run.run_id)),
            Self::System => "system".into(),
            Self::Grid(dag) => format!("{dag} > grid"),
            Self::Gantt(run) => format!("{} > {} > gantt", run.dag_id, run_id(&run.run_id)),
            Self::Graph(dag, None) => format!("{dag} > graph"),
            Self::Graph(dag, Some(run)) => format!("{dag} > {} > graph", run_id(&run.run_id)),
            Self::About(dag) => format!("{dag} > details"),
            Self::Instance(ti, _) => format!("{} > {} > {}", ti.run.dag_id, run_id(&ti.run.run_id), ti.label()),
            Self::Xcom(run, None, _) => format!("{} > {} > xcom", run.dag_id, run_id(&run.run_id)),
            Self::Xcom(run, Some((task, _)), _) => format!("{} > {} > {task} > xcom", run.dag_id, run_id(&run.run_id)),
            Self::Audit(None) => "audit".into(),
            Self::Audit(Some(Subject::Named(_, name))) => format!("audit > {name}"),
            Self::Audit(Some(Subject::Work { dag_id, run_id, task, .. })) => {
                let run = run_id.iter().map(|run| run_id_short(run));
                let task = task.iter().map(|(task, index)| label(task, *index));
                ["audit".into(), dag_id.clone()].into_iter().chain(run).chain(task).collect::<Vec<_>>().join(" > ")
            }
            Self::Backfills => "backfills".into(),
            Self::Assets => "assets".into(),
            Self::Search(_) => "search in all logs".into(),
            Self::Logs(Logs::These(all)) => format!("{} logs", all.len()),
            Self::Logs(Logs::Task(run, task)) => format!("{} > {} > {task}[*] > logs", run.dag_id, run_id(&run.run_id)),
            Self::Settings => "pools, connections, variables".into(),
            Self::Versions(dag) => format!("{dag} > versions"),
            Self::Source(dag, None) => format!("{dag} > source"),
            Self::Source(dag, Some(n)) => format!("{dag} > source v{n}"),
            Self::Calendar(dag) => format!("{dag} > calendar"),
            Self::Pods(_) => "pods".into(),
            Self::Pod(PodOf::This(pod)) => format!("pod {}", pod.name),
            Self::Pod(PodOf::Try(ti, _)) => {
                format!("{} > {} > {} > pod", ti.run.dag_id, run_id(&ti.run.run_id), ti.label())
            }
            Self::Spec(pod, false) => format!("pod {} > spec", pod.name),
            Self::Spec(pod, true) => format!("pod {} > what differs", pod.name),
            Self::Compare(ti, n, _) => {
                let n = if *n == 0 { String::new() } else { format!(" try {n}") };
                format!("{} > {} > {}{n} > compare", ti.run.dag_id, run_id(&ti.run.run_id), ti.label())
            }
        }
    }

    /// What it reads. `unfolded` are the mapped tasks shown with their indexes; `filter` and `part` are those
    /// of a list.
    pub fn query(&self, unfolded: &[String], filter: &str, part: Part, now: Micros) -> Query {
        match self {
            Self::Triage => Query::Triage { now },
            Self::Dags => Query::Dags,
            Self::Runs(dag) => Query::Runs { dag_id: dag.clone(), filter: filter.into(), part, now },
            Self::Instances(None) => Query::Instances { filter: filter.into(), part, now },
            Self::Instances(Some(run)) => Query::OfRun(run.id, command::filter(filter).is_ok_and(|f| f.asks_usual())),
            Self::System => Query::System,
            Self::Grid(dag) => Query::Grid { dag_id: dag.clone(), unfolded: unfolded.to_vec() },
            Self::Gantt(run) => Query::Run(run.id),
            Self::Graph(dag, run) => Query::Graph { dag_id: dag.clone(), run: run.as_ref().map(|r| r.id) },
            Self::About(dag) => Query::About(dag.clone()),
            Self::Instance(ti, _) => Query::Instance(ti.clone()),
            Self::Xcom(run, of, compared) => Query::Xcoms(run.id, of.clone(), *compared),
            Self::Audit(about) => Query::Audit(about.clone()),
            Self::Settings => Query::Settings,
            Self::Backfills => Query::Backfills,
            Self::Assets => Query::Assets,
            Self::Logs(of) => Query::Logs(of.clone()),
            // Its lines aren't the store's: `State::load` sees to that.
            Self::Search(_) => Query::Names,
            Self::Versions(dag) | Self::Source(dag, _) => Query::Versions(dag.clone()),
            Self::Calendar(dag) => Query::Calendar { dag_id: dag.clone(), now },
            Self::Compare(ti, n, base) => Query::Compare(ti.clone(), *n, base.clone()),
            Self::Pods(gone) => Query::Pods { gone: *gone, filter: filter.into(), part, now },
            Self::Pod(PodOf::This(pod)) => Query::Pod(pod.id),
            Self::Pod(PodOf::Try(ti, number)) => Query::PodOf(ti.clone(), *number),
            Self::Spec(pod, _) => Query::Pod(pod.id),
        }
    }
}
