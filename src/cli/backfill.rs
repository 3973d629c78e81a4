//! `backfill`: create, list, show, pause, unpause, cancel.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    plan::{self, PlanFlags},
    shell::Shell,
    target, task_clear, when,
};
use crate::{
    clock,
    error::{Error, Result},
    model::ReprocessBehavior,
    protocol::{BackfillRequest, Command},
    store::pages,
};

/// Verbs of `backfill`.
#[derive(Debug, Subcommand)]
pub enum BackfillVerb {
    /// Make the runs of a range of dates, or run them again
    #[command(
        after_help = "Example:\n  dagdeck backfill create --dag-id churn --from-date 2026-01-01 --to-date 2026-01-31 \
        --reprocess-behavior failed --max-active-runs 2"
    )]
    Create(Box<Create>),
    /// Backfills, newest first
    #[command(after_help = "Example:\n  dagdeck backfill list --dag-id churn")]
    List {
        /// Only those of this DAG
        #[arg(long, value_name = "DAG")]
        dag_id: Option<String>,
    },
    /// One backfill with its dates and runs
    #[command(after_help = "Example:\n  dagdeck backfill show 3 -o json")]
    Show(Id),
    /// Start no more of its runs; running ones go on
    #[command(after_help = "Example:\n  dagdeck backfill pause 3")]
    Pause(Unasked),
    /// Start its runs again
    #[command(after_help = "Example:\n  dagdeck backfill unpause 3")]
    Unpause(Unasked),
    /// End it: its queued runs fail, running ones go on
    #[command(after_help = "Example:\n  dagdeck backfill cancel 3 -y")]
    Cancel {
        /// Which
        #[command(flatten)]
        id: Id,
        /// Whether to ask
        #[command(flatten)]
        flags: PlanFlags,
    },
}

/// A backfill.
#[derive(Debug, Clone, Copy, Args)]
pub struct Id {
    /// Number of the backfill
    #[arg(value_name = "ID")]
    id: i64,
}

/// A backfill, of an act that never asks.
#[derive(Debug, Clone, Copy, Args)]
pub struct Unasked {
    /// Which
    #[command(flatten)]
    id: Id,
    /// Scripts may say `-y` everywhere
    #[arg(long, short = 'y', hide = true)]
    yes: bool,
}

/// Which dates, and how.
#[derive(Debug, Args)]
pub struct Create {
    /// DAG
    #[arg(long, value_name = "DAG")]
    dag_id: String,
    /// First logical date
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from_date: String,
    /// Last logical date
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to_date: String,
    /// Runs of it that may be running at one time
    #[arg(long, value_name = "N", default_value_t = 10)]
    max_active_runs: u32,
    /// Runs that are there: `none` leaves them alone, `failed` and `completed` run such ones again
    #[arg(long, value_name = "WHICH", default_value = "none", value_parser = ["none", "failed", "completed"])]
    reprocess_behavior: String,
    /// Newest date first
    #[arg(long)]
    run_backwards: bool,
    /// Conf of its runs, a JSON object
    #[arg(long, value_name = "JSON")]
    dag_run_conf: Option<String>,
    /// Only these tasks or groups (may be given several times)
    #[arg(long = "task-id", value_name = "TASK")]
    task_ids: Vec<String>,
    /// Run although the DAG is paused
    #[arg(long)]
    while_paused: bool,
    /// Pool of its task instances, instead of the tasks' own
    #[arg(long, value_name = "POOL")]
    pool: Option<String>,
    /// The version that runs that are there go on with
    #[command(flatten)]
    version: task_clear::Version,
    /// Whether to ask
    #[command(flatten)]
    flags: PlanFlags,
}

const COLUMNS: [&str; 10] = [
    "id",
    "dag_id",
    "from_date",
    "to_date",
    "is_paused",
    "num_queued",
    "num_running",
    "num_success",
    "num_failed",
    "completed_at",
];

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: BackfillVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        BackfillVerb::Create(create) => begin(*create, shell),
        BackfillVerb::List { dag_id } => {
            let rows = pages::backfill::list(&shell.store()?, dag_id.as_deref())?;
            shell.show_rows(rows.into_iter().map(complete).collect(), &COLUMNS)?;
            Ok(0)
        }
        BackfillVerb::Show(Id { id }) => show(id, shell),
        BackfillVerb::Pause(Unasked { id, .. }) => pause(id.id, true, shell),
        BackfillVerb::Unpause(Unasked { id, .. }) => pause(id.id, false, shell),
        BackfillVerb::Cancel { id: Id { id }, flags } => {
            plan::carry_out(shell, flags, |dry_run| Command::CancelBackfill { id, dry_run })
        }
    }
}

fn begin(create: Create, shell: &mut Shell) -> Result<i32> {
    let zone = when::default_zone(&shell.place()?.settings)?;
    let now = clock::now();
    let time = |text: &str| when::parse(text, &zone, now);
    let conf = |text: &str| -> Result<Value> {
        let refused = || Error::usage("--dag-run-conf isn't a JSON object").hint(r#"such as '{"epochs": 3}'"#);
        let conf: Value = serde_json::from_str(text).map_err(|e| refused().because(e))?;
        if conf.is_object() { Ok(conf) } else { Err(refused()) }
    };
    let request = BackfillRequest {
        from_date: time(&create.from_date)?,
        to_date: time(&create.to_date)?,
        max_active_runs: create.max_active_runs,
        reprocess_behavior: create.reprocess_behavior.parse::<ReprocessBehavior>().map_err(Error::usage)?,
        run_backwards: create.run_backwards,
        dag_run_conf: create.dag_run_conf.as_deref().map(conf).transpose()?,
        task_ids: create.task_ids,
        while_paused: create.while_paused,
        pool: create.pool,
        latest_version: create.version.latest(),
        dag_id: create.dag_id,
    };
    target::fresh_dag(shell, &request.dag_id)?;
    plan::carry_out(shell, create.flags, |dry_run| Command::CreateBackfill { request: request.clone(), dry_run })
}

/// Airflow shows the DAG's name too.
fn complete(mut row: Value) -> Value {
    row["dag_display_name"] = row["dag_id"].clone();
    row
}

fn show(id: i64, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    let Some(backfill) = pages::backfill::one(&conn, id)? else {
        return Err(Error::not_found(format!("there is no backfill {id}")).hint("`dagdeck backfill list` shows them"));
    };
    let mut backfill = complete(backfill);
    let dates = pages::backfill::dates(&conn, id)?;
    if shell.format().is_document() {
        backfill["dag_runs"] = json!(dates);
        shell.document(&backfill)?;
        return Ok(0);
    }
    shell.show(&backfill)?;
    shell.line("")?;
    shell.show_rows(dates, &["sort_ordinal", "logical_date", "dag_run_id", "state", "exception_reason"])?;
    Ok(0)
}

fn pause(id: i64, paused: bool, shell: &mut Shell) -> Result<i32> {
    let document = shell.submit(Command::PauseBackfill { id, paused })?;
    shell.show(&complete(document))?;
    Ok(0)
}
