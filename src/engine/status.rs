//! What a scheduler says about itself: `scheduler status`, the console's screens `0` and `6`.

use serde_json::{Value, json};

use super::{conn::Peer, core::Engine};
use crate::{
    executor::worker::settings::{Executor, WorkerSettings, executors},
    model::{PodKind, time::rfc3339},
    store,
};

impl Engine {
    /// Who it is, what it does, and how what it depends on is.
    pub(super) fn status(&self) -> Value {
        let runs = self.world.runs().count();
        let count = |wanted: &[&str]| -> usize {
            let of_run = |run: &crate::model::DagRun| {
                self.world.instances(run.id).filter(|row| wanted.contains(&row.state.as_str())).count()
            };
            self.world.runs().map(of_run).sum()
        };
        json!({
            "pid": std::process::id(), "since": rfc3339(self.since), "home": self.place.home, "dags_folder": self.place.dags_folder,
            "version": env!("CARGO_PKG_VERSION"), "hostname": self.hostname,
            "stuck": self.stuck, "draining": self.draining,
            "counts": {
                "active_runs": runs, "running": count(&["running", "restarting"]), "queued": count(&["queued"]),
                "scheduled": count(&["scheduled"]), "parsing": self.parsing.busy.len(), "waiting_sensors": self.waits.len(),
                "clients": self.conns.values().filter(|c| matches!(c.peer, Peer::Client { .. })).count(),
            },
            // Who looks at what, in consoles.
            "consoles": self.conns.values().filter(|c| !c.looks.is_empty())
                .map(|c| json!({"who": c.user, "at": c.looks})).collect::<Vec<_>>(),
            "lag": self.lag(), "tick": self.ticks.ranks().map(|(p50, p99)| json!({"p50": p50, "p99": p99})),
            "log_disk": self.log_disk(), "clusters": self.clusters(), "executors": self.executors(),
            "slots": {"taken": self.world.slots_taken(), "limit": self.world.limits().parallelism},
        })
    }

    /// Of the disk that logs lie on, if it isn't the store's: per cent used and bytes free.
    fn log_disk(&self) -> Value {
        use std::os::unix::fs::MetadataExt;
        let logs = self.place.logs();
        let device = |path: &std::path::Path| std::fs::metadata(path).ok().map(|m| m.dev());
        let other = device(&logs).filter(|logs| Some(*logs) != device(&self.place.home));
        let found = other.and_then(|_| store::screens::system::disk(&logs));
        found.map_or(Value::Null, |(used, free)| json!({"path": logs, "used_percent": used, "free_bytes": free}))
    }

    /// What can be watched or read in clusters, and what can't; with the pods of a namespace how their watch goes on, and what
    /// was asked of the cluster.
    fn clusters(&self) -> Value {
        let db = self.store.reader();
        let traffic = store::pod_usage::traffic(db).unwrap_or_default();
        let one = |h: crate::model::ClusterHealth| {
            let mut row = json!({"cluster": h.cluster, "namespace": h.namespace, "what": h.what, "state": h.state,
                "since": rfc3339(h.since), "message": h.message});
            if h.what == "pods" {
                if let Some(watch) = self.pods.watches.get(&(h.cluster.clone(), h.namespace)) {
                    row["listed_at"] = json!(watch.listed_at.map(rfc3339));
                    row["retry_at"] = json!(watch.retry_at.map(rfc3339));
                    row["pods"] = watch.pods.into();
                }
                if let Some(asked) = traffic.iter().find(|asked| asked.cluster == h.cluster) {
                    row["requests"] = asked.requests.into();
                    row["throttled"] = asked.throttled.into();
                    row["failed"] = asked.failed.into();
                }
            }
            row
        };
        store::pod::health(db).unwrap_or_default().into_iter().map(one).collect()
    }

    /// The executors of the settings, the first one the default, with what each is at.
    fn executors(&self) -> Value {
        let work = store::pod::at_work(self.store.reader()).unwrap_or_default();
        let batch = WorkerSettings::read(&self.place.settings).map_or(1, |settings| settings.creation_batch_size);
        let one = |(name, runs): (String, Executor)| match runs {
            Executor::Local => json!({"name": name, "runs_in": "processes", "running": self.supervisors.len()}),
            Executor::Kubernetes => {
                let count = |word: &str| -> i64 {
                    work.iter().filter(|w| w.kind == PodKind::Worker && w.word == word).map(|w| w.pods).sum()
                };
                json!({"name": name, "runs_in": "pods", "running": count("running"), "pending": count("pending"),
                       "creating": count("creating"), "held": count("held"), "ending": count("ending"),
                       "created_at_a_time": batch})
            }
        };
        executors(&self.place.settings).into_iter().map(one).collect()
    }
}
