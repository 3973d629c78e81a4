//! DAG files are parsed before a verb reads what is in them: the scheduler's work, done here when none runs.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use super::shell::Shell;
use crate::{
    command,
    config::Place,
    error::{Error, Result},
    processor::{self, Parser},
    protocol::Command,
    store::{
        Store,
        dag::{self, ParsedFile},
    },
};

/// Parses what is new or changed in the DAG folder, unless a scheduler does that anyway.
///
/// # Errors
/// `System` if there is no store yet and none can be made.
pub fn folder(shell: &Shell) -> Result<()> {
    let place = shell.place()?;
    if let Some(status) = shell.scheduler()? {
        // Just started: it answers when it has parsed what is there.
        if status["counts"]["parsing"] != 0 {
            shell.submit(Command::Parse { files: Vec::new() })?;
        }
        return Ok(());
    }
    let known = match Store::open_reader(&place.db())? {
        Some(db) => dag::files(&db)?,
        None => Vec::new(),
    };
    let scan = processor::scan(&place.dags_folder, &known, &place.settings);
    let parser = Parser::new(place);
    // Files that aren't DAG files are "changed" for ever; only what is stored needs the lock.
    let parsed = if scan.changed.is_empty() { Vec::new() } else { parse(&parser?, &scan.changed) };
    if parsed.is_empty() && scan.gone.is_empty() && place.db().exists() {
        return Ok(());
    }
    keep(place, parsed, &scan.gone)
}

/// Parses the whole folder (if `None`) or one file, through the scheduler if one runs.
///
/// # Errors
/// What the scheduler or the store says.
pub fn now(shell: &Shell, file: Option<PathBuf>) -> Result<()> {
    let place = shell.place()?;
    if shell.scheduler()?.is_some() {
        let files = file.iter().map(|f| f.to_string_lossy().into_owned()).collect();
        return shell.submit(Command::Parse { files }).map(|_| ());
    }
    match file {
        None => folder(shell),
        Some(file) => keep(place, parse(&Parser::new(place)?, &[file]), &[]),
    }
}

/// Parses files in as many processes as the settings allow.
fn parse(parser: &Parser, files: &[PathBuf]) -> Vec<ParsedFile> {
    let wanted = parser.place.settings.number("dag_processor", "parsing_processes").unwrap_or(2.0);
    let workers = (wanted as usize).clamp(1, 16).min(files.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.extend(parser.parse(file));
        }
        done
    };
    let mut all: Vec<ParsedFile> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap_or_else(|bug| std::panic::resume_unwind(bug))).collect()
    });
    // Which of two files with the same dag_id is the later one must not depend on luck.
    all.sort_by(|a, b| a.fileloc.cmp(&b.fileloc));
    all
}

fn keep(place: &Place, parsed: Vec<ParsedFile>, gone: &[String]) -> Result<()> {
    let give_up = Instant::now() + Duration::from_secs(5);
    loop {
        let lock = match command::take_writer_lock(place) {
            Ok(lock) => lock,
            // Who may only read reads what is there.
            Err(_) if place.db().exists() => return Ok(()),
            Err(e) => return Err(e),
        };
        if let Some(_lock) = lock {
            let mut store = Store::of(place)?;
            for file in gone {
                store.transaction(|tx| dag::forget_file(tx, file).map(|_| ()))?;
            }
            return parsed.iter().try_for_each(|file| command::register(place, &mut store, file).map(|_| ()));
        }
        if Instant::now() > give_up {
            return Err(Error::system("the store is busy", "another process holds the writer's lock for 5 s"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
