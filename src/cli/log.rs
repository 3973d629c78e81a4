//! `logs`: prints, searches and follows the log of a try.

use std::{
    collections::VecDeque,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use regex::Regex;
use serde_json::Value;

use super::{
    log_search,
    mask::Mask,
    shell::{Format, Shell},
    target::{Instance, TaskName},
};
use crate::{
    error::{Error, Result},
    model::{MapIndex, UNMAPPED},
    store::pages,
    tasklog::{self, Filter, Level, Line},
};

/// Arguments of `logs`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dagdeck logs churn latest train --map-index 3 --try 1 --grep 'loss|error'\n  \
    dagdeck logs churn latest train -f\n  \
    dagdeck logs --where 'dag:churn state:failed' --grep 'No space left'")]
pub struct LogArgs {
    /// Which
    #[command(flatten)]
    of: TaskName,
    /// Index of a mapped task
    #[arg(long, value_name = "N")]
    map_index: Option<MapIndex>,
    /// Number of the try [default: the last one]
    #[arg(long = "try", visible_alias = "try-number", value_name = "N")]
    try_number: Option<u32>,
    /// Go on as it grows, until the try ends
    #[arg(short, long)]
    follow: bool,
    /// Only the last so many of the lines that are there
    #[arg(long, value_name = "N", conflicts_with = "filter")]
    tail: Option<usize>,
    /// Only lines that match this regular expression
    #[arg(long, value_name = "RE")]
    grep: Option<String>,
    /// Only lines at least so serious: debug, info, warning, error, critical
    #[arg(long, value_name = "L")]
    level: Option<String>,
    /// Search the logs of all instances that match, instead of one
    #[arg(long = "where", value_name = "FILTER")]
    filter: Option<String>,
}

/// One try's log.
struct Source {
    of: Instance,
    map_index: MapIndex,
    try_number: u32,
    file: PathBuf,
}

/// Runs the verb; its exit code.
///
/// # Errors
/// `NotFound` if there is no such instance or log.
pub fn run(args: LogArgs, shell: &mut Shell) -> Result<i32> {
    let wanted = Filter {
        grep: args
            .grep
            .as_deref()
            .map(Regex::new)
            .transpose()
            .map_err(|e| Error::usage("--grep can't be read").because(e))?,
        level: args.level.as_deref().map(level).transpose()?,
    };
    if let Some(filter) = &args.filter {
        return log_search::run(filter, &wanted, shell);
    }
    let conn = shell.store()?;
    let mut of = args.of.names().instance(shell, &conn)?;
    of.map_index = args.map_index.or(of.map_index);
    let source = source(of, args.try_number, args.follow, shell, &conn)?;
    if !args.follow && !source.file.exists() {
        return Err(no_log(&source, &conn)?);
    }
    let shown = Shown { wanted, mask: shell.mask(&conn)?, format: shell.format() };
    let end = match args.tail {
        Some(lines) if source.file.exists() => tail(&source, &shown, lines, shell)?,
        _ => (0, 0),
    };
    follow(&source, &shown, args.follow, end, &conn, shell)
}

fn level(name: &str) -> Result<Level> {
    let unknown =
        || Error::usage(format!("--level {name:?} is no level")).hint("debug, info, warning, error or critical");
    Level::from_name(name).ok_or_else(unknown)
}

/// Finds index and try: the only index there is, the last try that has a log or is running.
fn source(
    of: Instance,
    try_number: Option<u32>,
    follow: bool,
    shell: &Shell,
    conn: &rusqlite::Connection,
) -> Result<Source> {
    let rows = pages::task_instance::list(conn, of.run.row, Some(&of.task_id), of.map_index)?;
    let index_of = |row: &Value| row["map_index"].as_i64().and_then(|i| MapIndex::try_from(i).ok()).unwrap_or(UNMAPPED);
    let row = match &rows[..] {
        [one] => one,
        [] => return Err(no_instance(&of, conn)?),
        many => {
            let what = format!("task {} has {} mapped instances in this run", of.task_id, many.len());
            let last = index_of(&many[many.len() - 1]);
            return Err(Error::usage(what).hint(format!("choose one with --map-index {}..{last}", index_of(&many[0]))));
        }
    };
    let map_index = index_of(row);
    let logs = shell.place()?.logs();
    let known = tasklog::tries(&tasklog::folder(&logs, &of.run.dag_id, &of.run.run_id, &of.task_id, map_index));
    let current = row["try_number"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0).max(1);
    let is_waiting = follow && row["end_date"].is_null();
    let last = if is_waiting { current } else { known.last().copied().unwrap_or(current) };
    let try_number = try_number.unwrap_or(last);
    let file = tasklog::file(&logs, &of.run.dag_id, &of.run.run_id, &of.task_id, map_index, try_number);
    Ok(Source { of, map_index, try_number, file })
}

fn no_instance(of: &Instance, conn: &rusqlite::Connection) -> Result<Error> {
    let all = pages::task_instance::list(conn, of.run.row, None, None)?;
    let mut known: Vec<String> = all.iter().filter_map(|r| r["task_id"].as_str().map(Into::into)).collect();
    known.dedup();
    if known.contains(&of.task_id) {
        let what = format!("task {} has no map index {}", of.task_id, of.map_index.unwrap_or(UNMAPPED));
        return Ok(Error::not_found(what).hint("`dagdeck tasks states-for-dag-run DAG RUN` lists the indexes"));
    }
    Ok(super::target::unknown_task(&of.run.dag_id, &of.task_id, &known))
}

fn no_log(source: &Source, conn: &rusqlite::Connection) -> Result<Error> {
    let rows = pages::task_instance::list(conn, source.of.run.row, Some(&source.of.task_id), Some(source.map_index))?;
    let state = rows.first().and_then(|r| r["state"].as_str()).unwrap_or("none").to_owned();
    let what = format!("{} has no log of try {}", source.of.task_id, source.try_number);
    let folder = source.file.parent().map(tasklog::tries).unwrap_or_default();
    let error = Error::not_found(what).because(format!("its state is {state}"));
    Ok(if folder.is_empty() {
        error.hint("skipped, waiting and inline tasks write no log; `dagdeck tasks explain` says why it doesn't run")
    } else {
        error.hint(format!("tries with a log: {}", folder.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")))
    })
}

/// Which lines are shown, and how.
struct Shown {
    wanted: Filter,
    mask: Mask,
    format: Format,
}

impl Shown {
    /// The line as it is printed; `None` if it isn't wanted.
    fn line(&self, raw: &str) -> Option<String> {
        let line = Line::read(raw);
        let shown = self.wanted.wants(&line).then(|| match self.format {
            Format::Json => raw.to_owned(),
            _ => clean(&line.plain()),
        })?;
        Some(self.mask.hide_text(&shown).unwrap_or(shown))
    }
}

/// Prints the last wanted lines that are there; the offset after them, and how many they were.
fn tail(source: &Source, shown: &Shown, lines: usize, shell: &mut Shell) -> Result<(u64, usize)> {
    let failed = |e| Error::system(format!("can't read {}", source.file.display()), e);
    let mut last: VecDeque<String> = VecDeque::new();
    let is_all = shown.wanted.grep.is_none() && shown.wanted.level.is_none();
    let (mut text, mut end) = match is_all {
        true => tasklog::tail(&source.file, lines).map_err(failed)?,
        false => tasklog::read_from(&source.file, 0).map_err(failed)?,
    };
    while !text.is_empty() {
        for line in text.lines().filter_map(|raw| shown.line(raw)) {
            if last.len() >= lines {
                last.pop_front();
            }
            last.push_back(line);
        }
        (text, end) = match is_all {
            true => (String::new(), end),
            false => tasklog::read_from(&source.file, end).map_err(failed)?,
        };
    }
    last.truncate(lines);
    last.iter().try_for_each(|line| shell.line(line))?;
    Ok((end, last.len()))
}

/// Prints what is there after an offset and, if asked, what is added until the try ends. `found`: how many lines were shown.
fn follow(
    source: &Source,
    shown: &Shown,
    follow: bool,
    (mut offset, mut found): (u64, usize),
    conn: &rusqlite::Connection,
    shell: &mut Shell,
) -> Result<i32> {
    let failed = |e| Error::system(format!("can't read {}", source.file.display()), e);
    let mut settled: Option<Instant> = None;
    let is_tail = found > 0 || offset > 0;
    loop {
        // Asked before reading: what is written before the end is on disk then.
        let ended = follow
            && pages::task_instance::try_ended(
                conn,
                source.of.run.row,
                &source.of.task_id,
                source.map_index,
                source.try_number,
            )?;
        while source.file.exists() && (follow || !is_tail) {
            let (text, end) = tasklog::read_from(&source.file, offset).map_err(failed)?;
            if text.is_empty() {
                break;
            }
            offset = end;
            for line in text.lines().filter_map(|raw| shown.line(raw)) {
                found += 1;
                shell.line(&line)?;
            }
        }
        if !follow {
            // As grep: nothing found is an answer of its own.
            return Ok(i32::from(found == 0 && shown.wanted.grep.is_some()));
        }
        shell.flush()?;
        if ended || is_over(source, conn, &mut settled)? {
            return Ok(0);
        }
        tasklog::wait_for_change(&source.file, Duration::from_millis(300)).map_err(failed)?;
    }
}

/// An instance that finished without a try (skipped, marked) would be followed for ever.
fn is_over(source: &Source, conn: &rusqlite::Connection, settled: &mut Option<Instant>) -> Result<bool> {
    let rows = pages::task_instance::list(conn, source.of.run.row, Some(&source.of.task_id), Some(source.map_index))?;
    let Some(row) = rows.first() else { return Ok(true) };
    let finished =
        matches!(row["state"].as_str(), Some("success" | "failed" | "skipped" | "upstream_failed" | "removed"))
            || row["try_number"].as_u64().is_some_and(|n| n > u64::from(source.try_number));
    if !finished {
        *settled = None;
        return Ok(false);
    }
    Ok(settled.get_or_insert_with(Instant::now).elapsed() > Duration::from_millis(200))
}

/// A log can't drive the terminal: control characters other than tab and line ends are dropped, with their sequences.
pub fn clean(text: &str) -> String {
    if !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return text.into();
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => match chars.next() {
                // CSI: parameters up to a final byte.
                Some('[') => while chars.next().is_some_and(|c| !('\x40'..='\x7e').contains(&c)) {},
                // OSC: up to BEL or ESC \.
                Some(']') => {
                    while let Some(c) = chars.next() {
                        if c == '\x07' || (c == '\x1b' && chars.next_if_eq(&'\\').is_some()) {
                            break;
                        }
                    }
                }
                _ => {}
            },
            '\n' | '\t' => cleaned.push(c),
            c if c.is_control() => {}
            c => cleaned.push(c),
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_are_dropped() {
        assert_eq!(clean("\x1b[31mred\x1b[0m\tx\x1b]0;title\x07y\r"), "red\txy");
        assert_eq!(clean("plain ünicode"), "plain ünicode");
    }
}
