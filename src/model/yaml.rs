//! JSON values as YAML 1.2 block style; strings are quoted wherever a reader could take them for something else.

use serde_json::Value;

/// The document, ending in a newline.
pub fn emit(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// Writes `value` as a block whose lines start at `indent`; ends with a newline.
fn block(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                pad(indent, text);
                text.push_str("- ");
                nested(item, indent + 2, text);
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            for (key, item) in fields {
                pad(indent, text);
                field(key, item, indent, text);
            }
        }
        scalar => {
            pad(indent, text);
            text.push_str(&inline(scalar));
            text.push('\n');
        }
    }
}

fn field(key: &str, item: &Value, indent: usize, text: &mut String) {
    text.push_str(&string(key));
    text.push(':');
    if is_block(item) {
        text.push('\n');
        block(item, indent + 2, text);
    } else {
        text.push(' ');
        text.push_str(&inline(item));
        text.push('\n');
    }
}

/// The value after `- `, on the same line where YAML allows it.
fn nested(item: &Value, indent: usize, text: &mut String) {
    match item {
        Value::Object(fields) if !fields.is_empty() => {
            for (index, (key, value)) in fields.iter().enumerate() {
                if index > 0 {
                    pad(indent, text);
                }
                field(key, value, indent, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                if index > 0 {
                    pad(indent, text);
                }
                text.push_str("- ");
                nested(value, indent + 2, text);
            }
        }
        scalar => {
            text.push_str(&inline(scalar));
            text.push('\n');
        }
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => false,
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(_) => "[]".into(),
        Value::Object(_) => "{}".into(),
        other => other.to_string(),
    }
}

/// A plain word where it can't be mistaken, else a JSON string (which YAML reads as it is).
fn string(text: &str) -> String {
    let first_ok = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let chars_ok = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./ ()+".contains(c)) && !text.ends_with(' ');
    let word = text.to_ascii_lowercase();
    let reserved = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"].contains(&word.as_str());
    if first_ok && chars_ok && !reserved { text.into() } else { Value::from(text).to_string() }
}

fn pad(indent: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn block_style_with_careful_strings() {
        let value = json!({
            "dag_id": "churn", "empty": [], "none": null, "no": "no", "time": "2026-01-01T00:00:00Z",
            "rows": [{"a": 1, "b": {"c": "x: y"}}, [1, 2], "two words"],
        });
        let expected = "dag_id: churn\nempty: []\nnone: null\n\"no\": \"no\"\ntime: \"2026-01-01T00:00:00Z\"\nrows:\n  \
                        - a: 1\n    b:\n      c: \"x: y\"\n  - - 1\n    - 2\n  - two words\n";
        assert_eq!(emit(&value), expected);
    }

    #[test]
    fn scalars_and_empty_lists_stand_alone() {
        assert_eq!(emit(&json!([])), "[]\n");
        assert_eq!(emit(&json!("on")), "\"on\"\n");
        assert_eq!(emit(&json!(["a\nb"])), "- \"a\\nb\"\n");
    }
}
