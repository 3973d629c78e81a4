//! `pools`: list, get, set, delete, import, export.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{
    in_use::{self, Insist},
    nearest,
    shell::Shell,
    variable::read_object,
    variable::write_file,
};
use crate::{
    error::{Error, Result},
    protocol::Command,
    store::pages,
};

/// Verbs of `pools`.
#[derive(Debug, Subcommand)]
pub enum PoolVerb {
    /// All pools and how full they are
    #[command(after_help = "Example:\n  dagdeck pools list")]
    List,
    /// One pool
    #[command(after_help = "Example:\n  dagdeck pools get gpu -o json")]
    Get {
        /// Pool
        name: String,
    },
    /// Create or change a pool
    #[command(after_help = "Example:\n  dagdeck pools set gpu 8 'training jobs'")]
    Set {
        /// Pool
        name: String,
        /// Number of slots; -1 without limit
        #[arg(allow_negative_numbers = true)]
        slots: i64,
        /// What it is for
        #[arg(default_value = "")]
        description: String,
        /// Deferred task instances take slots, too
        #[arg(long)]
        include_deferred: bool,
    },
    /// Delete a pool; one that is in use only after a question, or with -y
    #[command(after_help = "Example:\n  dagdeck pools delete gpu")]
    Delete {
        /// Pool
        name: String,
        /// Whether to ask
        #[command(flatten)]
        insist: Insist,
    },
    /// Create or change the pools of a JSON file
    #[command(after_help = "Example:\n  dagdeck pools import pools.json")]
    Import {
        /// {"NAME": {"slots": 8, "description": "..", "include_deferred": false}}
        file: PathBuf,
    },
    /// Write all pools to a JSON file (- is stdout)
    #[command(after_help = "Example:\n  dagdeck pools export pools.json")]
    Export {
        /// File
        file: PathBuf,
    },
}

const COLUMNS: [&str; 7] =
    ["name", "slots", "running_slots", "queued_slots", "deferred_slots", "open_slots", "description"];

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: PoolVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        PoolVerb::List => {
            let rows = pages::pool::list(&shell.store()?, None)?;
            shell.show_rows(rows, &COLUMNS)?;
        }
        PoolVerb::Get { name } => show(&name, shell)?,
        PoolVerb::Set { name, slots, description, include_deferred } => {
            check(&name, slots)?;
            shell.submit(Command::SetPool { name: name.clone(), slots, description, include_deferred })?;
            show(&name, shell)?;
        }
        PoolVerb::Delete { name, insist } => {
            one(&name, shell)?;
            in_use::pool(&name, insist, shell)?;
            shell.submit(Command::DeletePool { name: name.clone() })?;
            shell.show(&json!({"name": name, "deleted": true}))?;
        }
        PoolVerb::Import { file } => import(&file, shell)?,
        PoolVerb::Export { file } => {
            let pools = pages::pool::list(&shell.store()?, None)?;
            let all: Map<String, Value> = pools
                .iter()
                .map(|p| {
                    let fields = json!({"slots": p["slots"], "description": p["description"],
                        "include_deferred": p["include_deferred"]});
                    (p["name"].as_str().unwrap_or("").to_owned(), fields)
                })
                .collect();
            write_file(&file, &Value::Object(all), false, shell)?;
        }
    }
    Ok(0)
}

fn check(name: &str, slots: i64) -> Result<()> {
    if name.is_empty() {
        return Err(Error::usage("a pool needs a name"));
    }
    if slots < -1 {
        return Err(
            Error::usage(format!("pool {name} can't have {slots} slots")).hint("0 or more; -1 is without limit")
        );
    }
    Ok(())
}

fn one(name: &str, shell: &Shell) -> Result<Value> {
    let conn = shell.store()?;
    if let Some(pool) = pages::pool::list(&conn, Some(name))?.into_iter().next() {
        return Ok(pool);
    }
    let all = pages::pool::list(&conn, None)?;
    let known: Vec<String> = all.iter().filter_map(|p| p["name"].as_str().map(Into::into)).collect();
    Err(Error::not_found(format!("there is no pool {name:?}")).hint(nearest::hint(name, &known, "none is there")))
}

fn show(name: &str, shell: &mut Shell) -> Result<()> {
    let mut pool = one(name, shell)?;
    let (holders, dags) = in_use::of_pool(name, shell)?;
    pool["holders"] = holders.into();
    pool["used_by"] = dags.into();
    shell.show(&pool)
}

fn import(file: &std::path::Path, shell: &mut Shell) -> Result<()> {
    let pools = read_object(file)?;
    let mut commands = Vec::new();
    // All are checked before the first is written.
    for (name, fields) in pools {
        let slots = fields["slots"].as_i64().ok_or_else(|| {
            Error::refused(format!("{}: pool {name} has no number of slots", file.display()))
                .hint(r#"{"NAME": {"slots": 8, "description": ".."}}"#)
        })?;
        check(&name, slots)?;
        commands.push(Command::SetPool {
            name,
            slots,
            description: fields["description"].as_str().unwrap_or("").into(),
            include_deferred: fields["include_deferred"] == true,
        });
    }
    let count = commands.len();
    for command in commands {
        shell.submit(command)?;
    }
    shell.show(&json!({"imported": count}))
}
