//! `db`: check, migrate, backup; clean and restore are in `db_clean.rs`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::{db_clean, plan::PlanFlags, shell::Shell};
use crate::{
    error::{Error, Result},
    protocol::Command,
    store::{Store, pages},
};

/// Verbs of `db`.
#[derive(Debug, Subcommand)]
pub enum DbVerb {
    /// Is the store there, whole and of this version
    #[command(after_help = "Example:\n  dagdeck db check")]
    Check,
    /// Create the store, or bring it to this version's schema
    #[command(after_help = "Example:\n  dagdeck db migrate")]
    Migrate,
    /// Write a consistent copy, also while a scheduler runs
    #[command(after_help = "Example:\n  dagdeck db backup /backups/dagdeck.db")]
    Backup {
        /// The copy; must not exist
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Delete runs that ended long ago
    #[command(after_help = "Example:\n  dagdeck db clean --clean-before-timestamp -90d --dry-run")]
    Clean {
        /// Runs that ended before this; the newest run of each DAG stays
        #[arg(long, value_name = "TIME", allow_hyphen_values = true, visible_alias = "before")]
        clean_before_timestamp: String,
        /// Whether to ask
        #[command(flatten)]
        flags: PlanFlags,
    },
    /// Put a backup in the store's place; the old store is kept beside it
    #[command(after_help = "Example:\n  dagdeck db restore /backups/dagdeck.db -y")]
    Restore {
        /// The backup
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Whether to ask
        #[command(flatten)]
        flags: PlanFlags,
    },
}

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: DbVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        DbVerb::Check => check(shell),
        DbVerb::Migrate => {
            // Whoever opens the store for writing migrates it; the audit row is the reason to open it.
            let file = shell.place()?.db();
            shell.submit(Command::Audit { action: "db migrate".into(), target: file.display().to_string() })?;
            let version = pages::schema_version(&shell.store()?)?;
            shell.show(&json!({"file": file, "schema_version": version}))?;
            Ok(0)
        }
        DbVerb::Backup { file } => {
            let conn = pages::open_any(&shell.place()?.db())?;
            if file.exists() {
                return Err(Error::refused(format!("{} exists", file.display())).hint("name a new file, or remove it"));
            }
            pages::copy_to(&conn, &file)?;
            let size = std::fs::metadata(&file).map(|m| m.len()).unwrap_or(0);
            shell.show(&json!({"file": file, "size": size}))?;
            Ok(0)
        }
        DbVerb::Clean { clean_before_timestamp, flags } => db_clean::clean(&clean_before_timestamp, flags, shell),
        DbVerb::Restore { file, flags } => db_clean::restore(&file, flags, shell),
    }
}

fn check(shell: &mut Shell) -> Result<i32> {
    let file = shell.place()?.db();
    let conn = pages::open_any(&file)?;
    let version = pages::schema_version(&conn)?;
    let newest = i64::try_from(Store::newest_version()).unwrap_or(i64::MAX);
    let findings: Vec<String> = pages::integrity(&conn)?.into_iter().filter(|line| line != "ok").collect();
    let is_fine = findings.is_empty() && version == newest;
    shell.show(&json!({
        "file": file, "schema_version": version, "newest_schema_version": newest, "ok": is_fine, "findings": findings,
    }))?;
    if version < newest {
        shell.say("the store is of an older version; `dagdeck db migrate` brings it up to date")?;
    }
    Ok(i32::from(!is_fine))
}
