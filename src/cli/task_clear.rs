//! `tasks clear`: which task instances, then their plan.

use clap::Args;

use super::{
    later::not_yet,
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
    /// These tasks, or indexes of them (may be given several times)
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
    /// Not these
    #[arg(long, value_name = "TASK[:INDEX]", hide = true)]
    exclude: Vec<String>,
    /// reset or keep
    #[arg(long, hide = true)]
    retries: Option<String>,
    /// skip or kill
    #[arg(long, hide = true)]
    running: Option<String>,
    /// With the latest version of the DAG
    #[arg(long, hide = true)]
    run_on_latest_version: bool,
    /// Undo window
    #[arg(long, value_name = "S", hide = true)]
    hold: Option<String>,
    /// Whether to ask
    #[command(flatten)]
    flags: PlanFlags,
}

/// Runs the verb; its exit code.
///
/// # Errors
/// What selecting or clearing says.
pub fn run(clear: Clear, shell: &mut Shell) -> Result<i32> {
    for (is_given, flag) in [
        (!clear.exclude.is_empty(), "--exclude"),
        (clear.retries.is_some(), "--retries"),
        (clear.running.is_some(), "--running"),
        (clear.run_on_latest_version, "--run-on-latest-version"),
        (clear.hold.is_some(), "--hold"),
    ] {
        if is_given {
            return Err(not_yet(&format!("tasks clear {flag}")));
        }
    }
    let dag_id = clear.dag.or(clear.dag_id).unwrap_or_default();
    let zone = when::default_zone(&shell.place()?.settings)?;
    let time = |text: Option<String>| text.map(|t| when::parse(&t, &zone, clock::now())).transpose();
    let (start_date, end_date) = (time(clear.start_date)?, time(clear.end_date)?);
    if start_date.zip(end_date).is_some_and(|(start, end)| start > end) {
        return Err(Error::usage("--start-date is after --end-date"));
    }
    let conn = target::fresh_dag(shell, &dag_id)?;
    let run_id = match &clear.run_id {
        Some(run_id) => Some(target::find_run(shell, &conn, &dag_id, run_id)?.run_id),
        None => None,
    };
    let task_ids = clear.task_ids.iter().map(|t| split_index(t)).collect::<Result<Vec<_>>>()?;
    if let Some(version) = pages::dag::version(&conn, &dag_id, None)? {
        let known: Vec<String> = version.dag.tasks.keys().map(|id| id.to_string()).collect();
        // A task of an old version may still have instances in the run that was named.
        let is_known = |id: &String| known.contains(id) || run_id.is_some();
        if let Some((unknown, _)) = task_ids.iter().find(|(id, _)| !is_known(id)) {
            return Err(target::unknown_task(&dag_id, unknown, &known));
        }
    }
    drop(conn);
    let selection = Selection {
        dag_id,
        run_id,
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
    };
    plan::carry_out(shell, clear.flags, |dry_run| Command::Clear { selection: selection.clone(), dry_run })
}
