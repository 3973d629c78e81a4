//! What is known around pods that wait: claims, quotas, what nodes have left; and how the API's objects say it. Pure
//! functions of their JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::{Quota, Sample, quantity};

/// Known of a namespace and its cluster; what isn't asked for or may not be read is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// Claims by name: what is wrong with them; nothing for one that is bound.
    pub claims: BTreeMap<String, String>,
    /// Resources that waiting pods ask for, by name.
    pub free: BTreeMap<String, Free>,
    /// Why `free` isn't known.
    pub free_hidden: Option<String>,
}

/// One resource on all nodes that take pods.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Free {
    /// What all nodes have for pods.
    pub allocatable: f64,
    /// What isn't requested of it.
    pub free: f64,
    /// Most that one node has left, and which.
    pub best: Option<(String, f64)>,
    /// Nodes that have any of it.
    pub nodes: usize,
}

/// What a pod asks of a node, by resource: its containers together, or one init container if that asks for more.
pub fn requested(spec: &Value) -> BTreeMap<String, f64> {
    let of = |container: &Value| -> Vec<(String, f64)> {
        let resources = &container["resources"];
        let mut all: BTreeMap<String, f64> = BTreeMap::new();
        // What has a limit and no request is requested in that height.
        for kind in ["limits", "requests"] {
            let pairs = resources[kind].as_object().into_iter().flatten();
            all.extend(pairs.filter_map(|(name, amount)| Some((name.clone(), quantity::of(amount)?))));
        }
        all.into_iter().collect()
    };
    let list = |name: &str| spec[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut sum: BTreeMap<String, f64> = BTreeMap::new();
    // An init container that is always restarted runs beside the others.
    let (beside, before): (Vec<&Value>, Vec<&Value>) =
        list("initContainers").iter().partition(|c| c["restartPolicy"] == "Always");
    for container in list("containers").iter().chain(beside) {
        for (name, amount) in of(container) {
            *sum.entry(name).or_default() += amount;
        }
    }
    for container in before {
        for (name, amount) in of(container) {
            let known = sum.entry(name).or_default();
            *known = known.max(amount);
        }
    }
    for (name, amount) in spec["overhead"].as_object().into_iter().flatten() {
        *sum.entry(name.clone()).or_default() += quantity::of(amount).unwrap_or_default();
    }
    sum
}

/// Adds what a pod takes of its node; one that is over takes nothing.
pub fn take(taken: &mut BTreeMap<(String, String), f64>, pod: &Value) {
    let Some(node) = pod["spec"]["nodeName"].as_str().filter(|node| !node.is_empty()) else { return };
    if matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
        return;
    }
    for (name, amount) in requested(&pod["spec"]) {
        *taken.entry((node.to_string(), name)).or_default() += amount;
    }
}

/// What is left of some resources: allocatable less requested, on nodes that take new pods.
pub fn free(
    nodes: &[Value],
    taken: &BTreeMap<(String, String), f64>,
    wanted: &BTreeSet<String>,
) -> BTreeMap<String, Free> {
    let mut found: BTreeMap<String, Free> = wanted.iter().map(|name| (name.clone(), Free::default())).collect();
    for node in nodes.iter().filter(|node| node["spec"]["unschedulable"] != true) {
        let name = node["metadata"]["name"].as_str().unwrap_or("?").to_string();
        for (resource, sum) in &mut found {
            let Some(has) = quantity::of(&node["status"]["allocatable"][resource]).filter(|n| *n > 0.0) else {
                continue;
            };
            let used = taken.get(&(name.clone(), resource.clone())).copied().unwrap_or_default();
            let left = (has - used).max(0.0);
            sum.allocatable += has;
            sum.free += left;
            sum.nodes += 1;
            if sum.best.as_ref().is_none_or(|(_, most)| left > *most) {
                sum.best = Some((name.clone(), left));
            }
        }
    }
    found
}

/// What is wrong with a claim, by its object (`None`: there is none) and its newest warning; nothing if it is bound.
pub fn claim(object: Option<&Value>, events: &[Value]) -> String {
    let Some(object) = object else { return "it doesn't exist".into() };
    let phase = object["status"]["phase"].as_str().unwrap_or("Pending");
    if phase == "Bound" {
        return String::new();
    }
    let telling = events.iter().rev().find(|e| e["type"] == "Warning" || e["reason"] == "WaitForFirstConsumer");
    let class = object["spec"]["storageClassName"].as_str();
    let why = match (telling.and_then(|e| e["message"].as_str()), class) {
        (Some(message), _) => message.trim().to_string(),
        (None, Some(class)) => format!("storage class {class} hasn't made a volume yet"),
        (None, None) => "no volume fits, and it names no storage class".into(),
    };
    format!("{}: {why}", phase.to_lowercase())
}

/// Names of the claims that a pod mounts.
pub fn claims_of(pod: &Value) -> Vec<String> {
    let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    volumes.filter_map(|v| v["persistentVolumeClaim"]["claimName"].as_str().map(str::to_string)).collect()
}

/// The lines of a list of `ResourceQuota`s.
pub fn quotas(list: &Value) -> Vec<Quota> {
    let mut found = Vec::new();
    for object in list["items"].as_array().into_iter().flatten() {
        let name = object["metadata"]["name"].as_str().unwrap_or("?");
        for (resource, hard) in object["status"]["hard"].as_object().into_iter().flatten() {
            let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_string);
            let used = &object["status"]["used"][resource];
            found.push(Quota {
                name: name.into(),
                resource: resource.clone(),
                used: if used.is_null() { "0".into() } else { text(used) },
                hard: text(hard),
            });
        }
    }
    found
}

/// What the metrics API says of pods: by name, a sample per container.
pub fn samples(list: &Value) -> Vec<(String, Vec<Sample>)> {
    let mut found = Vec::new();
    for pod in list["items"].as_array().into_iter().flatten() {
        let (Some(name), Some(at)) = (pod["metadata"]["name"].as_str(), pod["timestamp"].as_str()) else { continue };
        let Ok(at) = at.parse() else { continue };
        let of = |container: &Value| {
            Some(Sample {
                container: container["name"].as_str()?.into(),
                at,
                cpu: quantity::of(&container["usage"]["cpu"])?,
                memory: quantity::of(&container["usage"]["memory"])?,
            })
        };
        let all: Vec<Sample> = pod["containers"].as_array().into_iter().flatten().filter_map(of).collect();
        if !all.is_empty() {
            found.push((name.to_string(), all));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_left_is_what_nobody_requested() {
        let gpu = "nvidia.com/gpu";
        let node = |name: &str, cordoned: bool| {
            json!({"metadata": {"name": name}, "spec": {"unschedulable": cordoned},
            "status": {"allocatable": {gpu: "8", "memory": "64Gi"}}})
        };
        let pod = |node: &str, phase: &str| {
            json!({"spec": {"nodeName": node,
            "containers": [{"name": "a", "resources": {"limits": {gpu: 2}}}, {"name": "b", "resources": {"requests": {gpu: "1"}}}],
            "initContainers": [{"name": "i", "resources": {"requests": {gpu: "4"}}}]}, "status": {"phase": phase}})
        };
        let mut taken = BTreeMap::new();
        for pod in [pod("n1", "Running"), pod("n1", "Succeeded"), pod("", "Pending"), pod("n2", "Pending")] {
            take(&mut taken, &pod);
        }
        let wanted = BTreeSet::from([gpu.to_string(), "amd.com/gpu".to_string()]);
        let found = free(&[node("n1", false), node("n2", false), node("n3", true)], &taken, &wanted);
        // An init container that asks for more than the others together counts alone.
        let expected = Free { allocatable: 16.0, free: 8.0, best: Some(("n1".into(), 4.0)), nodes: 2 };
        assert_eq!(found[gpu], expected);
        assert_eq!(found["amd.com/gpu"], Free::default());
    }

    #[test]
    fn a_claim_says_what_it_waits_for() {
        let object = json!({"spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"}});
        let event = json!({"type": "Warning", "message": "storageclass.storage.k8s.io \"fast\" not found"});
        assert_eq!(claim(Some(&object), &[event]), "pending: storageclass.storage.k8s.io \"fast\" not found");
        assert_eq!(claim(Some(&object), &[]), "pending: storage class fast hasn't made a volume yet");
        assert_eq!(claim(None, &[]), "it doesn't exist");
        assert_eq!(claim(Some(&json!({"status": {"phase": "Bound"}})), &[]), "");
    }

    #[test]
    fn metrics_and_quotas_are_read() {
        let list = json!({"items": [{"metadata": {"name": "p"}, "timestamp": "2026-01-01T00:00:00Z", "containers":
            [{"name": "base", "usage": {"cpu": "250000000n", "memory": "2Mi"}}, {"name": "odd", "usage": {}}]}]});
        let found = samples(&list);
        assert_eq!((found[0].0.as_str(), found[0].1.len()), ("p", 1));
        assert_eq!((found[0].1[0].cpu, found[0].1[0].memory), (0.25, 2_097_152.0));
        let list =
            json!({"items": [{"metadata": {"name": "q"}, "status": {"hard": {"pods": "2"}, "used": {"pods": "1"}}}]});
        let quota = &quotas(&list)[0];
        assert_eq!((quota.resource.as_str(), quota.used.as_str(), quota.hard.as_str()), ("pods", "1", "2"));
    }
}
