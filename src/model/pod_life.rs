//! The phases of a pod's life with their times, from what was seen of it and what the cluster said about it.

use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;

use super::{
    PodEvent, PodSight,
    time::{rfc3339, seconds_between},
};

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// `created`, `scheduled`, `pulling`, `pulled`, `initialized`, `started`, `ended`, `deleted`.
    pub name: &'static str,
    /// When.
    pub at: Timestamp,
    /// What is to be said about it: the node, the image, how long its pull took.
    pub note: String,
}

/// How a pull took, in the kubelet's own words.
static TOOK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"image "([^"]+)" in ([0-9][0-9a-zµ.]*)"#).ok());
static SIZE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"Image size: ([0-9]+) bytes").ok());

/// All steps that are known, in the order of their times.
pub fn phases(sight: &PodSight, events: &[PodEvent]) -> Vec<Phase> {
    let mut found: Vec<(usize, Phase)> = Vec::new();
    let mut add = |rank, name, at: Option<Timestamp>, note: String| {
        if let Some(at) = at {
            found.push((rank, Phase { name, at, note }));
        }
    };
    add(0, "created", sight.created_at, String::new());
    add(1, "scheduled", sight.scheduled_at, sight.node.clone().unwrap_or_default());
    // The first pull that began and the last one that ended: what lies between is the wait for images.
    let of = |reason: &str| events.iter().filter(|e| e.reason == reason).collect::<Vec<_>>();
    let pulling = of("Pulling");
    add(2, "pulling", pulling.first().and_then(|e| e.first_at), image_of(pulling.first().map_or("", |e| &e.message)));
    let pulled = of("Pulled");
    let last = pulled.iter().max_by_key(|e| e.last_at);
    add(3, "pulled", last.and_then(|e| e.last_at), pulls(&pulled));
    add(4, "initialized", initialized(&sight.status), String::new());
    add(5, "started", sight.started_at, String::new());
    add(6, "ended", sight.ended_at, String::new());
    add(7, "deleted", sight.deleted_at, String::new());
    // Kubernetes' times are whole seconds: equal ones keep the order in which these things happen.
    found.sort_by_key(|(rank, phase)| (phase.at.as_second(), *rank));
    found.into_iter().map(|(_, phase)| phase).collect()
}

/// When the init containers were through; `None` for a pod without any.
fn initialized(status: &Value) -> Option<Timestamp> {
    let has_init = status["initContainerStatuses"].as_array().is_some_and(|all| !all.is_empty());
    let conditions = status["conditions"].as_array()?;
    let condition = conditions.iter().find(|c| c["type"] == "Initialized" && c["status"] == "True")?;
    condition["lastTransitionTime"].as_str().filter(|_| has_init)?.parse().ok()
}

fn image_of(message: &str) -> String {
    message.split('"').nth(1).unwrap_or_default().to_string()
}

/// How long each image's pull took, and its size; what was there already took nothing.
fn pulls(events: &[&PodEvent]) -> String {
    let one = |event: &&PodEvent| {
        let found = TOOK.as_ref()?.captures(&event.message)?;
        let size = SIZE.as_ref().and_then(|re| re.captures(&event.message)).and_then(|s| s[1].parse::<f64>().ok());
        let size = size.map(|bytes| format!(", {}", super::quantity::bytes(bytes))).unwrap_or_default();
        Some(format!("{} in {}{size}", &found[1], &found[2]))
    };
    let pulled: Vec<String> = events.iter().filter_map(one).collect();
    match pulled.is_empty() {
        true if events.is_empty() => String::new(),
        true => "already on the node".into(),
        false => pulled.join("; "),
    }
}

/// One line: `created 03:51:10 > scheduled +0:41 > pulled +1:12`.
pub fn line(phases: &[Phase]) -> String {
    let Some(first) = phases.first() else { return String::new() };
    let mut out = format!("{} {}", first.name, rfc3339(first.at));
    for phase in &phases[1..] {
        let seconds = seconds_between(first.at, phase.at).max(0.0) as u64;
        out += &format!(" > {} +{}:{:02}", phase.name, seconds / 60, seconds % 60);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(text: &str) -> Option<Timestamp> {
        Some(format!("2026-01-01T03:{text}Z").parse().unwrap())
    }

    fn event(reason: &str, when: &str, message: &str) -> PodEvent {
        PodEvent {
            uid: when.into(),
            first_at: at(when),
            last_at: at(when),
            count: 1,
            level: "Normal".into(),
            reason: reason.into(),
            message: message.into(),
            source: "kubelet".into(),
        }
    }

    #[test]
    fn a_life_is_told_in_order_with_the_pulls() {
        let status = json!({"initContainerStatuses": [{"name": "fetch"}],
            "conditions": [{"type": "Initialized", "status": "True", "lastTransitionTime": "2026-01-01T03:52:24Z"}]});
        let sight = PodSight {
            node: Some("gpu-1".into()),
            status,
            created_at: at("51:10"),
            scheduled_at: at("51:51"),
            started_at: at("52:25"),
            ended_at: at("54:00"),
            ..PodSight::default()
        };
        let size =
            "Successfully pulled image \"x:1\" in 31.2s (31.2s including waiting). Image size: 6549825126 bytes.";
        let events = [event("Pulling", "51:51", "Pulling image \"x:1\""), event("Pulled", "52:22", size)];
        let found = phases(&sight, &events);
        let names: Vec<&str> = found.iter().map(|p| p.name).collect();
        assert_eq!(names, ["created", "scheduled", "pulling", "pulled", "initialized", "started", "ended"]);
        assert_eq!((found[1].note.as_str(), found[3].note.as_str()), ("gpu-1", "x:1 in 31.2s, 6.1Gi"));
        assert_eq!(line(&found[..4]), "created 2026-01-01T03:51:10Z > scheduled +0:41 > pulling +0:41 > pulled +1:12");
    }

    #[test]
    fn an_image_that_is_there_is_not_pulled() {
        let there = event("Pulled", "51:52", "Container image \"x:1\" already present on machine");
        let found = phases(&PodSight::default(), &[there]);
        assert_eq!((found[0].name, found[0].note.as_str()), ("pulled", "already on the node"));
        assert!(phases(&PodSight::default(), &[]).is_empty());
    }
}
