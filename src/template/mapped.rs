//! What a task instance's arguments are: XComArgs resolved, mapped arguments picked by map index, templates rendered.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{Context, Failure, render_value};
use crate::model::{
    Expand,
    mapping::{MARK, for_each_xcom, is_xcom_arg},
};

/// All arguments of the task instance, ready for its operator: template fields rendered, the others as written, and of a mapped
/// task the arguments of this map index. As in Airflow, values that come from another task's XCom aren't rendered again.
pub fn render_args(ctx: &Context) -> Result<IndexMap<String, Value>, Failure> {
    let is_template = |name: &str| ctx.task.template_fields.iter().any(|field| field == name);
    let mut args = IndexMap::new();
    for (name, value) in &ctx.task.args {
        let value = if is_template(name) { render_value(value, ctx)? } else { value.clone() };
        args.insert(name.clone(), value);
    }
    let Some(expand) = &ctx.task.expand else { return Ok(args) };
    let index = match expand {
        // A partial argument that is expanded too is an error at parse time; the expanded one wins here.
        Expand::Expand { args: mapped } => {
            for (name, value) in mapped {
                let element = pick(expand, Some(name), ctx)?;
                let again = is_template(name) && !is_xcom_arg(&value.0);
                args.insert(name.clone(), if again { render_value(&element, ctx)? } else { element });
            }
            return Ok(args);
        }
        Expand::ExpandKwargs { .. } => pick(expand, None, ctx)?,
    };
    let Value::Object(kwargs) = index else {
        return Err(Failure::new("ValueError", format!("expand_kwargs() expects a list of dicts, found {index}")));
    };
    for (name, value) in kwargs {
        // Plain values of the dicts are rendered, also when the dicts came from an XCom (golden cc_map_forms).
        let value = if is_template(&name) || is_xcom_arg(&value) { render_value(&value, ctx)? } else { value };
        args.insert(name, value);
    }
    Ok(args)
}

/// The element of a mapping that belongs to the instance's map index: of one argument, or the whole dict of `expand_kwargs`.
fn pick(expand: &Expand, name: Option<&str>, ctx: &Context) -> Result<Value, Failure> {
    let mut index = usize::try_from(ctx.ti.key.map_index)
        .map_err(|_| Failure::new("UnmappableOperator", "a mapped task needs a map index to be rendered"))?;
    match expand {
        Expand::ExpandKwargs { value } => element(&all(&value.0, ctx)?, index),
        Expand::Expand { args } => {
            // The last argument varies fastest.
            for (arg, value) in args.iter().rev() {
                let wanted = name == Some(arg.as_str());
                let elements = all(&value.0, ctx)?;
                let length = length(&elements)?;
                if wanted {
                    return element(&elements, index % length.max(1));
                }
                index /= length.max(1);
            }
            Err(Failure::new("KeyError", format!("'{}'", name.unwrap_or_default())))
        }
    }
}

/// The list or dict that is expanded over.
fn all(value: &Value, ctx: &Context) -> Result<Value, Failure> {
    if is_xcom_arg(value) { render_value(value, ctx) } else { Ok(value.clone()) }
}

fn length(elements: &Value) -> Result<usize, Failure> {
    match elements {
        Value::Array(items) => Ok(items.len()),
        Value::Object(map) if map.contains_key(MARK) => {
            Ok(map.get("value").and_then(Value::as_array).map_or(0, Vec::len))
        }
        Value::Object(map) => Ok(map.len()),
        other => Err(Failure::new("UnmappableXComTypePushed", format!("can't expand over {other}"))),
    }
}

/// The element at a position; a dict gives (key, value) tuples.
fn element(elements: &Value, index: usize) -> Result<Value, Failure> {
    length(elements)?;
    let found = match elements {
        Value::Array(items) => items.get(index).cloned(),
        Value::Object(map) if map.contains_key(MARK) => map.get("value").and_then(|items| items.get(index)).cloned(),
        Value::Object(map) => map.iter().nth(index).map(|(k, v)| json!({MARK: "tuple", "value": [k, v]})),
        _ => None,
    };
    found.ok_or_else(|| Failure::new("IndexError", format!("there is no element {index} to expand over")))
}

/// The nearest group around a task that is mapped.
fn mapped_group<'a>(ctx: &'a Context, group: Option<&String>) -> Option<(&'a str, &'a Expand)> {
    let mut at = group.and_then(|id| ctx.dag.task_groups.get(id));
    while let Some(group) = at {
        if let Some(expand) = &group.expand {
            return Some((&group.group_id, expand));
        }
        at = group.parent.as_ref().and_then(|id| ctx.dag.task_groups.get(id));
    }
    None
}

/// An argument of the mapped group that the task is in: `{"__dagdeck__": "group_argument", "key": K, "of": ..}`.
pub(super) fn group_argument(ctx: &Context, mark: &Value) -> Result<Value, Failure> {
    let key = mark.get("key").and_then(Value::as_str).unwrap_or_default();
    let Some((_, expand)) = mapped_group(ctx, ctx.task.task_group.as_ref()) else {
        return Err(Failure::new("KeyError", format!("'{key}' is no argument of a mapped group")));
    };
    let value = match expand {
        Expand::Expand { .. } => pick(expand, Some(key), ctx)?,
        Expand::ExpandKwargs { .. } => pick(expand, None, ctx)?.get(key).cloned().unwrap_or_default(),
    };
    let mut from_xcom = false;
    let source = mark.get("of").unwrap_or(&Value::Null);
    for_each_xcom(source, &mut |_, _| from_xcom = true);
    if from_xcom && !is_xcom_arg(&value) { Ok(value) } else { render_value(&value, ctx) }
}

/// The value that an XComArg mark stands for: of a mapped task the list of all values, unless both are in the same mapped group.
pub(super) fn xcom(ctx: &Context, mark: &Value) -> Result<Value, Failure> {
    let text = |key: &str| mark.get(key).and_then(Value::as_str);
    let task_id = text("task_id").unwrap_or_default();
    let key = text("key").unwrap_or("return_value");
    let upstream = ctx.dag.tasks.get(task_id);
    let its_group = upstream.and_then(|task| mapped_group(ctx, task.task_group.as_ref())).map(|(id, _)| id);
    let own_group = mapped_group(ctx, ctx.task.task_group.as_ref()).map(|(id, _)| id);
    let own_index = ctx.ti.key.map_index;
    let is_mapped = its_group.is_some() || upstream.is_some_and(|task| task.is_mapped());
    let index = match is_mapped {
        false => Some(-1),
        true if its_group.is_some() && its_group == own_group && own_index >= 0 => Some(own_index),
        true => None,
    };
    let found = ctx.lookup.xcom(None, None, task_id, index, key, false);
    let found = found.map_err(|e| Failure::new("AirflowRuntimeError", e))?;
    if index.is_none() {
        return Ok(Value::Array(found.into_iter().map(|(_, value)| value).collect()));
    }
    match found.into_iter().next() {
        Some((_, value)) => Ok(value),
        None if key == "return_value" || upstream.is_some_and(|task| task.multiple_outputs) => Ok(Value::Null),
        None => Err(Failure::new(
            "XComNotFound",
            format!("XComArg result from {task_id} at {} with key=\"{key}\" is not found!", ctx.dag.dag_id),
        )),
    }
}
