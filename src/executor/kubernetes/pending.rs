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
    let is_asked = glance::deletion_asked(pod).is_some();
    if is_node_silent(pod) {
        let node = pod["spec"]["nodeName"].as_str().unwrap_or("?");
        let what = if is_asked { "it is to be deleted, but " } else { "" };
        return Some(format!("{what}node {node} doesn't answer: nobody can tell whether its containers still run"));
    }
    if is_asked {
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

/// True if the cluster has lost the pod's node: it takes the pod for not ready, though its containers were.
fn is_node_silent(pod: &Value) -> bool {
    let is = |kind: &str, status: &str| glance::condition(pod, kind).is_some_and(|c| c["status"] == status);
    let without_reason = glance::condition(pod, "Ready").is_some_and(|c| c["reason"].is_null());
    is("Ready", "False") && without_reason && is("ContainersReady", "True")
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_on_a_node_that_is_silent_says_so() {
        let condition = |kind: &str, status: &str| json!({"type": kind, "status": status});
        let conditions = [condition("Ready", "False"), condition("ContainersReady", "True")];
        let mut pod = json!({"spec": {"nodeName": "n1"}, "metadata": {}, "status": {"phase": "Running", "conditions": conditions}});
        assert!(why(&pod, &[]).unwrap().contains("node n1 doesn't answer"));
        pod["status"]["conditions"][0]["status"] = json!("True");
        assert_eq!(why(&pod, &[]), None);
    }

    #[test]
    fn an_image_that_may_come_later_is_waited_for() {
        let pod = |message: &str| {
            let waiting = json!({"reason": "ImagePullBackOff", "message": message});
            json!({"status": {"phase": "Pending", "containerStatuses": [{"name": "base", "image": "x:1", "state": {"waiting": waiting}}]}})
        };
        assert!(hopeless(&pod("429 Too Many Requests")).is_none());
        let cause = hopeless(&pod("not found")).unwrap();
        assert_eq!((cause.kind, cause.summary.contains("image x:1")), (CauseKind::Image, true));
    }
}
