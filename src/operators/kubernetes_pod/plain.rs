//! Objects of the API as Python's client hands them out (`to_dict()`): Python's names, every field that there is, times as
//! datetimes. So they stand in XComs.

use serde_json::{Map, Value};

use super::objects::CLASSES;
use crate::model::time::stored;

/// An object of a class of Python's client. What no class of ours describes stays as it is; who manages which field is left out.
pub fn as_python(value: &Value, kind: &str) -> Value {
    match (value, kind.as_bytes().first()) {
        (Value::Array(items), Some(b'[')) => {
            items.iter().map(|item| as_python(item, &kind[1..kind.len() - 1])).collect()
        }
        (Value::Object(map), Some(b'{')) => {
            let inner = &kind[1..kind.len() - 1];
            Value::Object(map.iter().map(|(name, value)| (name.clone(), as_python(value, inner))).collect())
        }
        (Value::Object(map), _) => match CLASSES.get(kind) {
            Some(fields) => {
                let of = |spelling: &str| map.get(spelling).filter(|_| spelling != "managedFields");
                let field = |field: &super::objects::Field| {
                    let value = of(&field.spelling).map_or(Value::Null, |value| as_python(value, field.kind));
                    (field.name.to_string(), value)
                };
                Value::Object(fields.iter().map(field).collect::<Map<String, Value>>())
            }
            None => value.clone(),
        },
        (Value::String(text), _) if kind == "datetime" => text.parse().map_or_else(|_| value.clone(), stored),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_has_pythons_names_and_all_its_fields() {
        let job = json!({"apiVersion": "batch/v1", "metadata": {"name": "j", "labels": {"a-b": "c"}, "managedFields": [{}]},
            "spec": {"template": {"spec": {"containers": [{"name": "base", "imagePullPolicy": "Never"}]}}},
            "status": {"succeeded": 1, "startTime": "2026-01-01T00:00:00Z",
                "conditions": [{"type": "Complete", "status": "True"}]}});
        let made = as_python(&job, "V1Job");
        assert_eq!((&made["api_version"], &made["kind"]), (&json!("batch/v1"), &Value::Null));
        assert_eq!(made["metadata"]["labels"], json!({"a-b": "c"}));
        assert_eq!(made["metadata"]["managed_fields"], Value::Null);
        assert_eq!(made["spec"]["template"]["spec"]["containers"][0]["image_pull_policy"], "Never");
        assert_eq!(made["spec"]["backoff_limit"], Value::Null);
        assert_eq!((&made["status"]["succeeded"], &made["status"]["failed"]), (&json!(1), &Value::Null));
        assert_eq!(made["status"]["start_time"]["__data__"]["timestamp"], 1_767_225_600.0);
        assert_eq!(made["status"]["conditions"][0]["type"], "Complete");
    }
}
