//! What differs between the manifests of two pods of one task. What differs between any two pods isn't told.

use serde_json::Value;

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecChange {
    /// `spec.containers[base].resources.limits.memory`.
    pub path: String,
    /// Name under which the value stands: a field's, or that of a variable of the environment. It tells secrets.
    pub name: String,
    /// Before, short; `None` if it wasn't there.
    pub before: Option<String>,
    /// Now, short; `None` if it isn't there any more.
    pub after: Option<String>,
}

/// Differs between any two pods.
const OWN: &[&str] = &[
    "metadata.name",
    "metadata.annotations.dagdeck/owner",
    "metadata.annotations.run_id",
    "metadata.annotations.try_number",
    "metadata.labels.run_id",
    "metadata.labels.try_number",
    "metadata.labels.airflow-worker",
];
/// Variables that hold the identity of a run or try.
const OWN_VARIABLES: &[&str] =
    &["MLFLOW_RUN_CONTEXT", "AIRFLOW_CTX_DAG_RUN_ID", "AIRFLOW_CTX_TRY_NUMBER", "AIRFLOW_CTX_LOGICAL_DATE"];
/// Longest value that is shown.
const LONGEST: usize = 60;

impl SpecChange {
    /// `memory: 64Gi -> 48Gi`, with the whole path.
    pub fn line(&self) -> String {
        let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "(none)".into());
        format!("{}: {} -> {}", self.path, shown(&self.before), shown(&self.after))
    }

    /// Values that may not be seen become stars; that they differ can be seen.
    pub fn mask(&mut self) {
        for side in [&mut self.before, &mut self.after] {
            if side.is_some() {
                *side = Some("***".into());
            }
        }
    }
}

/// The fields that differ, in the order of the newer manifest.
pub fn between(before: &Value, after: &Value) -> Vec<SpecChange> {
    let mut found = Vec::new();
    walk("", "", Some(before), Some(after), &mut found);
    found
}

fn walk(path: &str, name: &str, a: Option<&Value>, b: Option<&Value>, out: &mut Vec<SpecChange>) {
    let (a, b) = (a.filter(|v| !is_nothing(v)), b.filter(|v| !is_nothing(v)));
    if a == b || OWN.contains(&path) {
        return;
    }
    let nothing = Value::Null;
    let (left, right) = (a.unwrap_or(&nothing), b.unwrap_or(&nothing));
    let can_be_table = |v: &Value| v.is_object() || v.is_null();
    if can_be_table(left) && can_be_table(right) {
        if let (Some(before), Some(after)) = (variable(left), variable(right)) {
            return leaf(path, name, before, after, out);
        }
        for key in keys(left, right) {
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            walk(&inner, &key, left.get(&key), right.get(&key), out);
        }
        return;
    }
    if let Some(pairs) = by_name(left, right) {
        for (item, a, b) in pairs {
            if !(name == "env" && OWN_VARIABLES.contains(&item.as_str())) {
                walk(&format!("{path}[{item}]"), &item, a, b, out);
            }
        }
        return;
    }
    leaf(path, name, a, b, out);
}

fn leaf(path: &str, name: &str, a: Option<&Value>, b: Option<&Value>, out: &mut Vec<SpecChange>) {
    if a != b {
        out.push(SpecChange { path: path.into(), name: name.into(), before: a.map(short), after: b.map(short) });
    }
}

/// The value of a variable of the environment that has one of its own.
fn variable(v: &Value) -> Option<Option<&Value>> {
    match v {
        Value::Null => Some(None),
        Value::Object(fields) if fields.contains_key("name") && fields.contains_key("value") => {
            Some(fields.get("value"))
        }
        _ => None,
    }
}

fn is_nothing(v: &Value) -> bool {
    v.is_null() || v.as_object().is_some_and(serde_json::Map::is_empty) || v.as_array().is_some_and(Vec::is_empty)
}

fn keys(a: &Value, b: &Value) -> Vec<String> {
    let mut keys: Vec<String> = b.as_object().into_iter().flat_map(|m| m.keys().cloned()).collect();
    let gone = a.as_object().into_iter().flat_map(|m| m.keys()).filter(|k| !keys.contains(*k)).cloned();
    let gone: Vec<String> = gone.collect();
    keys.extend(gone);
    keys
}

type Pair<'a> = (String, Option<&'a Value>, Option<&'a Value>);

/// Lists of things with names: by these. `None` if they aren't, or a name comes twice.
fn by_name<'a>(a: &'a Value, b: &'a Value) -> Option<Vec<Pair<'a>>> {
    let named = |v: &'a Value| -> Option<Vec<(String, &'a Value)>> {
        let Value::Array(items) = v else { return v.is_null().then(Vec::new) };
        let mut out: Vec<(String, &Value)> = Vec::new();
        for item in items {
            // Mounts of one volume are told apart by their paths.
            let name = item.get("mountPath").or_else(|| item.get("name"))?.as_str()?.to_string();
            if out.iter().any(|(known, _)| *known == name) {
                return None;
            }
            out.push((name, item));
        }
        Some(out)
    };
    let (a, b) = (named(a)?, named(b)?);
    let of = |list: &[(String, &'a Value)], name: &str| list.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
    let mut pairs: Vec<Pair<'a>> = b.iter().map(|(n, v)| (n.clone(), of(&a, n), Some(*v))).collect();
    pairs.extend(a.iter().filter(|(n, _)| of(&b, n).is_none()).map(|(n, v)| (n.clone(), Some(*v), None)));
    Some(pairs)
}

fn short(v: &Value) -> String {
    let text = v.as_str().map_or_else(|| v.to_string(), str::to_owned).replace('\n', " ");
    if text.chars().count() > LONGEST { text.chars().take(LONGEST - 2).chain("..".chars()).collect() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_a_person_changed_is_told() {
        let then = json!({"metadata": {"name": "train-a", "labels": {"run_id": "r1", "team": "ml"}, "annotations": {"dagdeck/owner": "1"}},
            "spec": {"containers": [
                {"name": "base", "image": "ml:1", "resources": {"limits": {"memory": "64Gi"}},
                 "env": [{"name": "TOKEN", "value": "abc"}, {"name": "AIRFLOW_CTX_DAG_RUN_ID", "value": "r1"}, {"name": "OLD", "value": "1"}]},
                {"name": "side", "image": "s"}], "tolerations": []}});
        let now = json!({"metadata": {"name": "train-b", "labels": {"run_id": "r2", "team": "ml"}, "annotations": {"dagdeck/owner": "2"}},
            "spec": {"containers": [
                {"name": "side", "image": "s"},
                {"name": "base", "image": "ml:2", "resources": {"limits": {"memory": "48Gi"}},
                 "env": [{"name": "AIRFLOW_CTX_DAG_RUN_ID", "value": "r2"}, {"name": "TOKEN", "value": "xyz"}]}],
                "nodeSelector": {"gpu": "a100"}}});
        let mut found = between(&then, &now);
        let token = found.iter_mut().find(|c| c.name == "TOKEN").unwrap();
        token.mask();
        let lines: Vec<String> = found.iter().map(SpecChange::line).collect();
        assert_eq!(
            lines,
            [
                "spec.containers[base].image: ml:1 -> ml:2",
                "spec.containers[base].resources.limits.memory: 64Gi -> 48Gi",
                "spec.containers[base].env[TOKEN]: *** -> ***",
                "spec.containers[base].env[OLD]: 1 -> (none)",
                "spec.nodeSelector.gpu: (none) -> a100",
            ]
        );
        assert!(between(&now, &now).is_empty());
    }

    #[test]
    fn lists_without_names_are_compared_as_a_whole() {
        let then = json!({"spec": {"containers": [{"name": "base", "command": ["a", "b"]}]}});
        let now = json!({"spec": {"containers": [{"name": "base", "command": ["a", "c"]}]}});
        assert_eq!(between(&then, &now)[0].line(), "spec.containers[base].command: [\"a\",\"b\"] -> [\"a\",\"c\"]");
    }
}
