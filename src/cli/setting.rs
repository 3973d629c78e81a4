//! `config`: the settings in effect.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{mask::Mask, nearest, shell::Shell};
use crate::error::{Error, Result};

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
}

/// Runs a verb; its exit code.
///
/// # Errors
/// `NotFound` for an unknown setting.
pub fn run(verb: ConfigVerb, shell: &mut Shell) -> Result<i32> {
    let place = shell.place()?.clone();
    let mask = Mask::of_place(&place);
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
    }
    Ok(0)
}
