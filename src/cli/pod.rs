//! `pods`: what tasks run in Kubernetes.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    later::{Words, not_yet},
    shell::{Format, Shell},
    target::{self, split_index},
    yaml,
};
use crate::{
    config::Place,
    error::Result,
    model::{MapIndex, UNMAPPED},
};

/// Verbs of `pods`.
#[derive(Debug, Subcommand)]
pub enum PodVerb {
    /// The manifest that a task would send, templates rendered
    #[command(after_help = "Example:\n  dagdeck pods render churn train 2026-01-01 -o yaml")]
    Render(RenderPod),
    /// Pods of tasks (not yet in this version)
    #[command(after_help = "Example:\n  dagdeck pods list")]
    List(Words),
    /// One pod (not yet in this version)
    #[command(after_help = "Example:\n  dagdeck pods show train-x7d2k1ab")]
    Show(Words),
    /// Events of a pod (not yet in this version)
    #[command(after_help = "Example:\n  dagdeck pods events train-x7d2k1ab")]
    Events(Words),
    /// Delete pods that nobody needs (not yet in this version)
    #[command(after_help = "Example:\n  dagdeck pods cleanup --dry-run")]
    Cleanup(Words),
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
/// `NotYet`.
pub fn run(verb: &PodVerb) -> Result<i32> {
    let name = match verb {
        PodVerb::Render(_) => "render",
        PodVerb::List(_) => "list",
        PodVerb::Show(_) => "show",
        PodVerb::Events(_) => "events",
        PodVerb::Cleanup(_) => "cleanup",
    };
    Err(not_yet(&format!("pods {name}")))
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
    shell.mask(&conn)?.hide(&mut manifest);
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
