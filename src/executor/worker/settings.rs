//! `[kubernetes_executor]` as worker pods use it (semantics 13), and which executor a task goes to.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    config::Settings,
    model::{Cause, CauseKind, Task},
    operators::kubernetes_pod::spelled,
};

/// Where a task's process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executor {
    /// On this machine.
    Local,
    /// In a pod of its own.
    Kubernetes,
}

/// Executors in `[core] executor`: alias or class name, and where it runs; the first is the default.
fn configured(settings: &Settings) -> Vec<(Vec<String>, Executor)> {
    let one = |text: &str| {
        let (alias, path) = text.split_once(':').map_or((None, text), |(alias, path)| (Some(alias), path));
        let class = path.rsplit('.').next().unwrap_or(path);
        let runs = if class == "KubernetesExecutor" { Executor::Kubernetes } else { Executor::Local };
        let names = alias.into_iter().chain([path, class]).map(str::to_string).collect();
        (names, runs)
    };
    settings.text("core", "executor").split(',').map(str::trim).filter(|t| !t.is_empty()).map(one).collect()
}

/// Executors as `[core] executor` names them, and where they run tasks; the first is the default. What splits tasks by queue is both.
pub fn executors(settings: &Settings) -> Vec<(String, Executor)> {
    let mut all: Vec<(String, Executor)> = Vec::new();
    for (names, runs) in configured(settings) {
        let name = names.last().cloned().unwrap_or_default();
        if let Some((class, _)) = BY_QUEUE.iter().find(|(class, _)| *class == name) {
            all.extend([(class.to_string(), Executor::Local), (class.to_string(), Executor::Kubernetes)]);
        } else {
            all.push((name, runs));
        }
    }
    let in_pods = |(_, runs): &(String, Executor)| *runs == Executor::Kubernetes;
    if list(settings.text("kubernetes_executor", "queues")).next().is_some() && !all.iter().any(in_pods) {
        all.push(("KubernetesExecutor".into(), Executor::Kubernetes));
    }
    all
}

/// Executors of Airflow 2 that split tasks by queue, with the section that names the queue for pods.
const BY_QUEUE: &[(&str, &str)] = &[
    ("LocalKubernetesExecutor", "local_kubernetes_executor"),
    ("CeleryKubernetesExecutor", "celery_kubernetes_executor"),
];

/// Where a task runs: its own `executor`, else by its queue, else the first one of the settings.
pub fn executor_of(task: &Task, settings: &Settings) -> Result<Executor, Cause> {
    let all = configured(settings);
    if let Some(wanted) = task.executor.as_deref().filter(|name| !name.is_empty()) {
        let found = all.iter().find(|(names, _)| names.iter().any(|name| name == wanted)).map(|(_, runs)| *runs);
        return found.ok_or_else(|| {
            let known = settings.text("core", "executor");
            Cause::new(
                CauseKind::Value,
                format!("executor {wanted:?} is not among those of [core] executor ({known}): add it there"),
            )
            .exception("UnknownExecutorException")
        });
    }
    let queue = task.queue.as_deref().unwrap_or("default");
    if list(settings.text("kubernetes_executor", "queues")).any(|name| name == queue) {
        return Ok(Executor::Kubernetes);
    }
    let first = all.first();
    let by_queue = first.and_then(|(names, _)| BY_QUEUE.iter().find(|(class, _)| names.iter().any(|n| n == class)));
    if let Some((_, section)) = by_queue {
        let named = settings.get(section, "kubernetes_queue").unwrap_or("kubernetes");
        return Ok(if queue == named { Executor::Kubernetes } else { Executor::Local });
    }
    Ok(first.map_or(Executor::Local, |(_, runs)| *runs))
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|t| !t.is_empty())
}

/// What worker pods are made with.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerSettings {
    /// Namespace, unless the template or an override names one.
    pub namespace: String,
    /// File of the pod that all worker pods start from.
    pub pod_template_file: Option<PathBuf>,
    /// Kubeconfig; else the scheduler's own environment says how the cluster is reached.
    pub config_file: Option<String>,
    /// Context of the kubeconfig.
    pub cluster_context: Option<String>,
    /// Image, `repository:tag`, unless the template or an override names one.
    pub image: Option<String>,
    /// A worker pod that ended well is deleted.
    pub delete_worker_pods: bool,
    /// So is one that failed.
    pub delete_worker_pods_on_failure: bool,
    /// Pods created at one time.
    pub creation_batch_size: usize,
    /// How often a pod that failed before its task began is created again without using a try; `None`: always.
    pub launch_failure_retries: Option<usize>,
    /// Reasons of ended containers (`Error`) with which it isn't.
    pub launch_failure_excluded: Vec<String>,
    /// Reasons of waiting containers for which a pending pod has failed.
    pub pending_fatal: Vec<String>,
    /// Namespaces in which worker pods may be; none: all.
    pub namespaces: Vec<String>,
    /// Seconds between TERM and KILL of a deleted pod, unless the pod itself says.
    pub delete_grace: Option<u32>,
    /// Seconds that a result above 256 kB waits to be fetched.
    pub result_hold: f64,
}

impl WorkerSettings {
    /// Reads them. Errors name the option.
    pub fn read(settings: &Settings) -> Result<Self, String> {
        let section = "kubernetes_executor";
        let text = |key: &str| Some(settings.text(section, key).trim()).filter(|t| !t.is_empty());
        let number = |key: &str| settings.number(section, key).map_err(|e| e.to_string());
        let image = text("worker_container_repository").map(|repository| match text("worker_container_tag") {
            Some(tag) => format!("{repository}:{tag}"),
            None => repository.to_string(),
        });
        let words = |key: &str| list(settings.text(section, key)).map(str::to_string).collect();
        let namespaces = if settings.flag(section, "multi_namespace_mode") {
            words("multi_namespace_mode_namespace_list")
        } else {
            Vec::new()
        };
        Ok(Self {
            namespace: text("namespace").unwrap_or("default").to_string(),
            pod_template_file: text("pod_template_file").map(PathBuf::from),
            config_file: text("config_file").map(str::to_string),
            cluster_context: text("cluster_context").map(str::to_string),
            image,
            delete_worker_pods: settings.flag(section, "delete_worker_pods"),
            delete_worker_pods_on_failure: settings.flag(section, "delete_worker_pods_on_failure"),
            creation_batch_size: (number("worker_pods_creation_batch_size")?.max(1.0)) as usize,
            launch_failure_retries: match number("pod_launch_failure_retries")? {
                all if all < 0.0 => None,
                most => Some(most as usize),
            },
            launch_failure_excluded: list(settings.text(section, "pod_launch_failure_excluded_container_reasons"))
                .map(str::to_string)
                .collect(),
            pending_fatal: words("worker_pod_pending_fatal_container_state_reasons"),
            namespaces,
            delete_grace: delete_grace(settings.text(section, "delete_option_kwargs"))?,
            result_hold: number("result_hold")?,
        })
    }

    /// True if a pod that failed before its task began is made again: so many were already, and its container ended for this
    /// reason.
    pub fn launches_again(&self, already: usize, reason: Option<&str>) -> bool {
        let is_excluded = reason.is_some_and(|reason| self.launch_failure_excluded.iter().any(|known| known == reason));
        !is_excluded && self.launch_failure_retries.is_none_or(|most| already < most)
    }
}

/// `delete_option_kwargs`, a JSON object: of what Airflow hands to its client, the grace period counts.
fn delete_grace(text: &str) -> Result<Option<u32>, String> {
    let wrong = || {
        format!(
            "[kubernetes_executor] delete_option_kwargs = {text:?}: only {{\"grace_period_seconds\": SECONDS}} is known here"
        )
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    let given: serde_json::Map<String, Value> = serde_json::from_str(text).map_err(|_| wrong())?;
    match given.iter().next() {
        None => Ok(None),
        Some((key, seconds)) if key == "grace_period_seconds" && given.len() == 1 => {
            let seconds = seconds.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
            seconds.map(Some).ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

/// Where the files of a DAG folder are inside the pod already (image or volume): `[kubernetes_executor] dags_path`, for one
/// folder `[kubernetes_executor.dags_path]` with the folder as key. `None`: they are handed over.
pub fn dags_path<'a>(settings: &'a Settings, folder: &Path) -> Option<&'a str> {
    let of_folder = settings.get("kubernetes_executor", &format!("dags_path.{}", folder.display()));
    let found = of_folder.or_else(|| settings.get("kubernetes_executor", "dags_path"))?;
    Some(found.trim_end_matches('/')).filter(|path| !path.is_empty())
}

/// `executor_config["pod_override"]` of a task, as a pod in the API's spelling. Errors say what was found instead.
pub fn pod_override(task: &Task) -> Result<Option<Value>, String> {
    let Some(config) = task.args.get("executor_config").filter(|c| !c.is_null()) else { return Ok(None) };
    let Some(config) = config.as_object() else { return Err(format!("executor_config must be a dict, not {config}")) };
    match config.get("pod_override") {
        None | Some(Value::Null) => Ok(None),
        Some(pod @ Value::Object(_)) => Ok(Some(spelled(pod))),
        Some(other) => Err(format!("executor_config[\"pod_override\"] must be a V1Pod, not {other}")),
    }
}

/// The template file that `executor_config["pod_template_file"]` names for this task alone.
pub fn own_template(task: &Task) -> Option<PathBuf> {
    let path = task.args.get("executor_config")?.get("pod_template_file")?.as_str()?;
    Some(PathBuf::from(path)).filter(|p| !p.as_os_str().is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let environment = pairs.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Settings::load(Path::new("/nowhere/dagdeck.toml"), environment).unwrap()
    }

    fn task(extra: Value) -> Task {
        let mut all = json!({"task_id": "t", "operator": "BashOperator"});
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_task_goes_to_its_executor_its_queue_or_the_first() {
        let both = settings(&[("AIRFLOW__CORE__EXECUTOR", "LocalExecutor,k8s:airflow.x.KubernetesExecutor")]);
        assert_eq!(executor_of(&task(json!({})), &both), Ok(Executor::Local));
        for name in ["KubernetesExecutor", "k8s", "airflow.x.KubernetesExecutor"] {
            assert_eq!(executor_of(&task(json!({"executor": name})), &both), Ok(Executor::Kubernetes), "{name}");
        }
        let unknown = executor_of(&task(json!({"executor": "Other"})), &both).unwrap_err();
        assert!(
            unknown.summary.contains("Other") && unknown.summary.contains("[core] executor"),
            "{}",
            unknown.summary
        );
        let only = settings(&[("AIRFLOW__CORE__EXECUTOR", "KubernetesExecutor")]);
        assert_eq!(executor_of(&task(json!({})), &only), Ok(Executor::Kubernetes));
        let old = settings(&[("AIRFLOW__CORE__EXECUTOR", "LocalKubernetesExecutor")]);
        assert_eq!(executor_of(&task(json!({"queue": "kubernetes"})), &old), Ok(Executor::Kubernetes));
        assert_eq!(executor_of(&task(json!({"queue": "other"})), &old), Ok(Executor::Local));
        let mapped = settings(&[("AIRFLOW__KUBERNETES_EXECUTOR__QUEUES", "gpu, big")]);
        assert_eq!(executor_of(&task(json!({"queue": "big"})), &mapped), Ok(Executor::Kubernetes));
        assert_eq!(executor_of(&task(json!({})), &mapped), Ok(Executor::Local));
    }

    #[test]
    fn settings_have_airflows_defaults() {
        let read = WorkerSettings::read(&settings(&[])).unwrap();
        assert_eq!((read.namespace.as_str(), read.image.as_deref()), ("default", None));
        assert!(read.delete_worker_pods && !read.delete_worker_pods_on_failure);
        assert_eq!((read.creation_batch_size, read.launch_failure_retries), (1, Some(1)));
        assert!(read.launches_again(0, None) && read.launches_again(0, Some("OOMKilled")));
        assert!(!read.launches_again(1, None) && !read.launches_again(0, Some("Error")));
        let always = settings(&[
            ("AIRFLOW__KUBERNETES_EXECUTOR__POD_LAUNCH_FAILURE_RETRIES", "-1"),
            ("AIRFLOW__KUBERNETES_EXECUTOR__POD_LAUNCH_FAILURE_EXCLUDED_CONTAINER_REASONS", ""),
        ]);
        assert!(WorkerSettings::read(&always).unwrap().launches_again(99, Some("Error")));
        let image = settings(&[
            ("AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_REPOSITORY", "python"),
            ("AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_TAG", "3.11-slim"),
            ("AIRFLOW__KUBERNETES_EXECUTOR__DAGS_PATH", "/opt/dags/"),
        ]);
        assert_eq!(WorkerSettings::read(&image).unwrap().image.as_deref(), Some("python:3.11-slim"));
        assert_eq!(dags_path(&image, Path::new("/dags")), Some("/opt/dags"));
        assert!(read.namespaces.is_empty());
        assert!(read.pending_fatal.contains(&"ErrImagePull".to_string()) && read.delete_grace.is_none());
        let more = WorkerSettings::read(&settings(&[
            ("AIRFLOW__KUBERNETES_EXECUTOR__MULTI_NAMESPACE_MODE", "True"),
            ("AIRFLOW__KUBERNETES_EXECUTOR__MULTI_NAMESPACE_MODE_NAMESPACE_LIST", "a, b"),
            ("AIRFLOW__KUBERNETES_EXECUTOR__DELETE_OPTION_KWARGS", "{\"grace_period_seconds\": 7}"),
        ]))
        .unwrap();
        assert_eq!((more.namespaces, more.delete_grace), (vec!["a".to_string(), "b".to_string()], Some(7)));
        let unknown = settings(&[("AIRFLOW__KUBERNETES_EXECUTOR__DELETE_OPTION_KWARGS", "{\"dry_run\": 1}")]);
        assert!(WorkerSettings::read(&unknown).unwrap_err().contains("delete_option_kwargs"));
        let wrong = settings(&[("AIRFLOW__KUBERNETES_EXECUTOR__POD_LAUNCH_FAILURE_RETRIES", "many")]);
        assert!(WorkerSettings::read(&wrong).unwrap_err().contains("pod_launch_failure_retries"));
    }

    #[test]
    fn an_override_is_a_pod_or_an_error() {
        let pod = json!({"spec": {"containers": [{"name": "base", "image": "x"}]}});
        let good = task(json!({"args": {"executor_config": {"pod_override": pod}}}));
        assert_eq!(pod_override(&good), Ok(Some(pod)));
        assert_eq!(pod_override(&task(json!({}))), Ok(None));
        let wrong = task(json!({"args": {"executor_config": {"pod_override": 3}}}));
        assert!(pod_override(&wrong).unwrap_err().contains("V1Pod"));
    }
}
