//! Answers to what tasks ask: XComs, variables, connections, states, rendering, new runs.

use serde_json::{Value, json};

use super::{core::Engine, dags, render};
use crate::{
    clock,
    command::Actor,
    error::{Kind, Result},
    model::{MapIndex, TiKey, TriggeredBy, time::rfc3339},
    protocol::{Command, Selection, task},
    secrets,
    store::{self, count, xcom},
    template,
};

impl Engine {
    /// The answer to a question of a task, with the question's id.
    pub(super) fn answer(&mut self, key: &TiKey, _epoch: u32, body: &Value) -> Value {
        // It may ask for what was said a moment ago.
        self.commit();
        let mut answer = self
            .find_answer(key, body)
            .unwrap_or_else(|e| task::error("GENERIC_ERROR", &format!("{}: {}", task::kind(body), e)));
        answer["id"] = body.get("id").cloned().unwrap_or(Value::Null);
        answer
    }

    fn find_answer(&mut self, key: &TiKey, body: &Value) -> Result<Value> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_string);
        let db = self.store.reader();
        let needed = |name: &str| text(name).unwrap_or_default();
        Ok(match task::kind(body) {
            "GetXCom" => {
                let index = body.get("map_index").and_then(Value::as_i64).unwrap_or(-1) as MapIndex;
                let value = match self.run_of(key, body)? {
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
                let values: Vec<Value> = match self.run_of(key, body)? {
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
                None => {
                    task::error("CONNECTION_NOT_FOUND", &format!("connection {} does not exist", needed("conn_id")))
                }
            },
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
            "GetNextInterval" => {
                let run = store::run::find(db, &needed("dag_id"), &needed("run_id"))?;
                let next = run.zip(self.world.dag(&needed("dag_id")));
                let next = next.and_then(|(run, facts)| dags::run_after(&run, &facts.dag, &self.place.settings));
                let end = next.and_then(|next| next.data_interval).map(|interval| rfc3339(interval.end));
                json!({"type": "NextIntervalResult", "data_interval_end": end})
            }
            kind if kind.starts_with("GetAsset") => self.asset_answer(kind, body)?,
            "RenderTemplates" => self.render_for(key, body),
            "TriggerDagRun" => self.trigger_for(key, body),
            other => task::error("UNKNOWN_MESSAGE", &format!("dagdeck does not know the question {other:?}")),
        })
    }

    /// The run that a question is about: by its names, else the task's own.
    fn run_of(&self, key: &TiKey, body: &Value) -> Result<Option<crate::model::RunId>> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let Some(own) = self.world.run(key.run) else { return Ok(Some(key.run)) };
        let (dag_id, run_id) = (text("dag_id").unwrap_or(&own.dag_id), text("run_id").unwrap_or(&own.run_id));
        if dag_id == &*own.dag_id && run_id == &*own.run_id {
            return Ok(Some(key.run));
        }
        Ok(store::run::find(self.store.reader(), dag_id, run_id)?.map(|run| run.id))
    }

    fn render_for(&self, key: &TiKey, body: &Value) -> Value {
        let found = self.world.instance(key).zip(self.world.run(key.run)).zip(self.world.dag_of(key.run));
        let Some(((row, run), dag)) = found else { return task::error("GENERIC_ERROR", "the run is over") };
        let Some(the_task) = dag.tasks.get(&key.task_id) else {
            return task::error("GENERIC_ERROR", "the task is gone");
        };
        let place = render::Place { dag, run, row, settings: &self.place.settings, db: &self.reader };
        let context = place.context(the_task);
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

    fn trigger_for(&mut self, key: &TiKey, body: &Value) -> Value {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_string);
        let dag_id = text("dag_id").unwrap_or_default();
        let run_id = text("run_id");
        let existing =
            run_id.as_deref().and_then(|run_id| store::run::find(self.store.reader(), &dag_id, run_id).ok().flatten());
        let actor = Actor { who: format!("task {key}"), via: "operator".into(), command_line: String::new() };
        let done = match (&existing, body.get("reset_dag_run") == Some(&json!(true))) {
            (Some(_), false) => {
                return task::error(
                    "DAGRUN_ALREADY_EXISTS",
                    &format!("run {} of {dag_id} exists", run_id.unwrap_or_default()),
                );
            }
            (Some(run), true) => {
                let selection =
                    Selection { dag_id: dag_id.clone(), run_id: Some(run.run_id.to_string()), ..Selection::default() };
                self.act(&actor, Command::Clear { selection, dry_run: false })
            }
            (None, _) => {
                let command = Command::Trigger {
                    dag_id: dag_id.clone(),
                    run_id: run_id.clone(),
                    conf: body.get("conf").cloned().unwrap_or(Value::Null),
                    logical_date: text("logical_date").and_then(|t| t.parse().ok()).or_else(|| Some(clock::now())),
                    note: text("note"),
                    partition_key: None,
                    triggered_by: TriggeredBy::Operator,
                };
                self.act(&actor, command)
            }
        };
        match done {
            Ok(document) => {
                let made = document.get("dag_run_id").and_then(Value::as_str).map(str::to_string).or(run_id);
                json!({"type": "OKResponse", "run_id": made})
            }
            Err(e) if e.kind == Kind::NotFound => task::error("DAG_NOT_FOUND", &e.message),
            Err(e) if e.message.contains("already has a run") => task::error("DAGRUN_ALREADY_EXISTS", &e.message),
            Err(e) => task::error("GENERIC_ERROR", &e.to_string()),
        }
    }
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
