//! Merging two pods, as the provider does it: what the author's template says below what the operator's arguments say.

use serde_json::{Map, Value};

/// Lists of a container that are joined, the template's entries first.
const JOINED: &[&str] = &["volumeMounts", "env", "envFrom", "ports", "volumeDevices"];

/// A value that Python counts as false: it doesn't override.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// `over` laid over `base`: an empty field of `over` takes the one of `base`.
fn fields(base: &Map<String, Value>, mut over: Map<String, Value>) -> Map<String, Value> {
    for (key, value) in base {
        if !value.is_null() && over.get(key).is_none_or(is_empty) {
            over.insert(key.clone(), value.clone());
        }
    }
    over
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

fn list(value: Option<&Value>) -> Vec<Value> {
    value.and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Sets `over[key]` to the entries of `base` and then those of `over`.
fn join(base: &Map<String, Value>, over: &mut Map<String, Value>, key: &str) {
    let mut all = list(base.get(key));
    if !all.is_empty() {
        all.extend(list(over.get(key)));
        over.insert(key.to_string(), Value::Array(all));
    }
}

fn container(base: &Value, over: &Value) -> Value {
    let (base, mut over) = (object(Some(base)), object(Some(over)));
    for key in JOINED {
        join(&base, &mut over, key);
    }
    Value::Object(fields(&base, over))
}

/// Containers by position; those that only one side has stay.
fn containers(base: &[Value], over: &[Value]) -> Vec<Value> {
    let common = base.len().min(over.len());
    let mut all: Vec<Value> = base.iter().zip(over).map(|(b, o)| container(b, o)).collect();
    all.extend(base[common..].iter().chain(&over[common..]).cloned());
    all
}

/// Init containers by name; new ones come last.
fn init_containers(base: &[Value], over: &[Value]) -> Vec<Value> {
    let same = |one: &Value, other: &Value| one.get("name") == other.get("name");
    let mut all: Vec<Value> =
        base.iter().map(|b| over.iter().rfind(|o| same(b, o)).map_or_else(|| b.clone(), |o| container(b, o))).collect();
    all.extend(over.iter().filter(|o| !base.iter().any(|b| same(b, o))).cloned());
    all
}

fn spec(base: &Map<String, Value>, mut over: Map<String, Value>) -> Map<String, Value> {
    let merged = containers(&list(base.get("containers")), &list(over.get("containers")));
    over.insert("containers".into(), merged.into());
    let (below, above) = (list(base.get("initContainers")), list(over.get("initContainers")));
    if !below.is_empty() {
        over.insert("initContainers".into(), init_containers(&below, &above).into());
    }
    join(base, &mut over, "volumes");
    fields(base, over)
}

fn metadata(base: &Map<String, Value>, mut over: Map<String, Value>) -> Map<String, Value> {
    for key in ["labels", "annotations"] {
        let mut all = object(base.get(key));
        if !all.is_empty() {
            all.extend(object(over.get(key)));
            over.insert(key.into(), Value::Object(all));
        }
    }
    for key in ["managedFields", "finalizers", "ownerReferences"] {
        join(base, &mut over, key);
    }
    fields(base, over)
}

/// How one part of a pod is merged: base, then what is laid over it.
type Merge = fn(&Map<String, Value>, Map<String, Value>) -> Map<String, Value>;

/// `over` merged over `base`; both are pods in the API's spelling.
pub fn pods(base: &Value, over: &Value) -> Value {
    let (base, mut over) = (object(Some(base)), object(Some(over)));
    let parts: [(&str, Merge); 2] = [("spec", spec), ("metadata", metadata)];
    for (key, merge) in parts {
        let (below, above) = (object(base.get(key)), object(over.get(key)));
        let merged = match (below.is_empty(), above.is_empty()) {
            (true, _) => above,
            (_, true) => below,
            _ => merge(&below, above),
        };
        over.insert(key.into(), Value::Object(merged));
    }
    Value::Object(fields(&base, over))
}

/// `over` merged over `base`; both are jobs. What is inside the pod's template is merged like a pod.
pub fn jobs(base: &Value, over: &Value) -> Value {
    let (base, mut over) = (object(Some(base)), object(Some(over)));
    let (below, mut above) = (object(base.get("spec")), object(over.get("spec")));
    if !below.is_empty() {
        if let Some(template) = below.get("template") {
            let own = above.get("template").cloned().unwrap_or_default();
            above.insert("template".into(), pods(template, &own));
        }
        above = fields(&below, above);
    }
    over.insert("spec".into(), Value::Object(above));
    let (below, above) = (object(base.get("metadata")), object(over.get("metadata")));
    let merged = if below.is_empty() { above } else { metadata(&below, above) };
    over.insert("metadata".into(), Value::Object(merged));
    Value::Object(fields(&base, over))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_join_and_scalars_win() {
        let base = json!({"metadata": {"labels": {"a": "1", "b": "1"}}, "spec": {
            "hostNetwork": true, "tolerations": [{"key": "t"}], "volumes": [{"name": "v"}],
            "containers": [{"name": "base", "image": "old", "env": [{"name": "A"}], "args": ["old"]}, {"name": "second"}],
            "initContainers": [{"name": "i", "image": "old", "env": [{"name": "X"}]}]}});
        let over = json!({"metadata": {"labels": {"b": "2"}}, "spec": {
            "hostNetwork": false, "tolerations": [], "volumes": [{"name": "w"}],
            "containers": [{"name": "base", "image": "new", "env": [{"name": "A"}], "args": []}],
            "initContainers": [{"name": "j"}, {"name": "i", "image": "new"}]}});
        assert_eq!(
            pods(&base, &over),
            json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {
                "hostNetwork": true, "tolerations": [{"key": "t"}], "volumes": [{"name": "v"}, {"name": "w"}],
                "containers": [
                    {"name": "base", "image": "new", "env": [{"name": "A"}, {"name": "A"}], "args": ["old"]},
                    {"name": "second"}],
                "initContainers": [{"name": "i", "image": "new", "env": [{"name": "X"}]}, {"name": "j"}]}})
        );
    }
}
