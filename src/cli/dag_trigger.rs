//! `dags trigger`: creates a run, and waits for its end if asked.

use clap::Args;
use serde_json::{Value, json};

use super::{run_show, scheduler, shell::Shell, target, when};
use crate::{
    clock,
    error::{Error, Result},
    model::TriggeredBy,
    protocol::{Command, Request},
    store::pages,
};

/// How to trigger.
#[derive(Debug, Args)]
pub struct Trigger {
    /// Which
    #[command(flatten)]
    dag: Which,
    /// Run id [default: manual__TIME]
    #[arg(short, long, value_name = "RUN_ID")]
    run_id: Option<String>,
    /// Conf, a JSON object: overrides params of the same names
    #[arg(short, long, value_name = "JSON")]
    conf: Option<String>,
    /// Logical date [default: none]
    #[arg(short, long, visible_alias = "exec-date", value_name = "LOGICAL_DATE", allow_hyphen_values = true)]
    logical_date: Option<String>,
    /// Partition that the run is about, of a DAG whose runs are about partitions
    #[arg(long, value_name = "KEY")]
    partition_key: Option<String>,
    /// Wait until the run ends; exit code 1 if it failed
    #[arg(short, long)]
    wait: bool,
    /// Wait at most so many seconds; the run goes on
    #[arg(long, value_name = "S", requires = "wait")]
    timeout: Option<f64>,
    /// Note on the run
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// A DAG; without `--run-id`, which means another thing here.
#[derive(Debug, Clone, Default, Args)]
struct Which {
    /// DAG
    #[arg(value_name = "DAG", required_unless_present = "dag_id")]
    dag: Option<String>,
    /// Airflow's spelling of DAG
    #[arg(long, value_name = "DAG", hide = true)]
    dag_id: Option<String>,
}

/// Runs the verb; its exit code.
///
/// # Errors
/// What triggering says; `NoScheduler` for `--wait` without one.
pub fn run(trigger: Trigger, shell: &mut Shell) -> Result<i32> {
    let dag_id = trigger.dag.dag.or(trigger.dag.dag_id).unwrap_or_default();
    let conf = conf(trigger.conf.as_deref())?;
    let zone = when::default_zone(&shell.place()?.settings)?;
    let logical_date = trigger.logical_date.map(|text| when::parse(&text, &zone, clock::now())).transpose()?;
    if trigger.timeout.is_some_and(|s| !s.is_finite() || s < 0.0) {
        return Err(Error::usage("--timeout is a number of seconds, 0 or more"));
    }
    // Before anything is created: a run that nobody can wait for would be a surprise.
    if trigger.wait {
        shell.ask_scheduler(Request::Status)?;
    }
    let conn = target::fresh_dag(shell, &dag_id)?;
    let is_paused = pages::dag::one(&conn, &dag_id)?.is_some_and(|row| row["is_paused"] == true);
    let run = shell.submit(Command::Trigger {
        dag_id: dag_id.clone(),
        run_id: trigger.run_id,
        conf,
        logical_date,
        run_after: None,
        note: trigger.note,
        partition_key: trigger.partition_key,
        triggered_by: TriggeredBy::Cli,
    })?;
    if is_paused {
        shell.say(&format!("warning: DAG {dag_id} is paused: the run starts after `dagdeck dags unpause {dag_id}`"))?;
    }
    if !trigger.wait || is_paused {
        shell.show(&run)?;
        return Ok(i32::from(trigger.wait));
    }
    let run_id = run["dag_run_id"].as_str().unwrap_or("").to_owned();
    wait(&dag_id, &run_id, trigger.timeout, shell)
}

pub(super) fn conf(text: Option<&str>) -> Result<Value> {
    let Some(text) = text else { return Ok(json!({})) };
    let refused = || Error::usage("--conf isn't a JSON object").hint(r#"such as -c '{"epochs": 3}'"#);
    match serde_json::from_str::<Value>(text) {
        Ok(conf) if conf.is_object() => Ok(conf),
        Ok(_) => Err(refused()),
        Err(e) => Err(refused().because(e)),
    }
}

/// Waits for a run's end, woken by the scheduler's notices; prints the run; the exit code.
fn wait(dag_id: &str, run_id: &str, timeout: Option<f64>, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    let mut notices = scheduler::Notices::subscribe(shell.place()?)?;
    let deadline = timeout.map(|s| std::time::Instant::now() + std::time::Duration::from_secs_f64(s.min(1e9)));
    let row = pages::run::row_id(&conn, dag_id, run_id)?;
    let row = row.ok_or_else(|| Error::not_found(format!("DAG {dag_id} has no run {run_id:?}")))?;
    loop {
        let mut run = pages::run::one(&conn, row)?;
        let state = run.as_ref().and_then(|r| r["state"].as_str()).unwrap_or("deleted").to_owned();
        if !matches!(state.as_str(), "queued" | "running") {
            shell.progress("");
            let mut run = run.take().ok_or_else(|| Error::refused(format!("run {run_id} was deleted meanwhile")))?;
            shell.mask(&conn)?.hide(&mut run);
            shell.show(&run)?;
            if state != "success" {
                report_failures(&conn, row, dag_id, run_id, shell)?;
            }
            return Ok(i32::from(state != "success"));
        }
        if shell.err_is_terminal {
            let line = progress(&pages::task_instance::list(&conn, row, None, None)?, &state);
            shell.progress(&line);
        }
        let left = deadline.map(|d| d.saturating_duration_since(std::time::Instant::now()));
        if left.is_some_and(|l| l.is_zero()) {
            shell.progress("");
            if let Some(run) = run {
                shell.show(&run)?;
            }
            shell.say(&format!("--timeout reached: run {run_id} is still {state} and goes on"))?;
            return Ok(1);
        }
        notices.next(left)?;
    }
}

/// What failed, on stderr, so that nobody has to look for it.
fn report_failures(conn: &rusqlite::Connection, row: i64, dag_id: &str, run_id: &str, shell: &mut Shell) -> Result<()> {
    let mask = shell.mask(conn)?;
    let document = run_show::document(conn, row)?;
    for instance in document["task_instances"].as_array().into_iter().flatten() {
        if instance["state"] == "failed" {
            let task = instance["task_id"].as_str().unwrap_or("");
            let index = instance["map_index"].as_i64().filter(|i| *i >= 0);
            let flag = index.map(|i| format!(" --map-index {i}")).unwrap_or_default();
            let why = instance["cause"]["summary"].as_str().unwrap_or("no cause was recorded");
            let why = mask.hide_text(why).unwrap_or_else(|| why.to_owned());
            shell.say(&format!("failed: {task}{}: {why}", index.map(|i| format!("[{i}]")).unwrap_or_default()))?;
            shell.say(&format!("  log: dagdeck logs {dag_id} {run_id} {task}{flag}"))?;
        }
    }
    Ok(())
}

fn progress(instances: &[Value], state: &str) -> String {
    let count =
        |wanted: &[&str]| instances.iter().filter(|i| i["state"].as_str().is_some_and(|s| wanted.contains(&s))).count();
    let done = count(&["success", "failed", "skipped", "upstream_failed", "removed"]);
    let failed = count(&["failed", "upstream_failed"]);
    let running = count(&["running"]);
    format!("{state}: {done} of {} done, {running} running, {failed} failed", instances.len())
}
