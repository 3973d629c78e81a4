//! What is under the cursor, and what it is called.

use crate::{
    model::{RunState, TiState},
    store::screens::{RunRef, TiRef, audit::Subject},
};

use super::pods::{PodNow, PodRef};

/// What is under the cursor.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// Nothing that verbs know.
    None,
    /// A DAG, and whether it is paused if that is known.
    Dag(String, Option<bool>),
    /// A run.
    Run(RunRef, RunState),
    /// A task instance.
    Ti(TiRef, TiState),
    /// A task of all indexes in a run.
    Task(RunRef, String, TiState),
    /// The tasks of a group in a run.
    Group(RunRef, String, TiState),
    /// A file that doesn't import: path, line.
    File(String, u32),
    /// Task instances that wait for the same.
    Several(Vec<TiRef>, TiState),
    /// A group of equal failures.
    Failures(String, Vec<TiRef>),
    /// A pool, connection or variable.
    Setting(Setting, String),
    /// A version of a DAG: its number.
    Version(String, i64),
    /// A backfill: its number, DAG, whether it is paused, whether it ended.
    Backfill(i64, String, bool, bool),
    /// A pod, or a container of it.
    Pod(PodRef, PodNow, Option<String>),
}

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Slots.
    Pool,
    /// Where something is, with login.
    Connection,
    /// A value.
    Variable,
}

impl Setting {
    /// In a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Connection => "connection",
            Self::Variable => "variable",
        }
    }
}

impl Object {
    /// Its DAG.
    pub fn dag_id(&self) -> Option<&str> {
        match self {
            Self::Dag(id, _) | Self::Version(id, _) | Self::Backfill(_, id, ..) => Some(id),
            Self::Run(run, _) | Self::Task(run, ..) | Self::Group(run, ..) => Some(&run.dag_id),
            Self::Ti(ti, _) | Self::Pod(PodRef { ti, .. }, ..) => Some(&ti.run.dag_id),
            Self::Failures(_, tis) | Self::Several(tis, _) => tis.first().map(|t| t.run.dag_id.as_str()),
            Self::None | Self::File(..) | Self::Setting(..) => None,
        }
    }

    /// Its run.
    pub fn run(&self) -> Option<&RunRef> {
        match self {
            Self::Run(run, _) | Self::Task(run, ..) | Self::Group(run, ..) => Some(run),
            Self::Ti(ti, _) | Self::Pod(PodRef { ti, .. }, ..) => Some(&ti.run),
            Self::Failures(_, tis) | Self::Several(tis, _) => tis.first().map(|t| &t.run),
            _ => None,
        }
    }

    /// Its task instance.
    pub fn ti(&self) -> Option<TiRef> {
        match self {
            Self::Ti(ti, _) | Self::Pod(PodRef { ti, .. }, ..) => Some(ti.clone()),
            Self::Failures(_, tis) | Self::Several(tis, _) => tis.first().cloned(),
            Self::Task(run, task, _) => {
                Some(TiRef { run: run.clone(), task_id: task.clone(), map_index: crate::model::UNMAPPED })
            }
            _ => None,
        }
    }

    /// Something of it runs or is about to.
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Ti(_, state) | Self::Task(_, _, state) | Self::Several(_, state) => state.is_active(),
            Self::Pod(_, now, _) => {
                matches!(now, PodNow::Wanted | PodNow::Pending | PodNow::Running | PodNow::Silent)
            }
            _ => false,
        }
    }

    /// Its name, for copying.
    pub fn name(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Dag(id, _) => id.clone(),
            Self::Run(run, _) => run.run_id.clone(),
            Self::Ti(ti, _) => ti.label(),
            Self::Task(_, task, _) | Self::Group(_, task, _) => task.clone(),
            Self::File(path, line) => format!("{path}:{line}"),
            Self::Failures(_, tis) | Self::Several(tis, _) => tis.first().map(TiRef::label).unwrap_or_default(),
            Self::Setting(_, name) => name.clone(),
            Self::Version(dag, number) => format!("{dag} v{number}"),
            Self::Backfill(id, ..) => id.to_string(),
            Self::Pod(pod, ..) => pod.name.clone(),
        }
    }

    /// Which acts are about it.
    pub fn subject(&self) -> Option<Subject> {
        if let Self::Setting(kind, name) = self {
            return Some(Subject::Named(kind.noun(), name.clone()));
        }
        if let Self::Backfill(id, ..) = self {
            return Some(Subject::Named("backfill", id.to_string()));
        }
        let fingerprint = match self {
            Self::Failures(fingerprint, _) => Some(fingerprint.clone()),
            _ => None,
        };
        let run_id = self.run().map(|run| run.run_id.clone());
        let task = self.ti().map(|ti| (ti.task_id, ti.map_index));
        Some(Subject::Work { dag_id: self.dag_id()?.to_owned(), run_id, task, fingerprint })
    }

    /// Its whole path: `dag/run/task[3]`.
    pub fn path(&self) -> String {
        if let Self::Pod(pod, ..) = self {
            return pod.name.clone();
        }
        match (self.dag_id(), self.run(), self.ti()) {
            (Some(_), Some(run), Some(ti)) => format!("{}/{}/{}", run.dag_id, run.run_id, ti.label()),
            (Some(_), Some(run), None) => format!("{}/{}", run.dag_id, run.run_id),
            _ => self.name(),
        }
    }
}
