//! `tasks clear`: which task instances, then their plan.

use clap::Args;
use rusqlite::Connection;

use super::{
    plan::{self, PlanFlags},
    shell::Shell,
    target::{self, split_index},
    when,
};
use crate::{
    clock,
    error::{Error, Result},
    protocol::{Command, Selection},
    store::pages,
};

/// Which task instances.
#[derive(Debug, Args)]
pub struct Clear {
    /// DAG
    #[arg(value_name = "DAG", required_unless_present = "dag_id")]
    dag: Option<String>,
    /// Airflow's spelling of DAG
    #[arg(long, value_name = "DAG", hide = true)]
    dag_id: Option<String>,
    /// Logical date not before this
    #[arg(short, long, value_name = "FROM", allow_hyphen_values = true)]
    start_date: Option<String>,
    /// Logical date not after this
    #[arg(short, long, value_name = "TO", allow_hyphen_values = true)]
    end_date: Option<String>,
    /// One run
    #[arg(long, value_name = "RUN")]
    run_id: Option<String>,
    /// Tasks whose id contains this text
    #[arg(short, long = "task-regex", value_name = "TEXT")]
    task_text: Option<String>,
    /// These tasks or groups, or indexes of them (may be given several times)
    #[arg(long = "task-id", value_name = "TASK[:INDEX]")]
    task_ids: Vec<String>,
    /// Also everything below them
    #[arg(short, long)]
    downstream: bool,
    /// Also everything above them
    #[arg(short, long)]
    upstream: bool,
    /// Also in all earlier runs
    #[arg(long)]
    past: bool,
    /// Also in all later runs
    #[arg(long)]
    future: bool,
    /// Only failed and upstream_failed ones
    #[arg(short = 'f', long)]
    only_failed: bool,
    /// Only running ones
    #[arg(short = 'r', long)]
    only_running: bool,
    /// Leave finished runs finished: what is cleared in them never runs
    #[arg(long)]
    no_reset_dag_runs: bool,
    /// Not these tasks, groups or indexes (may be given several times)
    #[arg(long, value_name = "TASK[:INDEX]")]
    exclude: Vec<String>,
    /// `reset`: all retries again; `keep`: only those that were left
    #[arg(long, value_name = "HOW", default_value = "reset", value_parser = ["reset", "keep"])]
    retries: String,
    /// `kill`: what is active is ended and starts again; `skip`: it is left alone
    #[arg(long, value_name = "HOW", default_value = "kill", value_parser = ["kill", "skip"])]
    running: String,
    /// The versions that the runs go on with
    #[command(flatten)]
    version: Version,
    /// Whether to ask
    #[command(flatten)]
    flags: PlanFlags,
}

/// Which version of the DAG runs go on with.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Version {
    /// Go on with the newest version of the DAG [default: as the DAG or [core] rerun_with_latest_version says]
    #[arg(long, overrides_with = "no_run_on_latest_version")]
    run_on_latest_version: bool,
    /// Go on with the version that each run has
    #[arg(long)]
    no_run_on_latest_version: bool,
}

impl Version {
    /// What was said, if anything.
    pub fn latest(self) -> Option<bool> {
        (self.run_on_latest_version || self.no_run_on_latest_version).then_some(self.run_on_latest_version)
    }
}

/// Runs the verb; its exit code.
///
/// # Errors
/// What selecting or clearing says.
pub fn run(clear: Clear, shell: &mut Shell) -> Result<i32> {
    let dag_id = clear.dag.or(clear.dag_id).unwrap_or_default();
    let zone = when::default_zone(&shell.place()?.settings)?;
    let time = |text: Option<String>| text.map(|t| when::parse(&t, &zone, clock::now())).transpose();
    let (start_date, end_date) = (time(clear.start_date)?, time(clear.end_date)?);
    if start_date.zip(end_date).is_some_and(|(start, end)| start > end) {
        return Err(Error::usage("--start-date is after --end-date"));
    }
    let conn = target::fresh_dag(shell, &dag_id)?;
    let run = match &clear.run_id {
        Some(run_id) => Some(target::find_run(shell, &conn, &dag_id, run_id)?),
        None => None,
    };
    let refs = |words: &[String]| words.iter().map(|t| split_index(t)).collect::<Result<Vec<_>>>();
    let (task_ids, exclude) = (refs(&clear.task_ids)?, refs(&clear.exclude)?);
    if let Some(version) = pages::dag::version(&conn, &dag_id, None)? {
        let tasks = version.dag.tasks.keys().map(|id| id.to_string());
        let mut known: Vec<String> = tasks.chain(version.dag.task_groups.keys().cloned()).collect();
        if let Some(run) = &run {
            known.extend(tasks_of(&conn, run)?);
        }
        if let Some((unknown, _)) = task_ids.iter().chain(&exclude).find(|(id, _)| !known.contains(id)) {
            return Err(target::unknown_task(&dag_id, unknown, &known));
        }
    }
    drop(conn);
    let selection = Selection {
        dag_id,
        run_id: run.map(|run| run.run_id),
        start_date,
        end_date,
        task_text: clear.task_text,
        task_ids,
        downstream: clear.downstream,
        upstream: clear.upstream,
        past: clear.past,
        future: clear.future,
        only_failed: clear.only_failed,
        only_running: clear.only_running,
        keep_dag_runs: clear.no_reset_dag_runs,
        exclude,
        keep_retries: clear.retries == "keep",
        skip_running: clear.running == "skip",
        latest_version: clear.version.latest(),
    };
    plan::carry_out(shell, clear.flags, |dry_run| Command::Clear { selection: selection.clone(), dry_run })
}

/// Tasks that have instances in a run, and their groups: it may be of an older version of its DAG.
fn tasks_of(conn: &Connection, run: &target::Run) -> Result<Vec<String>> {
    let mut known: Vec<String> = Vec::new();
    for row in pages::task_instance::list(conn, run.row, None, None)? {
        let id = row["task_id"].as_str().unwrap_or_default();
        known.extend(id.match_indices('.').map(|(dot, _)| id[..dot].to_owned()));
        known.push(id.to_owned());
    }
    known.sort();
    known.dedup();
    Ok(known)
}
