//! Native tasks that are done at once: branch, short circuit, trigger-dagrun.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::json;

use super::{
    adopt::failed,
    core::{Engine, Write},
};
use crate::{
    clock,
    command::Actor,
    error::Kind,
    model::{Cause, CauseKind, Dag, RunState, RunType, Task, TiKey, TriggeredBy},
    protocol::{Command, Selection},
    scheduler::Report,
    store::{self, xcom::RETURN_VALUE},
    timetable,
    workload::{Condition, Inline, TriggerDagRun, Wait},
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

    fn trigger(&mut self, key: &TiKey, epoch: u32, a: TriggerDagRun) {
        let now = clock::now();
        let date = a.logical_date.unwrap_or(now);
        let run_id = a.trigger_run_id.clone().unwrap_or_else(|| timetable::run_id(RunType::Manual, date));
        let existing = store::run::find(self.store.reader(), &a.trigger_dag_id, &run_id).ok().flatten();
        let actor = Actor { who: format!("task {key}"), via: "operator".into(), command_line: String::new() };
        let done = match &existing {
            Some(_) if a.skip_when_already_exists => {
                let cause = Cause::new(CauseKind::Skip, format!("run {run_id} of {} exists already", a.trigger_dag_id));
                self.report(key, epoch, Report::Skipped { cause, end: clock::now() });
                return;
            }
            Some(_) if a.reset_dag_run => {
                let selection = Selection {
                    dag_id: a.trigger_dag_id.clone(),
                    run_id: Some(run_id.clone()),
                    ..Selection::default()
                };
                self.act(&actor, Command::Clear { selection, dry_run: false })
            }
            _ => self.act(
                &actor,
                Command::Trigger {
                    dag_id: a.trigger_dag_id.clone(),
                    run_id: Some(run_id.clone()),
                    conf: a.conf.clone(),
                    logical_date: Some(date),
                    note: a.note.clone(),
                    partition_key: None,
                    triggered_by: TriggeredBy::Operator,
                },
            ),
        };
        if let Err(e) = done {
            let (class, retryable) = match (e.kind, existing.is_some()) {
                (Kind::NotFound, _) => ("DagNotFound", true),
                (_, true) => ("DagRunAlreadyExists", false),
                _ => ("AirflowException", true),
            };
            self.report(key, epoch, failed(Cause::new(CauseKind::Value, e.message).exception(class), retryable));
            return;
        }
        self.push(key, epoch, "trigger_run_id", json!(run_id));
        self.writes.push(Write::ExternalId { key: key.clone(), id: run_id.clone() });
        if a.wait_for_completion {
            let condition = Condition::RunEnds {
                dag_id: a.trigger_dag_id,
                run_id,
                allowed_states: a.allowed_states,
                failed_states: a.failed_states,
            };
            self.begin_wait(
                key,
                epoch,
                Wait {
                    condition,
                    poke_interval: a.poke_interval,
                    timeout: f64::INFINITY,
                    soft_fail: false,
                    never_fail: false,
                    silent_fail: false,
                    result: None,
                },
            );
        } else {
            self.success(key, epoch);
        }
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
