//! The objects that pods are made of: their fields, and bringing what an author wrote into the API's spelling.

use std::{collections::HashMap, sync::LazyLock};

use serde_json::{Map, Value};

use crate::model::mapping::encoded_kind;

/// The table that the Python side's stand-in classes are made from.
const SOURCE: &str = include_str!("../../python/side/kubernetes_standin/client/fields.py");

/// A field of an object.
pub(super) struct Field {
    /// Python's name.
    pub(super) name: &'static str,
    /// The API's name.
    pub(super) spelling: String,
    /// What it holds: `str`, `int`, `bool`, `object`, a class, `[T]` or `{T}`.
    pub(super) kind: &'static str,
}

/// The classes by their names in Python's client.
pub(super) static CLASSES: LazyLock<HashMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    let table = SOURCE.split("FIELDS = \"\"\"").nth(1).and_then(|rest| rest.split("\"\"\"").next()).unwrap_or("");
    let mut classes: HashMap<&str, Vec<Field>> = HashMap::new();
    let mut class = "";
    for word in table.split_whitespace() {
        if word.starts_with(|c: char| c.is_ascii_uppercase()) {
            class = word;
            continue;
        }
        let (rest, kind) = word.split_once(':').unwrap_or((word, "str"));
        let (name, spelling) = rest.split_once('=').map_or((rest, None), |(name, spelling)| (name, Some(spelling)));
        let name = name.trim_end_matches('!');
        let spelling = spelling.map_or_else(|| camel(name), str::to_string);
        classes.entry(class).or_default().push(Field { name, spelling, kind });
    }
    classes
});

/// `api_version` to `apiVersion`.
fn camel(name: &str) -> String {
    let mut made = String::new();
    for (index, part) in name.split('_').enumerate() {
        match part.chars().next() {
            Some(first) if index > 0 => {
                made.extend(first.to_uppercase());
                made.push_str(&part[first.len_utf8()..]);
            }
            _ => made.push_str(part),
        }
    }
    made
}

/// A value as the API takes it: keys of objects in the API's spelling (Python's is taken too), no null fields, no marks
/// of Python types. What doesn't fit stays as it is.
pub struct Shaper {
    /// Numbers become texts where the API wants text, as Python's client does with what it reads from YAML.
    pub texts: bool,
    /// What doesn't fit, each a sentence.
    pub wrong: Vec<String>,
}

impl Shaper {
    /// One that leaves numbers alone.
    pub fn new() -> Self {
        Self { texts: false, wrong: Vec::new() }
    }

    /// Shapes a value of a kind; `at` says where it stands.
    pub fn shape(&mut self, value: &Value, kind: &str, at: &str) -> Value {
        let value = match encoded_kind(value) {
            Some("tuple" | "set" | "v1") => value.get("value").unwrap_or(&Value::Null),
            _ => value,
        };
        match (value, kind.as_bytes().first()) {
            (Value::Array(items), Some(b'[')) => {
                let inner = &kind[1..kind.len() - 1];
                let shaped = items.iter().enumerate().map(|(i, item)| self.shape(item, inner, &format!("{at}[{i}]")));
                Value::Array(shaped.collect())
            }
            (Value::Object(map), Some(b'{')) => {
                let inner = &kind[1..kind.len() - 1];
                let fields = map.iter().filter(|(_, v)| !v.is_null());
                Value::Object(fields.map(|(k, v)| (k.clone(), self.shape(v, inner, &format!("{at}.{k}")))).collect())
            }
            (Value::Object(map), _) if CLASSES.contains_key(kind) => self.object(map, kind, at),
            (Value::Object(map), _) => {
                // No class of ours: a status, or something newer than the table.
                Value::Object(map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect())
            }
            (Value::Number(n), _) if self.texts && kind == "str" => Value::String(n.to_string()),
            (Value::Bool(b), _) if self.texts && kind == "str" => Value::from(if *b { "True" } else { "False" }),
            (Value::Null, _) => Value::Null,
            (other, Some(b'[')) => self.misfit(other, "a list", at),
            (other, Some(b'{')) => self.misfit(other, "a dict", at),
            (other, _) if CLASSES.contains_key(kind) => self.misfit(other, &format!("a {kind} or a dict"), at),
            (other, _) => other.clone(),
        }
    }

    fn misfit(&mut self, value: &Value, wanted: &str, at: &str) -> Value {
        // A template may still become what is wanted.
        if !value.as_str().is_some_and(|text| text.contains("{{") || text.contains("{%")) {
            self.wrong.push(format!("{at} must be {wanted}, not {value}"));
        }
        value.clone()
    }

    fn object(&mut self, map: &Map<String, Value>, kind: &str, at: &str) -> Value {
        let fields = &CLASSES[kind];
        let mut made = Map::new();
        for (key, value) in map.iter().filter(|(_, v)| !v.is_null()) {
            let known = fields.iter().find(|f| f.spelling == *key || f.name == key);
            if let Some(field) = known {
                let at = format!("{at}.{}", field.spelling);
                let shaped = self.shape(value, field.kind, &at);
                made.insert(field.spelling.clone(), shaped);
            } else {
                let near = crate::dagfile::nearest(key, fields.iter().map(|f| f.spelling.as_str()));
                let hint = near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
                self.wrong.push(format!("{at}: {kind} has no field {key:?}{hint}"));
                made.insert(key.clone(), value.clone());
            }
        }
        Value::Object(made)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_become_the_apis_and_empty_fields_go() {
        let mut shaper = Shaper::new();
        let pod = json!({"api_version": null, "spec": {"host_ipc": true, "containers": [
            {"name": "base", "volume_mounts": [{"mount_path": "/a", "sub_path": null}], "livenessProbe": {"_exec": {"command": ["x"]}}}],
            "node_selector": {"my_label": "a"}}});
        assert_eq!(
            shaper.shape(&pod, "V1Pod", "pod"),
            json!({"spec": {"hostIPC": true, "containers": [{"name": "base", "volumeMounts": [{"mountPath": "/a"}],
                "livenessProbe": {"exec": {"command": ["x"]}}}], "nodeSelector": {"my_label": "a"}}})
        );
        assert!(shaper.wrong.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_told_and_kept() {
        let mut shaper = Shaper::new();
        let volumes = json!([{"name": "v", "empty_dirr": {}}, "v2"]);
        assert_eq!(shaper.shape(&volumes, "[V1Volume]", "volumes"), volumes);
        assert_eq!(
            shaper.wrong,
            [
                "volumes[0]: V1Volume has no field \"empty_dirr\"; did you mean emptyDir?",
                "volumes[1] must be a V1Volume or a dict, not \"v2\""
            ]
        );
    }

    #[test]
    fn numbers_of_a_template_are_texts_where_the_api_wants_text() {
        let mut shaper = Shaper { texts: true, wrong: Vec::new() };
        let pod = json!({"metadata": {"labels": {"version": 2}}, "spec": {"priority": 3,
            "containers": [{"name": "base", "env": [{"name": "A", "value": true}]}]}});
        let shaped = shaper.shape(&pod, "V1Pod", "");
        assert_eq!(shaped["metadata"]["labels"]["version"], "2");
        assert_eq!(shaped["spec"]["containers"][0]["env"][0]["value"], "True");
        assert_eq!(shaped["spec"]["priority"], 3);
    }
}
