//! Keeps a book of all pods that ever were in a namespace, by a watch of its own.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, Config,
    api::{ListParams, WatchParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::WatchEvent,
};
use serde_json::Value;

/// A pod that was made.
#[derive(Debug, Clone)]
pub struct Born {
    /// Name.
    pub name: String,
    /// Run.
    pub run: String,
    /// Task.
    pub task: String,
    /// Index of a mapped task, else -1.
    pub index: i64,
    /// Number of the try that it was made for.
    pub attempt: u64,
    /// It has a sidecar.
    pub has_sidecar: bool,
    /// ID of the base container, once it has one.
    pub container: Option<String>,
    /// Its object is gone.
    pub is_gone: bool,
}

/// The book.
pub struct Ledger {
    pods: Arc<Mutex<BTreeMap<String, Born>>>,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Ledger {
    /// Begins with a namespace that has no pods yet.
    pub fn of(kubeconfig: &Path, namespace: &str) -> Self {
        let pods: Arc<Mutex<BTreeMap<String, Born>>> = Arc::default();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (kept, read) = (pods.clone(), Kubeconfig::read_from(kubeconfig).unwrap());
        let namespace = namespace.to_string();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
                let api = Api::namespaced(Client::try_from(config).unwrap(), &namespace);
                tokio::select! { () = watch(&api, &kept) => {}, _ = stopped => {} }
            });
        });
        Self { pods, _stop: stop }
    }

    /// All of a run, in the order of their names.
    pub fn of_run(&self, run: &str) -> Vec<Born> {
        let pods = self.pods.lock().unwrap();
        let mut all: Vec<Born> = pods.values().filter(|pod| pod.run == run).cloned().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Names of those that are still there.
    pub fn left(&self) -> Vec<String> {
        self.pods.lock().unwrap().values().filter(|pod| !pod.is_gone).map(|pod| pod.name.clone()).collect()
    }
}

async fn watch(api: &Api<Pod>, pods: &Mutex<BTreeMap<String, Born>>) {
    let mut version: Option<String> = None;
    loop {
        let from = match version.clone() {
            Some(from) => from,
            None => match api.list(&ListParams::default()).await {
                Ok(list) => {
                    let there: Vec<String> = list.items.iter().filter_map(|pod| pod.metadata.uid.clone()).collect();
                    list.items.iter().for_each(|pod| note(pods, pod, false));
                    let mut pods = pods.lock().unwrap();
                    pods.iter_mut().filter(|(uid, _)| !there.contains(uid)).for_each(|(_, born)| born.is_gone = true);
                    list.metadata.resource_version.unwrap_or_default()
                }
                Err(_) => {
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                    continue;
                }
            },
        };
        version = Some(from.clone());
        let Ok(stream) = api.watch(&WatchParams::default(), &from).await else {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            continue;
        };
        let mut stream = std::pin::pin!(stream);
        while let Some(event) = stream.next().await {
            let (pod, is_gone) = match event {
                Ok(WatchEvent::Added(pod) | WatchEvent::Modified(pod)) => (pod, false),
                Ok(WatchEvent::Deleted(pod)) => (pod, true),
                Ok(WatchEvent::Bookmark(_)) => continue,
                Ok(WatchEvent::Error(_)) => {
                    version = None;
                    break;
                }
                Err(_) => break,
            };
            note(pods, &pod, is_gone);
            version = pod.metadata.resource_version.or(version);
        }
    }
}

fn note(pods: &Mutex<BTreeMap<String, Born>>, pod: &Pod, is_gone: bool) {
    let pod = serde_json::to_value(pod).unwrap();
    let uid = pod["metadata"]["uid"].as_str().unwrap_or("").to_string();
    // The operator's pods carry their owner as JSON, the executor's as annotations.
    let annotations = &pod["metadata"]["annotations"];
    let owner: Value =
        annotations["dagdeck/owner"].as_str().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    let text = |name: &str| {
        let word = [&owner[name], &annotations[name]].into_iter().find(|value| !value.is_null()).cloned();
        word.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_string)).unwrap_or_default()
    };
    let containers = pod["spec"]["containers"].as_array().cloned().unwrap_or_default();
    let statuses = pod["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
    let base = statuses.iter().find(|status| status["name"] == "base");
    let born = Born {
        name: pod["metadata"]["name"].as_str().unwrap_or("").into(),
        run: text("run_id"),
        task: text("task_id"),
        index: text("map_index").parse().unwrap_or(-1),
        attempt: text("try_number").parse().unwrap_or(0),
        has_sidecar: containers.iter().any(|container| container["name"] == "airflow-xcom-sidecar"),
        container: base.and_then(|base| Some(base["containerID"].as_str()?.rsplit_once('/')?.1.to_string())),
        is_gone,
    };
    pods.lock().unwrap().insert(uid, born);
}
