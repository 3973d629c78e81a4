//! `hitl`: what tasks ask people, and answers.

use clap::Subcommand;
use serde_json::Value;

use super::{shell::Shell, target::TaskName};
use crate::{
    error::{Error, Result},
    model::{MapIndex, UNMAPPED},
    protocol::{Command, Request},
    store::pages,
};

/// Verbs of `hitl`.
#[derive(Debug, Subcommand)]
pub enum HitlVerb {
    /// Questions that wait for an answer
    #[command(after_help = "Example:\n  dagdeck hitl list -o json")]
    List {
        /// Also those that were answered
        #[arg(long)]
        all: bool,
    },
    /// Answer a task that waits; needs a running scheduler
    #[command(after_help = "Example:\n  dagdeck hitl answer churn latest approve --option Approve\n  \
        dagdeck hitl answer churn latest form --params '{\"threshold\": 0.5}'")]
    Answer {
        /// Which
        #[command(flatten)]
        of: TaskName,
        /// Chosen option; again for each, where several may be chosen
        #[arg(long = "option", value_name = "O")]
        options: Vec<String>,
        /// Values of the form, a JSON object; what is left out keeps its default
        #[arg(long, value_name = "JSON")]
        params: Option<String>,
        /// Index of a mapped task
        #[arg(long, value_name = "N")]
        map_index: Option<MapIndex>,
    },
}

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: HitlVerb, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    match verb {
        HitlVerb::List { all } => {
            let mut rows = pages::hitl::list(&conn, all)?;
            let mask = shell.mask(&conn)?;
            rows.iter_mut().for_each(|row| mask.hide(row));
            shell.show_rows(
                rows,
                &["dag_id", "dag_run_id", "task_id", "map_index", "subject", "options", "timeout_at"],
            )?;
        }
        HitlVerb::Answer { of, options, params, map_index } => {
            let params: Value = match params {
                Some(text) => serde_json::from_str(&text).map_err(|e| {
                    Error::usage("--params is not JSON").because(e).hint("for example --params '{\"a\": 1}'")
                })?,
                None => Value::Null,
            };
            let of = of.names().instance(shell, &conn)?;
            drop(conn);
            // Only a scheduler lets the task go on.
            shell.ask_scheduler(Request::Status)?;
            let document = shell.submit(Command::AnswerHitl {
                dag_id: of.run.dag_id,
                run_id: of.run.run_id,
                task_id: of.task_id,
                map_index: map_index.or(of.map_index).unwrap_or(UNMAPPED),
                options,
                params,
            })?;
            shell.show(&document)?;
        }
    }
    Ok(0)
}
