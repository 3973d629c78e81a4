//! Who ended a pod from outside, as far as the cluster says: a condition or an event names what did it. Nothing in the cluster
//! but the API server's audit log says which person asked for a deletion: not the object's `managedFields` either (1.34).

use serde_json::Value;

use super::{
    api::{Api, Trouble},
    glance,
    pending::is_node_silent,
};
use crate::model::{Cause, CauseKind, PodEvent};

/// Reasons of the condition `DisruptionTarget`, the kind that they are, and what they mean.
const REASONS: [(&str, CauseKind, &str); 5] = [
    (
        "PreemptionByScheduler",
        CauseKind::Preempted,
        "preempted by the cluster's scheduler for a pod of higher priority",
    ),
    (
        "EvictionByEvictionAPI",
        CauseKind::Evicted,
        "evicted through the eviction API (a drained node, an autoscaler, a person)",
    ),
    ("DeletionByTaintManager", CauseKind::Evicted, "evicted for a taint of its node that it doesn't tolerate"),
    ("DeletionByPodGC", CauseKind::NodeLost, "removed by the pod garbage collector"),
    ("TerminationByKubelet", CauseKind::Evicted, "evicted by its node"),
];

/// Reasons of events that name who ended a pod, and the kind that they are.
const EVENTS: [(&str, CauseKind); 4] = [
    ("TaintManagerEviction", CauseKind::Evicted),
    ("Preempted", CauseKind::Preempted),
    ("Evicted", CauseKind::Evicted),
    ("NodeShutdown", CauseKind::Evicted),
];

fn cause(kind: CauseKind, text: String) -> Cause {
    Cause::new(kind, text).exception("AirflowException")
}

/// What the cluster itself did to a pod, if its conditions say so.
pub fn disruption(pod: &Value, events: &[PodEvent]) -> Option<Cause> {
    let target = glance::condition(pod, "DisruptionTarget").filter(|c| c["status"] == "True")?;
    let (reason, message) = (target["reason"].as_str().unwrap_or("?"), target["message"].as_str().unwrap_or(""));
    let known = REASONS.iter().find(|(name, _, _)| *name == reason);
    let (kind, words) = known.map_or((CauseKind::Evicted, "evicted"), |(_, kind, words)| (*kind, *words));
    let kind = match reason {
        "DeletionByTaintManager" if is_node_silent(pod) => CauseKind::NodeLost,
        _ => kind,
    };
    // Who it was preempted for, only the event says.
    let by = events.iter().rev().find(|event| event.reason == "Preempted" && kind == CauseKind::Preempted);
    let message = by.map_or(message, |event| &event.message);
    let silent = if kind == CauseKind::NodeLost { "; its node didn't answer" } else { "" };
    Some(cause(kind, format!("the pod was {words} ({reason}): {message}{silent}")))
}

/// Its object was deleted, by whom conditions or events may say.
pub fn deleted(pod: &Value, events: &[PodEvent]) -> Cause {
    if let Some(cause) = disruption(pod, events) {
        return cause;
    }
    let kind_of = |event: &PodEvent| EVENTS.iter().find(|(reason, _)| *reason == event.reason).map(|(_, kind)| *kind);
    match events.iter().rev().find_map(|event| Some((event, kind_of(event)?))) {
        Some((event, kind)) => {
            let kind = if is_node_silent(pod) { CauseKind::NodeLost } else { kind };
            cause(kind, format!("the pod was deleted by {}: {}: {}", event.source, event.reason, event.message))
        }
        None if is_node_silent(pod) => {
            let text = "the pod was deleted before its end was known; its node didn't answer";
            cause(CauseKind::NodeLost, text.into())
        }
        None => {
            let text = "someone deleted the pod before its end was known; who, only the API server's audit log says";
            cause(CauseKind::PodDeleted, text.into())
        }
    }
}

/// A pod whose end nobody saw, since a person gave it up.
pub fn given_up(cause: Cause) -> Cause {
    let text = "a person gave the pod up: its containers may still run";
    match cause.kind {
        CauseKind::PodDeleted => Cause { summary: text.into(), ..cause },
        CauseKind::NodeLost => Cause { summary: format!("{text}; its node didn't answer"), ..cause },
        // It had ended all the same.
        _ => cause,
    }
}

/// A pod that someone deleted: what more can be asked about that. Its namespace may be on its way out.
pub async fn asked_about(known: Cause, api: &Api, namespace: &str) -> Cause {
    if known.kind != CauseKind::PodDeleted {
        return known;
    }
    let is_going = match api.namespace().await {
        Ok(found) => found["metadata"]["deletionTimestamp"].is_string(),
        Err(Trouble::Refused { code: 404, .. }) => true,
        Err(_) => false,
    };
    if !is_going {
        return known;
    }
    cause(CauseKind::PodDeleted, format!("the pod was deleted with its namespace {namespace}, which someone deletes"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(source: &str, reason: &str, message: &str) -> PodEvent {
        let text =
            json!({"metadata": {"uid": reason}, "source": {"component": source}, "reason": reason, "message": message});
        glance::event(&text)
    }

    fn told(pod: &Value, events: &[PodEvent]) -> (CauseKind, String) {
        let cause = deleted(pod, events);
        (cause.kind, cause.summary)
    }

    /// As Kubernetes 1.34 writes them.
    #[test]
    fn conditions_and_events_name_who_it_was() {
        let pod = |reason: &str, message: &str| {
            json!({"metadata": {"name": "p"}, "status": {"conditions":
                [{"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}]}})
        };
        let preempted =
            pod("PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod");
        let by = event("default-scheduler", "Preempted", "Preempted by pod 138a59ac on node node1");
        let (kind, text) = told(&preempted, std::slice::from_ref(&by));
        assert_eq!(kind, CauseKind::Preempted);
        assert!(text.ends_with("(PreemptionByScheduler): Preempted by pod 138a59ac on node node1"), "{text}");
        assert!(told(&preempted, &[]).1.ends_with("preempting to accommodate a higher priority pod"));
        let evicted = told(&pod("EvictionByEvictionAPI", "Eviction API: evicting"), &[]);
        assert!(evicted.0 == CauseKind::Evicted && evicted.1.contains("eviction API"), "{evicted:?}");
        let tainted = pod("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
        assert_eq!(told(&tainted, &[]).0, CauseKind::Evicted);
        let mut silent = tainted.clone();
        let ready = |kind: &str, status: &str| json!({"type": kind, "status": status});
        let conditions = [ready("Ready", "False"), ready("ContainersReady", "True")];
        silent["status"]["conditions"].as_array_mut().unwrap().extend(conditions.clone());
        assert_eq!(told(&silent, &[]).0, CauseKind::NodeLost);
        assert_eq!(told(&pod("DeletionByPodGC", "node gone"), &[]).0, CauseKind::NodeLost);
        assert_eq!(told(&pod("Another", "x"), &[]).1, "the pod was evicted (Another): x");
        let nothing = json!({"metadata": {"name": "p"}});
        assert_eq!(told(&nothing, &[by]).0, CauseKind::Preempted);
        let silent = json!({"metadata": {"name": "p"}, "status": {"conditions": conditions}});
        assert_eq!(told(&silent, &[]).0, CauseKind::NodeLost);
        let gone = given_up(deleted(&silent, &[]));
        assert_eq!(gone.summary, "a person gave the pod up: its containers may still run; its node didn't answer");
        assert_eq!(given_up(deleted(&nothing, &[])).kind, CauseKind::PodDeleted);
        assert!(told(&nothing, &[]).1.contains("audit log"));
    }
}
