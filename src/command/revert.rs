//! Takes back what applied plans did: their documents name every state before and after. The plans of one act are taken back
//! together.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{
    acts::find_run,
    backfill,
    plans::with_rows,
    prepared::{Deed, Prepared},
    single,
};
use crate::{
    error::{Error, Kind, Result},
    protocol::Command,
    scheduler::{Applied, WasRun, WasTi, plan_revert},
    store::plan::{self, Saved},
};

/// The plan that takes an applied plan back, and with it all others of the same act.
///
/// # Errors
/// `NotFound` if there is no such plan; `Refused` if it wasn't applied, or if nothing takes back what it did.
pub fn prepare(tx: &Transaction<'_>, plan_id: &str, now: Timestamp) -> Result<Prepared> {
    let saved = plan::get(tx, plan_id)?.ok_or_else(|| {
        Error::not_found(format!("there is no plan {plan_id:?}")).hint("`dagdeck plans list` names them")
    })?;
    if saved.state != "applied" {
        let hint = format!("`dagdeck plans discard {plan_id}` throws away what isn't applied yet");
        return Err(Error::refused(format!("plan {plan_id} is {}, not applied", saved.state)).hint(hint));
    }
    let group = match &saved.act {
        Some(act) => plan::of_act(tx, act)?,
        None => vec![saved],
    };
    if let [alone] = group.as_slice() {
        return one(tx, alone, now);
    }
    let mut all = Prepared::nothing("set back");
    let mut refused = Vec::new();
    for saved in group {
        let plan_id = saved.plan_id.clone();
        let joined = match saved.state.as_str() {
            "applied" => one(tx, &saved, now),
            other => Err(Error::refused(format!("it is {other}"))),
        };
        match joined.and_then(|plan| all.join(plan)) {
            Ok(()) => {}
            Err(e) if e.kind == Kind::System => return Err(e),
            Err(e) => {
                let why = e.cause.map_or_else(String::new, |cause| format!(": {cause}"));
                refused.push(format!("plan {plan_id} isn't taken back: {}{why}", e.message));
            }
        }
    }
    if all.is_idle() {
        let why = refused.join("; ");
        return Err(Error::refused(format!("nothing of the act of plan {plan_id} can be taken back")).because(why));
    }
    if let Some(effects) = all.document["effects"].as_array_mut() {
        effects.extend(refused.into_iter().map(Value::from));
    }
    Ok(all)
}

/// The same of one plan.
fn one(tx: &Transaction<'_>, saved: &Saved, now: Timestamp) -> Result<Prepared> {
    let plan_id = saved.plan_id.as_str();
    let broken = |e| Error::system(format!("plan {plan_id} is of another version of dagdeck"), e);
    let command: Command = serde_json::from_str(&saved.command).map_err(broken)?;
    let document: Value = serde_json::from_str(&saved.document).map_err(broken)?;
    match command {
        Command::Clear { .. } | Command::Mark { .. } | Command::SetRunState { .. } => {}
        Command::CreateBackfill { .. } => {
            let id = plan::result(tx, plan_id)?.and_then(|text| text.parse().ok());
            let id = id.ok_or_else(|| Error::refused(format!("plan {plan_id} doesn't say which backfill it began")))?;
            return backfill::cancel(tx, id, now);
        }
        Command::UpdateAsset { .. } => {
            let why = "those who follow the asset were told; another update says what is so now";
            return Err(Error::refused(format!("nothing takes back: {}", saved.command_line)).because(why));
        }
        _ => {
            if let Some(back) = single::xcom_back(tx, &command, &document)? {
                return Ok(back);
            }
            let why = "what is deleted or cancelled is gone";
            return Err(Error::refused(format!("nothing takes back: {}", saved.command_line)).because(why));
        }
    }
    let before: Vec<Value> = match &saved.runs_before {
        Some(text) => serde_json::from_str(text).map_err(broken)?,
        None => Vec::new(),
    };
    let was = Applied { instances: instances(&document), runs: runs(&document, &before), at: saved.decided_at };
    let rows = runs_of(&document);
    let Some((dag_id, _)) = rows.first().cloned() else {
        return Err(Error::refused(format!("plan {plan_id} changed nothing")));
    };
    let mut found = Vec::new();
    for (dag_id, run_id) in &rows {
        match find_run(tx, dag_id, run_id) {
            Ok(run) => found.push(run),
            // What is deleted meanwhile needs no old state.
            Err(e) if e.kind == Kind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    let loaded = with_rows(tx, &dag_id, found)?;
    let plan = plan_revert(&loaded, &was, now);
    if plan.changes.is_empty() {
        let why = if plan.effects.is_empty() { "everything is as it was".into() } else { plan.effects.join("; ") };
        return Err(Error::refused(format!("nothing of plan {plan_id} can be taken back")).because(why));
    }
    Ok(Prepared::of_changes(&loaded, &dag_id, plan, "set back"))
}

/// Runs that a plan's document is about: DAG and run id.
fn runs_of(document: &Value) -> Vec<(String, String)> {
    let rows = ["task_instances", "dag_runs"].into_iter().flat_map(|list| document[list].as_array()).flatten();
    let all: BTreeSet<(String, String)> = rows.map(|row| (text(row, "dag_id"), text(row, "dag_run_id"))).collect();
    all.into_iter().filter(|(_, run_id)| !run_id.is_empty()).collect()
}

/// The states of these runs, for whoever takes the plan back later.
///
/// # Errors
/// `System` if the store can't be read.
pub fn states_before(tx: &Transaction<'_>, document: &Value) -> Result<Value> {
    let mut states = Vec::new();
    for (dag_id, run_id) in runs_of(document) {
        match find_run(tx, &dag_id, &run_id) {
            Ok(run) => states.push(json!({"dag_id": dag_id, "dag_run_id": run_id, "state": run.state.as_str()})),
            // Of a backfill the plan names runs that aren't there yet.
            Err(e) if e.kind == Kind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Ok(Value::Array(states))
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

fn instances(document: &Value) -> Vec<WasTi> {
    // Airflow writes the state of an instance without one as null.
    let state = |row: &Value, name: &str| row[name].as_str().unwrap_or("none").parse().ok();
    let one = |row: &Value| {
        Some(WasTi {
            run_id: text(row, "dag_run_id").into(),
            task_id: text(row, "task_id").into(),
            map_index: i32::try_from(row["map_index"].as_i64()?).ok()?,
            from: state(row, "from")?,
            to: state(row, "to")?,
        })
    };
    document["task_instances"].as_array().into_iter().flatten().filter_map(one).collect()
}

/// How the runs were, and what the plan made of them.
fn runs(document: &Value, before: &[Value]) -> Vec<WasRun> {
    let state = |row: &Value, name: &str| row[name].as_str().and_then(|s| s.parse().ok());
    let mut all = BTreeMap::new();
    for row in before {
        if let Some(from) = state(row, "state") {
            all.insert(text(row, "dag_run_id"), (from, from));
        }
    }
    for row in document["dag_runs"].as_array().into_iter().flatten() {
        if let (Some(from), Some(to)) = (state(row, "from"), state(row, "to")) {
            all.insert(text(row, "dag_run_id"), (from, to));
        }
    }
    all.into_iter().map(|(run_id, (from, to))| WasRun { run_id: run_id.into(), from, to }).collect()
}

impl Prepared {
    /// A plan without anything.
    fn nothing(why: &str) -> Self {
        Self {
            document: json!({"task_instances": [], "dag_runs": [], "effects": []}),
            basis: Vec::new(),
            deed: Deed::Changes { changes: Vec::new(), kill: Vec::new(), why: why.to_owned() },
        }
    }

    fn is_idle(&self) -> bool {
        matches!(&self.deed, Deed::Changes { changes, .. } if changes.is_empty())
    }

    /// Adds another plan of changes.
    fn join(&mut self, other: Self) -> Result<()> {
        let (Deed::Changes { changes, kill, .. }, Deed::Changes { changes: more, kill: ends, .. }) =
            (&mut self.deed, other.deed)
        else {
            return Err(Error::refused("this is taken back alone").hint("`dagdeck plans revert ID` names one plan"));
        };
        changes.extend(more);
        kill.extend(ends);
        self.basis.extend(other.basis);
        for list in ["task_instances", "dag_runs", "effects"] {
            let rows = other.document[list].as_array().cloned().unwrap_or_default();
            if let Some(all) = self.document[list].as_array_mut() {
                all.extend(rows);
            }
        }
        Ok(())
    }
}
