//! A screen as plain text, without a terminal: for screen readers, scripts and mails.

use serde_json::Value;

use crate::error::{Error, Result};

use super::{export, message::Source, picture::Stage, place::Place, run::Opening, widgets::input::Input};

/// Below two panes, so that no line has two things in it.
const COLUMNS: u16 = 108;
/// Lines that are shown at most; what is longer has a verb of its own.
const LINES: u16 = 1500;

/// What a screen is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// All there is.
    Everything,
    /// A DAG.
    Dag,
    /// A run.
    Run,
    /// A task instance.
    Task,
}

/// Screens by name: what each is about, and the keys that lead there from where the console opens with that.
pub const SCREENS: &[(&str, About, &str)] = &[
    ("triage", About::Everything, ""),
    ("dags", About::Everything, "2"),
    ("runs", About::Everything, "3"),
    ("tasks", About::Everything, "4"),
    ("backfills", About::Everything, "5"),
    ("pods", About::Everything, "6"),
    ("assets", About::Everything, "7"),
    ("settings", About::Everything, "8"),
    ("audit", About::Everything, "9"),
    ("system", About::Everything, "0"),
    ("grid", About::Dag, ""),
    ("graph", About::Dag, "v d"),
    ("calendar", About::Dag, "v c"),
    ("source", About::Dag, "v s"),
    ("versions", About::Dag, "v h"),
    ("details", About::Dag, "d"),
    ("timeline", About::Run, ""),
    ("xcoms", About::Run, "x Esc"),
    ("log", About::Task, ""),
    ("task", About::Task, "d"),
    ("inputs", About::Task, "i"),
    ("pushed", About::Task, "x"),
    ("why", About::Task, "b"),
    ("compare", About::Task, "="),
];

/// The names, for help and messages.
pub fn names() -> Vec<&'static str> {
    SCREENS.iter().map(|(name, ..)| *name).collect()
}

/// A screen's facts.
#[derive(Debug)]
pub struct Plain {
    /// Its crumbs, then its lines from top to bottom, those of the preview last.
    pub text: String,
    /// The rows of a list as what `X` writes of them; `None` if it is no list.
    pub rows: Option<Vec<Value>>,
}

/// Reads a screen.
///
/// # Errors
/// `Usage` for an unknown screen, one that needs another object, or a filter that can't be read; what reading the store says.
pub fn screen(mut stage: Stage, name: &str, at: Option<Opening>, filter: Option<&str>) -> Result<Plain> {
    let Some((_, about, keys)) = SCREENS.iter().find(|(known, ..)| *known == name) else {
        return Err(Error::usage(format!("no screen is called {name}")).hint(format!("one of {}", names().join(", "))));
    };
    let fits = match (about, &at) {
        (About::Everything, None) | (About::Dag, Some(_)) => true,
        (About::Run, Some(at)) => !matches!(at, Opening::Dag(_)),
        (About::Task, Some(at)) => matches!(at, Opening::Instance(_)),
        _ => false,
    };
    if !fits {
        return Err(Error::usage(match about {
            About::Everything => format!("{name} is about everything, so it takes no object"),
            About::Dag => format!("{name} needs a DAG"),
            About::Run => format!("{name} needs DAG/RUN"),
            About::Task => format!("{name} needs DAG/RUN/TASK, and an index if the task is mapped"),
        })
        .hint(match about {
            About::Everything => format!("`dagdeck screen {name} --where FILTER` narrows it"),
            About::Dag => format!("`dagdeck screen {name} DAG`"),
            About::Run => format!("`dagdeck screen {name} DAG/latest`"),
            About::Task => format!("`dagdeck screen {name} DAG/latest/TASK`"),
        }));
    }
    // What is asked for may be inside of the object that was named.
    let at = match (about, at) {
        (About::Dag, Some(Opening::Run(run) | Opening::Mapped(run, _))) => Some(Opening::Dag(run.dag_id)),
        (About::Dag, Some(Opening::Instance(ti))) => Some(Opening::Dag(ti.run.dag_id)),
        (About::Run, Some(Opening::Mapped(run, _))) => Some(Opening::Run(run)),
        (About::Run, Some(Opening::Instance(ti))) => Some(Opening::Run(ti.run)),
        (_, at) => at,
    };
    stage.resize(COLUMNS, LINES);
    if let Some(at) = at {
        stage.open(at);
    }
    stage.keys(keys);
    if let Some(filter) = filter {
        crate::model::filter::Filter::parse(filter).map_err(Error::usage)?;
        stage.narrow(Input::new(filter));
    }
    let shown = &stage.state().screen();
    if let Some(why) = &shown.error {
        return Err(Error::refused(why.clone()));
    }
    // Of a log the lines count, not the bar beside them.
    let bar = if matches!(shown.place, Place::Logs(_)) { 0 } else { 1 };
    let title = format!("{}\n", shown.place.title());
    let rows = match export::of(stage.state()) {
        Some((Source::Text(lines), file)) if file.ends_with(".jsonl") => {
            Some(lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
        }
        _ => None,
    };
    Ok(Plain { text: title + &lines(&stage.text(), bar), rows })
}

/// The lines between header and hints: no cursor, no bar, at most one empty line at a time.
fn lines(frame: &str, bar: usize) -> String {
    let all: Vec<&str> = frame.lines().collect();
    let mut out = String::new();
    let mut empty = false;
    for line in &all[1.min(all.len())..all.len().saturating_sub(1)] {
        let mut line = line.strip_prefix('>').map_or_else(|| (*line).to_owned(), |rest| format!(" {rest}"));
        if bar == 1 && line.ends_with('#') && super::widgets::text::width(&line) == usize::from(COLUMNS) {
            line.pop();
        }
        let line = line.trim_end();
        if line.is_empty() {
            empty = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut empty) {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}
