//! A plan ready to be shown, saved or applied: what is shown is what is applied.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{
    asset::Update,
    backfill,
    perform::Touched,
    plans, pods, removal, revert,
    single::{self, One},
};
use crate::{
    config::Place,
    error::{Error, Result},
    model::{Cause, CauseKind, Change, PodId, RunId, TiKey, hash},
    protocol::Command,
    scheduler::{Loaded, Plan},
    store::{self, gate},
};

/// What a command will do.
pub struct Prepared {
    /// For people: `task_instances`, `dag_runs`, `effects`.
    pub document: Value,
    /// What it was computed from, one line each.
    pub basis: Vec<String>,
    /// The same for the store.
    pub deed: Deed,
}

/// What applying a plan does.
pub enum Deed {
    /// Rows change; tries are ended.
    Changes {
        /// For the gate.
        changes: Vec<Change>,
        /// Instance, epoch.
        kill: Vec<(TiKey, u32)>,
        /// What ends them: `cleared`.
        why: String,
    },
    /// Runs go, with all they hold.
    DeleteRuns(Vec<RunId>),
    /// A DAG goes, with all it has.
    DeleteDag(String),
    /// Pods go.
    CleanPods {
        /// That were kept.
        kept: Vec<PodId>,
        /// That may still run.
        given_up: Vec<PodId>,
    },
    /// One thing is written.
    One(Box<One>),
    /// A backfill begins.
    CreateBackfill(Box<backfill::New>),
    /// A backfill ends.
    CancelBackfill {
        /// Which.
        id: i64,
        /// Its queued runs fail.
        changes: Vec<Change>,
    },
}

/// The plan of a command; `Usage` for one that has none.
pub fn prepare(tx: &Transaction<'_>, place: &Place, command: &Command, now: Timestamp) -> Result<Prepared> {
    let mut prepared = match command {
        Command::Clear { selection, .. } => plans::clear(tx, place, selection, now)?,
        Command::Mark { selection, state, .. } => plans::mark(tx, selection, *state, now)?,
        Command::SetRunState { dag_id, run_id, state, .. } => plans::set_run_state(tx, dag_id, run_id, *state, now)?,
        Command::DeleteRuns { dag_id, run_ids, .. } => removal::runs(tx, dag_id, run_ids)?,
        Command::DeleteDag { dag_id, .. } => removal::dag(tx, dag_id)?,
        Command::CleanRuns { before, .. } => removal::clean(tx, *before)?,
        Command::CleanPods { names, force, .. } => pods::clean(tx, names, *force)?,
        Command::CreateBackfill { request, .. } => backfill::create(tx, place, request, now)?,
        Command::CancelBackfill { id, .. } => backfill::cancel(tx, *id, now)?,
        Command::RevertPlan { plan_id, .. } => revert::prepare(tx, plan_id, now)?,
        Command::SetXcom { dag_id, run_id, task_id, map_index, key, value, delete } => {
            let of = single::Of { dag_id, run_id, task_id, map_index: *map_index, key };
            single::xcom(tx, &of, (!delete).then(|| value.clone()))?
        }
        Command::UpdateAsset { name, uri, extra, partition_key } => {
            let (name, uri, extra) = (name.clone(), uri.clone(), extra.clone());
            single::asset(tx, place, Update { name, uri, extra, partition_key: partition_key.clone() })?
        }
        other => return Err(Error::usage(format!("there is no plan for {other:?}"))),
    };
    // A backfill is the same whether its DAG is paused meanwhile or not, which its sentences say.
    let aside = matches!(command, Command::CreateBackfill { .. }).then(|| prepared.document["effects"].take());
    let whole = json!([prepared.document, prepared.basis]).to_string();
    if let Some(effects) = aside {
        prepared.document["effects"] = effects;
    }
    prepared.document["plan_id"] = hash::text(&whole)[..12].into();
    prepared.document["applied"] = false.into();
    Ok(prepared)
}

impl Prepared {
    /// The plan of changes to rows of one DAG.
    pub fn of_changes(loaded: &Loaded, dag_id: &str, plan: Plan, why: &str) -> Self {
        let instances: Vec<Value> = plan
            .task_instances
            .iter()
            .map(|p| {
                json!({"dag_id": dag_id, "dag_run_id": &*p.run_id, "task_id": &*p.key.task_id,
                       "map_index": p.key.map_index, "from": p.from.json(), "to": p.to.json(), "reason": p.reason})
            })
            .collect();
        let runs: Vec<Value> = plan
            .dag_runs
            .iter()
            .map(|p| json!({"dag_id": dag_id, "dag_run_id": &*p.run_id, "from": p.from.as_str(), "to": p.to.as_str()}))
            .collect();
        let rows = loaded.runs.iter().flat_map(|one| &one.rows);
        let epochs: HashMap<&TiKey, u32> = rows.map(|row| (&row.key, row.epoch)).collect();
        let kill = plan.kill.iter().map(|key| (key.clone(), epochs.get(key).copied().unwrap_or(0))).collect();
        Self {
            document: json!({"task_instances": instances, "dag_runs": runs, "effects": plan.effects}),
            basis: plan.basis,
            deed: Deed::Changes { changes: plan.changes, kill, why: why.to_owned() },
        }
    }

    /// Applies it. The answer is the document, now applied.
    pub fn apply(self, tx: &Transaction<'_>, who: &str, now: Timestamp) -> Result<(Value, Touched)> {
        let mut document = self.document;
        let touched = match self.deed {
            Deed::Changes { changes, kill, why } => {
                let cause = Cause::new(CauseKind::Killed, format!("{why} by {who}"));
                let kill = kill.into_iter().map(|(key, epoch)| (key, epoch, cause.clone())).collect();
                apply_changes(tx, &changes)?;
                Touched { runs: runs_of(&changes), kill, ..Touched::default() }
            }
            Deed::DeleteRuns(runs) => removal::delete_runs(tx, &runs, now)?,
            Deed::DeleteDag(dag_id) => {
                let runs = store::run::ids(tx, &dag_id)?.into_iter().map(|(id, _)| id).collect();
                store::dag::delete(tx, &dag_id)?;
                Touched { runs, dags: vec![dag_id.as_str().into()], ..Touched::default() }
            }
            Deed::CleanPods { kept, given_up } => {
                for id in &kept {
                    store::pod::condemn(tx, *id)?;
                }
                Touched { pods: kept, given_up, ..Touched::default() }
            }
            Deed::One(one) => one.write(tx, now)?.1,
            Deed::CreateBackfill(new) => {
                let (backfill, touched) = backfill::begin(tx, *new, who, now)?;
                if let Some(effects) = document["effects"].as_array_mut() {
                    effects.push(format!("`dagdeck backfill show {}` tells how far it is", backfill["id"]).into());
                }
                document["backfill"] = backfill;
                touched
            }
            Deed::CancelBackfill { id, changes } => {
                apply_changes(tx, &changes)?;
                document["backfill"] = backfill::end(tx, id, now)?;
                Touched { runs: runs_of(&changes), backfills: true, ..Touched::default() }
            }
        };
        document["applied"] = true.into();
        Ok((document, touched))
    }
}

/// Writes changes; nothing is written if one of them doesn't fit any more.
pub fn apply_changes(tx: &Transaction<'_>, changes: &[Change]) -> Result<()> {
    if gate::apply(tx, changes)? == gate::Refused::default() {
        return Ok(());
    }
    Err(Error::refused("the task instances changed while the plan was made").hint("try again"))
}

/// Runs that changes are about.
pub fn runs_of(changes: &[Change]) -> Vec<RunId> {
    let mut runs: Vec<RunId> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Ti(c) => Some(c.row.key.run),
            Change::Run(c) => Some(c.row.id),
            Change::Expand { run, .. } => Some(*run),
            Change::PauseDag { .. } => None,
        })
        .collect();
    runs.sort();
    runs.dedup();
    runs
}
