//! A person's answer to a task that waits for one.

use jiff::Timestamp;
use rusqlite::Transaction;
use serde_json::{Map, Value, json};

use super::{acts::find_run, perform::Touched};
use crate::{
    error::{Error, Result},
    model::{HitlRequest, HitlResponse, MapIndex, TiKey, TiState},
    store::{self, load},
    template,
};

/// What was answered.
pub struct Answer<'a> {
    /// DAG.
    pub dag_id: &'a str,
    /// Run.
    pub run_id: &'a str,
    /// Task.
    pub task_id: &'a str,
    /// Index.
    pub map_index: MapIndex,
    /// Chosen options; none where there is only one to choose.
    pub options: Vec<String>,
    /// Values of the form; those that are left out keep their defaults.
    pub params: Value,
}

/// Checks an answer and keeps it; the scheduler lets the task go on.
pub fn answer(tx: &Transaction<'_>, user: &str, answer: Answer<'_>, now: Timestamp) -> Result<(Value, Touched)> {
    let run = find_run(tx, answer.dag_id, answer.run_id)?;
    let key = TiKey::new(run.id, answer.task_id, answer.map_index);
    let row = load::instance(tx, &key)?
        .ok_or_else(|| Error::not_found(format!("run {} has no task instance {key}", answer.run_id)))?;
    let request = store::hitl::get(tx, &key)?.filter(|_| row.state == TiState::AwaitingInput);
    let Some(request) = request else {
        return Err(Error::refused(format!("{key} is {}: it waits for nobody's answer", row.state))
            .hint("`dagdeck hitl list` shows what does"));
    };
    if request.response.is_some() {
        return Err(Error::refused(format!("{key} has been answered already")));
    }
    if !request.may_answer(user) {
        let users: Vec<String> = request.assigned_users.iter().map(name_of).collect();
        return Err(Error::refused(format!("{user} may not answer {key}"))
            .because(format!("it is assigned to {}", users.join(", "))));
    }
    let response = HitlResponse {
        chosen_options: options(&request, answer.options)?,
        params_input: params(&request, answer.params)?,
        responded_by: Some(user.to_string()),
        responded_at: now,
    };
    store::hitl::respond(tx, &key, &response)?;
    let document = json!({
        "dag_id": answer.dag_id, "dag_run_id": answer.run_id, "task_id": answer.task_id, "map_index": answer.map_index,
        "subject": request.subject, "chosen_options": response.chosen_options, "params_input": response.params_input,
        "responded_by_user": {"id": user, "name": user},
    });
    Ok((document, Touched { answered: vec![key], ..Touched::default() }))
}

fn name_of(user: &Value) -> String {
    let name = user["name"].as_str().or_else(|| user["id"].as_str());
    name.map_or_else(|| user.to_string(), str::to_string)
}

fn options(request: &HitlRequest, mut chosen: Vec<String>) -> Result<Vec<String>> {
    let all = request.options.join(", ");
    if chosen.is_empty() && request.options.len() == 1 {
        chosen.clone_from(&request.options);
    }
    if chosen.is_empty() {
        return Err(Error::refused("an option must be chosen").hint(format!("--option O, one of: {all}")));
    }
    if let Some(wrong) = chosen.iter().find(|option| !request.options.contains(option)) {
        return Err(Error::refused(format!("{wrong:?} is none of the options")).hint(format!("one of: {all}")));
    }
    if chosen.len() > 1 && !request.multiple {
        return Err(Error::refused("only one option may be chosen").because(format!("not {}", chosen.join(", "))));
    }
    Ok(chosen)
}

fn params(request: &HitlRequest, given: Value) -> Result<Value> {
    let given = match given {
        Value::Null => Map::new(),
        Value::Object(map) => map,
        _ => return Err(Error::refused("params must be a JSON object").hint("for example --params '{\"key\": 1}'")),
    };
    if let Some(unknown) = given.keys().find(|name| !request.params.contains_key(*name)) {
        let names: Vec<&str> = request.params.keys().map(String::as_str).collect();
        let known = if names.is_empty() { "it asks for none".into() } else { format!("one of: {}", names.join(", ")) };
        return Err(Error::refused(format!("the question has no param {unknown:?}")).hint(known));
    }
    let mut all = request.default_params();
    for (name, value) in given {
        all[name.as_str()] = value;
    }
    template::validate_values(&request.params, &all).map_err(|errors| {
        let text: Vec<_> = errors.iter().map(|e| format!("{}: {}", e.path, e.message)).collect();
        Error::refused(format!("the params do not fit: {}", text.join("; ")))
    })?;
    Ok(all)
}
