//! `--where`: a first, small form of the filter language: `field:value,value`, `!term`, free text.

use serde_json::Value;

use crate::error::{Error, Result};

/// Rows that match every term.
///
/// # Errors
/// `Usage` for a field that the rows don't have.
pub fn keep(rows: Vec<Value>, filter: Option<&str>) -> Result<Vec<Value>> {
    let Some(filter) = filter else { return Ok(rows) };
    let Some(first) = rows.first().cloned() else { return Ok(rows) };
    let mut kept = rows;
    for term in filter.split_whitespace() {
        let (wanted, term) = match term.strip_prefix('!') {
            Some(rest) => (false, rest),
            None => (true, term),
        };
        match term.split_once(':') {
            Some((name, values)) => {
                let field = field(name, &first)?;
                kept.retain(|row| values.split(',').any(|v| matches(&row[field], v)) == wanted);
            }
            None if first.get(format!("is_{term}")).is_some() => {
                kept.retain(|row| (row[format!("is_{term}")] == true) == wanted);
            }
            None => kept.retain(|row| row.as_object().is_some_and(|r| r.values().any(|v| contains(v, term))) == wanted),
        }
    }
    Ok(kept)
}

/// The rows' field for a short name: `dag` is `dag_id`, `tag` is `tags`.
fn field<'a>(name: &str, row: &'a Value) -> Result<&'a str> {
    let fields = row.as_object().map(|r| r.keys().map(String::as_str).collect::<Vec<_>>()).unwrap_or_default();
    let long = [
        name.to_owned(),
        format!("{name}_id"),
        format!("{name}s"),
        format!("dag_{name}_id"),
        format!("last_run_{name}"),
    ];
    long.iter().find_map(|l| fields.iter().copied().find(|f| f == l)).ok_or_else(|| {
        Error::usage(format!("--where has no field {name:?} here")).hint(format!("fields: {}", fields.join(", ")))
    })
}

fn matches(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|i| matches(i, wanted)),
        Value::String(text) => like(&text.to_lowercase(), &wanted.to_lowercase()),
        Value::Null => wanted == "none",
        other => other.to_string() == wanted,
    }
}

/// `*` stands for anything.
fn like(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((head, tail)) => {
            let Some(rest) = text.strip_prefix(head) else { return false };
            (0..=rest.len()).filter(|i| rest.is_char_boundary(*i)).any(|i| like(&rest[i..], tail))
        }
    }
}

fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::String(s) => s.to_lowercase().contains(&text.to_lowercase()),
        Value::Array(items) => items.iter().any(|i| contains(i, text)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn terms_are_joined_with_and() {
        let rows = vec![
            json!({"dag_id": "churn", "tags": ["ml"], "is_paused": false, "last_run_state": "failed"}),
            json!({"dag_id": "ctr", "tags": ["ml", "x"], "is_paused": true, "last_run_state": null}),
        ];
        let ids = |filter: &str| -> Vec<String> {
            let kept = keep(rows.clone(), Some(filter)).unwrap();
            kept.iter().map(|r| r["dag_id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids("tag:ml"), ["churn", "ctr"]);
        assert_eq!(ids("tag:ml !paused"), ["churn"]);
        assert_eq!(ids("dag:c*r"), ["ctr"]);
        assert_eq!(ids("state:failed,success"), ["churn"]);
        assert!(keep(rows.clone(), Some("bogus:1")).is_err());
    }
}
