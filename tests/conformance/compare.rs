//! Two documents side by side: a line per place where they differ.

use serde_json::Value;

/// Takes a pointer, what was wanted and what is there.
pub type Found<'f> = dyn FnMut(&str, Option<&Value>, Option<&Value>) + 'f;

/// Calls `found` for each place that differs.
pub fn differences(wanted: &Value, got: &Value, pointer: &str, found: &mut Found<'_>) {
    match (wanted, got) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let pointer = format!("{pointer}/{key}");
                match b.get(key) {
                    Some(other) => differences(value, other, &pointer, found),
                    None => found(&pointer, Some(value), None),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                found(&format!("{pointer}/{key}"), None, Some(value));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                differences(a, b, &format!("{pointer}/{i}"), found);
            }
        }
        _ if wanted == got => {}
        _ => found(pointer, Some(wanted), Some(got)),
    }
}

/// One difference as a line for people.
pub fn line(pointer: &str, wanted: Option<&Value>, got: Option<&Value>) -> String {
    let text = |v: Option<&Value>| {
        let text = v.map_or_else(|| "nothing".to_owned(), Value::to_string);
        if text.chars().count() > 160 { text.chars().take(160).chain("..".chars()).collect() } else { text }
    };
    format!("{pointer}: recorded {}, here {}", text(wanted), text(got))
}

#[test]
fn every_place_is_named_once() {
    let (a, b) = (serde_json::json!({"x": [1, {"y": 2}], "z": 3}), serde_json::json!({"x": [1, {"y": 4}], "w": null}));
    let mut places = Vec::new();
    differences(&a, &b, "", &mut |pointer, _, _| places.push(pointer.to_owned()));
    assert_eq!(places, ["/x/1/y", "/z", "/w"]);
}
