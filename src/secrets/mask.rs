//! Secrets of the home, replaced by `***` in what is printed (Airflow 3's rules, see `docs/CLI.md`).

use rusqlite::Connection;
use serde_json::Value;

use crate::{config::Settings, error::Result, store::pages};

const STARS: &str = "***";

/// The secrets to be masked.
#[derive(Default)]
pub struct Mask {
    /// Longest first, so that a secret inside another doesn't leave its rest.
    secrets: Vec<String>,
    /// `[core] sensitive_var_conn_names`.
    more: String,
    /// `[core] hide_sensitive_var_conn_fields`: names don't make secrets.
    ignores_names: bool,
}

impl Mask {
    /// Reads the secrets of the store and of the environment.
    ///
    /// # Errors
    /// `System` if the store can't be read.
    pub fn load(conn: &Connection, settings: &Settings) -> Result<Self> {
        let mut mask = Self::of_settings(settings);
        for connection in pages::connection::list(conn, None)? {
            mask.add_connection(&connection);
        }
        for variable in pages::variable::list(conn, None)? {
            let (key, value) = (variable["key"].as_str().unwrap_or(""), variable["value"].as_str().unwrap_or(""));
            mask.add_variable(key, value);
        }
        for (name, value) in std::env::vars() {
            if let Some(key) = name.strip_prefix("AIRFLOW_VAR_") {
                mask.add_variable(key, &value);
            } else if name.starts_with("AIRFLOW_CONN_")
                && let Ok(fields) = super::from_text(&name, &value)
            {
                mask.add_connection(&fields);
            }
        }
        mask.secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        mask.secrets.dedup();
        Ok(mask)
    }

    /// Only the rules about names.
    pub fn of_settings(settings: &Settings) -> Self {
        Self {
            secrets: Vec::new(),
            more: settings.text("core", "sensitive_var_conn_names").into(),
            ignores_names: !settings.flag("core", "hide_sensitive_var_conn_fields"),
        }
    }

    /// True if what stands under this name is secret.
    pub fn is_sensitive(&self, name: &str) -> bool {
        !self.ignores_names && super::is_sensitive(name, &self.more)
    }

    fn add_connection(&mut self, fields: &Value) {
        self.add(fields["password"].as_str().unwrap_or(""));
        if let Some(extra) = fields["extra"].as_str().and_then(|e| serde_json::from_str(e).ok()) {
            self.add_under_names(&extra);
        }
    }

    fn add(&mut self, secret: &str) {
        if secret.chars().count() >= 5 && secret != "airflow" {
            self.secrets.push(secret.into());
        }
    }

    fn add_variable(&mut self, key: &str, value: &str) {
        let parsed: Option<Value> = serde_json::from_str(value).ok();
        if self.is_sensitive(key) {
            self.add(value);
            parsed.iter().for_each(|v| self.add_all(v));
        } else if let Some(parsed) = parsed {
            self.add_under_names(&parsed);
        }
    }

    fn add_all(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Array(items) => items.iter().for_each(|i| self.add_all(i)),
            Value::Object(fields) => fields.values().for_each(|i| self.add_all(i)),
            _ => {}
        }
    }

    fn add_under_names(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (key, item) in fields {
                    if self.is_sensitive(key) { self.add_all(item) } else { self.add_under_names(item) }
                }
            }
            Value::Array(items) => items.iter().for_each(|i| self.add_under_names(i)),
            _ => {}
        }
    }

    /// Replaces every known secret inside the value's strings.
    pub fn hide(&self, value: &mut Value) {
        if self.secrets.is_empty() {
            return;
        }
        match value {
            Value::String(text) => {
                if let Some(masked) = self.hide_text(text) {
                    *text = masked;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|i| self.hide(i)),
            Value::Object(fields) => fields.values_mut().for_each(|i| self.hide(i)),
            _ => {}
        }
    }

    /// Replaces the values of variables of the environment with sensitive names, and every known secret.
    pub fn hide_in_manifest(&self, manifest: &mut Value) {
        self.hide_variables(manifest);
        self.hide(manifest);
    }

    /// The text without secrets; `None` if it has none.
    pub fn hide_text(&self, text: &str) -> Option<String> {
        let mut masked: Option<String> = None;
        for secret in &self.secrets {
            let now = masked.as_deref().unwrap_or(text);
            if now.contains(secret.as_str()) {
                masked = Some(now.replace(secret.as_str(), STARS));
            }
        }
        masked
    }

    /// Replaces what stands under sensitive names, at any depth.
    pub fn hide_under_names(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (key, item) in fields.iter_mut() {
                    if self.is_sensitive(key) && !item.is_null() && item.as_str() != Some("") {
                        *item = STARS.into();
                    } else {
                        self.hide_under_names(item);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|i| self.hide_under_names(i)),
            _ => {}
        }
    }

    /// Replaces the values of a container's variables with sensitive names: `{"name": "TOKEN", "value": ..}`.
    fn hide_variables(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                let is_sensitive = fields.get("name").and_then(Value::as_str).is_some_and(|n| self.is_sensitive(n));
                for (key, item) in fields.iter_mut() {
                    match item {
                        Value::String(text) if key == "value" && is_sensitive && !text.is_empty() => {
                            *text = STARS.into()
                        }
                        item => self.hide_variables(item),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|i| self.hide_variables(i)),
            _ => {}
        }
    }

    /// A variable's value as it may be printed.
    pub fn variable(&self, key: &str, value: &str) -> String {
        if self.is_sensitive(key) {
            return STARS.into();
        }
        match serde_json::from_str::<Value>(value) {
            Ok(mut parsed) if parsed.is_object() || parsed.is_array() => {
                let before = parsed.clone();
                self.hide_under_names(&mut parsed);
                if parsed == before { value.into() } else { parsed.to_string() }
            }
            _ => value.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_of_a_pod_are_hidden_by_their_names() {
        let mut pod = json!({"spec": {"containers": [{"name": "base", "env": [
            {"name": "DB_PASSWORD", "value": "x"}, {"name": "MODE", "value": "fast"},
            {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]}});
        Mask::default().hide_in_manifest(&mut pod);
        let env = &pod["spec"]["containers"][0]["env"];
        assert_eq!((env[0]["value"].as_str(), env[1]["value"].as_str()), (Some("***"), Some("fast")));
        assert_eq!(env[2]["valueFrom"]["secretKeyRef"]["key"], "k");
    }
}
