//! `audit`: who did what.

use clap::Subcommand;

use super::{filter, shell::Shell};
use crate::{error::Result, store::pages};

/// Verbs of `audit`.
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// Commands, newest first
    #[command(after_help = "Example:\n  dagdeck audit list --where 'who:ana action:clear' --limit 20")]
    List {
        /// Only those that match
        #[arg(long = "where", value_name = "FILTER")]
        filter: Option<String>,
        /// At most so many [default: 100 in a table, all otherwise]
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
}

/// Runs a verb; its exit code.
///
/// # Errors
/// `System` if the store can't be read.
pub fn run(verb: AuditVerb, shell: &mut Shell) -> Result<i32> {
    let AuditVerb::List { filter, limit } = verb;
    let conn = shell.store()?;
    let limit = limit.or((!shell.format().is_document()).then_some(100));
    let rows = pages::audit::list(&conn, if filter.is_some() { None } else { limit })?;
    let mut rows = filter::keep(rows, filter.as_deref())?;
    rows.truncate(limit.and_then(|l| usize::try_from(l).ok()).unwrap_or(usize::MAX));
    let mask = shell.mask(&conn)?;
    rows.iter_mut().for_each(|row| mask.hide(row));
    shell.show_rows(rows, &["when", "who", "via", "action", "target", "result", "command"])?;
    Ok(0)
}
