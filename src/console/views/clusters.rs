//! How clusters and executors are, in words: for the pods' screen and the system's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    console::{
        query::is_blind,
        state::{Link, State},
        theme::Role,
        update::count,
        widgets::text,
    },
    model::{ClusterHealth, PodKind, Traffic},
    store::screens::pods::Clusters,
};

/// What the scheduler says about itself; nothing while it isn't reached.
fn status(state: &State) -> Option<&Value> {
    state.status.as_ref().filter(|_| state.link == Link::Up)
}

/// One line: what is wrong with a cluster first, then what is well.
pub fn health(state: &State, clusters: &Clusters) -> (String, Role) {
    if clusters.health.is_empty() && clusters.had_pods {
        return ("no cluster was asked since the scheduler began".into(), Role::Dim);
    }
    if clusters.health.is_empty() {
        return ("no cluster is known: no task has had a pod yet".into(), Role::Dim);
    }
    let mut all: Vec<_> = clusters.health.iter().collect();
    all.sort_by_key(|h| (h.state != "away", !is_blind(h)));
    let mut words = Vec::new();
    // By place: whether something is well there, and what is missing that only people would miss.
    let mut places: BTreeMap<String, (bool, Vec<String>)> = BTreeMap::new();
    for h in all {
        let place = format!("{}/{}", h.cluster, h.namespace);
        let (is_fine, lesser) = places.entry(place.clone()).or_default();
        match h.state.as_str() {
            "ok" => *is_fine = true,
            "away" => words.push(format!("{place} {}", away(state, h))),
            "busy" => words.push(format!("{place} {}", slow(state, h))),
            _ if is_blind(h) => words.push(format!("{place} {} FORBIDDEN: {}", h.what, h.message)),
            _ => lesser.push(missing(h)),
        }
    }
    let role = if words.is_empty() { Role::Good } else { Role::Bad };
    for (place, (is_fine, lesser)) in places {
        let lesser = if lesser.is_empty() { String::new() } else { format!(" ({})", lesser.join(", ")) };
        if is_fine || !lesser.is_empty() {
            words.push(format!("{}{place}{lesser}", if is_fine { "k8s ok: " } else { "" }));
        }
    }
    words.extend(clusters.traffic.iter().map(asked));
    (text::clean(&words.join("  ")), role)
}

/// A line per cluster and namespace: its watch, when it was listed, how many pods, what is missing, what was asked.
pub fn places(state: &State, clusters: &Clusters) -> Vec<(String, Role)> {
    let mut places: BTreeMap<(&str, &str), Vec<&ClusterHealth>> = BTreeMap::new();
    for h in &clusters.health {
        places.entry((&h.cluster, &h.namespace)).or_default().push(h);
    }
    let mut lines: Vec<(bool, String, Role)> = Vec::new();
    for ((cluster, namespace), all) in places {
        let mut words = Vec::new();
        let mut role = Role::Good;
        for h in all {
            let since = text::age(h.since.as_microsecond(), state.now);
            match h.state.as_str() {
                "ok" if h.what == "pods" => words.insert(0, format!("watched for {since}")),
                "ok" => {}
                "away" => {
                    words.insert(0, away(state, h));
                    role = Role::Bad;
                }
                "busy" => {
                    words.insert(0, slow(state, h));
                    role = Role::Bad;
                }
                _ if is_blind(h) => {
                    // The sentence with the right's name is long: `6` and `pods health` have it.
                    words.insert(0, format!("{} FORBIDDEN", h.what));
                    role = Role::Bad;
                }
                _ => words.push(missing(h)),
            }
        }
        if let Some(watch) = watch_of(state, cluster, namespace) {
            let time = |name: &str| watch[name].as_str()?.parse::<Timestamp>().ok();
            words.extend(
                time("listed_at").map(|at| format!("listed {} ago", text::age(at.as_microsecond(), state.now))),
            );
            words.extend(watch["pods"].as_u64().map(|n| count(n as usize, "pod")));
        }
        words.extend(clusters.traffic.iter().find(|t| t.cluster == cluster).map(asked));
        lines.push((role != Role::Bad, text::clean(&format!("{cluster} {namespace}: {}", words.join(", "))), role));
    }
    lines.sort_by_key(|(is_well, ..)| *is_well);
    lines.into_iter().map(|(_, line, role)| (line, role)).collect()
}

/// What only the scheduler's memory knows of a watch.
fn watch_of<'a>(state: &'a State, cluster: &str, namespace: &str) -> Option<&'a Value> {
    let is_it = |row: &&Value| row["what"] == "pods" && row["cluster"] == cluster && row["namespace"] == namespace;
    status(state)?["clusters"].as_array()?.iter().find(is_it)
}

/// `pods AWAY for 20s: connection refused, next try in 10s`.
fn away(state: &State, h: &ClusterHealth) -> String {
    let retry = || watch_of(state, &h.cluster, &h.namespace)?["retry_at"].as_str()?.parse::<Timestamp>().ok();
    let next = retry().map(Timestamp::as_microsecond).filter(|at| *at > state.now && h.what == "pods");
    let next = next.map(|at| format!(", next try in {}", text::until(at, state.now))).unwrap_or_default();
    format!("{} AWAY for {}: {}{next}", h.what, text::age(h.since.as_microsecond(), state.now), h.message)
}

/// `SLOW for 20s: the API server has too many requests`.
fn slow(state: &State, h: &ClusterHealth) -> String {
    format!("SLOW for {}: {}", text::age(h.since.as_microsecond(), state.now), h.message)
}

/// What only people would miss.
fn missing(h: &ClusterHealth) -> String {
    match h.state.as_str() {
        "missing" => format!("no {}", h.what),
        other => format!("{} {other}", h.what),
    }
}

fn asked(t: &Traffic) -> String {
    let late = if t.throttled > 0 { format!(", {} times \"too many\" (429)", t.throttled) } else { String::new() };
    let failed = if t.failed > 0 { format!(", {} failed", t.failed) } else { String::new() };
    format!("{}{late}{failed}", count(usize::try_from(t.requests).unwrap_or(0), "request"))
}

/// One line: what is at work in pods, what is held up, and how full the executors are.
pub fn executors(state: &State, clusters: &Clusters) -> (String, Role) {
    let mut words = Vec::new();
    let mut role = Role::Text;
    if let Some(status) = status(state) {
        let (taken, limit) = (status["slots"]["taken"].as_u64(), status["slots"]["limit"].as_u64());
        if let (Some(taken), Some(limit)) = (taken, limit) {
            let full = if taken >= limit { " FULL" } else { "" };
            role = if taken >= limit { Role::Warn } else { role };
            words.push(format!("executor slots {taken}/{limit}{full}"));
        }
        for executor in status["executors"].as_array().into_iter().flatten() {
            let (name, n) = (executor["name"].as_str().unwrap_or("?"), executor["running"].as_u64().unwrap_or(0));
            match executor["created_at_a_time"].as_u64() {
                None => words.push(format!("{name} {n} {}", if n == 1 { "process" } else { "processes" })),
                Some(batch) => {
                    let at_work = of_kind(clusters, |kind| kind == PodKind::Worker).unwrap_or_else(|| "no pod".into());
                    words.push(format!("{name} {at_work}, {batch} created at a time"));
                }
            }
        }
    } else {
        words.extend(of_kind(clusters, |kind| kind == PodKind::Worker).map(|n| format!("executor pods {n}")));
    }
    words.extend(of_kind(clusters, |kind| kind == PodKind::Operator).map(|n| format!("tasks' pods {n}")));
    words.extend(of_kind(clusters, |kind| kind == PodKind::Job).map(|n| format!("jobs {n}")));
    if clusters.work.iter().any(|work| work.word == "held") {
        role = Role::Warn;
    }
    match words.is_empty() {
        true => ("nothing is at work in pods".into(), Role::Dim),
        false => (words.join("  "), role),
    }
}

/// `5 held 1 pending 2 running`; `None` if there is none.
fn of_kind(clusters: &Clusters, is_it: impl Fn(PodKind) -> bool) -> Option<String> {
    let of = clusters.work.iter().filter(|work| is_it(work.kind));
    let words: Vec<String> = of.map(|work| format!("{} {}", work.pods, work.word)).collect();
    (!words.is_empty()).then(|| words.join(" "))
}
