//! `tasks`: the verbs, and those of them that only read.

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    TestTask,
    shell::Shell,
    target::{self, DagName, Instance, Names, RunName, TaskName},
    task_clear, task_explain, task_mark, task_render, task_usage,
};
use crate::{
    error::{Error, Result},
    model::{Dag, MapIndex, Task, UNMAPPED, time::rfc3339},
    protocol::Command,
    store::pages,
};

/// Verbs of `tasks`.
#[derive(Debug, Subcommand)]
pub enum TaskVerb {
    /// Tasks of a DAG
    #[command(after_help = "Example:\n  dagdeck tasks list churn -o json")]
    List(DagName),
    /// States of all task instances of a run
    #[command(visible_alias = "states", after_help = "Example:\n  dagdeck tasks states-for-dag-run churn latest")]
    StatesForDagRun(RunName),
    /// State of one task instance
    #[command(after_help = "Example:\n  dagdeck tasks state churn latest train:3")]
    State(OfTask),
    /// Template fields of a task instance as they were rendered
    #[command(after_help = "Example:\n  dagdeck tasks render churn latest train")]
    Render(OfTask),
    /// Dependencies that keep a task instance from running
    #[command(after_help = "Example:\n  dagdeck tasks failed-deps churn latest train")]
    FailedDeps(OfTask),
    /// Why a task instance is not running, in sentences
    #[command(visible_alias = "why", after_help = "Example:\n  dagdeck tasks explain churn latest train")]
    Explain(OfTask),
    /// What the pods of tasks ask for, and what they used over the last runs
    #[command(after_help = "Example:\n  dagdeck tasks usage churn train")]
    Usage(task_usage::Usage),
    /// Clear task instances, so that they run again
    #[command(after_help = "Example:\n  dagdeck tasks clear churn --run-id latest --task-id train:3 -d --dry-run\n  \
        dagdeck tasks clear churn -s -7d -e now --only-failed -y")]
    Clear(Box<task_clear::Clear>),
    /// Mark task instances as success, failed or skipped
    #[command(after_help = "Example:\n  dagdeck tasks mark churn latest train:3 success -y")]
    Mark(task_mark::Mark),
    /// End a running try; it counts as failed
    #[command(after_help = "Example:\n  dagdeck tasks stop churn latest train:3")]
    Stop(OfTask),
    /// Run one task here, without a scheduler
    #[command(after_help = "Example:\n  dagdeck tasks test churn train 2026-01-01")]
    Test(TestTask),
}

/// A task instance.
#[derive(Debug, Clone, clap::Args)]
pub struct OfTask {
    /// Which
    #[command(flatten)]
    of: TaskName,
    /// Index of a mapped task
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    map_index: Option<MapIndex>,
}

impl OfTask {
    /// The instance, of a run that exists.
    ///
    /// # Errors
    /// `Usage` if something isn't named, `NotFound` if the run isn't there.
    pub fn find(self, shell: &Shell, conn: &rusqlite::Connection) -> Result<Instance> {
        let mut of = self.of.names().instance(shell, conn)?;
        of.map_index = self.map_index.or(of.map_index);
        Ok(of)
    }

    /// DAG, task, index and date, where a date is named instead of a run.
    ///
    /// # Errors
    /// `Usage` if something isn't named.
    pub fn at_a_date(
        self,
        shell: &Shell,
        conn: &rusqlite::Connection,
    ) -> Result<Option<(String, String, MapIndex, Timestamp)>> {
        let Some((dag_id, task, date)) = self.of.names().at_a_date(shell, conn)? else { return Ok(None) };
        let (task_id, index) = target::split_index(&task)?;
        Ok(Some((dag_id, task_id, self.map_index.or(index).unwrap_or(UNMAPPED), date)))
    }
}

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: TaskVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        TaskVerb::List(dag) => list(&dag.names().dag()?, shell),
        TaskVerb::StatesForDagRun(run) => states(run.names(), shell),
        TaskVerb::State(of) => state(of, shell),
        TaskVerb::Render(of) => task_render::run(of, shell),
        TaskVerb::FailedDeps(of) => {
            let conn = shell.store()?;
            let of = of.find(shell, &conn)?;
            task_explain::failed_deps(&of, &conn, shell)
        }
        TaskVerb::Explain(of) => {
            let conn = shell.store()?;
            let of = of.find(shell, &conn)?;
            task_explain::explain(&of, &conn, shell)
        }
        TaskVerb::Usage(of) => task_usage::run(of, shell),
        TaskVerb::Clear(clear) => task_clear::run(*clear, shell),
        TaskVerb::Mark(mark) => task_mark::run(mark, shell),
        TaskVerb::Stop(of) => stop(of, shell),
        TaskVerb::Test(_) => Err(Error::usage("tasks test is run by the program itself")),
    }
}

fn list(dag_id: &str, shell: &mut Shell) -> Result<i32> {
    let conn = target::fresh_dag(shell, dag_id)?;
    let Some(version) = pages::dag::version(&conn, dag_id, None)? else {
        return Err(target::unknown_dag(dag_id, &pages::dag::ids(&conn)?));
    };
    let rows: Vec<Value> = version.dag.tasks.values().map(|task| document(&version.dag, task)).collect();
    let columns = ["task_id", "operator_name", "trigger_rule", "upstream_task_ids", "retries", "pool"];
    shell.show_rows(rows, &columns)?;
    Ok(0)
}

/// A task as a document.
fn document(dag: &Dag, task: &Task) -> Value {
    json!({
        "dag_id": dag.dag_id, "task_id": task.task_id, "task_display_name": task.task_id, "operator_name": task.operator,
        "class_ref": {"module_path": task.module, "class_name": task.operator},
        "trigger_rule": task.trigger_rule, "upstream_task_ids": task.upstream_task_ids,
        "downstream_task_ids": task.downstream_task_ids, "is_mapped": is_mapped(dag, task), "retries": task.retries,
        "retry_delay": task.retry_delay, "retry_exponential_backoff": task.retry_exponential_backoff,
        "max_retry_delay": task.max_retry_delay, "execution_timeout": task.execution_timeout, "pool": task.pool,
        "pool_slots": task.pool_slots, "priority_weight": task.priority_weight, "weight_rule": task.weight_strategy.as_ref().map_or(task.weight_rule.as_str(), |own| &own.name),
        "depends_on_past": task.depends_on_past, "wait_for_downstream": task.wait_for_downstream,
        "template_fields": task.template_fields, "task_group": task.task_group, "is_setup": task.is_setup,
        "is_teardown": task.is_teardown, "owner": task.owner, "queue": task.queue,
        "start_date": task.start_date.map(rfc3339), "end_date": task.end_date.map(rfc3339), "doc_md": task.doc_md,
        "params": task.params,
    })
}

/// Airflow's `is_mapped` is about the task itself, not about a group around it.
fn is_mapped(_dag: &Dag, task: &Task) -> bool {
    task.is_mapped()
}

fn states(names: Names, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    let run = names.run(shell, &conn)?;
    let mut rows = pages::task_instance::list(&conn, run.row, None, None)?;
    let mask = shell.mask(&conn)?;
    for row in &mut rows {
        mask.hide(row);
        complete(row, &run);
    }
    shell.show_rows(rows, &["task_id", "map_index", "state", "try_number", "start_date", "end_date", "duration"])?;
    Ok(0)
}

/// A row that stands alone says which DAG and run it is of.
pub(super) fn complete(row: &mut Value, run: &target::Run) {
    row["dag_id"] = run.dag_id.clone().into();
    row["dag_run_id"] = run.run_id.clone().into();
}

fn state(of: OfTask, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    let of = of.find(shell, &conn)?;
    let mut rows = instances(&of, &conn)?;
    let mask = shell.mask(&conn)?;
    for row in &mut rows {
        mask.hide(row);
        complete(row, &of.run);
    }
    if !shell.format().is_document() {
        for row in &rows {
            let state = row["state"].as_str().unwrap_or("none").to_owned();
            let index = row["map_index"].as_i64().filter(|_| rows.len() > 1);
            let line = index.map_or(state.clone(), |i| format!("{i}\t{state}"));
            shell.line(&line)?;
        }
        return Ok(0);
    }
    // One instance is one document; a mapped task without an index is the list of its instances.
    let document = if rows.len() == 1 { rows.remove(0) } else { Value::Array(rows) };
    shell.document(&document)?;
    Ok(0)
}

/// The instances that are meant: one index, or all of a mapped task.
///
/// # Errors
/// `NotFound` if there is none.
pub fn instances(of: &Instance, conn: &rusqlite::Connection) -> Result<Vec<Value>> {
    let rows = pages::task_instance::list(conn, of.run.row, Some(&of.task_id), of.map_index)?;
    if !rows.is_empty() {
        return Ok(rows);
    }
    let all = pages::task_instance::list(conn, of.run.row, None, None)?;
    let mut known: Vec<String> = all.iter().filter_map(|r| r["task_id"].as_str().map(Into::into)).collect();
    known.dedup();
    Err(match of.map_index {
        Some(index) if known.contains(&of.task_id) => {
            Error::not_found(format!("task {} has no map index {index} in run {}", of.task_id, of.run.run_id))
        }
        _ => target::unknown_task(&of.run.dag_id, &of.task_id, &known),
    })
}

fn stop(of: OfTask, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    let of = of.find(shell, &conn)?;
    let rows = instances(&of, &conn)?;
    let map_index = match (of.map_index, &rows[..]) {
        (Some(index), _) => index,
        (None, [row]) => row["map_index"].as_i64().and_then(|i| MapIndex::try_from(i).ok()).unwrap_or(UNMAPPED),
        (None, many) => {
            return Err(Error::usage(format!("task {} has {} mapped instances", of.task_id, many.len()))
                .hint("name one: TASK:INDEX or --map-index N"));
        }
    };
    // Only a scheduler reaches a try's process.
    shell.ask_scheduler(crate::protocol::Request::Status)?;
    let document = shell.submit(Command::StopTask {
        dag_id: of.run.dag_id,
        run_id: of.run.run_id,
        task_id: of.task_id,
        map_index,
    })?;
    shell.show(&document)?;
    Ok(0)
}
