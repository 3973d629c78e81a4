//! Reading and looking up settings.

use std::{collections::BTreeMap, path::Path};

use super::defaults::{DEFAULTS, SHAPING};
use crate::{
    error::{Error, Result},
    model::{hash, toml_syntax},
};

/// A value and where it came from (`default`, the file's path, or the variable's name).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Text, as written.
    pub value: String,
    /// Where it was said.
    pub source: String,
}

/// All settings by section and key, in lower case.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    values: BTreeMap<(String, String), Setting>,
}

impl Settings {
    /// Defaults, then the file (if it exists), then `AIRFLOW__SECTION__KEY`, then `DAGDECK__SECTION__KEY`.
    ///
    /// Errors name the file, line and column of what could not be read.
    pub fn load(file: &Path, environment: impl Iterator<Item = (String, String)>) -> Result<Self> {
        let mut settings = Self::default();
        for (section, key, value) in DEFAULTS {
            settings.set(section, key, value, "default");
        }
        match std::fs::read_to_string(file) {
            Ok(text) => settings.read_toml(file, &text)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::system(format!("cannot read the settings in {}", file.display()), e)),
        }
        let environment: Vec<_> = environment.collect();
        for prefix in ["AIRFLOW__", "DAGDECK__"] {
            for (name, value) in &environment {
                if let Some((section, key)) = name.strip_prefix(prefix).and_then(|rest| rest.split_once("__")) {
                    settings.set(&section.to_lowercase(), &key.to_lowercase(), value, name);
                }
            }
        }
        if let Some((name, value)) = environment.iter().find(|(name, _)| name == "DAGDECK_PYTHON") {
            settings.set("python", "interpreter", value, name);
        }
        Ok(settings)
    }

    fn read_toml(&mut self, file: &Path, text: &str) -> Result<()> {
        let table: toml::Table = toml::from_str(text).map_err(|e| broken_toml(file, text, &e))?;
        let source = file.display().to_string();
        for (section, body) in &table {
            let toml::Value::Table(body) = body else {
                return Err(Error::usage(format!("{source}: {section:?} is a value outside a section"))
                    .hint("write it as [section] and key = value, with Airflow's section names"));
            };
            for (key, value) in body {
                let text = match value {
                    toml::Value::String(s) => s.clone(),
                    toml::Value::Boolean(b) => if *b { "True" } else { "False" }.to_string(),
                    toml::Value::Table(inner) => {
                        for (name, value) in inner {
                            let text = value.as_str().map_or_else(|| value.to_string(), str::to_string);
                            self.set(section, &format!("{key}.{name}"), &text, &source);
                        }
                        continue;
                    }
                    other => other.to_string(),
                };
                self.set(section, key, &text, &source);
            }
        }
        Ok(())
    }

    fn set(&mut self, section: &str, key: &str, value: &str, source: &str) {
        self.values.insert((section.into(), key.into()), Setting { value: value.into(), source: source.into() });
    }

    /// The text of an option; `None` if it isn't known and nowhere set.
    pub fn get(&self, section: &str, key: &str) -> Option<&str> {
        self.values.get(&(section.to_string(), key.to_string())).map(|s| s.value.as_str())
    }

    /// The text of an option, empty if unset.
    pub fn text(&self, section: &str, key: &str) -> &str {
        self.get(section, key).unwrap_or("")
    }

    /// A number. Errors name the option and where it was said.
    pub fn number(&self, section: &str, key: &str) -> Result<f64> {
        let setting = self.values.get(&(section.to_string(), key.to_string()));
        let text = setting.map_or("", |s| s.value.trim());
        text.parse().map_err(|_| {
            let source = setting.map_or("nowhere", |s| &s.source);
            Error::usage(format!("[{section}] {key} = {text:?} (from {source}) is not a number"))
        })
    }

    /// Airflow's booleans: t, true, 1, yes, on; anything else is false.
    pub fn flag(&self, section: &str, key: &str) -> bool {
        matches!(self.text(section, key).trim().to_lowercase().as_str(), "t" | "true" | "1" | "yes" | "on")
    }

    /// A number that changes with the settings that shape what a DAG file means; 0 while all have their defaults.
    pub fn mark_of_definitions(&self) -> i64 {
        let changed = DEFAULTS.iter().filter(|(section, key, default)| {
            SHAPING.contains(&(*section, *key))
                && self.get(section, key).is_some_and(|value| !value.eq_ignore_ascii_case(default))
        });
        let said: String =
            changed.map(|(section, key, _)| format!("{section} {key} {}\n", self.text(section, key))).collect();
        if said.is_empty() { 0 } else { hash::remainder(&said, 1 << 40) as i64 }
    }

    /// What was said otherwise than by Airflow's environment variables, as such variables: so that `conf.get()` in Python
    /// gives what the settings say.
    pub fn as_environment(&self) -> Vec<(String, String)> {
        let said = |setting: &Setting| setting.source != "default" && !setting.source.starts_with("AIRFLOW__");
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let name = |section: &str, key: &str| {
            // A dot in a section's name (`[common.io]`, in TOML a table in a table) is an underscore there.
            let whole = format!("{section}.{key}");
            let (section, key) = whole.rsplit_once('.')?;
            let section = section.replace('.', "_");
            (plain(&section) && plain(key)).then(|| format!("AIRFLOW__{section}__{key}").to_uppercase())
        };
        self.all()
            .filter(|(_, _, setting)| said(setting))
            .filter_map(|(section, key, setting)| Some((name(section, key)?, setting.value.clone())))
            .collect()
    }

    /// What was said by Airflow's environment variables, as these variables: a process elsewhere doesn't inherit them.
    pub fn of_environment(&self) -> Vec<(String, String)> {
        let said = |setting: &&Setting| setting.source.starts_with("AIRFLOW__");
        let all = self.values.values().filter(said);
        all.map(|setting| (setting.source.clone(), setting.value.clone())).collect()
    }

    /// Every option: section, key, value with source.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, &Setting)> {
        self.values.iter().map(|((section, key), setting)| (section.as_str(), key.as_str(), setting))
    }
}

/// The error of a file that isn't TOML: where, what, and what to write instead.
pub fn broken_toml(file: &Path, text: &str, said: &toml::de::Error) -> Error {
    let fault = toml_syntax::faults(text).into_iter().next().unwrap_or_else(|| toml_syntax::Fault {
        at: said.span().map_or(0, |span| span.start),
        message: said.message().into(),
        hint: None,
    });
    let (line, column) = toml_syntax::place(text, fault.at);
    let error = Error::usage(format!("{}:{line}:{column}: {}", file.display(), fault.message));
    match fault.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_wins_over_airflows_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("dagdeck.toml");
        std::fs::write(
            &file,
            "[core]\nparallelism = 4\nmax_map_length = 5\nexecutor = \"X\"\n[python.folders]\n\"/a\" = \"py\"\n",
        )
        .unwrap();
        let env = [
            ("AIRFLOW__CORE__PARALLELISM", "8"),
            ("AIRFLOW__CORE__MAX_MAP_LENGTH", "6"),
            ("DAGDECK__CORE__PARALLELISM", "9"),
        ];
        let s = Settings::load(&file, env.iter().map(|(k, v)| (k.to_string(), v.to_string()))).unwrap();
        assert_eq!(s.text("core", "parallelism"), "9");
        assert_eq!(s.text("core", "max_map_length"), "6");
        assert_eq!(s.text("core", "executor"), "X");
        assert_eq!(s.text("python", "folders./a"), "py");
        assert_eq!(s.text("core", "max_active_tasks_per_dag"), "16");
        let names: Vec<_> = s.as_environment().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(names, ["AIRFLOW__CORE__EXECUTOR=X", "AIRFLOW__CORE__PARALLELISM=9"]);
        assert_eq!(s.mark_of_definitions(), 0);
    }

    #[test]
    fn a_broken_file_names_line_and_column() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("dagdeck.toml");
        std::fs::write(&file, "[core]\nparallelism = = 4\n").unwrap();
        let error = Settings::load(&file, std::iter::empty()).unwrap_err();
        assert!(error.message.contains("dagdeck.toml:2:15"), "{}", error.message);
    }
}
