//! What is wrong with the settings that somebody has made, or has no effect.

use super::{Setting, Settings, defaults::DEFAULTS, foreign::why_without_effect};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The option can't be used as it is written, or nobody knows it.
    Error,
    /// An option of Airflow's that has no effect here.
    Note,
}

/// One option with something to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its section.
    pub section: String,
    /// Its key.
    pub key: String,
    /// Where it was said: a file or a variable.
    pub source: String,
    /// How much it matters.
    pub weight: Weight,
    /// One sentence.
    pub message: String,
}

/// Sections of ours whose keys are names that people choose, or that have their own rules.
const OPEN: &[&str] = &["python", "contexts"];

impl Settings {
    /// Everything that was said otherwise than by a default and is wrong or without effect, by section and key.
    pub fn lint(&self) -> Vec<Finding> {
        let said = self.all().filter(|(_, _, setting)| setting.source != "default");
        said.filter_map(|(section, key, setting)| finding(section, key, setting)).collect()
    }
}

fn finding(section: &str, key: &str, setting: &Setting) -> Option<Finding> {
    let made = |weight, message: String| {
        let source = setting.source.clone();
        Some(Finding { section: section.into(), key: key.into(), source, weight, message })
    };
    if let Some((_, _, default)) = DEFAULTS.iter().find(|(s, k, _)| *s == section && *k == key) {
        return wrong_value(default, &setting.value).and_then(|message| made(Weight::Error, message));
    }
    if let Some(why) = why_without_effect(section, key) {
        return made(Weight::Note, format!("has no effect here: {why}"));
    }
    if OPEN.contains(&section) {
        return None;
    }
    made(Weight::Error, "no such option".into())
}

/// What is wrong with a value, by the kind of its default.
fn wrong_value(default: &str, value: &str) -> Option<String> {
    let value = value.trim();
    if default.parse::<f64>().is_ok() && value.parse::<f64>().is_err() {
        return Some(format!("{value:?} is not a number"));
    }
    let words = ["t", "true", "1", "yes", "on", "f", "false", "0", "no", "off"];
    if ["True", "False"].contains(&default) && !words.contains(&value.to_lowercase().as_str()) {
        return Some(format!("{value:?} is neither True nor False"));
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn says_what_is_wrong_and_what_has_no_effect() {
        let said = [
            ("AIRFLOW__CORE__PARALLELISM", "many"),
            ("AIRFLOW__CORE__DEFAULT_TASK_RETRIES", "2"),
            ("AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE", "perhaps"),
            ("AIRFLOW__CORE__FERNET_KEY", "k"),
            ("AIRFLOW__CELERY__BROKER_URL", "redis://"),
            ("DAGDECK__CORE__PARALELISM", "4"),
            ("DAGDECK_PYTHON", "python3.12"),
        ];
        let settings =
            Settings::load(Path::new("/nowhere"), said.iter().map(|(k, v)| (k.to_string(), v.to_string()))).unwrap();
        let found: Vec<_> = settings
            .lint()
            .into_iter()
            .map(|f| (f.weight, format!("{}.{}: {}", f.section, f.key, f.message)))
            .collect();
        let is = |weight, text: &str| found.iter().any(|(w, t)| *w == weight && t.starts_with(text));
        assert!(is(Weight::Error, "core.parallelism: \"many\" is not a number"), "{found:?}");
        assert!(is(Weight::Error, "scheduler.use_job_schedule: \"perhaps\" is neither"), "{found:?}");
        assert!(is(Weight::Error, "core.paralelism: no such option"), "{found:?}");
        assert!(is(Weight::Note, "core.fernet_key: has no effect here: "), "{found:?}");
        assert!(is(Weight::Note, "celery.broker_url: has no effect here: there is no Celery"), "{found:?}");
        assert_eq!(found.len(), 5, "{found:?}");
    }
}
