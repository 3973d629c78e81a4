//! `open`: the console at an object.

use clap::Args;
use serde_json::Value;

use super::{
    environment::{ConsoleOptions, Environment},
    shell::Shell,
    target,
};
use crate::{
    console::Opening,
    error::{Error, Result},
    model::MapIndex,
    store::screens::{RunRef, TiRef},
};

/// What to open, and how.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dagdeck open churn/latest/train:3")]
pub struct OpenArgs {
    /// DAG, DAG/RUN or DAG/RUN/TASK[:INDEX]; RUN is a run id, a logical date, or `latest`
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    options: ConsoleOptions,
}

impl OpenArgs {
    /// The console's options, of which some may have been written before the verb.
    pub fn options(self, before: ConsoleOptions) -> ConsoleOptions {
        ConsoleOptions {
            read_only: self.options.read_only || before.read_only,
            theme: self.options.theme.or(before.theme),
            keys: self.options.keys.or(before.keys),
            color: self.options.color.or(before.color),
            ascii: self.options.ascii || before.ascii,
            mouse: self.options.mouse || before.mouse,
            reference: Some(self.reference),
        }
    }
}

/// Finds what the console is to open with.
///
/// # Errors
/// `Usage` for a reference that can't be one, `NotFound` with the nearest names for what isn't there.
pub fn opening(reference: &str, environment: &Environment) -> Result<Opening> {
    let shell = Shell::of_process(environment.clone(), &[]);
    let mut parts = reference.splitn(3, '/');
    let mut next = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
    let dag_id = next().ok_or_else(|| unreadable(reference))?;
    let conn = target::fresh_dag(&shell, &dag_id)?;
    let Some(run_id) = next() else {
        return if reference.ends_with('/') { Err(unreadable(reference)) } else { Ok(Opening::Dag(dag_id)) };
    };
    let run = target::find_run(&shell, &conn, &dag_id, &run_id)?;
    let found = RunRef { id: run.row, dag_id, run_id: run.run_id.clone() };
    let Some(task) = next() else {
        return if reference.ends_with('/') { Err(unreadable(reference)) } else { Ok(Opening::Run(found)) };
    };
    let (task_id, map_index) = target::split_index(&task)?;
    let rows = super::task::instances(&target::Instance { run, task_id: task_id.clone(), map_index }, &conn)?;
    Ok(match &rows[..] {
        [only] => Opening::Instance(TiRef { run: found, task_id, map_index: index_of(only) }),
        _ => Opening::Mapped(found, task_id),
    })
}

fn index_of(row: &Value) -> MapIndex {
    row["map_index"].as_i64().and_then(|index| index.try_into().ok()).unwrap_or(crate::model::UNMAPPED)
}

fn unreadable(reference: &str) -> Error {
    Error::usage(format!("{reference:?} names no object")).hint("write DAG, DAG/RUN or DAG/RUN/TASK[:INDEX]")
}
