//! Names and labels of pods: semantics 12.2, and the provider's rules for what Kubernetes refuses.

use indexmap::IndexMap;
use md5::{Digest, Md5};

/// Longest pod name (bytes): a pod's name is its host name.
pub const MAX_NAME: usize = 63;
const MAX_LABEL: usize = 63;
const MAX_GIVEN: usize = 220;

/// Whose pod it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// DAG.
    pub dag_id: String,
    /// Task, with its group's prefix.
    pub task_id: String,
    /// Run.
    pub run_id: String,
    /// Map index; -1 for a task that isn't mapped.
    pub map_index: i32,
    /// Try, from 1.
    pub try_number: i32,
}

impl Identity {
    /// The labels by which the pod of this task instance is found, whichever try made it.
    fn stable_labels(&self) -> IndexMap<String, String> {
        let mut labels = IndexMap::from([
            ("dag_id".to_string(), safe_label(&self.dag_id)),
            ("task_id".to_string(), safe_label(&self.task_id)),
            ("run_id".to_string(), safe_label(&self.run_id)),
            ("kubernetes_pod_operator".to_string(), "True".to_string()),
        ]);
        if self.map_index >= 0 {
            labels.insert("map_index".into(), self.map_index.to_string());
        }
        labels
    }

    /// All identifying labels of this try's pod.
    pub fn labels(&self) -> IndexMap<String, String> {
        let mut labels = self.stable_labels();
        labels.insert("try_number".into(), self.try_number.to_string());
        labels
    }

    /// The label selector that finds the pods of this task instance, of whatever try, beside the author's own `labels`.
    /// Pods that were looked at already, and workers of the Kubernetes executor, are left out.
    pub fn selector(&self, labels: &IndexMap<String, String>) -> String {
        let mut all = labels.clone();
        all.extend(self.stable_labels());
        all.sort_keys();
        let equal: Vec<String> = all.iter().map(|(k, v)| format!("{k}={v}")).collect();
        format!("{},already_checked!=True,!airflow-worker", equal.join(","))
    }
}

/// A label value that Kubernetes takes: forbidden characters go, and what was changed or is too long ends in nine hex
/// digits of the original's MD5, so that two values don't become one.
pub fn safe_label(value: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let safe: String =
        value.trim_matches(|c: char| !c.is_ascii_alphanumeric()).chars().filter(|c| allowed(*c)).collect();
    if safe == value && safe.len() <= MAX_LABEL {
        return safe;
    }
    let digest = Md5::digest(value.as_bytes());
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let keep = safe.len().min(MAX_LABEL - 10);
    format!("{}-{}", &safe[..keep], &hash[..9])
}

/// The author's `name`, checked and in the spelling that Kubernetes takes.
pub fn given_name(name: &str) -> Result<String, String> {
    if name.chars().count() > MAX_GIVEN {
        return Err(format!("The key: {name} has to be less than {MAX_GIVEN} characters"));
    }
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
        return Err(format!(
            "The key '{name}' has to be made of alphanumeric characters, dashes, dots and underscores exclusively"
        ));
    }
    if name.contains("..") {
        return Err(format!("The key '{name}' must not contain consecutive dots ('..')"));
    }
    let mut made = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' {
            made.push(c);
        } else if !made.ends_with(REPLACED) {
            made.push(REPLACED);
        }
    }
    Ok(made.replace(REPLACED, "-"))
}

/// Stands for a run of characters that were replaced, so that a dash beside it isn't swallowed.
const REPLACED: char = '\u{0}';

/// A name of at most `max` bytes made of a task id, for a pod that was given none.
pub fn name_of_task(task_id: &str, max: usize) -> String {
    let mut made = String::new();
    for c in task_id.to_lowercase().chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            made.push(c);
        } else if !made.is_empty() && !made.ends_with('-') {
            made.push('-');
        }
    }
    made.truncate(max);
    made.trim_matches(['-', '.']).to_string()
}

/// A name with `suffix` (eight random letters and digits) after it, at most `max` bytes.
pub fn with_suffix(name: &str, suffix: &str, max: usize) -> String {
    let keep = name.len().min(max - suffix.len() - 1);
    let cut = (0..=keep).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}-{suffix}", name[..cut].trim_matches(['-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_values_as_recorded() {
        let rows = [
            ("", ""),
            ("-lead", "lead-7f113dd80"),
            ("a/b:c", "abc-42d7d68ba"),
            ("scheduled__2026-03-02T06:00:00+00:00", "scheduled__2026-03-02T0600000000-b0753c33a"),
            ("simple", "simple"),
            ("trail_", "trail-0fc596528"),
            ("with space", "withspace-37fdaf3e3"),
            ("ünï", "n-3241a66fd"),
        ];
        for (given, made) in rows {
            assert_eq!(safe_label(given), made, "{given:?}");
        }
        let long = "a".repeat(70);
        assert_eq!(safe_label(&long), format!("{}-0f5c6c4e7", "a".repeat(53)));
    }

    #[test]
    fn names_are_made_acceptable_or_refused() {
        assert_eq!(given_name("My_Pod.Name").as_deref(), Ok("my-pod-name"));
        assert_eq!(given_name("a-_-b").as_deref(), Ok("a---b"));
        assert!(given_name("My Pod").unwrap_err().contains("alphanumeric"));
        assert!(given_name(&"a".repeat(221)).unwrap_err().contains("220"));
        assert_eq!(name_of_task("prep.train_model__1", MAX_NAME), "prep-train-model-1");
        assert_eq!(with_suffix(&"a".repeat(80), "abcdefgh", MAX_NAME).len(), MAX_NAME);
        assert_eq!(with_suffix("a-.", "x", MAX_NAME), "a-x");
    }
}
