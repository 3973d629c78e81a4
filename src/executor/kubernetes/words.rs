//! The cluster's own words, shortened: what the scheduler says of nodes, a quota of requests, the kubelet of images.

use std::sync::LazyLock;

use regex::Regex;

static NODES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(\d+/\d+) nodes are available: (.*)$").ok());
static TAINT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(\d+) node\(s\) had untolerated taint\(?s?\)? \{([^}]*)\}").ok());
static QUOTA: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"exceeded quota: ([^,]+), requested: (.+?), used: (.+?), limited: ([^()]+)").ok());

/// What the scheduler says: `0/14 nodes: 9 taint nvidia.com/gpu, 5 insufficient nvidia.com/gpu`.
pub fn of_scheduler(message: &str) -> String {
    let message = message.trim();
    let Some(found) = NODES.as_ref().and_then(|re| re.captures(message)) else { return message.to_string() };
    // The next sentence says that pushing others out wouldn't help either.
    let reasons = found.get(2).map_or("", |reasons| reasons.as_str());
    let reasons = reasons.split(". ").next().unwrap_or(reasons).trim_end_matches('.');
    let parts: Vec<String> = parts(reasons).iter().map(|part| of_nodes(part)).collect();
    format!("{} nodes: {}", &found[1], parts.join(", "))
}

/// Cut at commas that are in no braces.
fn parts(text: &str) -> Vec<String> {
    let (mut all, mut depth) = (vec![String::new()], 0);
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                all.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = all.last_mut() {
            last.push(c);
        }
    }
    all.iter().map(|part| part.trim().to_string()).filter(|part| !part.is_empty()).collect()
}

fn of_nodes(part: &str) -> String {
    if let Some(found) = TAINT.as_ref().and_then(|re| re.captures(part)) {
        let taint = found[2].replace(": ", "=");
        return format!("{} taint {}", &found[1], taint.trim_end_matches([':', '=', ' ']));
    }
    let known = [
        ("node(s) were unschedulable", "cordoned"),
        ("node(s) didn't match Pod's node affinity/selector", "don't match its node selector or affinity"),
        ("node(s) had volume node affinity conflict", "can't reach its volume"),
        ("node(s) didn't find available persistent volumes to bind", "have no volume for its claims"),
        ("node(s) didn't have free ports for the requested pod ports", "have its ports in use"),
        ("pod has unbound immediate PersistentVolumeClaims", "its claims are unbound"),
        ("Insufficient ", "insufficient "),
        ("Too many pods", "full of pods"),
    ];
    let mut text = part.to_string();
    for (long, short) in known {
        text = text.replace(long, short);
    }
    text.replace("node(s) ", "")
}

/// Which quota is used up, if a refusal is about one: `quota gpus: requests.nvidia.com/gpu 8 of 8 used, 1 more asked for`.
pub fn of_quota(message: &str) -> Option<String> {
    let found = QUOTA.as_ref()?.captures(message)?;
    let pairs = |text: &str| -> Vec<(String, String)> {
        text.split(',').filter_map(|p| p.trim().split_once('=').map(|(a, b)| (a.into(), b.trim().into()))).collect()
    };
    let (used, limited) = (pairs(&found[3]), pairs(&found[4]));
    let of = |list: &[(String, String)], name: &str| {
        list.iter().find(|(n, _)| n == name).map_or_else(|| "?".to_string(), |(_, v)| v.clone())
    };
    let each = pairs(&found[2]).into_iter().map(|(name, more)| {
        format!("{name} {} of {} used, {more} more asked for", of(&used, &name), of(&limited, &name))
    });
    Some(format!("quota {}: {}", found[1].trim(), each.collect::<Vec<_>>().join("; ")))
}

/// What is missing or wrong with a volume: `configmap "settings" not found (volume settings)`.
pub fn of_mount(message: &str) -> String {
    // Volumes that aren't mounted are listed one by one, and timed out together.
    let Some(rest) = message.strip_prefix("MountVolume.SetUp failed for volume \"") else {
        return message.trim().to_string();
    };
    match rest.split_once("\" : ") {
        Some((volume, why)) => {
            let why = why.trim().trim_start_matches("references non-existent ");
            format!("{why} (volume {volume})")
        }
        None => message.trim().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedulers_words_fit_in_a_line() {
        let said = "0/14 nodes are available: 5 Insufficient nvidia.com/gpu, 9 node(s) had untolerated taint \
            {nvidia.com/gpu: present}. preemption: 0/14 nodes are available: 5 No preemption victims found for incoming pod.";
        assert_eq!(of_scheduler(said), "0/14 nodes: 5 insufficient nvidia.com/gpu, 9 taint nvidia.com/gpu=present");
        let said = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, \
            preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
        assert!(
            of_scheduler(said).starts_with("0/1 nodes: 1 don't match its node selector or affinity"),
            "{}",
            of_scheduler(said)
        );
        let said = "0/1 nodes are available: persistentvolumeclaim \"data\" not found. not found";
        assert_eq!(of_scheduler(said), "0/1 nodes: persistentvolumeclaim \"data\" not found");
        assert_eq!(of_scheduler("Scheduling is blocked"), "Scheduling is blocked");
    }

    #[test]
    fn a_quota_says_what_is_used_up() {
        let said = "the API server refused the pod: pods \"x\" is forbidden: exceeded quota: gpus, requested: \
            pods=1,requests.nvidia.com/gpu=4, used: pods=2,requests.nvidia.com/gpu=8, limited: pods=2,requests.nvidia.com/gpu=8 (403 Forbidden)";
        assert_eq!(
            of_quota(said).unwrap(),
            "quota gpus: pods 2 of 2 used, 1 more asked for; requests.nvidia.com/gpu 8 of 8 used, 4 more asked for"
        );
        assert_eq!(of_quota("forbidden"), None);
    }

    #[test]
    fn a_volume_says_what_is_missing() {
        assert_eq!(
            of_mount("MountVolume.SetUp failed for volume \"settings\" : configmap \"settings\" not found"),
            "configmap \"settings\" not found (volume settings)"
        );
    }
}
