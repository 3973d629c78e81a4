//! Renders whole arguments: every string inside lists and dicts, template files, XComArgs.

use serde_json::{Map, Value};

use super::{Context, Failure, kubernetes, mapped};
use crate::model::mapping::{MARK, encoded_kind};

/// Renders every string inside a value (dict keys stay), reads strings that name a template file, and puts the values of
/// XComArgs in place. Marks of other kinds are kept, their contents rendered.
pub fn render_value(value: &Value, ctx: &Context) -> Result<Value, Failure> {
    match value {
        Value::String(text) => text_value(text, ctx),
        Value::Array(items) => {
            items.iter().map(|item| render_value(item, ctx)).collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Value::Object(map) => match encoded_kind(value) {
            Some("xcom") => mapped::xcom(ctx, value),
            Some("group_argument") => mapped::group_argument(ctx, value),
            Some("zip" | "concat") => combine(value, ctx),
            Some("map") => Err(Failure::unsupported("the value of .map() needs the Python functions of the file")),
            Some("v1") => kubernetes::render(value, ctx),
            Some("tuple" | "set" | "object") => {
                let mut out = map.clone();
                // `fields`: the template fields of an object that has some.
                for key in ["value", "fields"] {
                    if let Some(inner) = map.get(key) {
                        out.insert(key.into(), render_value(inner, ctx)?);
                    }
                }
                Ok(Value::Object(out))
            }
            Some(_) => Ok(value.clone()),
            None => map
                .iter()
                .map(|(key, item)| Ok((key.clone(), render_value(item, ctx)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        },
        other => Ok(other.clone()),
    }
}

fn text_value(text: &str, ctx: &Context) -> Result<Value, Failure> {
    let is_file = ctx.task.template_ext.iter().any(|ext| !ext.is_empty() && text.ends_with(ext.as_str()));
    let read;
    let text = if is_file {
        read = ctx.lookup.file(text).map_err(|message| Failure::new("TemplateNotFound", message))?;
        &read
    } else {
        text
    };
    if ctx.dag.render_template_as_native_obj {
        return super::render_native(text, ctx);
    }
    super::render(text, ctx).map(Value::String)
}

/// `zip` and `concat` of XComArgs.
fn combine(value: &Value, ctx: &Context) -> Result<Value, Failure> {
    let parts = value.get("of").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut lists: Vec<Vec<Value>> = Vec::new();
    for part in &parts {
        match render_value(part, ctx)? {
            Value::Array(items) => lists.push(items),
            Value::Object(map) => lists.push(map.keys().map(|k| Value::String(k.clone())).collect()),
            other => return Err(Failure::new("TypeError", format!("{other} is not a list"))),
        }
    }
    if encoded_kind(value) == Some("concat") {
        return Ok(Value::Array(lists.concat()));
    }
    let fill = value.get("fillvalue");
    let lengths = lists.iter().map(Vec::len);
    let length = if fill.is_some() { lengths.max() } else { lengths.min() }.unwrap_or(0);
    let row = |i: usize| -> Value {
        let items: Vec<Value> = lists.iter().map(|l| l.get(i).or(fill).cloned().unwrap_or_default()).collect();
        serde_json::json!({MARK: "tuple", "value": items})
    };
    Ok(Value::Array((0..length).map(row).collect()))
}
