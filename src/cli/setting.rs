//! `config`: the settings in effect.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{mask::Mask, nearest, shell::Shell};
use crate::{
    config::{Finding, Settings, Weight},
    error::{Error, Result},
};

/// Verbs of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// All settings, and where each comes from
    #[command(after_help = "Example:\n  dagdeck config list --section scheduler")]
    List {
        /// Only this section
        #[arg(long, value_name = "SECTION")]
        section: Option<String>,
    },
    /// One setting
    #[command(after_help = "Example:\n  dagdeck config get-value core parallelism")]
    GetValue {
        /// Section
        section: String,
        /// Key
        option: String,
    },
    /// What is wrong with the settings that were made, or has no effect here
    #[command(
        long_about = "What is wrong with the settings that were made, in dagdeck.toml and in the environment: options that don't \
                      exist, values that can't be read, and options of Airflow's that have no effect here, each with the reason. \
                      Exit code 1 if there is an error.",
        after_help = "Example:\n  AIRFLOW__CORE__FERNET_KEY=x dagdeck config lint"
    )]
    Lint,
}

/// Runs a verb; its exit code.
///
/// # Errors
/// `NotFound` for an unknown setting.
pub fn run(verb: ConfigVerb, shell: &mut Shell) -> Result<i32> {
    let place = shell.place()?.clone();
    let mask = Mask::of_settings(&place.settings);
    match verb {
        ConfigVerb::List { section } => {
            let rows: Vec<Value> = place
                .settings
                .all()
                .filter(|(s, _, _)| section.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(s)))
                .map(|(s, key, setting)| {
                    // Names such as sensitive_var_conn_names are not secrets themselves.
                    let is_secret =
                        mask.is_sensitive(key) && !key.starts_with("sensitive_") && !setting.value.is_empty();
                    let value = if is_secret { "***" } else { &setting.value };
                    json!({"section": s, "key": key, "value": value, "source": setting.source})
                })
                .collect();
            shell.show_rows(rows, &["section", "key", "value", "source"])?;
        }
        ConfigVerb::GetValue { section, option } => {
            let (section, option) = (section.to_lowercase(), option.to_lowercase());
            let found = place.settings.all().find(|(s, key, _)| *s == section && *key == option);
            let Some((_, _, setting)) = found else {
                let known: Vec<String> = place.settings.all().map(|(s, key, _)| format!("{s} {key}")).collect();
                let wanted = format!("{section} {option}");
                return Err(Error::not_found(format!("there is no setting [{section}] {option}")).hint(nearest::hint(
                    &wanted,
                    &known,
                    "none is known",
                )));
            };
            if shell.format().is_document() {
                let document =
                    json!({"section": section, "key": option, "value": setting.value, "source": setting.source});
                shell.document(&document)?;
            } else {
                shell.line(&setting.value)?;
            }
        }
        ConfigVerb::Lint => {
            let found = place.settings.lint();
            let has_error = found.iter().any(|finding| finding.weight == Weight::Error);
            let rows = found.iter().map(|finding| row(finding, &place.settings)).collect();
            shell.show_rows(rows, &["weight", "section", "key", "source", "message"])?;
            return Ok(i32::from(has_error));
        }
    }
    Ok(0)
}

/// A finding as a document; what isn't known with the nearest option that is.
fn row(finding: &Finding, settings: &Settings) -> Value {
    let Finding { section, key, source, message, .. } = finding;
    let weight = if finding.weight == Weight::Error { "error" } else { "no effect" };
    let known = || {
        let others = settings.all().filter(|(s, k, setting)| (*s, *k) != (section, key) && setting.source == "default");
        others.map(|(s, k, _)| format!("{s} {k}")).collect::<Vec<_>>()
    };
    let hint = (message == "no such option").then(|| nearest::hint(&format!("{section} {key}"), &known(), ""));
    let message = hint.map_or_else(|| message.clone(), |hint| format!("{message}; {hint}"));
    json!({"section": section, "key": key, "source": source, "weight": weight, "message": message})
}
