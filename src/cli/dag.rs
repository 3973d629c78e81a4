//! `dags`: the verbs, and those of them that are small.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    TestDag, dag_check, dag_detail, dag_trigger, filter,
    plan::{self, PlanFlags},
    run as runs,
    shell::{Format, Shell},
    target::{self, DagName},
};
use crate::{
    error::{Error, Result},
    model::Severity,
    protocol::Command,
    store::pages,
};

/// Verbs of `dags`.
#[derive(Debug, Subcommand)]
pub enum DagVerb {
    /// All DAGs
    #[command(after_help = "Example:\n  dagdeck dags list --where 'tag:ml !paused' -o json")]
    List {
        /// Only those that match, such as 'tag:ml state:failed'
        #[arg(long = "where", value_name = "FILTER")]
        filter: Option<String>,
    },
    /// Everything about one DAG, with the warnings of its file
    #[command(visible_alias = "show", after_help = "Example:\n  dagdeck dags details churn -o json")]
    Details(DagName),
    /// Files that can't be read; exit code 1 if there are any
    #[command(after_help = "Example:\n  dagdeck dags list-import-errors")]
    ListImportErrors,
    /// Parse files without a home; exit code 1 on errors
    #[command(after_help = "Example:\n  dagdeck dags check dags/churn.py dags/daily.toml")]
    Check {
        /// Files or folders [default: the DAG folder]
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Start a run
    #[command(after_help = "Example:\n  dagdeck dags trigger churn -c '{\"epochs\": 3}' --wait --timeout 600")]
    Trigger(dag_trigger::Trigger),
    /// Stop creating and starting runs
    #[command(after_help = "Example:\n  dagdeck dags pause churn daily")]
    Pause(Many),
    /// Create and start runs again
    #[command(after_help = "Example:\n  dagdeck dags unpause churn")]
    Unpause(Many),
    /// Delete a DAG's runs and history (its file stays)
    #[command(after_help = "Example:\n  dagdeck dags delete old_churn --dry-run")]
    Delete {
        /// Which
        #[command(flatten)]
        dag: DagName,
        /// Whether to ask
        #[command(flatten)]
        flags: PlanFlags,
    },
    /// Run a DAG here, once, without a scheduler
    #[command(after_help = "Example:\n  dagdeck dags test churn 2026-01-01 -c '{\"epochs\": 1}'")]
    Test(TestDag),
    /// The text of a DAG's file as it was parsed
    #[command(after_help = "Example:\n  dagdeck dags source churn --version 3")]
    Source {
        /// Which
        #[command(flatten)]
        dag: DagName,
        /// Number of the version [default: the latest]
        #[arg(long, value_name = "N")]
        version: Option<i64>,
    },
    /// Versions of a DAG, newest first
    #[command(after_help = "Example:\n  dagdeck dags versions churn")]
    Versions(DagName),
    /// The next runs that the schedule will create
    #[command(after_help = "Example:\n  dagdeck dags next-execution churn -n 5")]
    NextExecution {
        /// Which
        #[command(flatten)]
        dag: DagName,
        /// How many
        #[arg(short, long = "num-executions", value_name = "N", default_value_t = 1)]
        n: u32,
        /// As if it were this time
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        at: Option<String>,
    },
    /// The same as `runs list`, in Airflow's spelling
    #[command(after_help = "Example:\n  dagdeck dags list-runs -d churn --state failed")]
    ListRuns {
        /// DAG
        #[arg(short, long, value_name = "DAG")]
        dag_id: Option<String>,
        /// Which
        #[command(flatten)]
        which: runs::List,
    },
}

/// Some DAGs.
#[derive(Debug, Args)]
pub struct Many {
    /// DAGs
    #[arg(value_name = "DAG")]
    dags: Vec<String>,
    /// Airflow's spelling
    #[arg(long, value_name = "DAG", hide = true)]
    dag_id: Vec<String>,
    /// Airflow asks before it touches several; dagdeck doesn't
    #[arg(short, long, hide = true)]
    yes: bool,
}

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: DagVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        DagVerb::List { filter } => list(filter.as_deref(), shell),
        DagVerb::Details(dag) => dag_detail::details(&dag.names().dag()?, shell),
        DagVerb::ListImportErrors => import_errors(shell),
        DagVerb::Check { paths } => dag_check::run(&paths, shell),
        DagVerb::Trigger(trigger) => dag_trigger::run(trigger, shell),
        DagVerb::Pause(many) => pause(many, true, shell),
        DagVerb::Unpause(many) => pause(many, false, shell),
        DagVerb::Delete { dag, flags } => delete(&dag.names().dag()?, flags, shell),
        DagVerb::Source { dag, version } => source(&dag.names().dag()?, version, shell),
        DagVerb::Versions(dag) => versions(&dag.names().dag()?, shell),
        DagVerb::NextExecution { dag, n, at } => dag_detail::next(&dag.names().dag()?, n, at.as_deref(), shell),
        DagVerb::ListRuns { dag_id, mut which } => {
            which.dag = which.dag.or(dag_id);
            runs::list(&which, shell)
        }
        DagVerb::Test(_) => Err(Error::usage("dags test is run by the program itself")),
    }
}

fn list(filter: Option<&str>, shell: &mut Shell) -> Result<i32> {
    let conn = target::listed(shell)?;
    let rows = filter::keep(pages::dag::list(&conn)?, filter)?;
    let columns = [
        "dag_id",
        "is_paused",
        "timetable_summary",
        "last_run_state",
        "next_dagrun_run_after",
        "owners",
        "tags",
        "fileloc",
    ];
    shell.show_rows(rows, &columns)?;
    if let Some(note) = target::unreadable(&conn)? {
        shell.say(&format!("{note}; `dagdeck dags list-import-errors` says why"))?;
    }
    Ok(0)
}

fn import_errors(shell: &mut Shell) -> Result<i32> {
    let conn = target::listed(shell)?;
    let times = pages::dag::parsed_at(&conn)?;
    let rows: Vec<Value> = pages::dag::diagnostics(&conn)?
        .into_iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| {
            let time = times.iter().find(|t| t["fileloc"] == d.file.as_str()).map(|t| t["timestamp"].clone());
            json!({
                "filename": d.file, "line": number(d.line), "column": number(d.column), "message": d.message,
                "stack_trace": d.stack_trace.unwrap_or_else(|| d.message.clone()), "hint": d.hint, "timestamp": time,
            })
        })
        .collect();
    let code = i32::from(!rows.is_empty());
    if rows.is_empty() && shell.format() == Format::Table {
        shell.say("no import errors")?;
        return Ok(0);
    }
    if shell.format() == Format::Table {
        shell.text(&dag_check::sentences(&rows))?;
        return Ok(code);
    }
    shell.show_rows(rows, &["filename", "line", "column", "message", "hint"])?;
    Ok(code)
}

/// Lines and columns count from 1; 0 is unknown.
pub(super) fn number(n: u32) -> Value {
    if n == 0 { Value::Null } else { n.into() }
}

fn pause(many: Many, paused: bool, shell: &mut Shell) -> Result<i32> {
    let dag_ids: Vec<String> = many.dags.into_iter().chain(many.dag_id).collect();
    if dag_ids.is_empty() {
        return Err(Error::usage("DAG is missing").hint("`dagdeck dags list` shows the ids"));
    }
    for dag_id in &dag_ids {
        target::fresh_dag(shell, dag_id)?;
    }
    shell.submit(Command::SetPaused { dag_ids: dag_ids.clone(), paused })?;
    let conn = shell.store()?;
    let mut rows = Vec::new();
    for dag_id in &dag_ids {
        rows.extend(pages::dag::one(&conn, dag_id)?);
    }
    shell.show_rows(rows, &["dag_id", "is_paused"])?;
    Ok(0)
}

fn delete(dag_id: &str, flags: PlanFlags, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    if pages::dag::one(&conn, dag_id)?.is_none() {
        return Err(target::unknown_dag(dag_id, &pages::dag::ids(&conn)?));
    }
    drop(conn);
    plan::carry_out(shell, flags, |dry_run| Command::DeleteDag { dag_id: dag_id.into(), dry_run })
}

fn source(dag_id: &str, number: Option<i64>, shell: &mut Shell) -> Result<i32> {
    let conn = target::fresh_dag(shell, dag_id)?;
    let Some(version) = pages::dag::version(&conn, dag_id, number)? else {
        let known: Vec<String> =
            pages::dag::versions(&conn, dag_id)?.iter().map(|v| v["version_number"].to_string()).collect();
        return Err(Error::not_found(format!("DAG {dag_id} has no version {}", number.unwrap_or_default()))
            .hint(format!("it has {}", known.join(", "))));
    };
    if shell.format().is_document() {
        let document = json!({"dag_id": dag_id, "version_number": version.number, "content": version.source});
        shell.document(&document)?;
    } else {
        shell.text(&version.source)?;
    }
    Ok(0)
}

fn versions(dag_id: &str, shell: &mut Shell) -> Result<i32> {
    let conn = target::fresh_dag(shell, dag_id)?;
    let rows = pages::dag::versions(&conn, dag_id)?;
    shell.show_rows(rows, &["version_number", "created_at", "run_count", "hash"])?;
    Ok(0)
}
