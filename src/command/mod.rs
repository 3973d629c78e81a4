//! One act from a person: sent to the scheduler if one runs, else done here under the writer's lock. Either way it is
//! the same code, in one transaction with its audit row.

mod about;
mod acts;
mod asset;
mod backfill;
mod client;
mod fresh;
mod hitl;
mod perform;
mod plans;
mod pods;
mod prepared;
mod removal;
mod revert;
mod saved;
mod siblings;
mod single;

pub use client::{Client, scheduler_request};
pub use fresh::register;
pub use perform::{Touched, perform, perform_with};
pub use saved::apply_due;

use std::{
    fs::{File, OpenOptions},
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use crate::{
    config::Place,
    error::{Error, Result},
    model::filter::Filter,
    protocol::{Command, Request},
    store::Store,
};

/// Who does something, for the audit log.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Unix user.
    pub who: String,
    /// `cli` or `tui`, with hints about where from.
    pub via: String,
    /// The same act as a shell command.
    pub command_line: String,
}

/// Does an act: by the running scheduler, or here. Files of the DAG that changed are parsed first.
pub fn submit(place: &Place, command_line: &str, command: Command) -> Result<Value> {
    let give_up = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(mut client) = Client::connect(place)? {
            if let Some(files) = fresh::stale_files(place, &command)? {
                let files = files.into_iter().map(|f| f.to_string_lossy().into_owned()).collect();
                client.ask("cli", command_line, Request::Do { command: Command::Parse { files } })?;
            }
            return client.ask("cli", command_line, Request::Do { command });
        }
        if let Some(_lock) = take_writer_lock(place)? {
            return alone(place, command_line, command);
        }
        // A scheduler is starting or ending: it has the lock and no socket.
        if Instant::now() > give_up {
            return Err(Error::system("the store is busy", "another process holds the writer's lock for 10 s")
                .hint("`dagdeck scheduler status` tells whether a scheduler hangs"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn alone(place: &Place, command_line: &str, command: Command) -> Result<Value> {
    place.create()?;
    let mut store = Store::of(place)?;
    fresh::parse_stale(place, &mut store, &command)?;
    let actor = Actor {
        who: user_name(rustix::process::getuid().as_raw()),
        via: via("cli"),
        command_line: command_line.into(),
    };
    perform(&mut store, place, &actor, command).map(|(reply, _)| reply)
}

/// A run, or a date that may have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOrDate {
    /// Row id of a run.
    Run(i64),
    /// Logical date.
    Date(jiff::Timestamp),
}

/// Takes the writer's lock if it is free; it is held as long as the file lives.
pub fn take_writer_lock(place: &Place) -> Result<Option<File>> {
    place.create()?;
    take_lock(&place.writer_lock())
}

/// Takes a lock file if it is free.
pub fn take_lock(path: &std::path::Path) -> Result<Option<File>> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|e| Error::system(format!("cannot open {}", path.display()), e))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(e) => Err(Error::system(format!("cannot lock {}", path.display()), e)),
    }
}

/// `cli` or `tui` with hints about where the person came from.
pub fn via(program: &str) -> String {
    let mut hints = Vec::new();
    if let Ok(user) = std::env::var("SUDO_USER") {
        hints.push(format!("sudo by {user}"));
    }
    if let Some(from) = std::env::var("SSH_CONNECTION").ok().and_then(|c| c.split(' ').next().map(str::to_string)) {
        hints.push(format!("ssh from {from}"));
    }
    if hints.is_empty() { program.into() } else { format!("{program} ({})", hints.join(", ")) }
}

/// A filter as somebody wrote it who runs this program: `owner:me` is theirs.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn filter(source: &str) -> std::result::Result<Filter, String> {
    static ME: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let filter = Filter::parse(source)?;
    Ok(filter.of_person(ME.get_or_init(|| user_name(rustix::process::getuid().as_raw()))))
}

/// Name of a unix user; its number where the user database has none.
pub fn user_name(uid: u32) -> String {
    let number = uid.to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_string())
    });
    found.unwrap_or(number)
}
