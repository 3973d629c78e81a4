//! Why a pod doesn't run, in one line, in the cluster's own words; and which of these reasons will never go away.

use serde_json::Value;

use super::glance;
use crate::model::{Cause, CauseKind, PodEvent};

/// Words in a pull's error that mean "later" (the provider's list, 10.25.0).
const PASSING: &[&str] = &[
    "pull qps exceeded",
    "rate limit",
    "too many requests",
    "quota exceeded",
    "temporarily unavailable",
    "timeout",
    "account limit",
    "bad gateway",
    "service unavailable",
    "gateway timeout",
];

/// Why it waits; `None` if it runs, or is over.
pub fn why(pod: &Value, events: &[PodEvent]) -> Option<String> {
    if glance::is_over(pod) {
        return None;
    }
    if let Some(ready) = glance::condition(pod, "Ready")
        && ready["reason"] == "NodeNotReady"
    {
        let node = pod["spec"]["nodeName"].as_str().unwrap_or("?");
        return Some(format!("node {node} is not ready: nobody can tell whether its containers still run"));
    }
    if glance::deletion_asked(pod).is_some() {
        return Some("it is being deleted".into());
    }
    if glance::phase(pod) == "Running" {
        return None;
    }
    if let Some(condition) = glance::condition(pod, "PodScheduled").filter(|c| c["status"] == "False") {
        let message = condition["message"].as_str().unwrap_or("no node was found");
        return Some(format!("not scheduled: {message}"));
    }
    for container in glance::all_containers(pod) {
        let waiting = &container["state"]["waiting"];
        let reason = waiting["reason"].as_str().unwrap_or("");
        if matches!(reason, "" | "PodInitializing" | "ContainerCreating") {
            continue;
        }
        let message = waiting["message"].as_str().unwrap_or("");
        return Some(format!("container {}: {reason}: {message}", container["name"].as_str().unwrap_or("?")));
    }
    if let Some(event) = events.iter().rev().find(|e| e.level == "Warning" || e.reason == "Pulling") {
        return Some(format!("{}: {}", event.reason, event.message));
    }
    glance::is_scheduled(pod).then(|| "its containers are being created".to_string())
}

/// The reason for which it can never start: an image that can't be had.
pub fn hopeless(pod: &Value) -> Option<Cause> {
    for container in glance::all_containers(pod) {
        let waiting = &container["state"]["waiting"];
        let (reason, message) = (waiting["reason"].as_str().unwrap_or(""), waiting["message"].as_str().unwrap_or(""));
        let lower = message.to_lowercase();
        let fatal = match reason {
            "InvalidImageName" | "ErrImageNeverPull" => true,
            "ErrImagePull" | "ImagePullBackOff" => !PASSING.iter().any(|word| lower.contains(word)),
            _ => false,
        };
        if fatal {
            let (name, image) = (container["name"].as_str().unwrap_or("?"), container["image"].as_str().unwrap_or("?"));
            let text = format!("container {name}: image {image} cannot be pulled ({reason}): {message}");
            return Some(Cause::new(CauseKind::Image, text).exception("AirflowException"));
        }
    }
    None
}

/// The cause when its time to be scheduled or to start is over.
pub fn too_late(pod: &Value, events: &[PodEvent], seconds: f64) -> Cause {
    let reason = why(pod, events).unwrap_or_else(|| "no reason is known".into());
    let (kind, text) = if glance::is_scheduled(pod) {
        let kind = if reason.contains("ImagePull") || reason.contains("Pulling") {
            CauseKind::Image
        } else if reason.contains("FailedMount") || reason.contains("FailedAttach") {
            CauseKind::Mount
        } else {
            CauseKind::Start
        };
        (kind, format!("the pod took too long to start, more than {seconds} s: {reason}"))
    } else {
        (CauseKind::Unschedulable, format!("the pod was not scheduled within {seconds} s: {reason}"))
    };
    Cause::new(kind, text).exception("AirflowException")
}
