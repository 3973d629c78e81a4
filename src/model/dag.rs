//! A DAG: settings, tasks, groups, and the links between them.

use std::{collections::BTreeSet, sync::Arc};

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    mapping::Expand,
    run::RunType,
    schedule::{Answers, Schedule},
    task::Task,
};

/// Row id of a stored DAG version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DagVersionId(pub i64);

/// A param of a DAG: default, JSON schema, description.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Default value; null together with `required` means that a value must be given.
    #[serde(default)]
    pub value: Value,
    /// No default was given.
    #[serde(default)]
    pub required: bool,
    /// Text for people.
    #[serde(default)]
    pub description: Option<String>,
    /// JSON schema, draft 2020-12.
    #[serde(default)]
    pub schema: Value,
}

/// A group of tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskGroup {
    /// Id with the prefixes of its parents.
    pub group_id: String,
    /// Id of the group it is in; `None` for the root.
    #[serde(default)]
    pub parent: Option<String>,
    /// Text for people.
    #[serde(default)]
    pub tooltip: String,
    /// The ids inside start with the group's id.
    #[serde(default = "yes")]
    pub prefix_group_id: bool,
    /// Mapping, if the whole group is mapped.
    #[serde(default)]
    pub expand: Option<Expand>,
    /// Ids of tasks and groups directly inside, in order of definition.
    #[serde(default)]
    pub children: Vec<String>,
    /// Groups directly above and below, sorted.
    #[serde(default)]
    pub upstream_group_ids: Vec<String>,
    /// See `upstream_group_ids`.
    #[serde(default)]
    pub downstream_group_ids: Vec<String>,
    /// Tasks directly above and below, sorted.
    #[serde(default)]
    pub upstream_task_ids: Vec<String>,
    /// See `upstream_task_ids`.
    #[serde(default)]
    pub downstream_task_ids: Vec<String>,
}

/// One DAG. Field names are Airflow's; durations are seconds. `None` in a limit means: the setting decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dag {
    /// Unique in a home.
    pub dag_id: Arc<str>,
    /// The file, as an absolute path.
    #[serde(default)]
    pub fileloc: String,
    /// Name shown to people, if not the id.
    #[serde(default)]
    pub dag_display_name: Option<String>,
    /// One line for people.
    #[serde(default)]
    pub description: Option<String>,
    /// Markdown for people.
    #[serde(default)]
    pub doc_md: Option<String>,
    /// When runs are created.
    #[serde(default)]
    pub schedule: Schedule,
    /// What a timetable of the author's own said when it was asked last. Not part of the definition.
    #[serde(default, skip_serializing)]
    pub timetable_answers: Answers,
    /// IANA name of the DAG's zone.
    #[serde(default = "utc")]
    pub timezone: String,
    /// No run before it.
    #[serde(default)]
    pub start_date: Option<Timestamp>,
    /// No run after it.
    #[serde(default)]
    pub end_date: Option<Timestamp>,
    /// Make up for missed runs; `None`: `[scheduler] catchup_by_default`.
    #[serde(default)]
    pub catchup: Option<bool>,
    /// Limit of active runs; `None`: `[core] max_active_runs_per_dag`.
    #[serde(default)]
    pub max_active_runs: Option<u32>,
    /// Limit of active task instances of one run; `None`: `[core] max_active_tasks_per_dag`.
    #[serde(default)]
    pub max_active_tasks: Option<u32>,
    /// Paused after so many failed runs in a row; 0 never.
    #[serde(default)]
    pub max_consecutive_failed_dag_runs: u32,
    /// Time limit of a run.
    #[serde(default)]
    pub dagrun_timeout: Option<f64>,
    /// The first failed task ends the run.
    #[serde(default)]
    pub fail_fast: bool,
    /// Only runs of these types may be made (Airflow 3.3); `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_run_types: Option<Vec<String>>,
    /// Runs that are cleared go on with the newest version; `None`: `[core] rerun_with_latest_version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_with_latest_version: Option<bool>,
    /// Labels, sorted.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Params by name.
    #[serde(default)]
    pub params: IndexMap<String, Param>,
    /// Paused when first seen; `None`: `[core] dags_are_paused_at_creation`.
    #[serde(default)]
    pub is_paused_upon_creation: Option<bool>,
    /// Templates give Python values.
    #[serde(default)]
    pub render_template_as_native_obj: bool,
    /// Folders for template files besides the file's own, absolute.
    #[serde(default)]
    pub template_searchpath: Vec<String>,
    /// The file set macros or filters: templates are rendered by Python.
    #[serde(default)]
    pub has_user_macros: bool,
    /// When a run should have ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deadlines: Vec<super::deadline::DeadlineAlert>,
    /// DAG callbacks that the file set.
    #[serde(default)]
    pub callbacks: Vec<String>,
    /// Tasks by id, in order of definition.
    #[serde(default)]
    pub tasks: IndexMap<Arc<str>, Task>,
    /// Groups by id, in order of definition, without the root.
    #[serde(default)]
    pub task_groups: IndexMap<String, TaskGroup>,
    /// Ids of tasks and groups at the root, in order of definition.
    #[serde(default)]
    pub children: Vec<String>,
    /// Labels on arrows: upstream id -> downstream id -> label.
    #[serde(default)]
    pub edge_labels: IndexMap<String, IndexMap<String, String>>,
    /// What it used that Airflow deprecated or dropped.
    #[serde(default)]
    pub warnings: Vec<super::Diagnostic>,
    /// Line in the file where it is made, from 1; 0 if unknown.
    #[serde(default)]
    pub line: u32,
}

impl Dag {
    /// Derives `downstream_task_ids` from `upstream_task_ids`, and sorts both.
    pub fn link(&mut self) {
        let mut below: IndexMap<Arc<str>, BTreeSet<Arc<str>>> = IndexMap::new();
        for task in self.tasks.values_mut() {
            task.upstream_task_ids.sort();
            task.upstream_task_ids.dedup();
            for up in &task.upstream_task_ids {
                below.entry(up.clone()).or_default().insert(task.task_id.clone());
            }
        }
        for task in self.tasks.values_mut() {
            task.downstream_task_ids =
                below.swap_remove(&task.task_id).map(|ids| ids.into_iter().collect()).unwrap_or_default();
        }
    }

    /// True if runs of a type may be made.
    pub fn allows(&self, run_type: RunType) -> bool {
        self.allowed_run_types.as_ref().is_none_or(|types| types.iter().any(|one| one == run_type.as_str()))
    }

    /// True if some task waits for the run before.
    pub fn looks_back(&self) -> bool {
        self.tasks.values().any(|task| task.depends_on_past || task.wait_for_downstream)
    }

    /// The tasks whose results decide how many instances a task has.
    pub fn mapped_over(&self, task_id: &str) -> Vec<Arc<str>> {
        let Some(task) = self.tasks.get(task_id) else { return Vec::new() };
        let groups = self.task_groups.values().filter(|group| self.is_in_group(task, &group.group_id));
        let expands = groups.filter_map(|group| group.expand.as_ref()).chain(task.expand.as_ref());
        expands.flat_map(Expand::upstream_task_ids).map(Arc::from).collect()
    }

    /// The DAG with only some of its tasks. Where tasks between two of them are left out, the lower one still waits for
    /// the upper one.
    pub fn part(&self, task_ids: &[Arc<str>]) -> Self {
        let mut part = self.clone();
        part.tasks.retain(|id, _| task_ids.contains(id));
        for task in part.tasks.values_mut() {
            let mut above: BTreeSet<Arc<str>> = BTreeSet::new();
            let mut seen: BTreeSet<Arc<str>> = BTreeSet::new();
            let mut todo = std::mem::take(&mut task.upstream_task_ids);
            while let Some(id) = todo.pop() {
                if !seen.insert(id.clone()) {
                    continue;
                }
                if task_ids.contains(&id) {
                    above.insert(id);
                } else if let Some(between) = self.tasks.get(&id) {
                    todo.extend(between.upstream_task_ids.iter().cloned());
                }
            }
            task.upstream_task_ids = above.into_iter().collect();
        }
        part.link();
        part
    }

    /// True if a task is in a group, at whatever depth.
    pub fn is_in_group(&self, task: &Task, group_id: &str) -> bool {
        let mut at = task.task_group.as_deref();
        // A broken file may make a group its own ancestor.
        for _ in 0..=self.task_groups.len() {
            match at {
                Some(id) if id == group_id => return true,
                Some(id) => at = self.task_groups.get(id).and_then(|group| group.parent.as_deref()),
                None => return false,
            }
        }
        false
    }

    /// Owners of its tasks, without repeats, joined as Airflow does.
    pub fn owners(&self) -> String {
        let owners: BTreeSet<&str> = self.tasks.values().map(|t| t.owner.as_str()).collect();
        owners.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// The ids of a cycle if there is one: `a, b, a`.
    pub fn cycle(&self) -> Option<Vec<Arc<str>>> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.tasks.len()];
        for start in 0..self.tasks.len() {
            if marks[start] != Mark::New {
                continue;
            }
            marks[start] = Mark::Open;
            let mut path = vec![(start, 0usize)];
            while let Some((node, next)) = path.last_mut() {
                let below = &self.tasks[*node].downstream_task_ids;
                let Some(id) = below.get(*next) else {
                    marks[*node] = Mark::Done;
                    path.pop();
                    continue;
                };
                *next += 1;
                let Some(child) = self.tasks.get_index_of(id) else { continue };
                match marks[child] {
                    Mark::New => {
                        marks[child] = Mark::Open;
                        path.push((child, 0));
                    }
                    Mark::Open => {
                        let from = path.iter().position(|(n, _)| *n == child).unwrap_or(0);
                        let mut ids: Vec<_> =
                            path[from..].iter().map(|(n, _)| self.tasks[*n].task_id.clone()).collect();
                        ids.push(self.tasks[child].task_id.clone());
                        return Some(ids);
                    }
                    Mark::Done => {}
                }
            }
        }
        None
    }

    /// All tasks transitively above (`upstream`) or below `task_id`, without itself, in order of definition.
    pub fn relatives(&self, task_id: &str, upstream: bool) -> Vec<Arc<str>> {
        let mut seen = vec![false; self.tasks.len()];
        let mut todo: Vec<usize> = self.tasks.get_index_of(task_id).into_iter().collect();
        let start = todo.first().copied();
        while let Some(index) = todo.pop() {
            let task = &self.tasks[index];
            let next = if upstream { &task.upstream_task_ids } else { &task.downstream_task_ids };
            for id in next {
                if let Some(i) = self.tasks.get_index_of(id)
                    && !seen[i]
                {
                    seen[i] = true;
                    todo.push(i);
                }
            }
        }
        (0..self.tasks.len()).filter(|i| seen[*i] && Some(*i) != start).map(|i| self.tasks[i].task_id.clone()).collect()
    }
}

fn utc() -> String {
    "UTC".into()
}
fn yes() -> bool {
    true
}
