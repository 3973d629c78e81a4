//! The plan of deleting pods that were kept, and of giving up one that nobody can tell anything of.

use rusqlite::Transaction;
use serde_json::json;

use super::prepared::{Deed, Prepared};
use crate::{
    error::{Error, Result},
    model::{Pod, PodStage},
    store,
};

/// Deletes the named pods, or all that were kept and have ended. With `force` a named pod may be one that its task still waits
/// for: it is given up.
pub fn clean(tx: &Transaction<'_>, names: &[String], force: bool) -> Result<Prepared> {
    let (mut kept, mut given_up) = (Vec::new(), Vec::new());
    if names.is_empty() {
        let ended = |pod: &Pod| matches!(pod.sight.phase.as_str(), "Succeeded" | "Failed");
        kept.extend(store::pod::kept(tx)?.into_iter().filter(ended));
    }
    for name in names {
        let Some(pod) = store::pod::named(tx, name)?.into_iter().next() else {
            return Err(Error::not_found(format!("there is no pod {name:?}"))
                .hint("`dagdeck pods list --all` names all that are known"));
        };
        match pod.stage {
            PodStage::Done if pod.sight.deleted_at.is_none() && pod.uid.is_some() => kept.push(pod),
            PodStage::Done => return Err(Error::refused(format!("pod {name} is gone already"))),
            PodStage::Created if force => given_up.push(pod),
            _ => {
                return Err(Error::refused(format!(
                    "task {} of run {} still waits for pod {name}",
                    pod.key.task_id, pod.run_id
                ))
                .hint(
                    "`dagdeck tasks stop` ends the task and its pod; --force gives up a pod whose node doesn't answer",
                ));
            }
        }
    }
    let of = |pod: &Pod| {
        format!(
            "pod {} in {} (run {} of {}, task {})",
            pod.name, pod.namespace, pod.run_id, pod.dag_id, pod.key.task_id
        )
    };
    let mut effects: Vec<String> = kept.iter().map(|pod| format!("{} is deleted", of(pod))).collect();
    effects.extend(given_up.iter().map(|pod| {
        format!(
            "{} is removed without waiting for its node: its containers may run on there while its task is tried again",
            of(pod)
        )
    }));
    Ok(Prepared {
        document: json!({"task_instances": [], "dag_runs": [], "effects": effects}),
        basis: kept.iter().chain(&given_up).map(|pod| format!("pod {} is {}", pod.id, pod.stage)).collect(),
        deed: Deed::CleanPods {
            kept: kept.iter().map(|pod| pod.id).collect(),
            given_up: given_up.iter().map(|pod| pod.id).collect(),
        },
    })
}
