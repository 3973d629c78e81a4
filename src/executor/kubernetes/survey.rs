//! Beside each watch: asks now and then what its pods use and what quotas say, and, while a pod waits, what it waits for. Few
//! requests: one list per namespace and question, seldom where the cluster has no answer or doesn't let us ask.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    api::{Answer, Api, Trouble},
    facts::{self, Facts},
    glance,
    hub::{Hub, WATCHED, Watch},
};
use crate::{
    clock,
    model::{PodWrite, time::seconds_between},
};

/// How often it is looked whether something is to be asked.
const LOOK: Duration = Duration::from_secs(3);
/// A pod that waits for less isn't asked about.
const PATIENCE: f64 = 2.0;
/// Between two looks at what waiting pods wait for: it doubles up to [`SELDOM`] as long as the answer stays the same.
const FACTS: Duration = Duration::from_secs(10);
/// Between two looks at quotas.
const QUOTAS: Duration = Duration::from_secs(60);
/// Where there is no answer, or none is allowed.
const SELDOM: Duration = Duration::from_secs(600);
/// Claims that are asked about at a time.
const CLAIMS: usize = 8;

/// One thing that is asked now and then.
struct Turn {
    next: Instant,
    pause: Duration,
    least: Duration,
}

impl Turn {
    fn every(least: Duration) -> Self {
        Self { next: Instant::now(), pause: least, least }
    }
    fn is_due(&self) -> bool {
        !self.least.is_zero() && Instant::now() >= self.next
    }
    /// There was news: it is asked again as soon as may be.
    fn soon(&mut self) {
        self.pause = self.least;
        self.next = Instant::now() + self.pause;
    }
    /// There was none: it is asked less often.
    fn later(&mut self) {
        self.pause = (self.pause * 2).min(SELDOM);
        self.next = Instant::now() + self.pause;
    }
    /// It can't be had.
    fn seldom(&mut self) {
        self.pause = SELDOM;
        self.next = Instant::now() + SELDOM;
    }
    fn after(&mut self, trouble: &Trouble) {
        // What isn't there, or isn't allowed, may be there after a person has done something about it.
        if trouble.is_away() { self.later() } else { self.seldom() }
    }
}

/// Goes on as long as the watch does.
pub async fn survey(hub: Rc<Hub>, watch: Rc<Watch>, api: Api) {
    let mut metrics = Turn::every(hub.metrics_interval);
    let mut quotas = Turn::every(QUOTAS);
    let mut around = Turn::every(FACTS);
    let mut waited_for: Vec<String> = Vec::new();
    while hub.holds(&watch) {
        tokio::time::sleep(LOOK).await;
        hub.tell_traffic(&watch.cluster);
        hub.tell_pace(&watch);
        hub.tell_watch(&watch, false);
        if !watch.is_used() || watch.is_away() {
            continue;
        }
        let pods = watch.pods();
        if watch.is_silent() || pods.iter().any(|pod| glance::phase(pod) == "Pending") {
            watch.feel_pulse(&hub, &api).await;
        }
        if metrics.is_due() && pods.iter().any(|pod| glance::phase(pod) == "Running") {
            let done = sample(&watch, &api, &hub).await;
            hub.health(&watch, "metrics", done.as_ref().err());
            match done {
                Ok(()) => metrics.soon(),
                Err(trouble) => metrics.after(&trouble),
            }
        }
        if quotas.is_due() {
            let done = api.list_in("/api/v1", "resourcequotas", "").await;
            hub.health(&watch, "quotas", done.as_ref().err());
            match done {
                Ok(list) => {
                    let (cluster, namespace) = (watch.cluster.name(), watch.namespace.clone());
                    let all = facts::quotas(&list);
                    hub.learnt(PodWrite::Quotas { cluster, namespace, at: clock::now(), quotas: all });
                    quotas.soon();
                }
                Err(trouble) => quotas.after(&trouble),
            }
        }
        let waiting: Vec<&Rc<Value>> = pods.iter().filter(|pod| waits(pod)).collect();
        let names: Vec<String> = waiting.iter().map(|pod| glance::uid(pod).to_string()).collect();
        if names.iter().any(|name| !waited_for.contains(name)) {
            around.soon();
            around.next = Instant::now();
        }
        waited_for = names;
        if !waiting.is_empty() && around.is_due() {
            let known = gather(&hub, &watch, &api, &waiting).await;
            let is_new = watch.facts.send_if_modified(|facts| {
                let is_new = **facts != known;
                *facts = Rc::new(known);
                is_new
            });
            if is_new { around.soon() } else { around.later() }
        }
    }
    hub.tell_watch(&watch, true);
}

/// True for a pod that has been waiting for a moment.
fn waits(pod: &Value) -> bool {
    let created = pod["metadata"]["creationTimestamp"].as_str().and_then(|t| t.parse::<Timestamp>().ok());
    glance::phase(pod) == "Pending" && created.is_some_and(|at| seconds_between(at, clock::now()) >= PATIENCE)
}

/// One list of what the pods of the namespace use.
async fn sample(watch: &Watch, api: &Api, hub: &Hub) -> Answer<()> {
    let list = api.list_in("/apis/metrics.k8s.io/v1beta1", "pods", WATCHED).await?;
    for (name, mut samples) in facts::samples(&list) {
        let own = watch.pod_named(&name);
        let is_own = own.is_some();
        let Some((id, pod)) = own.or_else(|| watch.job_pod_named(&name)) else { continue };
        // An older pod's of the same name.
        let began = pod["metadata"]["creationTimestamp"].as_str().and_then(|t| t.parse::<Timestamp>().ok());
        samples.retain(|sample| began.is_none_or(|began| sample.at >= began));
        match (samples.is_empty(), is_own) {
            (true, _) => {}
            (_, true) => hub.learnt(PodWrite::Used { id, samples }),
            (_, false) => hub.used(id, glance::uid(&pod), samples),
        }
    }
    Ok(())
}

/// What waiting pods wait for.
async fn gather(hub: &Rc<Hub>, watch: &Rc<Watch>, api: &Api, waiting: &[&Rc<Value>]) -> Facts {
    let mut known = Facts::default();
    let claims: BTreeSet<String> = waiting.iter().flat_map(|pod| facts::claims_of(pod)).collect();
    for name in claims.into_iter().take(CLAIMS) {
        let object = api.get_in("persistentvolumeclaims", &name).await;
        hub.health(watch, "claims", object.as_ref().err().filter(|e| !e.is_missing()));
        let said = match object {
            Ok(object) if object["status"]["phase"] == "Bound" => String::new(),
            Ok(object) => facts::claim(Some(&object), &api.events(&name).await.unwrap_or_default()),
            Err(trouble) if trouble.is_missing() => facts::claim(None, &[]),
            // The scheduler's own words must do.
            Err(_) => continue,
        };
        known.claims.insert(name, said);
    }
    let short: BTreeSet<String> = waiting.iter().flat_map(|pod| insufficient(pod)).collect();
    if short.is_empty() {
        return known;
    }
    match nodes_and_taken(api).await {
        Ok((nodes, taken)) => {
            hub.health(watch, "nodes", None);
            known.free = facts::free(&nodes, &taken, &short);
        }
        Err((what, trouble)) => {
            hub.health(watch, "nodes", Some(&trouble));
            known.free_hidden = Some(if trouble.is_forbidden() {
                format!("this account may not list {what}")
            } else {
                trouble.to_string()
            });
        }
    }
    known
}

/// The resources that the scheduler calls insufficient for a pod.
fn insufficient(pod: &Value) -> Vec<String> {
    let condition = glance::condition(pod, "PodScheduled").filter(|c| c["status"] == "False");
    let message = condition.and_then(|c| c["message"].as_str()).unwrap_or("");
    let asked = facts::requested(&pod["spec"]).into_keys();
    asked.filter(|name| message.contains(&format!("Insufficient {name}"))).collect()
}

type Taken = BTreeMap<(String, String), f64>;

/// All nodes, and what pods of any namespace take of them. An error names what can't be listed.
async fn nodes_and_taken(api: &Api) -> Result<(Vec<Value>, Taken), (&'static str, Trouble)> {
    let mut nodes = Vec::new();
    api.list_all("nodes", "", |node| nodes.push(node)).await.map_err(|e| ("nodes", e))?;
    let mut taken = BTreeMap::new();
    let active = "status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!=";
    let read = api.list_all("pods", active, |pod| facts::take(&mut taken, &pod)).await;
    read.map_err(|e| ("the pods of all namespaces", e))?;
    Ok((nodes, taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_asked_for_seldom_and_what_is_there_again_soon() {
        let mut turn = Turn::every(Duration::from_secs(15));
        assert!(turn.is_due());
        turn.after(&Trouble::Away("503".into()));
        assert_eq!(turn.pause, Duration::from_secs(30));
        turn.after(&Trouble::Refused { code: 404, reason: "NotFound".into(), message: String::new() });
        assert!(!turn.is_due());
        assert_eq!(turn.pause, SELDOM);
        turn.soon();
        assert_eq!(turn.pause, Duration::from_secs(15));
        assert!(!Turn::every(Duration::ZERO).is_due());
    }
}
