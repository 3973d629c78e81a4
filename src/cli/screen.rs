//! `screen`: what a screen of the console shows, as plain text; the rows of a list also as a document.

use clap::Args;
use serde_json::json;

use super::{open::opening, shell::Shell};
use crate::{
    console::{self, Stage},
    error::Result,
};

/// Which screen.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dagdeck screen triage\n  dagdeck screen tasks --where state:failed -o json\n  \
    dagdeck screen grid churn\n  dagdeck screen compare churn/latest/train:3")]
pub struct ScreenArgs {
    /// triage, dags, runs, tasks, backfills, pods, assets, settings, audit, system; of a DAG: grid, graph, calendar, source, versions,
    /// details; of a run: timeline, xcoms; of a task: log, task, inputs, pushed, why, compare
    #[arg(value_name = "NAME")]
    name: String,
    /// DAG, DAG/RUN or DAG/RUN/TASK[:INDEX]; RUN is a run id, a logical date, or `latest`
    #[arg(value_name = "REF")]
    reference: Option<String>,
    /// Only lines that fit, in the console's language
    #[arg(long = "where", value_name = "FILTER")]
    filter: Option<String>,
}

/// Prints it.
pub fn run(of: ScreenArgs, shell: &mut Shell) -> Result<i32> {
    let at = of.reference.map(|reference| opening(&reference, shell.environment())).transpose()?;
    let scheduler = shell.scheduler()?;
    let place = shell.place()?;
    let now = crate::clock::now().as_microsecond();
    let stage = Stage::of(place.home.clone(), place.dags_folder.clone(), place.logs(), scheduler, now)?;
    let shown = console::plain_screen(stage, &of.name, at, of.filter.as_deref())?;
    match shown.rows {
        _ if !shell.format().is_document() => shell.text(&shown.text)?,
        Some(rows) => shell.document(&rows.into())?,
        None => shell.document(&json!({"screen": of.name, "lines": shown.text.lines().collect::<Vec<_>>()}))?,
    }
    Ok(0)
}
