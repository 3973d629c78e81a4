//! `tasks mark`: sets states by hand, with a plan.

use clap::Args;

use super::{
    plan::{self, PlanFlags},
    shell::Shell,
    target::TaskAndState,
    task,
};
use crate::{
    error::{Error, Result},
    model::{MapIndex, TiState},
    protocol::{Command, Selection},
    store::pages,
};

/// Which task instance, and what else with it.
#[derive(Debug, Args)]
pub struct Mark {
    /// Which, and the state: success, failed or skipped
    #[command(flatten)]
    of: TaskAndState,
    /// Index of a mapped task
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    map_index: Option<MapIndex>,
    /// Also everything above it
    #[arg(short, long)]
    upstream: bool,
    /// Also everything below it
    #[arg(short, long)]
    downstream: bool,
    /// Also in all earlier runs
    #[arg(long)]
    past: bool,
    /// Also in all later runs
    #[arg(long)]
    future: bool,
    /// Whether to ask
    #[command(flatten)]
    flags: PlanFlags,
}

/// Runs the verb; its exit code.
///
/// # Errors
/// What selecting or marking says.
pub fn run(mark: Mark, shell: &mut Shell) -> Result<i32> {
    let mut names = mark.of.names();
    let word = names.take_last("STATE")?;
    let state = word
        .parse::<TiState>()
        .ok()
        .filter(|s| matches!(s, TiState::Success | TiState::Failed | TiState::Skipped))
        .ok_or_else(|| {
            Error::usage(format!("a task instance can't be marked {word:?}"))
                .hint("success, failed or skipped, after DAG, RUN and TASK")
        })?;
    let conn = shell.store()?;
    let mut of = names.instance(shell, &conn)?;
    of.map_index = mark.map_index.or(of.map_index);
    let version = pages::dag::version_of_run(&conn, of.run.row, &of.run.dag_id)?;
    if !version.is_some_and(|version| version.dag.task_groups.contains_key(&of.task_id)) {
        task::instances(&of, &conn)?;
    }
    drop(conn);
    let selection = Selection {
        dag_id: of.run.dag_id,
        run_id: Some(of.run.run_id),
        task_ids: vec![(of.task_id, of.map_index)],
        upstream: mark.upstream,
        downstream: mark.downstream,
        past: mark.past,
        future: mark.future,
        ..Default::default()
    };
    plan::carry_out(shell, mark.flags, |dry_run| Command::Mark { selection: selection.clone(), state, dry_run })
}
