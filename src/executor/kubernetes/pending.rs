//! Why a pod doesn't run, in one line, in the cluster's own words; and which of these reasons will never go away.

use serde_json::Value;

use super::{
    facts::{self, Facts},
    glance, words,
};
use crate::model::{Cause, CauseKind, PodEvent, quantity, time::plus_seconds};

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
pub fn why(pod: &Value, events: &[PodEvent], facts: &Facts) -> Option<String> {
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
        return Some(not_scheduled(pod, condition["message"].as_str().unwrap_or("no node was found"), facts));
    }
    for container in glance::all_containers(pod) {
        let waiting = &container["state"]["waiting"];
        let reason = waiting["reason"].as_str().unwrap_or("");
        if !matches!(reason, "" | "PodInitializing" | "ContainerCreating") {
            return Some(waits(container, reason, waiting["message"].as_str().unwrap_or(""), events));
        }
    }
    if glance::phase(pod) != "Pending" {
        return None;
    }
    if !glance::is_scheduled(pod) {
        let scheduler = pod["spec"]["schedulerName"].as_str().unwrap_or("default-scheduler");
        return Some(format!("not scheduled: {scheduler} has not looked at it yet"));
    }
    let claims = unbound(pod, facts).map(|claims| format!("; {claims}")).unwrap_or_default();
    let said = match events.iter().max_by_key(|e| e.last_at.map(jiff::Timestamp::as_second)) {
        Some(e) if e.reason == "Pulling" => match e.last_at {
            Some(at) => {
                format!("{} since {}", e.message.replacen("Pulling image", "pulling", 1), clock(at))
            }
            None => e.message.clone(),
        },
        Some(e) if e.level == "Warning" => format!("{}: {}", e.reason, words::of_mount(&e.message)),
        _ if glance::all_containers(pod).next().is_none() => {
            let node = pod["spec"]["nodeName"].as_str().unwrap_or("?");
            format!("node {node} has not taken it up yet")
        }
        _ => initializing(pod).unwrap_or_else(|| "its containers are being created".into()),
    };
    Some(format!("{said}{claims}"))
}

/// The scheduler's words, with what is known of claims and of what nodes have left.
fn not_scheduled(pod: &Value, message: &str, facts: &Facts) -> String {
    let mut text = format!("not scheduled: {}", words::of_scheduler(message));
    if let Some(claims) = unbound(pod, facts) {
        text += &format!("; {claims}");
    }
    let asked = facts::requested(&pod["spec"]);
    let mut is_short = false;
    for (name, amount) in asked.iter().filter(|(name, _)| message.contains(&format!("Insufficient {name}"))) {
        is_short = true;
        let Some(free) = facts.free.get(name) else { continue };
        let of = |n: f64| quantity::of_resource(name, n);
        let left = match &free.best {
            None => "no node has any".to_string(),
            Some((node, most)) if free.nodes > 1 => {
                format!(
                    "{} of {} free, at most {} on one node ({node})",
                    of(free.free),
                    of(free.allocatable),
                    of(*most)
                )
            }
            Some((node, _)) => format!("{} of {} free ({node})", of(free.free), of(free.allocatable)),
        };
        text += &format!("; {name}: {} asked for, {left}", of(*amount));
    }
    if is_short && let Some(hidden) = &facts.free_hidden {
        text += &format!("; what is free isn't known: {hidden}");
    }
    text
}

/// The claims of a pod with which something is wrong.
fn unbound(pod: &Value, facts: &Facts) -> Option<String> {
    let of = |name: String| Some(format!("claim {name}: {}", facts.claims.get(&name).filter(|why| !why.is_empty())?));
    let all: Vec<String> = facts::claims_of(pod).into_iter().filter_map(of).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Which init container it waits for.
fn initializing(pod: &Value) -> Option<String> {
    let all = pod["status"]["initContainerStatuses"].as_array()?;
    let running = all.iter().find(|c| c["state"]["running"].is_object() && c["started"] != true)?;
    Some(format!("init container {} runs", running["name"].as_str().unwrap_or("?")))
}

/// What a container waits for. Of an image's pull: since when, how often, and when it is tried again.
fn waits(container: &Value, reason: &str, message: &str, events: &[PodEvent]) -> String {
    let name = container["name"].as_str().unwrap_or("?");
    if !matches!(reason, "ErrImagePull" | "ImagePullBackOff") {
        return format!("container {name}: {reason}: {message}");
    }
    let image = container["image"].as_str().unwrap_or("?");
    let about = |e: &&PodEvent| e.message.contains(image);
    let pulls = events.iter().filter(|e| e.reason == "Pulling").find(about);
    let told = pulls.and_then(|e| Some((e.first_at?, e.last_at?, e.count.max(1)))).map(|(first, last, count)| {
        let pause = BACK_OFF.saturating_mul(1 << (count - 1).clamp(0, 5)).min(LONGEST_BACK_OFF);
        let next = if reason == "ImagePullBackOff" {
            format!(", next about {}", clock(plus_seconds(last, pause as f64)))
        } else {
            String::new()
        };
        format!(" since {} ({} tries{next})", clock(first), count)
    });
    // The pull's own error follows what says that there is a pause.
    let failed = events.iter().filter(|e| e.reason == "Failed" && e.message.starts_with("Failed to pull")).find(about);
    let own = failed.map_or(message, |e| e.message.as_str());
    let own = own.split_once("\": ").map_or(own, |(_, error)| error).trim();
    format!("container {name}: image {image} can't be pulled{}: {reason}: {own}", told.unwrap_or_default())
}

/// Seconds before an image is tried again: doubled each time, up to a longest (kubelet's defaults).
const BACK_OFF: i64 = 10;
const LONGEST_BACK_OFF: i64 = 300;

fn clock(at: jiff::Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// True if the cluster has lost the pod's node: it takes the pod for not ready, though its containers were.
pub fn is_node_silent(pod: &Value) -> bool {
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
pub fn too_late(pod: &Value, events: &[PodEvent], facts: &Facts, seconds: f64) -> Cause {
    let reason = why(pod, events, facts).unwrap_or_else(|| "no reason is known".into());
    let (kind, text) = if glance::is_scheduled(pod) {
        let kind = if reason.contains("ImagePull") || reason.starts_with("pulling") {
            CauseKind::Image
        } else if reason.contains("FailedMount") || reason.contains("FailedAttach") {
            CauseKind::Mount
        } else {
            CauseKind::Start
        };
        (kind, format!("the pod took too long to start, more than {seconds} s: {reason}"))
    } else {
        let reason = reason.trim_start_matches("not scheduled: ");
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
        let facts = Facts::default();
        assert!(why(&pod, &[], &facts).unwrap().contains("node n1 doesn't answer"));
        pod["status"]["conditions"][0]["status"] = json!("True");
        assert_eq!(why(&pod, &[], &facts), None);
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

    fn event(reason: &str, level: &str, first: i64, last: i64, count: i64, message: &str) -> PodEvent {
        let at = |second| jiff::Timestamp::from_second(second).ok();
        PodEvent {
            uid: format!("{reason}{first}"),
            first_at: at(first),
            last_at: at(last),
            count,
            level: level.into(),
            reason: reason.into(),
            message: message.into(),
            source: "kubelet".into(),
        }
    }

    #[test]
    fn a_pod_without_a_node_says_what_is_free_and_which_claim_is_unbound() {
        let message = "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint {a: b}. preemption: none";
        let pod = json!({"metadata": {}, "spec": {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
            "containers": [{"name": "base", "resources": {"limits": {"nvidia.com/gpu": 4, "memory": "1Gi"}}}]},
            "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "message": message}]}});
        let mut facts = Facts::default();
        assert_eq!(
            why(&pod, &[], &facts).unwrap(),
            "not scheduled: 0/2 nodes: 1 insufficient nvidia.com/gpu, 1 taint a=b"
        );
        facts.claims.insert("data".into(), "pending: no storage class".into());
        let free = facts::Free { allocatable: 16.0, free: 3.0, best: Some(("n1".into(), 2.0)), nodes: 2 };
        facts.free.insert("nvidia.com/gpu".into(), free);
        assert_eq!(
            why(&pod, &[], &facts).unwrap(),
            "not scheduled: 0/2 nodes: 1 insufficient nvidia.com/gpu, 1 taint a=b; claim data: pending: no storage class; \
             nvidia.com/gpu: 4 asked for, 3 of 16 free, at most 2 on one node (n1)"
        );
        facts.free.clear();
        facts.free_hidden = Some("nodes may not be listed".into());
        assert!(why(&pod, &[], &facts).unwrap().ends_with("what is free isn't known: nodes may not be listed"));
    }

    #[test]
    fn a_pull_says_since_when_and_when_again() {
        let waiting = json!({"reason": "ImagePullBackOff", "message": "Back-off pulling image \"x:1\""});
        let scheduled = json!([{"type": "PodScheduled", "status": "True"}]);
        let mut pod = json!({"metadata": {}, "spec": {}, "status": {"phase": "Pending", "conditions": scheduled,
            "containerStatuses": [{"name": "base", "image": "x:1", "state": {"waiting": waiting}}]}});
        let events = [
            event("Pulling", "Normal", 0, 60, 3, "Pulling image \"x:1\""),
            event("Failed", "Warning", 1, 61, 3, "Failed to pull image \"x:1\": 429 Too Many Requests"),
        ];
        assert_eq!(
            why(&pod, &events, &Facts::default()).unwrap(),
            "container base: image x:1 can't be pulled since 00:00:00Z (3 tries, next about 00:01:40Z): ImagePullBackOff: \
             429 Too Many Requests"
        );
        pod["status"]["containerStatuses"][0]["state"] = json!({"waiting": {"reason": "ContainerCreating"}});
        let creating = pod.clone();
        let says = |events: &[PodEvent]| why(&creating, events, &Facts::default()).unwrap();
        assert_eq!(says(&events[..1]), "pulling \"x:1\" since 00:01:00Z");
        let mount = "MountVolume.SetUp failed for volume \"s\" : secret \"key\" not found";
        let events = [event("Scheduled", "Normal", 0, 0, 1, "ok"), event("FailedMount", "Warning", 1, 9, 5, mount)];
        assert_eq!(says(&events), "FailedMount: secret \"key\" not found (volume s)");
        assert_eq!(says(&[]), "its containers are being created");
        pod["spec"]["nodeName"] = json!("n1");
        pod["status"]["containerStatuses"] = json!([]);
        assert_eq!(why(&pod, &[], &Facts::default()).unwrap(), "node n1 has not taken it up yet");
        pod["status"]["conditions"] = json!([]);
        assert_eq!(
            why(&pod, &[], &Facts::default()).unwrap(),
            "not scheduled: default-scheduler has not looked at it yet"
        );
        assert_eq!(why(&json!({"status": null}), &[], &Facts::default()), None);
    }
}
