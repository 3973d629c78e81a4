//! A namespace of its own in the cluster of `DAGDECK_TEST_KUBECONFIG`; everything in it is removed when it is dropped.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::{
    Api, Client, Config,
    api::{AttachParams, DeleteParams, EvictParams, ListParams, LogParams, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

use super::proxy::Proxy;

/// Names the kubeconfig.
const VARIABLE: &str = "DAGDECK_TEST_KUBECONFIG";
/// Image with a shell; another one can be named where a cluster has none of that name.
const IMAGE: &str = "busybox:1.36";

/// A namespace.
pub struct Cluster {
    kubeconfig: PathBuf,
    runtime: tokio::runtime::Runtime,
    client: Client,
    through: Option<tempfile::NamedTempFile>,
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

    /// From now on the scheduler is told to go through a proxy; `user` is how it says who it is.
    pub fn go_through(&mut self, proxy: &Proxy, user: &Value) {
        self.go_by(&proxy.kubeconfig(user));
    }

    fn go_by(&mut self, kubeconfig: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), kubeconfig).unwrap();
        self.through = Some(file);
    }

    /// The kubeconfig that the tests were given.
    pub fn own_kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What the scheduler needs in its environment: the cluster, and a sidecar image that is there.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut extra = json!({"namespace": self.namespace, "xcom_sidecar_container_image": self.image()});
        extra["kube_config_path"] = json!(self.kubeconfig());
        let connection = json!({"conn_type": "kubernetes", "extra": extra});
        vec![("AIRFLOW_CONN_KUBERNETES_DEFAULT", connection.to_string())]
    }

    /// An image with a shell.
    pub fn image(&self) -> String {
        std::env::var("DAGDECK_TEST_IMAGE").unwrap_or_else(|_| IMAGE.into())
    }

    /// Path of the kubeconfig that the scheduler is given.
    pub fn kubeconfig(&self) -> String {
        let path = self.through.as_ref().map_or(self.kubeconfig.as_path(), |file| file.path());
        path.to_string_lossy().into_owned()
    }

    /// What a pod printed.
    pub fn output(&self, name: &str) -> String {
        self.runtime.block_on(self.pods().logs(name, &Default::default())).unwrap()
    }

    /// The first line of a pod's output that can be read; nothing while there is none.
    pub fn first_line(&self, name: &str) -> Option<String> {
        let how = LogParams { limit_bytes: Some(64), ..LogParams::default() };
        let text = self.runtime.block_on(self.pods().logs(name, &how)).ok()?;
        text.lines().next().map(str::to_string)
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

    /// Deletes all ConfigMaps with code, from any thread.
    pub fn forget_code(&self) -> impl Fn() + Send + Sync + use<> {
        let (kubeconfig, namespace) = (self.kubeconfig.clone(), self.namespace.clone());
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let read = Kubeconfig::read_from(&kubeconfig).unwrap();
                let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
                let maps: Api<ConfigMap> = Api::namespaced(Client::try_from(config).unwrap(), &namespace);
                let ours = ListParams::default().labels("dagdeck/home");
                maps.delete_collection(&DeleteParams::default(), &ours).await.unwrap();
            });
        }
    }

    /// Waits until a pod is gone.
    pub fn await_gone(&self, name: &str) {
        let path = format!("/api/v1/namespaces/{}/pods/{name}", self.namespace);
        while self.object(&path).is_some() {
            std::thread::sleep(std::time::Duration::from_millis(50));
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

    /// A service account that may do nothing but pods, their logs and `exec`, in this namespace.
    pub fn allow(&self, account: &str) {
        let rbac = "apis/rbac.authorization.k8s.io/v1";
        let rules = json!([{"apiGroups": [""], "resources": ["pods", "pods/log", "pods/exec"], "verbs": ["*"]}]);
        let metadata = json!({"name": account});
        self.make("api/v1", "serviceaccounts", &json!({"metadata": metadata}));
        self.make(rbac, "roles", &json!({"metadata": metadata, "rules": rules}));
        self.make(
            rbac,
            "rolebindings",
            &json!({
                "metadata": metadata, "subjects": [{"kind": "ServiceAccount", "name": account}],
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
            }),
        );
    }

    /// From now on the scheduler uses such an account.
    pub fn limit(&mut self) {
        self.allow("limited");
        let token = self.make("api/v1", "serviceaccounts/limited/token", &json!({"spec": {}}));
        let mut config = serde_json::to_value(Kubeconfig::read_from(&self.kubeconfig).unwrap()).unwrap();
        let users = config["users"].as_array_mut().unwrap();
        for user in users {
            user["user"] = json!({"token": token["status"]["token"]});
        }
        self.go_by(&config.to_string());
    }

    /// Name of a node.
    pub fn node(&self) -> String {
        let nodes: Api<k8s_openapi::api::core::v1::Node> = Api::all(self.client.clone());
        let list = self.runtime.block_on(nodes.list(&ListParams::default().limit(1))).unwrap();
        list.items.into_iter().find_map(|node| node.metadata.name).unwrap()
    }

    /// From now on the namespace takes so many pods.
    pub fn allow_pods(&self, most: u32) {
        let quota = json!({"metadata": {"name": "most"}, "spec": {"hard": {"pods": most.to_string()}}});
        self.make("api/v1", "resourcequotas", &quota);
    }

    /// True if the node is the machine on which the tests run.
    pub fn is_this_machine(&self) -> bool {
        let nodes: Api<k8s_openapi::api::core::v1::Node> = Api::all(self.client.clone());
        let node = self.runtime.block_on(nodes.get(&self.node())).unwrap();
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        node.status.and_then(|status| status.node_info).is_some_and(|info| info.boot_id == boot.trim())
    }

    /// Deletes a pod, as a person would; false if it isn't there any more.
    pub fn delete(&self, name: &str) -> bool {
        let how = DeleteParams { grace_period_seconds: Some(1), ..DeleteParams::default() };
        self.runtime.block_on(self.pods().delete(name, &how)).is_ok()
    }

    /// Has a pod evicted, as a drain does.
    pub fn evict(&self, name: &str) -> bool {
        let how = DeleteParams { grace_period_seconds: Some(1), ..DeleteParams::default() };
        let how = EvictParams { delete_options: Some(how), ..EvictParams::default() };
        self.runtime.block_on(self.pods().evict(name, &how)).is_ok()
    }

    /// Runs a command in a container; false if that can't be done (any more).
    pub fn exec(&self, name: &str, container: &str, command: &[&str]) -> bool {
        let how = AttachParams::default().container(container).stderr(false);
        self.runtime.block_on(async {
            let Ok(mut process) = self.pods().exec(name, command.iter().copied(), &how).await else { return false };
            match process.take_status() {
                Some(status) => status.await.is_some_and(|status| status.status.as_deref() == Some("Success")),
                None => false,
            }
        })
    }

    /// Has the cluster take its node for one that is silent, until its kubelet says otherwise.
    pub fn lose_node(&self) {
        let nodes: Api<k8s_openapi::api::core::v1::Node> = Api::all(self.client.clone());
        let lost = json!({"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "message": "by a test"});
        let change = Patch::Strategic(json!({"status": {"conditions": [lost]}}));
        self.runtime.block_on(nodes.patch_status(&self.node(), &PatchParams::default(), &change)).unwrap();
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
