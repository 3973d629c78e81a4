//! A namespace of its own in the cluster of `DAGDECK_TEST_KUBECONFIG`; everything in it is removed when it is dropped.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::{
    Api, Client, Config,
    api::{DeleteParams, ListParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

/// Names the kubeconfig.
const VARIABLE: &str = "DAGDECK_TEST_KUBECONFIG";
/// Image with a shell; another one can be named where a cluster has none of that name.
const IMAGE: &str = "busybox:1.36";

/// A namespace.
pub struct Cluster {
    kubeconfig: PathBuf,
    runtime: tokio::runtime::Runtime,
    client: Client,
    through: Option<String>,
    /// Its name.
    pub namespace: String,
}

impl Cluster {
    /// A namespace of its own; `None`, with a printed reason, where no cluster is named.
    pub fn new(purpose: &str) -> Option<Self> {
        let Some(kubeconfig) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) else {
            eprintln!("SKIPPED: {VARIABLE} names no kubeconfig, so nothing is tested against a cluster");
            return None;
        };
        let kubeconfig = PathBuf::from(kubeconfig);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let read = Kubeconfig::read_from(&kubeconfig).unwrap();
            let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
            Client::try_from(config).unwrap()
        });
        let namespace = format!("dagdeck-{purpose}-{}", std::process::id());
        let new: Namespace = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
        runtime.block_on(Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &new)).unwrap();
        let cluster = Self { kubeconfig, runtime, client, through: None, namespace };
        cluster.await_service_account();
        Some(cluster)
    }

    /// Pods are refused until the namespace has its default service account.
    fn await_service_account(&self) {
        let accounts: Api<k8s_openapi::api::core::v1::ServiceAccount> =
            Api::namespaced(self.client.clone(), &self.namespace);
        for _ in 0..200 {
            if self.runtime.block_on(accounts.get("default")).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("namespace {} has no default service account", self.namespace);
    }

    /// `host:port` of the API server.
    pub fn server(&self) -> String {
        let config = Kubeconfig::read_from(&self.kubeconfig).unwrap();
        let url = config.clusters[0].cluster.as_ref().unwrap().server.clone().unwrap();
        let place = url.split("://").nth(1).unwrap().trim_end_matches('/').to_string();
        if place.contains(':') { place } else { format!("{place}:443") }
    }

    /// From now on the scheduler is told to reach the API server through another address.
    pub fn go_through(&mut self, address: std::net::SocketAddr) {
        let host = self.server().rsplit_once(':').unwrap().0.to_string();
        let mut config = Kubeconfig::read_from(&self.kubeconfig).unwrap();
        let cluster = config.clusters[0].cluster.as_mut().unwrap();
        cluster.server = Some(format!("https://{address}"));
        cluster.tls_server_name = Some(host);
        // As text, it needs no file of its own.
        self.through = Some(serde_json::to_string(&config).unwrap());
    }

    /// What the scheduler needs in its environment: the cluster, and a sidecar image that is there.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut extra = json!({"namespace": self.namespace, "xcom_sidecar_container_image": self.image()});
        match &self.through {
            Some(text) => extra["kube_config"] = json!(text),
            None => extra["kube_config_path"] = json!(self.kubeconfig),
        }
        let connection = json!({"conn_type": "kubernetes", "extra": extra});
        vec![("AIRFLOW_CONN_KUBERNETES_DEFAULT", connection.to_string())]
    }

    /// An image with a shell.
    pub fn image(&self) -> String {
        std::env::var("DAGDECK_TEST_IMAGE").unwrap_or_else(|_| IMAGE.into())
    }

    /// Path of the kubeconfig.
    pub fn kubeconfig(&self) -> String {
        self.kubeconfig.to_string_lossy().into_owned()
    }

    /// What a pod printed.
    pub fn output(&self, name: &str) -> String {
        self.runtime.block_on(self.pods().logs(name, &Default::default())).unwrap()
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// All pods that aren't on their way out, by name.
    pub fn left(&self) -> Vec<String> {
        let list = self.runtime.block_on(self.pods().list(&ListParams::default())).unwrap();
        let there = list.items.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
        let mut names: Vec<String> = there.filter_map(|pod| pod.metadata.name).collect();
        names.sort();
        names
    }

    /// What a path of the API holds; `None` if there is no such thing.
    pub fn object(&self, path: &str) -> Option<Value> {
        let request = http::Request::get(path).body(Vec::new()).unwrap();
        match self.runtime.block_on(self.client.request::<Value>(request)) {
            Ok(found) => Some(found),
            Err(kube::Error::Api(status)) if status.code == 404 => None,
            Err(e) => panic!("{path}: {e}"),
        }
    }

    /// The jobs that there are.
    pub fn jobs(&self) -> Vec<Value> {
        let list = self.object(&format!("/apis/batch/v1/namespaces/{}/jobs", self.namespace)).unwrap();
        list["items"].as_array().unwrap().clone()
    }

    /// Deletes what a path of the API holds, if it is there.
    pub fn remove(&self, path: &str) {
        let request = http::Request::delete(path).body(Vec::new()).unwrap();
        let _ = self.runtime.block_on(self.client.request::<Value>(request));
    }

    /// Names the pods that run, from any thread.
    pub fn pods_running(&self) -> impl Fn() -> Vec<String> + Send + Sync + use<> {
        let (kubeconfig, namespace) = (self.kubeconfig.clone(), self.namespace.clone());
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let read = Kubeconfig::read_from(&kubeconfig).unwrap();
                let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
                let pods: Api<Pod> = Api::namespaced(Client::try_from(config).unwrap(), &namespace);
                let list = pods.list(&ListParams::default().fields("status.phase=Running")).await.unwrap();
                list.items.into_iter().filter_map(|pod| pod.metadata.name).collect()
            })
        }
    }

    /// Makes a file in a pod's only container.
    pub fn touch(&self, name: &str, path: &str) -> bool {
        self.runtime.block_on(async {
            let how = kube::api::AttachParams::default();
            let Ok(mut process) = self.pods().exec(name, ["touch", path], &how).await else { return false };
            let status = process.take_status().unwrap().await;
            status.is_some_and(|status| status.status.as_deref() == Some("Success"))
        })
    }

    /// Creates a pod.
    pub fn create(&self, pod: Value) {
        let pod: Pod = serde_json::from_value(pod).unwrap();
        self.runtime.block_on(self.pods().create(&PostParams::default(), &pod)).unwrap();
    }

    /// Waits until a pod is in a phase.
    pub fn await_phase(&self, name: &str, phase: &str) {
        for _ in 0..6000 {
            let pod = self.runtime.block_on(self.pods().get(name)).unwrap();
            if pod.status.and_then(|status| status.phase).as_deref() == Some(phase) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("pod {name} never became {phase}");
    }

    /// Sends any request, with a body.
    pub fn send(&self, method: &str, path: &str, kind: &str, body: &Value) -> Value {
        let request = http::Request::builder().method(method).uri(path).header("content-type", kind);
        let request = request.body(body.to_string().into_bytes()).unwrap();
        self.runtime.block_on(self.client.request(request)).unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// Creates an object in the namespace; `group` is `api/v1` or `apis/GROUP/VERSION`.
    pub fn make(&self, group: &str, kind: &str, body: &Value) -> Value {
        self.send("POST", &format!("/{group}/namespaces/{}/{kind}", self.namespace), "application/json", body)
    }

    /// From now on the scheduler uses an account that may do nothing but pods, their logs and `exec`, in this namespace.
    pub fn limit(&mut self) {
        let rbac = "apis/rbac.authorization.k8s.io/v1";
        let rules = json!([{"apiGroups": [""], "resources": ["pods", "pods/log", "pods/exec"], "verbs": ["*"]}]);
        self.make("api/v1", "serviceaccounts", &json!({"metadata": {"name": "limited"}}));
        self.make(rbac, "roles", &json!({"metadata": {"name": "limited"}, "rules": rules}));
        self.make(
            rbac,
            "rolebindings",
            &json!({
                "metadata": {"name": "limited"}, "subjects": [{"kind": "ServiceAccount", "name": "limited"}],
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "limited"},
            }),
        );
        let token = self.make("api/v1", "serviceaccounts/limited/token", &json!({"spec": {}}));
        let mut config = serde_json::to_value(Kubeconfig::read_from(&self.kubeconfig).unwrap()).unwrap();
        let users = config["users"].as_array_mut().unwrap();
        for user in users {
            user["user"] = json!({"token": token["status"]["token"]});
        }
        self.through = Some(config.to_string());
    }

    /// Name of a node.
    pub fn node(&self) -> String {
        let nodes: Api<k8s_openapi::api::core::v1::Node> = Api::all(self.client.clone());
        let list = self.runtime.block_on(nodes.list(&ListParams::default().limit(1))).unwrap();
        list.items.into_iter().find_map(|node| node.metadata.name).unwrap()
    }

    /// From now on the namespace takes no pod.
    pub fn allow_no_pods(&self) {
        let quotas: Api<k8s_openapi::api::core::v1::ResourceQuota> =
            Api::namespaced(self.client.clone(), &self.namespace);
        let none = json!({"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}});
        self.runtime.block_on(quotas.create(&PostParams::default(), &serde_json::from_value(none).unwrap())).unwrap();
    }

    /// Deletes a pod, as a person would.
    pub fn delete(&self, name: &str) {
        let how = DeleteParams { grace_period_seconds: Some(1), ..DeleteParams::default() };
        self.runtime.block_on(self.pods().delete(name, &how)).unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let all: Api<Namespace> = Api::all(self.client.clone());
        let how = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
        let _ = self.runtime.block_on(self.pods().delete_collection(&how, &ListParams::default()));
        let _ = self.runtime.block_on(all.delete(&self.namespace, &how));
    }
}
