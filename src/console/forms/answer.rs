//! The form that answers a task that waits for a person.

use serde_json::{Map, Value};

use crate::{protocol::Command, store::screens::questions::Question};

use super::{Control, Field};
use crate::console::widgets::input::Input;

/// The fields: what may be chosen, and the values of its form.
pub fn fields(q: &Question) -> Vec<Field> {
    let mut all = Vec::new();
    if q.multiple {
        all.extend(q.options.iter().map(|o| Field::toggle(&format!("option:{o}"), o, q.defaults.contains(o))));
    } else if !q.options.is_empty() {
        let at = q.options.iter().position(|o| q.defaults.contains(o)).unwrap_or(0);
        all.push(Field {
            name: "option".into(),
            label: "answer".into(),
            control: Control::Choice(q.options.clone(), at),
            note: q.defaults.first().map(|d| format!("without an answer: {d}")).unwrap_or_default(),
        });
    }
    for (name, param) in q.params.as_object().into_iter().flatten() {
        let value = param.get("value").unwrap_or(param);
        let text = value
            .as_str()
            .map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned);
        all.push(Field {
            name: format!("param:{name}"),
            label: name.clone(),
            control: Control::Text(Input::new(text)),
            note: param["description"].as_str().unwrap_or_default().into(),
        });
    }
    all
}

/// The command.
pub fn command(q: &Question, fields: &[Field]) -> Command {
    let mut options = Vec::new();
    let mut params = Map::new();
    for field in fields {
        if let Some(name) = field.name.strip_prefix("param:") {
            let text = field.value();
            // A text stays one; everything else is JSON where it can be read as such.
            let was_text = q.params[name].get("value").unwrap_or(&q.params[name]).is_string();
            let value =
                if was_text { Value::from(text) } else { serde_json::from_str(&text).unwrap_or(Value::from(text)) };
            params.insert(name.into(), value);
        } else if let Some(option) = field.name.strip_prefix("option:") {
            if field.on() {
                options.push(option.to_owned());
            }
        } else {
            options.push(field.value());
        }
    }
    let ti = &q.row.ti;
    Command::AnswerHitl {
        dag_id: ti.run.dag_id.clone(),
        run_id: ti.run.run_id.clone(),
        task_id: ti.task_id.clone(),
        map_index: ti.map_index,
        options,
        params: if params.is_empty() { Value::Null } else { Value::Object(params) },
    }
}
