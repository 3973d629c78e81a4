//! Native tasks that are done at once: branch, short circuit.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::json;

use super::{
    adopt::failed,
    core::{Engine, Write},
};
use crate::{
    clock,
    model::{Cause, CauseKind, Dag, RunState, Task, TiKey},
    scheduler::Report,
    store::{self, xcom::RETURN_VALUE},
    workload::Inline,
};

impl Engine {
    pub(super) fn run_inline(&mut self, key: &TiKey, epoch: u32, dag: &Arc<Dag>, task: &Task, inline: Inline) {
        self.begin_here(key, epoch);
        match inline {
            Inline::Nothing => self.success(key, epoch),
            Inline::Choose { task_ids } => match followed(dag, task, &task_ids) {
                Ok(followed) => {
                    let skip: Vec<Arc<str>> =
                        task.downstream_task_ids.iter().filter(|id| !followed.contains(*id)).cloned().collect();
                    let chosen: Vec<&str> = followed.iter().map(|id| &**id).collect();
                    self.skip(key, epoch, skip, json!({"followed": chosen}), json!(task_ids));
                }
                Err(cause) => self.report(key, epoch, failed(cause, true)),
            },
            Inline::ShortCircuit { go_on: true, .. } => {
                self.push(key, epoch, RETURN_VALUE, json!(true));
                self.success(key, epoch);
            }
            Inline::ShortCircuit { go_on: false, ignore_downstream_trigger_rules } => {
                let below = if ignore_downstream_trigger_rules {
                    dag.relatives(&task.task_id, false)
                } else {
                    task.downstream_task_ids.clone()
                };
                let skip: Vec<Arc<str>> =
                    below.into_iter().filter(|id| !dag.tasks.get(id).is_some_and(|t| t.is_teardown)).collect();
                let names: Vec<&str> = skip.iter().map(|id| &**id).collect();
                let decision = json!({"skipped": names});
                self.skip(key, epoch, skip, decision, json!(false));
            }
            Inline::TriggerDagRun(arguments) => self.trigger(key, epoch, *arguments),
        }
    }

    /// Skips tasks; the return value is pushed only if there was nothing to skip (semantics 3.3).
    fn skip(
        &mut self,
        key: &TiKey,
        epoch: u32,
        tasks: Vec<Arc<str>>,
        decision: serde_json::Value,
        value: serde_json::Value,
    ) {
        self.push(key, epoch, "skipmixin_key", decision.clone());
        if tasks.is_empty() {
            self.push(key, epoch, RETURN_VALUE, value);
        } else {
            self.report(key, epoch, Report::Skips { tasks, decision });
        }
        self.success(key, epoch);
    }

    pub(super) fn push(&mut self, key: &TiKey, epoch: u32, name: &str, value: serde_json::Value) {
        if name == RETURN_VALUE {
            self.report(key, epoch, Report::Pushed { length: None });
        }
        self.writes.push(Write::SetXcom { key: key.clone(), name: name.into(), value, length: None });
    }

    pub(super) fn success(&mut self, key: &TiKey, epoch: u32) {
        self.report(key, epoch, Report::Success { start: None, end: clock::now() });
    }

    /// State of a run, for waits.
    pub(super) fn run_state(&self, dag_id: &str, run_id: &str) -> Option<RunState> {
        store::run::find(self.store.reader(), dag_id, run_id).ok().flatten().map(|run| run.state)
    }
}

/// The direct children that a choice follows: the chosen ones, and those below a chosen task.
fn followed(dag: &Dag, task: &Task, chosen: &[String]) -> Result<BTreeSet<Arc<str>>, Cause> {
    let children: BTreeSet<Arc<str>> = task.downstream_task_ids.iter().cloned().collect();
    if chosen.is_empty() {
        return Ok(children);
    }
    let mut wanted: Vec<Arc<str>> = Vec::new();
    for id in chosen {
        if let Some(found) = dag.tasks.get(id.as_str()) {
            wanted.push(found.task_id.clone());
        } else if dag.task_groups.contains_key(id.as_str()) {
            let inside = format!("{id}.");
            let roots = dag.tasks.values().filter(|t| {
                t.task_id.starts_with(&inside) && !t.upstream_task_ids.iter().any(|up| up.starts_with(&inside))
            });
            wanted.extend(roots.map(|t| t.task_id.clone()));
        } else {
            let text = format!("branch {} chose {id:?}, which is no task or group of the DAG", task.task_id);
            return Err(Cause::new(CauseKind::Value, text).exception("AirflowException"));
        }
    }
    let mut reached: BTreeSet<Arc<str>> = wanted.iter().cloned().collect();
    for id in &wanted {
        reached.extend(dag.relatives(id, false));
    }
    Ok(children.intersection(&reached).cloned().collect())
}
