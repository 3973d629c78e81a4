//! `tasks usage`: what the pods of tasks ask for, and what they used over the last runs.

use clap::Args;
use serde_json::{Value, json};

use super::{pod_show, shell::Shell, target};
use crate::{
    error::{Error, Result},
    store::{self, screens::pod},
};

/// A DAG, or one task of it.
#[derive(Debug, Args)]
pub struct Usage {
    /// DAG
    #[arg(value_name = "DAG")]
    dag_id: String,
    /// Only this task
    #[arg(value_name = "TASK")]
    task_id: Option<String>,
}

/// Runs it; its exit code.
///
/// # Errors
/// `NotFound` if a task is named that has had no pod.
pub fn run(of: Usage, shell: &mut Shell) -> Result<i32> {
    let conn = target::fresh_dag(shell, &of.dag_id)?;
    let known = store::pod::tasks(&conn, &of.dag_id)?;
    let tasks = match of.task_id {
        Some(task) if known.contains(&task) => vec![task],
        Some(task) => {
            return Err(Error::not_found(format!("task {task} of {} has had no pod yet", of.dag_id)).hint(
                "only what runs in Kubernetes is measured, where the cluster has a metrics API (`dagdeck pods health`)",
            ));
        }
        None => known,
    };
    let mut rows = Vec::new();
    for task in tasks {
        for used in pod::of_task(&conn, &of.dag_id, &task)? {
            let mut row = json!({"dag_id": of.dag_id, "task_id": task});
            if let (Value::Object(row), Value::Object(facts)) = (&mut row, pod_show::task_use(&used)) {
                row.extend(facts);
            }
            rows.push(row);
        }
    }
    if rows.is_empty() {
        for h in store::pod::health(&conn)?.into_iter().filter(|h| h.what == "metrics" && h.state != "ok") {
            shell.say(&format!("nothing is measured in {} of {}: {}", h.namespace, h.cluster, h.message))?;
        }
    }
    shell.show_rows(rows, &["task_id", "container", "summary"])?;
    Ok(0)
}
