//! `runs`: list, show, set state, clear, delete, note.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{
    filter,
    plan::{self, PlanFlags},
    run_show,
    shell::{Format, Shell},
    target::{self, Names, RunAndState, RunAndText, RunName},
    task_clear, when,
};
use crate::{
    clock,
    error::{Error, Result},
    model::RunState,
    protocol::{Command, Selection},
    store::pages,
};

/// Verbs of `runs`.
#[derive(Debug, Subcommand)]
pub enum RunVerb {
    /// Runs, newest first
    #[command(after_help = "Example:\n  dagdeck runs list churn --state failed --limit 20")]
    List(List),
    /// Everything about one run
    #[command(after_help = "Example:\n  dagdeck runs show churn manual__2026-01-01T00:00:00+00:00 -o json\n  \
        dagdeck runs show churn latest")]
    Show(RunName),
    /// Set a run's state: success, failed or queued
    #[command(after_help = "Example:\n  dagdeck runs set-state churn latest failed -y")]
    SetState {
        /// Which, and the state
        #[command(flatten)]
        run: RunAndState,
        /// Whether to ask
        #[command(flatten)]
        flags: PlanFlags,
    },
    /// Clear a run's task instances, so that they run again
    #[command(after_help = "Example:\n  dagdeck runs clear churn latest --only-failed --dry-run")]
    Clear {
        /// Which
        #[command(flatten)]
        run: RunName,
        /// Only failed and upstream_failed ones
        #[arg(short = 'f', long)]
        only_failed: bool,
        /// The version that it goes on with
        #[command(flatten)]
        version: task_clear::Version,
        /// Whether to ask
        #[command(flatten)]
        flags: PlanFlags,
    },
    /// Delete runs with everything they hold
    #[command(after_help = "Example:\n  dagdeck runs delete churn manual__a manual__b -y")]
    Delete {
        /// DAG
        #[arg(value_name = "DAG")]
        dag_id: String,
        /// Runs
        #[arg(value_name = "RUN", required = true)]
        runs: Vec<String>,
        /// Whether to ask
        #[command(flatten)]
        flags: PlanFlags,
    },
    /// Set a run's note; an empty text removes it
    #[command(after_help = "Example:\n  dagdeck runs note churn latest 'rerun after the disk was full'")]
    Note {
        /// Which, and the text
        #[command(flatten)]
        run: RunAndText,
        /// The note of this task instance instead
        #[arg(long, value_name = "TASK[:INDEX]")]
        task: Option<String>,
    },
}

/// Which runs.
#[derive(Debug, Default, Args)]
pub struct List {
    /// DAG [default: all]
    #[arg(value_name = "DAG")]
    pub dag: Option<String>,
    /// Only in these states: queued, running, success, failed
    #[arg(long, value_delimiter = ',')]
    state: Vec<String>,
    /// Only those that match, such as 'type:manual state:failed'
    #[arg(long = "where", value_name = "FILTER")]
    filter: Option<String>,
    /// At most so many [default: 100 in a table, all otherwise]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Order by this field; a leading - for descending
    #[arg(long, value_name = "F", allow_hyphen_values = true)]
    order_by: Option<String>,
    /// Logical date not before this
    #[arg(short, long, value_name = "TIME", allow_hyphen_values = true)]
    start_date: Option<String>,
    /// Logical date not after this
    #[arg(short, long, value_name = "TIME", allow_hyphen_values = true)]
    end_date: Option<String>,
}

const TABLE_LIMIT: u64 = 100;

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: RunVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        RunVerb::List(which) => list(&which, shell),
        RunVerb::Show(run) => run_show::run(run.names(), shell),
        RunVerb::SetState { run, flags } => set_state(run.names(), flags, shell),
        RunVerb::Clear { run, only_failed, version, flags } => {
            let run = run.names().run(shell, &shell.store()?)?;
            let selection = Selection {
                dag_id: run.dag_id,
                run_id: Some(run.run_id),
                only_failed,
                latest_version: version.latest(),
                ..Default::default()
            };
            plan::carry_out(shell, flags, |dry_run| Command::Clear { selection: selection.clone(), dry_run })
        }
        RunVerb::Delete { dag_id, runs, flags } => {
            let conn = shell.store()?;
            let found = runs.iter().map(|run| target::find_run(shell, &conn, &dag_id, run));
            let run_ids = found.map(|run| run.map(|r| r.run_id)).collect::<Result<Vec<_>>>()?;
            drop(conn);
            plan::carry_out(shell, flags, |dry_run| Command::DeleteRuns {
                dag_id: dag_id.clone(),
                run_ids: run_ids.clone(),
                dry_run,
            })
        }
        RunVerb::Note { run, task } => note(run.names(), task.as_deref(), shell),
    }
}

/// `runs list` and `dags list-runs`.
///
/// # Errors
/// `Usage` for an unknown state or field, `NotFound` for an unknown DAG.
pub fn list(which: &List, shell: &mut Shell) -> Result<i32> {
    for state in &which.state {
        state.parse::<RunState>().map_err(|e| Error::usage(format!("--state: {e}")))?;
    }
    let zone = when::default_zone(&shell.place()?.settings)?;
    let time = |text: &Option<String>| -> Result<Option<i64>> {
        let parsed = text.as_deref().map(|t| when::parse(t, &zone, clock::now())).transpose()?;
        Ok(parsed.map(|t| t.as_microsecond()))
    };
    let conn = match &which.dag {
        Some(dag_id) => target::fresh_dag(shell, dag_id)?,
        None => target::listed(shell)?,
    };
    let is_table = shell.format() == Format::Table;
    let limit = which.limit.or(is_table.then_some(TABLE_LIMIT));
    let rows = pages::run::list(
        &conn,
        &pages::run::Which {
            dag_id: which.dag.as_deref(),
            states: &which.state,
            from: time(&which.start_date)?,
            to: time(&which.end_date)?,
            // A filter looks at all rows, the limit is for what is left.
            limit: if which.filter.is_some() { None } else { limit },
            order_by: which.order_by.as_deref(),
        },
    )?;
    let mut rows = filter::keep(rows, which.filter.as_deref())?;
    if let Some(limit) = limit {
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    if !rows.is_empty() {
        let mask = shell.mask(&conn)?;
        rows.iter_mut().for_each(|row| mask.hide(row));
    }
    let is_cut = which.limit.is_none() && is_table && rows.len() as u64 == TABLE_LIMIT;
    let columns =
        ["dag_id", "dag_run_id", "state", "run_type", "logical_date", "start_date", "end_date", "duration", "note"];
    shell.show_rows(rows, &columns)?;
    if is_cut {
        shell.say(&format!("the newest {TABLE_LIMIT} runs are shown; --limit N shows more"))?;
    }
    Ok(0)
}

fn set_state(mut names: Names, flags: PlanFlags, shell: &mut Shell) -> Result<i32> {
    let word = names.take_last("STATE")?;
    let state = word.parse::<RunState>().ok().filter(|s| *s != RunState::Running).ok_or_else(|| {
        Error::usage(format!("a run can't be set to {word:?}")).hint("success, failed or queued, after DAG and RUN")
    })?;
    let run = names.run(shell, &shell.store()?)?;
    plan::carry_out(shell, flags, |dry_run| Command::SetRunState {
        dag_id: run.dag_id.clone(),
        run_id: run.run_id.clone(),
        state,
        dry_run,
    })
}

fn note(mut names: Names, task: Option<&str>, shell: &mut Shell) -> Result<i32> {
    let text = names.take_last("TEXT")?;
    let run = names.run(shell, &shell.store()?)?;
    let task = task.map(target::split_index).transpose()?;
    let task = task.map(|(id, index)| (id, index.unwrap_or(crate::model::UNMAPPED)));
    shell.submit(Command::Note { dag_id: run.dag_id, run_id: run.run_id, task, text })?;
    let document = pages::run::one(&shell.store()?, run.row)?.unwrap_or(Value::Null);
    shell.show(&document)?;
    Ok(0)
}
