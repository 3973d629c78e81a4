//! The faults: what happens, and what it may cost.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use super::{Scene, Work, dags, node::Node};
use crate::kubernetes::{
    ledger::Born,
    proxy::{Asked, Deed},
};

/// How it comes about.
#[derive(Clone, Copy)]
pub enum How {
    /// By this, called at random instants while a run goes on; true if it happened.
    Acts(fn(&mut Scene) -> bool),
    /// The tasks of this DAG bring it upon themselves.
    Inside(&'static str),
}

/// A fault.
pub struct Fault {
    pub name: &'static str,
    /// Of what kinds the cause of a try may be that it cost; none: it costs nothing but time, one try, one pod.
    pub kinds: &'static [&'static str],
    pub how: How,
    pub works: &'static [Work],
    /// Longest pause before the next one.
    pub pause_ms: usize,
    pub needs_node: bool,
    pub is_slow: bool,
    /// It is of the API server itself, which the scheduler talks to without the proxy then.
    pub is_direct: bool,
}

const BOTH: &[Work] = &[Work::Operator, Work::Workers];

const fn costs_time(name: &'static str, act: fn(&mut Scene) -> bool, pause_ms: usize) -> Fault {
    let how = How::Acts(act);
    Fault { name, kinds: &[], how, works: BOTH, pause_ms, needs_node: false, is_slow: false, is_direct: false }
}

const fn costs_a_try(name: &'static str, kinds: &'static [&'static str], how: How) -> Fault {
    Fault { name, kinds, how, works: BOTH, pause_ms: 1500, needs_node: false, is_slow: false, is_direct: false }
}

/// All of them.
pub const FAULTS: &[Fault] = &[
    costs_time("scheduler killed", scheduler_killed, 1500),
    costs_time("connections cut", connections_cut, 1500),
    costs_time("streams ended", streams_ended, 1000),
    costs_time("connections refused", connections_refused, 3000),
    costs_time("API server stopped", api_stopped, 5000),
    costs_time("watch expired", watch_expired, 1000),
    costs_time("watch expired in the stream", watch_expired_in_stream, 1000),
    costs_time("API server overloaded", overloaded, 1500),
    costs_time("answers lost", answers_lost, 1500),
    costs_a_try("pod deleted", &["pod_deleted"], How::Acts(pod_deleted)),
    costs_a_try("pod evicted", &["evicted"], How::Acts(pod_evicted)),
    Fault { is_slow: true, ..costs_a_try("evicted by the kubelet", &["evicted"], How::Inside(dags::DISK)) },
    costs_a_try("memory used up", &["oom_killed"], How::Inside(dags::MEMORY)),
    Fault { works: &[Work::Operator], ..costs_a_try("sidecar dead", &["pod"], How::Acts(sidecar_dead)) },
    Fault {
        needs_node: true,
        ..costs_a_try("container killed", &["exit_code", "signal", "pod"], How::Acts(container_killed))
    },
    Fault { needs_node: true, ..costs_time("node not ready", node_lost, 3000) },
    Fault { needs_node: true, is_direct: true, ..costs_time("API server's process stopped", server_stopped, 8000) },
    Fault { needs_node: true, is_direct: true, ..costs_time("API server's process killed", server_killed, 8000) },
];

/// How long the API server itself is away: `DAGDECK_FAULT_SECONDS`, else 60 s, or 3 s where each fault happens once.
fn outage(scene: &Scene) -> Duration {
    let default = if scene.is_full { 60 } else { 3 };
    Duration::from_secs(super::number("DAGDECK_FAULT_SECONDS").unwrap_or(default))
}

/// What happens to the API server happens to all tests that run: one of them does it, and those that are about to do the same
/// wait until it is over.
fn to_all(which: &Mutex<()>, act: impl FnOnce()) -> bool {
    match which.try_lock() {
        Ok(_first) => {
            let _alone = Node::alone();
            act();
        }
        Err(_) => drop(which.lock()),
    }
    true
}

fn server_stopped(scene: &mut Scene) -> bool {
    static STOPPED: Mutex<()> = Mutex::new(());
    let Some(node) = &scene.node else { return false };
    to_all(&STOPPED, || {
        node.stop_api(true);
        std::thread::sleep(outage(scene));
        node.stop_api(false);
    })
}

/// Killed, and started again on the same data.
fn server_killed(scene: &mut Scene) -> bool {
    static KILLED: Mutex<()> = Mutex::new(());
    let (Some(node), Some(start)) = (&scene.node, Node::starter()) else { return false };
    to_all(&KILLED, || {
        node.kill_api();
        std::thread::sleep(outage(scene));
        start();
    })
}

fn scheduler_killed(scene: &mut Scene) -> bool {
    scene.home.kill_scheduler();
    scene.random.pause(1000);
    scene.start();
    true
}

fn connections_cut(scene: &mut Scene) -> bool {
    scene.proxy.cut(|_| true);
    true
}

fn streams_ended(scene: &mut Scene) -> bool {
    scene.proxy.end(|asked| asked.is_log() || asked.is_watch());
    true
}

fn connections_refused(scene: &mut Scene) -> bool {
    scene.proxy.refuse(true);
    scene.proxy.cut(|_| true);
    std::thread::sleep(Duration::from_secs(if scene.is_full { 10 } else { 3 }));
    scene.proxy.refuse(false);
    true
}

fn api_stopped(scene: &mut Scene) -> bool {
    scene.proxy.hang(true);
    std::thread::sleep(Duration::from_secs(if scene.is_full { 60 } else { 3 }));
    scene.proxy.hang(false);
    true
}

/// The next watches are answered so, after those that are open were cut.
fn expire(scene: &Scene, deed: fn() -> Deed) -> bool {
    let mut left = 2;
    scene.proxy.judge(move |asked: &Asked| {
        if left > 0 && asked.is_watch() {
            left -= 1;
            return deed();
        }
        Deed::Pass
    });
    scene.proxy.cut(Asked::is_watch);
    true
}

fn watch_expired(scene: &mut Scene) -> bool {
    expire(scene, || Deed::Say(410, "Gone"))
}

fn watch_expired_in_stream(scene: &mut Scene) -> bool {
    expire(scene, || Deed::Expired)
}

/// For some seconds half of all requests are told to come later.
fn overloaded(scene: &mut Scene) -> bool {
    let (began, mut number) = (Instant::now(), scene.random.below(1000));
    scene.proxy.judge(move |_| {
        number += 1;
        match number % 6 {
            _ if began.elapsed() > Duration::from_secs(3) => Deed::Pass,
            0 => Deed::Say(429, "TooManyRequests"),
            2 => Deed::Say(500, "InternalError"),
            4 => Deed::Say(503, "ServiceUnavailable"),
            _ => Deed::Pass,
        }
    });
    scene.proxy.cut(Asked::is_watch);
    true
}

/// For some seconds every other change is made, and the answer lost.
fn answers_lost(scene: &mut Scene) -> bool {
    let (began, mut number) = (Instant::now(), scene.random.below(2));
    scene.proxy.judge(move |asked| {
        let changes = asked.method != "GET";
        number += usize::from(changes);
        if changes && number % 2 == 0 && began.elapsed() < Duration::from_secs(3) { Deed::Lose } else { Deed::Pass }
    });
    true
}

/// A pod of a first try that had no fault yet.
fn victim(scene: &mut Scene, fits: fn(&Born) -> bool) -> Option<Born> {
    let pods = scene.ledger.of_run(&scene.run).into_iter();
    let mut pods: Vec<Born> =
        pods.filter(|pod| pod.attempt == 1 && !pod.is_gone && !scene.hit.contains(&pod.name) && fits(pod)).collect();
    if pods.is_empty() {
        return None;
    }
    let chosen = pods.swap_remove(scene.random.below(pods.len()));
    scene.hit.insert(chosen.name.clone());
    Some(chosen)
}

fn pod_deleted(scene: &mut Scene) -> bool {
    victim(scene, |_| true).is_some_and(|pod| scene.cluster.delete(&pod.name))
}

fn pod_evicted(scene: &mut Scene) -> bool {
    victim(scene, |_| true).is_some_and(|pod| scene.cluster.evict(&pod.name))
}

fn sidecar_dead(scene: &mut Scene) -> bool {
    let fits = |pod: &Born| pod.has_sidecar && pod.container.is_some();
    victim(scene, fits).is_some_and(|pod| scene.cluster.exec(&pod.name, "airflow-xcom-sidecar", &["kill", "-2", "1"]))
}

fn container_killed(scene: &mut Scene) -> bool {
    let chosen = victim(scene, |pod| pod.container.is_some());
    chosen.and_then(|pod| Some(scene.node.as_ref()?.kill_container(&pod.container?))).unwrap_or_default()
}

/// Its kubelet stops, and the cluster notices at once.
fn node_lost(scene: &mut Scene) -> bool {
    let Some(node) = &scene.node else { return false };
    let _alone = Node::alone();
    node.stop_kubelet(true);
    scene.cluster.lose_node();
    scene.random.pause(10_000);
    node.stop_kubelet(false);
    true
}
