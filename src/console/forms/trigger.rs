//! The trigger form: a field per param of the DAG, typed by its schema.

use serde_json::{Map, Value};

use crate::{
    model::{Dag, Param, TriggeredBy},
    protocol::Command,
};

use super::{ActForm, Control, Field, Purpose};
use crate::{
    console::widgets::{input::Input, text},
    store::screens::dags::RunCell,
};

/// The first choice of what is filled in.
const DEFAULTS: &str = "defaults";

/// The fields for a DAG.
pub fn fields(dag: &Dag) -> Vec<Field> {
    let mut all: Vec<Field> = dag.params.iter().map(|(name, param)| field(name, param)).collect();
    all.push(Field::text("conf", "more (JSON)", "", "a JSON object, added to the params"));
    all.push(Field::text("run_id", "run id", "", "empty: made from the time"));
    all.push(Field::text("logical_date", "logical date", "", "empty: none; else 2026-01-31 or RFC 3339"));
    all.push(Field::text("note", "note", "", ""));
    all
}

/// Adds a first field that takes over what one of the last runs was triggered with, and says their values beside the params.
pub fn offer(dag: &Dag, fields: &mut Vec<Field>, recent: &[(RunCell, Value)]) {
    for field in fields.iter_mut() {
        let Some(param) = field.name.strip_prefix("param:").and_then(|name| Some((name, dag.params.get(name)?))) else {
            continue;
        };
        let (name, param) = param;
        let last: Vec<String> = recent.iter().map(|(_, conf)| plain(conf.get(name).unwrap_or(&param.value))).collect();
        let note = std::mem::take(&mut field.note);
        field.note = format!("{note}  last: {}", last.join(" ")).trim_start().to_owned();
    }
    let names = recent.iter().map(|(run, _)| text::run_id(&run.run.run_id));
    let all = std::iter::once(DEFAULTS.to_owned()).chain(names).collect();
    let note = "fills in what that run had".to_owned();
    fields.insert(0, Field { name: "prefill".into(), label: "prefill".into(), control: Control::Choice(all, 0), note });
}

/// After a key in the field that [`offer`] added: the other fields are what that run had.
pub fn follow(form: &mut ActForm, field: usize) {
    let (Purpose::Trigger(dag), Some(outlook)) = (&form.purpose, &form.outlook) else { return };
    let Some(Field { name, control: Control::Choice(_, at), .. }) = form.fields.get(field) else { return };
    if name != "prefill" {
        return;
    }
    let none = Value::Object(Map::new());
    let conf = at.checked_sub(1).and_then(|at| outlook.recent.get(at)).map_or(&none, |(_, conf)| conf);
    let mut more = conf.as_object().cloned().unwrap_or_default();
    for field in &mut form.fields {
        let Some(name) = field.name.strip_prefix("param:") else { continue };
        let Some(param) = dag.params.get(name) else { continue };
        let value = more.shift_remove(name).unwrap_or_else(|| param.value.clone());
        field.control = control(param, &value);
    }
    let more = if more.is_empty() { String::new() } else { Value::Object(more).to_string() };
    if let Some(field) = form.fields.iter_mut().find(|f| f.name == "conf") {
        field.control = Control::Text(Input::new(more));
    }
    form.check();
}

/// The types a param's schema allows.
fn types(param: &Param) -> Vec<&str> {
    match &param.schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn field(name: &str, param: &Param) -> Field {
    let types = types(param);
    let mut note = types.join("|");
    for (key, sign) in [("minimum", ">="), ("maximum", "<="), ("pattern", "~"), ("format", "")] {
        match &param.schema[key] {
            Value::Null => {}
            Value::String(text) => note.push_str(&format!(" {sign}{text}")),
            other => note.push_str(&format!(" {sign}{other}")),
        }
    }
    if param.required {
        note.push_str(" required");
    }
    if let Some(text) = &param.description {
        note.push_str(&format!("  {text}"));
    }
    let control = control(param, &param.value);
    Field { name: format!("param:{name}"), label: name.into(), control, note: note.trim().into() }
}

/// How a param is filled in, with a value in it.
fn control(param: &Param, value: &Value) -> Control {
    match (&param.schema["enum"], value) {
        (Value::Array(values), have) if !values.is_empty() => {
            Control::Choice(values.iter().map(plain).collect(), values.iter().position(|v| v == have).unwrap_or(0))
        }
        (_, Value::Bool(on)) => Control::Toggle(*on),
        _ if types(param) == ["boolean"] => Control::Toggle(false),
        (_, Value::Null) => Control::Text(Input::default()),
        (_, have) => Control::Text(Input::new(plain(have))),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a field's text means for its param.
fn value(param: &Param, field: &Field) -> Result<Value, String> {
    let types = types(param);
    match &field.control {
        Control::Toggle(on) => Ok(Value::Bool(*on)),
        Control::Choice(_, at) => Ok(param.schema["enum"][*at].clone()),
        Control::Text(input) => {
            let text = input.text.as_str();
            let nullable = types.is_empty() || types.contains(&"null");
            if text.is_empty() && (nullable || param.value.is_null()) && !types.contains(&"string") {
                return Ok(Value::Null);
            }
            if text.is_empty() && param.value.is_null() && nullable {
                return Ok(Value::Null);
            }
            let is_text = types.contains(&"string") || (types.is_empty() && param.value.is_string());
            match serde_json::from_str(text) {
                Ok(Value::String(_)) | Err(_) if is_text => Ok(text.into()),
                Ok(_) if is_text && types.iter().all(|t| matches!(*t, "string" | "null")) => Ok(text.into()),
                Ok(parsed) => Ok(parsed),
                // A param without a type takes text as text.
                Err(_) if types.is_empty() => Ok(text.into()),
                Err(_) => Err(format!("{}: not a {}", field.label, types.join(" or "))),
            }
        }
    }
}

/// The command; an error names the field that can't be used.
pub fn command(dag: &Dag, fields: &[Field]) -> Result<Command, String> {
    let text = |name: &str| fields.iter().find(|f| f.name == name).map(Field::value).unwrap_or_default();
    let some = |name: &str| Some(text(name).trim().to_owned()).filter(|t| !t.is_empty());
    let mut conf = Map::new();
    for field in fields {
        let Some(name) = field.name.strip_prefix("param:") else { continue };
        let Some(param) = dag.params.get(name) else { continue };
        let value = value(param, field)?;
        let empty = matches!(&field.control, Control::Text(input) if input.text.is_empty());
        if param.required && (value.is_null() || empty) {
            return Err(format!("{name} needs a value"));
        }
        // What equals the default isn't sent: the run then follows the file.
        if value != param.value || param.required {
            conf.insert(name.into(), value);
        }
    }
    if let Some(more) = some("conf") {
        match serde_json::from_str::<Value>(&more) {
            Ok(Value::Object(more)) => conf.extend(more),
            Ok(_) => return Err("more (JSON): not an object".into()),
            Err(e) => return Err(format!("more (JSON): {e}")),
        }
    }
    let logical_date = some("logical_date").map(|t| date(&t)).transpose()?;
    Ok(Command::Trigger {
        dag_id: dag.dag_id.to_string(),
        run_id: some("run_id"),
        conf: Value::Object(conf),
        logical_date,
        run_after: None,
        note: some("note"),
        partition_key: None,
        triggered_by: TriggeredBy::Ui,
    })
}

/// An instant, or a day or time of day in UTC.
pub fn date(text: &str) -> Result<jiff::Timestamp, String> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at);
    }
    text.parse::<jiff::civil::DateTime>()
        .ok()
        .and_then(|d| d.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|z| z.timestamp())
        .ok_or_else(|| format!("{text} is no time; write 2026-01-31 or 2026-01-31T06:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn dag() -> Dag {
        let dag = json!({"dag_id": "d", "params": {
            "epochs": {"value": 100, "schema": {"type": "integer", "minimum": 1}},
            "name": {"value": "x", "schema": {"type": "string"}},
            "batch": {"value": 64, "schema": {"enum": [32, 64, 128]}},
            "dry": {"value": false, "schema": {"type": "boolean"}},
            "maybe": {"value": null, "schema": {"type": ["null", "string"]}},
            "list": {"value": [1], "schema": {"type": "array"}},
            "must": {"required": true, "schema": {"type": "string"}}}});
        serde_json::from_value(dag).unwrap()
    }

    fn set(fields: &mut [Field], name: &str, text: &str) {
        let field = fields.iter_mut().find(|f| f.label == name || f.name == name).unwrap();
        field.control = Control::Text(Input::new(text));
    }

    #[test]
    fn only_what_changed_is_sent() {
        let dag = dag();
        let mut fields = fields(&dag);
        assert_eq!(command(&dag, &fields).unwrap_err(), "must needs a value");
        set(&mut fields, "must", "12");
        set(&mut fields, "epochs", "5");
        let batch = fields.iter_mut().find(|f| f.label == "batch").unwrap();
        assert!(batch.key("Space"));
        set(&mut fields, "conf", r#"{"extra": true}"#);
        set(&mut fields, "logical_date", "2026-01-31");
        let Command::Trigger { conf, logical_date, run_id, .. } = command(&dag, &fields).unwrap() else { panic!() };
        assert_eq!(conf, json!({"epochs": 5, "batch": 128, "must": "12", "extra": true}));
        assert_eq!(logical_date.unwrap().to_string(), "2026-01-31T00:00:00Z");
        assert_eq!(run_id, None);
    }

    #[test]
    fn mistakes_name_the_field() {
        let dag = dag();
        for (name, text, part) in [
            ("epochs", "many", "epochs: not a integer"),
            ("conf", "[1]", "not an object"),
            ("logical_date", "soon", "no time"),
            ("list", "[1", "list: not a array"),
        ] {
            let mut fields = fields(&dag);
            set(&mut fields, "must", "x");
            set(&mut fields, name, text);
            let e = command(&dag, &fields).unwrap_err();
            assert!(e.contains(part), "{e}");
        }
    }
}
