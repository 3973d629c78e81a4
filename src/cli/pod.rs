//! `pods`: what tasks run in Kubernetes.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    plan::{self, PlanFlags},
    pod_exec::{self, ExecPod},
    pod_show,
    shell::{Format, Shell},
    target::{self, split_index},
    yaml,
};
use crate::{
    config::Place,
    error::Result,
    model::{MapIndex, UNMAPPED},
    protocol::Command,
    store::pages,
};

/// Verbs of `pods`.
#[derive(Debug, Subcommand)]
pub enum PodVerb {
    /// The manifest that a task would send, templates rendered
    #[command(after_help = "Example:\n  dagdeck pods render churn train 2026-01-01 -o yaml")]
    Render(RenderPod),
    /// Pods of tasks, newest first
    #[command(after_help = "Example:\n  dagdeck pods list churn --all -o json")]
    List {
        /// Only of this DAG
        #[arg(value_name = "DAG")]
        dag_id: Option<String>,
        /// Also those that are gone
        #[arg(long)]
        all: bool,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 500)]
        limit: usize,
    },
    /// One pod: phases, containers, what was sent; also when it is gone
    #[command(
        after_help = "Example:\n  dagdeck pods show train-x7d2k1ab -o yaml\n  dagdeck pods show train-x7d2k1ab --diff"
    )]
    Show {
        /// Its name
        #[arg(value_name = "POD")]
        name: String,
        /// Only what differs from the pod of the task's last success before it
        #[arg(long)]
        diff: bool,
    },
    /// What the cluster said about a pod; also when it is gone
    #[command(after_help = "Example:\n  dagdeck pods events train-x7d2k1ab")]
    Events {
        /// Its name
        #[arg(value_name = "POD")]
        name: String,
    },
    /// A program in a container of a running pod; without one a shell
    #[command(
        after_help = "Example:\n  dagdeck pods exec train-x7d2k1ab\n  dagdeck pods exec train-x7d2k1ab -c base -- nvidia-smi"
    )]
    Exec(ExecPod),
    /// Which clusters answer, what may not be read there, quotas, and requests made so far
    #[command(after_help = "Example:\n  dagdeck pods health -o json")]
    Health,
    /// Delete pods that were kept; without names all that have ended
    #[command(after_help = "Example:\n  dagdeck pods cleanup --dry-run\n  dagdeck pods cleanup train-x7d2k1ab --force")]
    Cleanup {
        /// Their names
        #[arg(value_name = "POD")]
        names: Vec<String>,
        /// Give up named pods whose node doesn't answer: their containers may run on there
        #[arg(long, requires = "names")]
        force: bool,
        /// Whether to ask
        #[command(flatten)]
        flags: PlanFlags,
    },
}

/// Which pod to render.
#[derive(Debug, Args)]
pub struct RenderPod {
    /// DAG
    #[arg(value_name = "DAG")]
    dag_id: String,
    /// Task, or TASK:INDEX
    #[arg(value_name = "TASK")]
    task_id: String,
    /// Logical date [default: now]
    date: Option<String>,
    /// Index of a mapped task
    #[arg(long, value_name = "N")]
    map_index: Option<MapIndex>,
}

/// Makes a pod: of a DAG, a task, at a logical date (now if `None`), with a map index. Gives the manifest, and sentences
/// about what was done differently from what the file says.
pub type Renderer = fn(&Place, &str, &str, Option<Timestamp>, MapIndex) -> Result<(Value, Vec<String>)>;

/// Runs a verb that needs no renderer; its exit code.
///
/// # Errors
/// `NotFound` for an unknown pod.
pub fn run(verb: PodVerb, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    match verb {
        PodVerb::List { dag_id, all, limit } => {
            let rows = pages::pod::list(&conn, dag_id.as_deref(), all, limit)?;
            let columns = [
                "name",
                "namespace",
                "dag_id",
                "dag_run_id",
                "task_id",
                "map_index",
                "try_number",
                "state",
                "node",
                "why",
            ];
            shell.show_rows(rows, &columns)?;
        }
        PodVerb::Show { name, diff } => return pod_show::show(&name, diff, shell),
        PodVerb::Health => return pod_show::health(shell),
        PodVerb::Events { name } => {
            let (_, pod) = pod_show::found(&conn, &name)?;
            let rows = pages::pod::events(&conn, pod.row.id)?;
            shell.show_rows(rows, &["last_at", "count", "type", "reason", "source", "message"])?;
        }
        PodVerb::Cleanup { names, force, flags } => {
            drop(conn);
            return plan::carry_out(shell, flags, |dry_run| Command::CleanPods {
                names: names.clone(),
                force,
                dry_run,
            });
        }
        PodVerb::Exec(of) => {
            drop(conn);
            return pod_exec::run(&of, shell);
        }
        // It needs a renderer; the program calls it by itself.
        PodVerb::Render(_) => {}
    }
    Ok(0)
}

/// `pods render`; its exit code.
///
/// # Errors
/// `NotFound` for an unknown DAG or task, and what the renderer says.
pub fn render(of: RenderPod, shell: &mut Shell, make: Renderer) -> Result<i32> {
    let conn = target::fresh_dag(shell, &of.dag_id)?;
    let (task_id, index) = split_index(&of.task_id)?;
    let map_index = of.map_index.or(index).unwrap_or(UNMAPPED);
    let at = of.date.map(|text| super::read_time(&text, &shell.place()?.settings)).transpose()?;
    let (mut manifest, warnings) = make(shell.place()?, &of.dag_id, &task_id, at, map_index)?;
    shell.mask(&conn)?.hide_in_manifest(&mut manifest);
    for warning in warnings {
        shell.say(&format!("warning: {warning}"))?;
    }
    match shell.format() {
        // A manifest is YAML to everybody who has met one.
        Format::Table | Format::Plain => shell.text(&yaml::emit(&manifest))?,
        Format::Json | Format::Yaml => shell.document(&manifest)?,
    }
    Ok(0)
}
