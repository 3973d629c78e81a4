//! Backfill: which runs a range of dates gets, and which of those that are there run again (semantics, section 11.3).

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    model::{
        BackfillId, BackfillPlace, Change, Dag, DagRun, DagVersionId, LeftAlone, NewRun, ReprocessBehavior, RunState,
        RunType, TriggeredBy, hash,
    },
    scheduler::{RunSpec, new_run},
    timetable::{DueRun, run_id},
};

use super::{
    ClearRequest, Loaded, LoadedRun, Plan, TaskRef, plan_clear,
    select::{self, Selected},
};

/// How a backfill treats its dates.
#[derive(Debug, Clone)]
pub struct BackfillSpec {
    /// What becomes of runs that are there.
    pub reprocess: ReprocessBehavior,
    /// Conf of its runs; `None`: empty, and reprocessed runs keep theirs.
    pub conf: Option<Value>,
    /// Only these tasks; `None`: all.
    pub tasks: Option<Vec<Arc<str>>>,
    /// Pool of its instances.
    pub pool: Option<String>,
    /// Reprocessed runs go on with the newest version.
    pub latest_version: bool,
}

/// A date of a backfill.
#[derive(Debug, Clone)]
pub struct BackfillDate {
    /// The run that the timetable asks for.
    pub due: DueRun,
    /// Key and start of the partition that it is about.
    pub partition: Option<(String, Timestamp)>,
    /// The run that is there, with its rows if it may run again.
    pub there: Option<LoadedRun>,
}

impl From<(DueRun, Option<LoadedRun>)> for BackfillDate {
    fn from((due, there): (DueRun, Option<LoadedRun>)) -> Self {
        Self { due, partition: None, there }
    }
}

/// What a backfill does with one date. Ids of the backfill are 0 until it is stored.
#[derive(Debug, Clone)]
pub struct BackfillEntry {
    /// The date's place in the order of execution, from 1.
    pub ordinal: u32,
    /// The run that the timetable asks for.
    pub due: DueRun,
    /// Airflow's id of the run.
    pub run_id: Arc<str>,
    /// State of the run that is there.
    pub from: Option<RunState>,
    /// What is done.
    pub deed: BackfillDeed,
}

/// See [`BackfillEntry`].
#[derive(Debug, Clone)]
pub enum BackfillDeed {
    /// A run is made.
    Create(Box<NewRun>),
    /// The run that is there is cleared; these are the changes.
    Clear(Box<DagRun>, Vec<Change>),
    /// Nothing.
    Leave(LeftAlone),
}

/// What becomes of a run that is there: `None` for one that runs again.
pub fn left_alone(state: RunState, behavior: ReprocessBehavior) -> Option<LeftAlone> {
    match (state, behavior) {
        (RunState::Queued | RunState::Running, _) => Some(LeftAlone::InFlight),
        (_, ReprocessBehavior::Completed) | (RunState::Failed, ReprocessBehavior::Failed) => None,
        _ => Some(LeftAlone::AlreadyExists),
    }
}

/// What a backfill of these dates, in their order, would do. A partition that is to run again gets a new run beside the one that
/// is there, as in Airflow.
pub fn plan_backfill(
    (version, dag): (DagVersionId, &Arc<Dag>),
    dates: Vec<BackfillDate>,
    spec: &BackfillSpec,
    now: Timestamp,
) -> (Vec<BackfillEntry>, Plan) {
    let mut whole = Plan::default();
    let part = spec.tasks.as_ref().map_or_else(|| dag.clone(), |tasks| Arc::new(dag.part(tasks)));
    let mut entries = Vec::with_capacity(dates.len());
    for (ordinal, BackfillDate { due, partition, there }) in (1..).zip(dates) {
        let from = there.as_ref().map(|one| one.run.state);
        let (run_id, deed) = match there {
            None => {
                let new = created((version, &part), (&due, partition, ""), spec, ordinal, now);
                whole.basis.push(format!("{} has no run", due.run_after));
                (new.run.run_id.clone(), BackfillDeed::Create(Box::new(new)))
            }
            Some(one) if partition.is_some() => {
                let old = one.run;
                whole.basis.push(format!("run {} of a partition is {}", old.run_id, old.state));
                match left_alone(old.state, spec.reprocess) {
                    Some(why) => (old.run_id, BackfillDeed::Leave(why)),
                    None => {
                        let new = created((version, &part), (&due, partition, &old.run_id), spec, ordinal, now);
                        (new.run.run_id.clone(), BackfillDeed::Create(Box::new(new)))
                    }
                }
            }
            Some(one) => {
                let id = one.run.run_id.clone();
                let latest = Some((version, dag.clone()));
                (id, again(Loaded { latest, runs: vec![one] }, spec, ordinal, &mut whole, now))
            }
        };
        entries.push(BackfillEntry { ordinal, due, run_id, from, deed });
    }
    (entries, whole)
}

fn created(
    (version, dag): (DagVersionId, &Dag),
    (due, partition, before): (&DueRun, Option<(String, Timestamp)>, &str),
    spec: &BackfillSpec,
    ordinal: u32,
    now: Timestamp,
) -> NewRun {
    let mut id = run_id(RunType::Backfill, due.run_after);
    if let Some((key, _)) = &partition {
        // A partition has as many runs as one likes; each is named after the one before it.
        let suffix = hash::text(&format!("{} {id} {key} {before}", dag.dag_id));
        id = format!("{id}__{key}__{}", &suffix[..8]);
    }
    let (partition_key, partition_date) = partition.unzip();
    let run_spec = RunSpec {
        run_id: id.into(),
        run_type: RunType::Backfill,
        triggered_by: TriggeredBy::Backfill,
        partition_key,
        partition_date,
        logical_date: due.logical_date,
        data_interval: due.data_interval,
        run_after: due.run_after,
        conf: spec.conf.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        note: None,
    };
    let mut new = new_run(dag, version, run_spec, now);
    new.run.backfill = Some(BackfillPlace { id: BackfillId(0), ordinal });
    new.run.tasks.clone_from(&spec.tasks);
    if let Some(pool) = &spec.pool {
        new.instances.iter_mut().for_each(|row| row.pool.clone_from(pool));
    }
    new
}

/// Clears a run that is there, and makes it one of the backfill.
fn again(loaded: Loaded, spec: &BackfillSpec, ordinal: u32, whole: &mut Plan, now: Timestamp) -> BackfillDeed {
    let old = &loaded.runs[0].run;
    if let Some(why) = left_alone(old.state, spec.reprocess) {
        whole.basis.push(format!("run {} is {}, cleared {} times", old.run_id, old.state, old.clear_number));
        return BackfillDeed::Leave(why);
    }
    let tasks: Vec<TaskRef> = spec.tasks.iter().flatten().map(|id| (id.clone(), None)).collect();
    let request =
        ClearRequest { run: Some(old.id), tasks, latest_version: spec.latest_version, ..ClearRequest::default() };
    let mut plan = plan_clear(&loaded, &request, now);
    let mut row = None;
    for change in &mut plan.changes {
        match change {
            Change::Run(change) => {
                change.row.run_type = RunType::Backfill;
                change.row.triggered_by = TriggeredBy::Backfill;
                change.row.backfill = Some(BackfillPlace { id: BackfillId(0), ordinal });
                if let Some(conf) = &spec.conf {
                    change.row.conf.clone_from(conf);
                }
                row = Some(change.row.clone());
            }
            Change::Ti(change) => {
                if let Some(pool) = &spec.pool {
                    change.row.pool.clone_from(pool);
                }
            }
            Change::Expand { rows, .. } => {
                if let Some(pool) = &spec.pool {
                    rows.iter_mut().for_each(|row| row.pool.clone_from(pool));
                }
            }
            Change::PauseDag { .. } => {}
        }
    }
    whole.basis.append(&mut plan.basis);
    whole.task_instances.append(&mut plan.task_instances);
    match row {
        Some(row) => BackfillDeed::Clear(Box::new(row), plan.changes),
        // None of the wanted tasks has an instance in it.
        None => BackfillDeed::Leave(LeftAlone::AlreadyExists),
    }
}

/// The tasks that a backfill of some tasks or groups runs: these, and the setups and teardowns that they need. The error
/// is the id of one that is not there, or that can't run without another.
pub fn some_tasks(dag: &Dag, named: &[String]) -> Result<Vec<Arc<str>>, String> {
    if let Some(unknown) =
        named.iter().find(|id| !dag.tasks.contains_key(id.as_str()) && !dag.task_groups.contains_key(*id))
    {
        return Err(format!("DAG {} has no task or group {unknown:?}", dag.dag_id));
    }
    let refs: Vec<TaskRef> = named.iter().map(|id| (id.as_str().into(), None)).collect();
    let mut selected: Selected = select::tasks(dag, &refs, false, false);
    select::with_setups(dag, &mut selected);
    let chosen: Vec<Arc<str>> = dag.tasks.keys().filter(|id| selected.contains_key(*id)).cloned().collect();
    for id in &chosen {
        let missing: BTreeSet<Arc<str>> =
            dag.mapped_over(id).into_iter().filter(|source| !selected.contains_key(source)).collect();
        if let Some(source) = missing.first() {
            return Err(format!("task {id} is mapped over {source}, which would not run: name it too"));
        }
    }
    Ok(chosen)
}
