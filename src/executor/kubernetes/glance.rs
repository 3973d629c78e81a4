//! Reads a pod's object: phase, containers, times. Pure functions of its JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::facts::Facts;
use crate::model::{Pod, PodEvent, PodSight};

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminated {
    /// Exit code.
    pub exit_code: i64,
    /// One word: `Completed`, `Error`, `OOMKilled`.
    pub reason: String,
    /// Its last words (termination message).
    pub message: String,
    /// When.
    pub finished: Option<Timestamp>,
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or("")
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Name.
pub fn name(pod: &Value) -> &str {
    text(pod, "/metadata/name")
}

/// UID.
pub fn uid(pod: &Value) -> &str {
    text(pod, "/metadata/uid")
}

/// The object of a pod that is gone, as far as its row knows it.
pub fn last_seen(pod: &Pod) -> Value {
    let mut last =
        json!({"metadata": pod.manifest["metadata"], "spec": pod.manifest["spec"], "status": pod.sight.status});
    (last["metadata"]["name"], last["metadata"]["uid"]) = (json!(pod.name), json!(pod.uid));
    last
}

/// Phase.
pub fn phase(pod: &Value) -> &str {
    text(pod, "/status/phase")
}

/// True if it will never run (again).
pub fn is_over(pod: &Value) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// The status of a container, ordinary or init.
pub fn container<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    all_containers(pod).find(|c| c["name"] == name)
}

/// The statuses of all containers, init containers first.
pub fn all_containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(move |list| pod["status"][list].as_array().into_iter().flatten())
}

/// How a container ended, if it has.
pub fn terminated(pod: &Value, name: &str) -> Option<Terminated> {
    let end = &container(pod, name)?["state"]["terminated"];
    end.is_object().then(|| Terminated {
        exit_code: end["exitCode"].as_i64().unwrap_or(-1),
        reason: text(end, "/reason").into(),
        message: text(end, "/message").trim().into(),
        finished: time(&end["finishedAt"]),
    })
}

/// True if a container runs or ran: there may be output.
pub fn has_begun(pod: &Value, name: &str) -> bool {
    container(pod, name).is_some_and(|c| c["state"]["running"].is_object() || c["state"]["terminated"].is_object())
}

/// True if it runs now.
pub fn runs(pod: &Value, name: &str) -> bool {
    container(pod, name).is_some_and(|c| c["state"]["running"].is_object())
}

/// A condition by its type.
pub fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a Value> {
    pod["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind)
}

/// True if a node was found for it.
pub fn is_scheduled(pod: &Value) -> bool {
    condition(pod, "PodScheduled").is_some_and(|c| c["status"] == "True")
}

/// When its deletion was asked for: its time limit less the grace period.
pub fn deletion_asked(pod: &Value) -> Option<Timestamp> {
    let limit = time(&pod["metadata"]["deletionTimestamp"])?;
    let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0);
    limit.checked_sub(jiff::SignedDuration::from_secs(grace)).ok()
}

/// A resource version as a number; `None` if it isn't one.
pub fn version(pod: &Value) -> Option<u64> {
    text(pod, "/metadata/resourceVersion").parse().ok()
}

/// Names of a pod's containers as specified: init containers or ordinary ones.
pub fn names(pod: &Value, init: bool) -> Vec<String> {
    let list = if init { "initContainers" } else { "containers" };
    let all = pod["spec"][list].as_array().into_iter().flatten();
    all.filter_map(|c| c["name"].as_str().map(Into::into)).collect()
}

/// The reason for which a pod's containers failed, by its `status`: that of one that ended badly, else of one that waits;
/// init containers come first (semantics 13).
pub fn failed_reason(status: &Value) -> Option<String> {
    let of_list = |list: &str| {
        let all = status[list].as_array()?;
        let ended = all
            .iter()
            .map(|c| &c["state"]["terminated"])
            .find(|end| end["exitCode"].as_i64().is_some_and(|code| code != 0) && end["reason"] != "Completed");
        let waiting = all.iter().rev().map(|c| &c["state"]["waiting"]).find(|state| state.is_object());
        ended.or(waiting)?["reason"].as_str().map(str::to_string)
    };
    of_list("initContainerStatuses").or_else(|| of_list("containerStatuses"))
}

/// When a container began.
pub fn started_at(pod: &Value, name: &str) -> Option<Timestamp> {
    let state = &container(pod, name)?["state"];
    time(&state["running"]["startedAt"]).or_else(|| time(&state["terminated"]["startedAt"]))
}

/// What people want to know of it.
pub fn sight(pod: &Value, base: &str, events: &[PodEvent], facts: &Facts) -> PodSight {
    PodSight {
        phase: phase(pod).into(),
        node: pod["spec"]["nodeName"].as_str().map(Into::into),
        image_id: container(pod, base).and_then(|c| c["imageID"].as_str()).filter(|i| !i.is_empty()).map(Into::into),
        why: super::pending::why(pod, events, facts),
        status: pod["status"].clone(),
        created_at: time(&pod["metadata"]["creationTimestamp"]),
        scheduled_at: condition(pod, "PodScheduled")
            .filter(|c| c["status"] == "True")
            .and_then(|c| time(&c["lastTransitionTime"])),
        started_at: started_at(pod, base),
        ended_at: terminated(pod, base).and_then(|end| end.finished),
        deleted_at: deletion_asked(pod),
    }
}

/// An event of the cluster.
pub fn event(object: &Value) -> PodEvent {
    let first = |names: &[&str]| names.iter().find_map(|name| time(object.pointer(name)?));
    PodEvent {
        uid: text(object, "/metadata/uid").into(),
        first_at: first(&["/firstTimestamp", "/eventTime", "/metadata/creationTimestamp"]),
        last_at: first(&["/lastTimestamp", "/series/lastObservedTime", "/eventTime", "/metadata/creationTimestamp"]),
        count: object["count"].as_i64().or_else(|| object["series"]["count"].as_i64()).unwrap_or(1),
        level: text(object, "/type").into(),
        reason: text(object, "/reason").into(),
        message: text(object, "/message").into(),
        source: match text(object, "/source/component") {
            "" => text(object, "/reportingComponent").into(),
            component => component.into(),
        },
    }
}
