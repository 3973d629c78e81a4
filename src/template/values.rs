//! Values on their way in and out of the engine: JSON with marks, and text as Python prints it.

use std::{fmt::Write as _, sync::OnceLock};

use minijinja::{
    Value,
    value::{Tuple, ValueKind},
};
use serde_json::{Map, Value as Json, json};

use super::{
    entities::Entity,
    macros::Callable,
    moment::{Delta, Moment, parse_iso},
};
use crate::model::{RunType, TiState, mapping::MARK};

/// A JSON value (with the marks of `model::mapping`) as the engine's value.
pub(super) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(b) => Value::from(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => Value::from(i),
            (_, Some(u)) => Value::from(u),
            _ => Value::from(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(s) => Value::from(s.as_str()),
        Json::Array(items) => Value::from(items.iter().map(from_json).collect::<Vec<_>>()),
        Json::Object(map) => marked(map)
            .unwrap_or_else(|| Value::from_pairs(map.iter().map(|(k, v)| (Value::from(k.as_str()), from_json(v))))),
    }
}

fn marked(map: &Map<String, Json>) -> Option<Value> {
    let value = || map.get("value");
    match map.get(MARK)?.as_str()? {
        "datetime" => Some(Value::from_object(parse_iso(value()?.as_str()?)?)),
        "timedelta" => Some(Value::from_object(Delta((value()?.as_f64()? * 1e6).round() as i64))),
        "tuple" => Some(Value::from(Tuple::from(value()?.as_array()?.iter().map(from_json).collect::<Vec<_>>()))),
        "set" => Some(from_json(value()?)),
        _ => None,
    }
}

/// What Python's `str()` makes of an encoded date or timedelta; `None` for any other value.
pub fn text_of_encoded(value: &Json) -> Option<String> {
    let map = value
        .as_object()
        .filter(|map| matches!(map.get(MARK).and_then(Json::as_str), Some("datetime" | "timedelta")))?;
    marked(map).map(|v| v.to_string())
}

/// The engine's value as JSON; dates, timedeltas and tuples become marks.
pub(super) fn to_json(value: &Value) -> Json {
    if let Some(moment) = value.downcast_object_ref::<Moment>() {
        return json!({MARK: "datetime", "value": moment.isoformat()});
    }
    if let Some(delta) = value.downcast_object_ref::<Delta>() {
        return json!({MARK: "timedelta", "value": delta.0 as f64 / 1e6});
    }
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => match value.as_i64() {
            Some(i) if value.is_integer() => json!(i),
            _ => f64::try_from(value.clone()).map_or(Json::Null, |f| json!(f)),
        },
        ValueKind::String => Json::String(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items: Vec<Json> = value.try_iter().map(|i| i.map(|v| to_json(&v)).collect()).unwrap_or_default();
            if value.is_tuple() { json!({MARK: "tuple", "value": items}) } else { Json::Array(items) }
        }
        ValueKind::Map => {
            let mut map = Map::new();
            for key in value.try_iter().into_iter().flatten() {
                let item = value.get_item(&key).unwrap_or_default();
                map.insert(python_str(&key), to_json(&item));
            }
            Json::Object(map)
        }
        _ => Json::String(python_str(value)),
    }
}

/// `str(value)` of Python.
pub(super) fn python_str(value: &Value) -> String {
    let mut out = String::new();
    write_str(&mut out, value);
    out
}

fn write_str(out: &mut String, value: &Value) {
    match value.as_str() {
        Some(text) => out.push_str(enum_name(value).unwrap_or(text)),
        None => write_repr(out, value),
    }
}

/// `repr(value)` of Python.
fn write_repr(out: &mut String, value: &Value) {
    match value.kind() {
        ValueKind::String => write_quoted(out, value.as_str().unwrap_or_default()),
        ValueKind::Number if !value.is_integer() => {
            out.push_str(&python_float(f64::try_from(value.clone()).unwrap_or(f64::NAN)));
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let tuple = value.is_tuple();
            out.push(if tuple { '(' } else { '[' });
            let mut count = 0;
            for item in value.try_iter().into_iter().flatten() {
                if count > 0 {
                    out.push_str(", ");
                }
                write_item(out, &item);
                count += 1;
            }
            if tuple && count == 1 {
                out.push(',');
            }
            out.push(if tuple { ')' } else { ']' });
        }
        ValueKind::Map if value.downcast_object_ref::<Entity>().is_none() => {
            out.push('{');
            for (index, key) in value.try_iter().into_iter().flatten().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_item(out, &key);
                out.push_str(": ");
                write_item(out, &value.get_item(&key).unwrap_or_default());
            }
            out.push('}');
        }
        _ => {
            let _ = write!(out, "{value}");
        }
    }
}

/// An element of a container: dates show their constructor there.
fn write_item(out: &mut String, value: &Value) {
    if let Some(moment) = value.downcast_object_ref::<Moment>() {
        out.push_str(&moment.repr());
    } else if let Some(delta) = value.downcast_object_ref::<Delta>() {
        out.push_str(&delta.repr());
    } else {
        write_repr(out, value);
    }
}

/// `repr` of a string: single quotes unless only double ones avoid escapes.
pub(super) fn write_quoted(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// `repr` of a float: shortest digits, exponent form below 1e-4 and from 1e16.
pub(super) fn python_float(f: f64) -> String {
    if f.is_nan() {
        return "nan".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let size = f.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{f:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    let text = f.to_string();
    if text.contains('.') { text } else { text + ".0" }
}

/// Python type names of a value: the class's own name, and its path as jinja2 writes it in messages.
pub(super) fn type_names(value: &Value) -> (&'static str, &'static str) {
    if let Some(moment) = value.downcast_object_ref::<Moment>() {
        return moment.type_names();
    }
    if value.downcast_object_ref::<Delta>().is_some() {
        return ("timedelta", "datetime.timedelta object");
    }
    if let Some(entity) = value.downcast_object_ref::<Entity>() {
        return entity.type_names();
    }
    if value.downcast_object_ref::<Callable>().is_some() {
        return ("function", "function object");
    }
    match value.kind() {
        ValueKind::None => ("NoneType", "None"),
        ValueKind::Bool => ("bool", "bool object"),
        ValueKind::Number if value.is_integer() => ("int", "int object"),
        ValueKind::Number => ("float", "float object"),
        ValueKind::String => ("str", "str object"),
        ValueKind::Map => ("dict", "dict object"),
        ValueKind::Seq if value.is_tuple() => ("tuple", "tuple object"),
        ValueKind::Seq | ValueKind::Iterable => ("list", "list object"),
        _ => ("object", "object object"),
    }
}

/// Members of Airflow's string enums: they compare equal to their text, but print as `DagRunType.MANUAL`. Each is one shared
/// string, told apart by its address, because the engine has no other way to make a string that prints differently.
struct Member {
    value: Value,
    printed: String,
}

fn members() -> &'static [Member] {
    static MEMBERS: OnceLock<Vec<Member>> = OnceLock::new();
    MEMBERS.get_or_init(|| {
        let member = |class: &str, text: &str| Member {
            value: Value::from_safe_string(text.to_owned()),
            printed: format!("{class}.{}", text.to_uppercase()),
        };
        let mut all: Vec<Member> = RunType::ALL.iter().map(|t| member("DagRunType", t.as_str())).collect();
        all.extend(TiState::ALL.iter().map(|s| member("TaskInstanceState", s.as_str())));
        all.extend(crate::model::RunState::ALL.iter().map(|s| member("DagRunState", s.as_str())));
        all
    })
}

/// The member of a string enum: `("DagRunType", "manual")`.
pub(super) fn enum_member(class: &str, text: &str) -> Value {
    let found = members().iter().find(|m| m.value.as_str() == Some(text) && m.printed.starts_with(class));
    found.map_or_else(|| Value::from(text), |m| m.value.clone())
}

/// How a member of a string enum prints; `None` for every other value.
pub(super) fn enum_name(value: &Value) -> Option<&'static str> {
    if !value.is_safe() {
        return None;
    }
    let text = value.as_str()?;
    members().iter().find(|m| m.value.as_str().is_some_and(|s| std::ptr::eq(s, text))).map(|m| m.printed.as_str())
}
