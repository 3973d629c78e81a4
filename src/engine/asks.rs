//! Answers to what tasks ask: XComs, variables, connections, states, rendering, new runs.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{assets::asset_answer, core::Engine, dags, render, trigger::NotTriggered};
use crate::{
    clock,
    config::Settings,
    error::{Kind, Result},
    model::{Dag, DagRun, MapIndex, RunId, Task, TiKey, time::rfc3339},
    protocol::task,
    secrets,
    store::{self, count, xcom},
    template,
    workload::TriggerDagRun,
};

impl Engine {
    /// The answer to a question of a task, with the question's id.
    pub(super) fn answer(&mut self, key: &TiKey, epoch: u32, body: &Value) -> Value {
        let mut answer = self
            .find_answer(key, epoch, body)
            .unwrap_or_else(|e| task::error("GENERIC_ERROR", &format!("{}: {}", task::kind(body), e)));
        answer["id"] = body.get("id").cloned().unwrap_or(Value::Null);
        answer
    }

    fn find_answer(&mut self, key: &TiKey, epoch: u32, body: &Value) -> Result<Value> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let db = self.store.reader();
        if let Some(answer) = from_store(db, self.world.run(key.run), key, body)? {
            return Ok(answer);
        }
        Ok(match task::kind(body) {
            "GetNextInterval" => {
                let run = store::run::find(db, text("dag_id"), text("run_id"))?;
                let known = self.world.dag(text("dag_id")).map(|facts| &*facts.dag);
                next_interval(run.as_ref(), known, &self.place.settings)
            }
            "RenderTemplates" => self.render_for(key, body),
            "TriggerDagRun" => self.trigger_for(key, epoch, body),
            other => task::error("UNKNOWN_MESSAGE", &format!("dagdeck does not know the question {other:?}")),
        })
    }

    fn render_for(&self, key: &TiKey, body: &Value) -> Value {
        let found = self.world.instance(key).zip(self.world.run(key.run)).zip(self.world.dag_of(key.run));
        let Some(((row, run), dag)) = found else { return task::error("GENERIC_ERROR", "the run is over") };
        let Some(the_task) = dag.tasks.get(&key.task_id) else {
            return task::error("GENERIC_ERROR", "the task is gone");
        };
        let place = render::Place { dag, run, row, settings: &self.place.settings, db: &self.reader, is_draft: false };
        rendered(&place, the_task, body)
    }

    /// A task's own `TriggerDagRunOperator`. The answer is kept with the run, so that a question that is repeated after a
    /// restart gets the run that it has triggered already.
    fn trigger_for(&mut self, key: &TiKey, epoch: u32, body: &Value) -> Value {
        let ask = body.get("id").and_then(Value::as_i64).unwrap_or(0);
        match store::heard::answer(self.store.reader(), key, epoch, ask) {
            Ok(Some(answer)) => return answer,
            Ok(None) => {}
            Err(e) => return task::error("GENERIC_ERROR", &e.to_string()),
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_string);
        let flag = |name: &str| body.get(name) == Some(&json!(true));
        let asked = TriggerDagRun {
            trigger_dag_id: text("dag_id").unwrap_or_default(),
            trigger_run_id: text("run_id"),
            conf: body.get("conf").cloned().unwrap_or(Value::Null),
            logical_date: text("logical_date").and_then(|t| t.parse().ok()),
            run_after: text("run_after").and_then(|t| t.parse().ok()),
            reset_dag_run: flag("reset_dag_run"),
            fail_when_dag_is_paused: flag("fail_when_dag_is_paused"),
            note: text("note"),
            ..TriggerDagRun::default()
        };
        let answer = |run_id: &str| json!({"type": "OKResponse", "run_id": run_id});
        let done =
            self.trigger_run(key, &asked, |tx, run_id| store::heard::keep_answer(tx, key, epoch, ask, &answer(run_id)));
        match done {
            Ok(run_id) => {
                self.tries.heard.insert((key.clone(), epoch));
                answer(&run_id)
            }
            Err(NotTriggered::NotFound(e)) => task::error("DAG_NOT_FOUND", &e.to_string()),
            Err(NotTriggered::Exists(e)) => task::error("DAGRUN_ALREADY_EXISTS", &e.to_string()),
            Err(NotTriggered::Paused(e)) => task::error("DAG_IS_PAUSED", &e.to_string()),
            Err(NotTriggered::Other(e)) => {
                if e.kind == Kind::System {
                    self.cannot_write(&e);
                }
                task::error("GENERIC_ERROR", &e.to_string())
            }
        }
    }
}

/// The answer to what the store alone knows; `None` for other questions. `own` is the run of the task that asks.
pub(super) fn from_store(db: &Connection, own: Option<&DagRun>, key: &TiKey, body: &Value) -> Result<Option<Value>> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_string);
    let needed = |name: &str| text(name).unwrap_or_default();
    Ok(Some(match task::kind(body) {
        "GetXCom" => {
            let index = body.get("map_index").and_then(Value::as_i64).unwrap_or(-1) as MapIndex;
            let value = match run_of(db, own, key, body)? {
                Some(run) if body.get("include_prior_dates") == Some(&json!(true)) => {
                    let found = xcom::with_prior_dates(db, run, &needed("task_id"), &needed("key"))?;
                    found.into_iter().rfind(|(_, i, _)| *i == index).map(|(_, _, value)| value)
                }
                Some(run) => xcom::get(db, run, &needed("task_id"), index, &needed("key"))?,
                None => None,
            };
            json!({"type": "XComResult", "key": needed("key"), "found": value.is_some(), "value": value})
        }
        "GetXComSequence" => {
            let (task_id, name) = (needed("task_id"), needed("key"));
            let values: Vec<Value> = match run_of(db, own, key, body)? {
                Some(run) if body.get("include_prior_dates") == Some(&json!(true)) => {
                    let found = xcom::with_prior_dates(db, run, &task_id, &name)?;
                    found.into_iter().map(|(r, i, v)| json!({"run_id": r, "map_index": i, "value": v})).collect()
                }
                Some(run) => {
                    let run_id = text("run_id");
                    let found = xcom::all(db, run, &task_id, &name)?;
                    found.into_iter().map(|(i, v)| json!({"run_id": run_id, "map_index": i, "value": v})).collect()
                }
                None => Vec::new(),
            };
            json!({"type": "XComSequenceResult", "values": values})
        }
        "GetVariable" => match secrets::variable(db, &needed("key"))? {
            Some(value) => json!({"type": "VariableResult", "key": needed("key"), "value": value}),
            None => task::error("VARIABLE_NOT_FOUND", &format!("variable {} does not exist", needed("key"))),
        },
        "GetConnection" => match secrets::connection(db, &needed("conn_id"))? {
            Some(mut fields) => {
                fields["type"] = json!("ConnectionResult");
                fields
            }
            None => task::error("CONNECTION_NOT_FOUND", &format!("connection {} does not exist", needed("conn_id"))),
        },
        "GetTaskStateStore" => {
            let value = store::task_state::get(db, key, &needed("key"), clock::now())?;
            json!({"type": "TaskStateStoreResult", "found": value.is_some(), "value": value})
        }
        "GetDagRunState" => {
            let run = store::run::find(db, &needed("dag_id"), &needed("run_id"))?;
            match run {
                Some(run) => json!({"type": "DagRunStateResult", "state": run.state.as_str()}),
                None => task::error(
                    "DAGRUN_NOT_FOUND",
                    &format!("there is no run {} of {}", needed("run_id"), needed("dag_id")),
                ),
            }
        }
        "GetDRCount" => json!({"type": "CountResult", "count": count::runs(db, &which(body))?}),
        "GetTICount" => json!({"type": "CountResult", "count": count::instances(db, &which(body))?}),
        "GetTaskStates" => {
            json!({"type": "TaskStatesResult", "task_states": count::task_states(db, &which(body))?})
        }
        "GetDagRun" => match store::run::find(db, &needed("dag_id"), &needed("run_id"))? {
            Some(run) => json!({"type": "DagRunResult", "dag_run": render::run_document(&run)}),
            None => task::error(
                "DAGRUN_NOT_FOUND",
                &format!("there is no run {} of {}", needed("run_id"), needed("dag_id")),
            ),
        },
        "GetPreviousDagRun" => {
            let before = text("logical_date").and_then(|t| t.parse().ok());
            let run = match before {
                Some(before) => store::run::previous(db, &needed("dag_id"), before, text("state").as_deref())?,
                None => None,
            };
            json!({"type": "PreviousDagRunResult", "dag_run": run.as_ref().map(render::run_document)})
        }
        kind if kind.starts_with("GetAsset") => asset_answer(db, kind, body)?,
        _ => return Ok(None),
    }))
}

/// The answer to the question for the end of a run's next data interval; `known`: its DAG.
pub(super) fn next_interval(run: Option<&DagRun>, known: Option<&Dag>, settings: &Settings) -> Value {
    let next = run.zip(known).and_then(|(run, dag)| dags::run_after(run, dag, settings));
    let end = next.and_then(|next| next.data_interval).map(|interval| rfc3339(interval.end));
    json!({"type": "NextIntervalResult", "data_interval_end": end})
}

/// The run that a question is about: by its names, else the task's own.
fn run_of(db: &Connection, own: Option<&DagRun>, key: &TiKey, body: &Value) -> Result<Option<RunId>> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let Some(own) = own else { return Ok(Some(key.run)) };
    let (dag_id, run_id) = (text("dag_id").unwrap_or(&own.dag_id), text("run_id").unwrap_or(&own.run_id));
    if dag_id == &*own.dag_id && run_id == &*own.run_id {
        return Ok(Some(key.run));
    }
    Ok(store::run::find(db, dag_id, run_id)?.map(|run| run.id))
}

/// The answer to a question for rendered texts.
pub(super) fn rendered(place: &render::Place<'_>, task: &Task, body: &Value) -> Value {
    let mut the_task = task.clone();
    for (name, value) in body.get("task_fields").and_then(Value::as_object).into_iter().flatten() {
        the_task.args.insert(name.clone(), value.clone());
    }
    let context = place.context(&the_task);
    let native = body.get("native") == Some(&json!(true));
    let mut results = Vec::new();
    for text in body.get("templates").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let rendered = if native {
            template::render_native(text, &context)
        } else {
            template::render(text, &context).map(Value::String)
        };
        match rendered {
            Ok(value) => results.push(value),
            Err(failure) => {
                let mut refusal = task::error("TEMPLATE", &failure.message);
                refusal["exception"] = json!(failure.exception);
                refusal["unsupported"] = json!(failure.unsupported);
                return refusal;
            }
        }
    }
    json!({"type": "RenderResult", "results": results})
}

/// What a counting question selects.
fn which(body: &Value) -> count::Which {
    let texts = |name: &str| -> Option<Vec<String>> {
        let list = body.get(name)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).map(str::to_string).collect())
    };
    let dates = texts("logical_dates").map(|dates| {
        dates.iter().filter_map(|d| crate::operators::parse_instant(d)).map(|t| t.as_microsecond()).collect()
    });
    count::Which {
        dag_id: body.get("dag_id").and_then(Value::as_str).unwrap_or("").to_string(),
        task_ids: texts("task_ids"),
        task_group_id: body.get("task_group_id").and_then(Value::as_str).map(str::to_string),
        logical_dates: dates,
        run_ids: texts("run_ids"),
        states: texts("states"),
        map_index: body.get("map_index").and_then(Value::as_i64),
    }
}
