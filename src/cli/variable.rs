//! `variables`: list, get, set, delete, import, export; secrets are printed only with `--reveal`, which is audited.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{
    in_use::{self, Insist},
    mask::Mask,
    nearest,
    shell::Shell,
    shell::quote,
};
use crate::{
    error::{Error, Result},
    protocol::Command,
    secrets,
    store::{pages, screens::settings},
};

/// Verbs of `variables`.
#[derive(Debug, Subcommand)]
pub enum VariableVerb {
    /// All variables of the store
    #[command(after_help = "Example:\n  dagdeck variables list")]
    List {
        /// Print secret values; written to the audit log
        #[arg(long)]
        reveal: bool,
    },
    /// The value of a variable
    #[command(after_help = "Example:\n  dagdeck variables get min_gain")]
    Get {
        /// Key
        key: String,
        /// Printed if there is no such variable
        #[arg(short, long, value_name = "VALUE")]
        default: Option<String>,
        /// The value is JSON: print it as such
        #[arg(short, long)]
        json: bool,
        /// Print a secret value; written to the audit log
        #[arg(long)]
        reveal: bool,
    },
    /// Create or change a variable
    #[command(after_help = "Example:\n  dagdeck variables set min_gain 0.005")]
    Set {
        /// Key
        key: String,
        /// Value
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        /// The value is JSON: refuse it if it isn't
        #[arg(short, long)]
        json: bool,
    },
    /// Delete a variable; says which DAGs name it
    #[command(after_help = "Example:\n  dagdeck variables delete min_gain")]
    Delete {
        /// Key
        key: String,
        /// Whether to ask
        #[command(flatten)]
        insist: Insist,
    },
    /// Create or change the variables of a JSON file
    #[command(after_help = "Example:\n  dagdeck variables import variables.json")]
    Import {
        /// {"KEY": "value", "OTHER": {"value": {"a": 1}, "description": ".."}}
        file: PathBuf,
        /// What happens to keys that exist
        #[arg(short, long, value_name = "ACTION", default_value = "overwrite", value_parser = ["overwrite", "fail", "skip"])]
        action_on_existing_key: String,
    },
    /// Write all variables, also secret ones, to a JSON file (- is stdout); written to the audit log
    #[command(after_help = "Example:\n  dagdeck variables export variables.json")]
    Export {
        /// File
        file: PathBuf,
    },
}

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: VariableVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        VariableVerb::List { reveal } => {
            let mut rows = pages::variable::list(&shell.store()?, None)?;
            if reveal {
                audit("variables.reveal", "*", shell)?;
            } else {
                let mask = Mask::of_settings(&shell.place()?.settings);
                rows.iter_mut().for_each(|row| hide(row, &mask));
            }
            shell.show_rows(rows, &["key", "value", "description", "changed_at"])?;
        }
        VariableVerb::Get { key, default, json, reveal } => get(&key, default, json, reveal, shell)?,
        VariableVerb::Set { key, value, description, json } => {
            if json {
                serde_json::from_str::<Value>(&value)
                    .map_err(|e| Error::usage("--json: the value isn't JSON").because(e))?;
            }
            // The audit log keeps what was done, not the value.
            shell.command_line = format!("dagdeck variables set {} '***'", quote(&key));
            shell.submit(Command::SetVariable { key: key.clone(), value, description })?;
            let mut row = one(&key, shell)?;
            hide(&mut row, &Mask::of_settings(&shell.place()?.settings));
            shell.show(&row)?;
        }
        VariableVerb::Delete { key, insist } => {
            one(&key, shell)?;
            in_use::named("variable", &key, insist, shell)?;
            shell.submit(Command::DeleteVariable { key: key.clone() })?;
            shell.show(&json!({"key": key, "deleted": true}))?;
        }
        VariableVerb::Import { file, action_on_existing_key } => import(&file, &action_on_existing_key, shell)?,
        VariableVerb::Export { file } => {
            let rows = pages::variable::list(&shell.store()?, None)?;
            let all: Map<String, Value> = rows
                .iter()
                .map(|row| {
                    let text = row["value"].as_str().unwrap_or("");
                    let value = serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
                    let exported = match row["description"].as_str() {
                        Some(description) => json!({"value": value, "description": description}),
                        None => value,
                    };
                    (row["key"].as_str().unwrap_or("").to_owned(), exported)
                })
                .collect();
            audit("variables.export", "*", shell)?;
            write_file(&file, &Value::Object(all), true, shell)?;
        }
    }
    Ok(0)
}

fn hide(row: &mut Value, mask: &Mask) {
    let key = row["key"].as_str().unwrap_or("").to_owned();
    if let Some(value) = row["value"].as_str() {
        row["value"] = mask.variable(&key, value).into();
    }
}

fn audit(action: &str, target: &str, shell: &Shell) -> Result<()> {
    shell.submit(Command::Audit { action: action.into(), target: target.into() }).map(|_| ())
}

fn one(key: &str, shell: &Shell) -> Result<Value> {
    let conn = shell.store()?;
    if let Some(row) = pages::variable::list(&conn, Some(key))?.into_iter().next() {
        return Ok(row);
    }
    let all = pages::variable::list(&conn, None)?;
    let known: Vec<String> = all.iter().filter_map(|v| v["key"].as_str().map(Into::into)).collect();
    Err(Error::not_found(format!("there is no variable {key:?}")).hint(nearest::hint(key, &known, "none is set")))
}

fn get(key: &str, default: Option<String>, as_json: bool, reveal: bool, shell: &mut Shell) -> Result<()> {
    // The environment wins, as it does for tasks.
    let from_environment = secrets::variable(&shell.store()?, key)?;
    let mut row = match (from_environment, default) {
        (Some(value), _) => match one(key, shell) {
            Ok(mut row) => {
                row["value"] = value.into();
                row
            }
            Err(_) => json!({"key": key, "value": value, "description": null}),
        },
        (None, Some(default)) => json!({"key": key, "value": default, "description": null}),
        (None, None) => one(key, shell)?,
    };
    let mask = Mask::of_settings(&shell.place()?.settings);
    let shown = mask.variable(key, row["value"].as_str().unwrap_or(""));
    let is_secret = Some(shown.as_str()) != row["value"].as_str();
    if is_secret && reveal {
        audit("variables.reveal", key, shell)?;
    } else if is_secret {
        row["value"] = shown.into();
        shell.say("the value is secret; --reveal prints it and is written to the audit log")?;
    }
    if as_json && (reveal || !is_secret) {
        let text = row["value"].as_str().unwrap_or("");
        row["value"] = serde_json::from_str(text)
            .map_err(|e| Error::refused(format!("the value of variable {key} isn't JSON")).because(e))?;
    }
    if shell.format().is_document() {
        row["used_by"] = settings::dags_naming(&shell.store()?, key)?.into();
        return shell.document(&row);
    }
    let text = row["value"].as_str().map_or_else(|| row["value"].to_string(), ToOwned::to_owned);
    shell.line(&text)
}

fn import(file: &Path, on_existing: &str, shell: &mut Shell) -> Result<()> {
    let entries = read_object(file)?;
    let known: Vec<Value> = match shell.store() {
        Ok(conn) => pages::variable::list(&conn, None)?,
        Err(_) => Vec::new(),
    };
    let exists = |key: &str| known.iter().any(|row| row["key"] == key);
    if on_existing == "fail"
        && let Some((key, _)) = entries.iter().find(|(key, _)| exists(key))
    {
        return Err(Error::refused(format!("variable {key} exists, nothing was imported"))
            .hint("--action-on-existing-key overwrite or skip"));
    }
    let (mut imported, mut skipped) = (0, 0);
    for (key, entry) in entries {
        if on_existing == "skip" && exists(&key) {
            skipped += 1;
            continue;
        }
        let (value, description) = match &entry {
            Value::Object(fields)
                if fields.contains_key("value") && fields.keys().all(|k| k == "value" || k == "description") =>
            {
                (&fields["value"], fields.get("description").and_then(Value::as_str).map(Into::into))
            }
            other => (other, None),
        };
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        shell.submit(Command::SetVariable { key, value, description })?;
        imported += 1;
    }
    shell.show(&json!({"imported": imported, "skipped": skipped}))
}

/// A JSON file whose content is an object, in the order written.
///
/// # Errors
/// `Refused` with the file's name if it can't be read.
pub fn read_object(file: &Path) -> Result<Map<String, Value>> {
    let failed = format!("{} can't be imported", file.display());
    let text = std::fs::read_to_string(file).map_err(|e| Error::refused(failed.clone()).because(e))?;
    let value: Value = serde_json::from_str(&text).map_err(|e| Error::refused(failed.clone()).because(e))?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(Error::refused(failed).because("it holds no JSON object")),
    }
}

/// Writes a JSON file; `-` is stdout. Secret ones are readable for the owner alone.
///
/// # Errors
/// `System` if it can't be written.
pub fn write_file(file: &Path, document: &Value, is_secret: bool, shell: &mut Shell) -> Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let text = serde_json::to_string_pretty(document).map_err(|e| Error::system("can't write JSON", e))?;
    if file == Path::new("-") || file == Path::new("/dev/stdout") {
        return shell.line(&text);
    }
    let failed = |e| Error::system(format!("can't write {}", file.display()), e);
    let mode = if is_secret { 0o600 } else { 0o644 };
    let mut out =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(file).map_err(failed)?;
    writeln!(out, "{text}").map_err(failed)?;
    let count = document.as_object().map_or(0, Map::len);
    shell.say(&format!("{count} exported to {}", file.display()))
}
