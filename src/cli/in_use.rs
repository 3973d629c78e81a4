//! Deleting what DAGs share: a pool, a connection or a variable that is in use is deleted only by who insists.

use clap::Args;
use serde_json::{Value, json};

use super::shell::Shell;
use crate::{
    error::{Error, Result},
    model::time::rfc3339,
    store::screens::{instances::TiRow, settings},
};

/// Whether to ask.
#[derive(Debug, Clone, Copy, Args)]
pub struct Insist {
    /// Don't ask, also if it is in use
    #[arg(long, short = 'y')]
    yes: bool,
}

/// Who holds slots of a pool, or waits for them, and which DAGs have tasks in it. What is in use is deleted only with `-y`, or if
/// whoever sits there says so.
///
/// # Errors
/// `Refused` if it is in use and nobody insists.
pub fn pool(name: &str, insist: Insist, shell: &mut Shell) -> Result<()> {
    if insist.yes {
        return Ok(());
    }
    let conn = shell.store()?;
    let busy = settings::holders(&conn, Some(name))?;
    let dags = settings::dags_of_pool(&conn, name)?;
    let mut who: Vec<String> = busy
        .iter()
        .map(|ti| {
            let run = &ti.ti.run;
            format!("{}/{}/{} ({})", run.dag_id, run.run_id, ti.ti.label(), ti.state)
        })
        .collect();
    if busy.is_empty() && dags.is_empty() {
        return Ok(());
    }
    let mut uses = Vec::new();
    if !dags.is_empty() {
        uses.push(format!("tasks of {} are in it", few(dags)));
    }
    if !who.is_empty() {
        let count = who.len();
        who.truncate(20);
        uses.push(format!("now {count} task instance{}: {}", if count == 1 { "" } else { "s" }, few(who)));
    }
    let sentence = format!("pool {name} is in use: {}", uses.join("; "));
    let after = "tasks of a pool that isn't there never run";
    if shell.asks {
        return ask(&sentence, after, shell);
    }
    Err(Error::refused(sentence).hint(format!("-y deletes it all the same; {after}")))
}

/// Who holds slots of a pool or waits for them, longest first, as documents; and the DAGs with tasks in it.
///
/// # Errors
/// `System` if the store can't be read.
pub fn of_pool(name: &str, shell: &Shell) -> Result<(Vec<Value>, Vec<String>)> {
    let conn = shell.store()?;
    let time = |at: Option<i64>| at.and_then(|at| jiff::Timestamp::from_microsecond(at).ok()).map(rfc3339);
    let one = |row: &TiRow| {
        let of = &row.ti;
        json!({"dag_id": of.run.dag_id, "dag_run_id": of.run.run_id, "task_id": of.task_id, "map_index": of.map_index,
            "state": row.state, "try_number": row.try_number, "start_date": time(row.start)})
    };
    Ok((settings::holders(&conn, Some(name))?.iter().map(one).collect(), settings::dags_of_pool(&conn, name)?))
}

/// DAGs whose files name a connection or a variable. That is a guess (any word of a file may look like it), so it is asked about
/// where somebody sits there, and else only said.
///
/// # Errors
/// `Refused` if whoever sits there says no.
pub fn named(what: &str, name: &str, insist: Insist, shell: &mut Shell) -> Result<()> {
    if insist.yes {
        return Ok(());
    }
    let dags = settings::dags_naming(&shell.store()?, name)?;
    if dags.is_empty() {
        return Ok(());
    }
    let sentence =
        format!("{what} {name} is named in the file{} of {}", if dags.len() == 1 { "" } else { "s" }, few(dags));
    if shell.asks {
        return ask(&sentence, "what looks for it fails then", shell);
    }
    shell.say(&sentence)
}

fn ask(sentence: &str, after: &str, shell: &mut Shell) -> Result<()> {
    shell.say(&format!("{sentence}; {after}"))?;
    match shell.confirm("Delete it all the same?")? {
        true => Ok(()),
        false => Err(Error::refused("nothing was deleted")),
    }
}

/// The first of some names, and how many more there are.
fn few(names: Vec<String>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
