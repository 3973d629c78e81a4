//! `KubernetesPodOperator`: from its rendered arguments to the pod that is sent (semantics 12.1 and 12.2, provider
//! 10.25.0). Everything here is JSON in the spelling of the Kubernetes API.

mod attach;
mod conduct;
mod errand;
mod job;
mod merge;
mod names;
mod objects;
mod plain;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::Arguments;
use crate::model::{
    Expand, Task,
    mapping::{MARK, encoded_kind},
};
use objects::Shaper;

pub use attach::{SIDECAR, Sidecar, XCOM_FOLDER};
pub use conduct::{Conduct, Containers, OnFinish, XcomFrom};
pub use errand::{Errand, Plan, errand};
pub use job::{JobConduct, job, queued};
pub use merge::pods;
pub use names::{Identity, MAX_NAME, name_of_task, safe_label};
pub use plain::as_python;

/// The Airflow version that pods are labelled with: what dagdeck behaves like.
pub const AIRFLOW_VERSION: &str = "3.3.2";

/// What the place where the pod will run adds to it.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Namespace of the connection, else the one of the service account if dagdeck runs in a pod itself.
    pub namespace: Option<String>,
    /// The cluster is reached through the service account of the pod that dagdeck runs in.
    pub in_cluster: bool,
    /// What the connection says about the XCom sidecar.
    pub sidecar: Sidecar,
    /// The pod of `pod_template_file`, read and parsed.
    pub template_file: Option<Value>,
    /// The job of `job_template_file`, read and parsed.
    pub job_template: Option<Value>,
    /// What the connection says and has no effect, a sentence each.
    pub warnings: Vec<String>,
}

/// Random texts that a pod's parts are named with; handed in, so that building stays a function.
pub struct Chance<'a> {
    /// Eight letters or digits.
    pub suffix: &'a mut dyn FnMut() -> String,
    /// A UUID.
    pub uuid: &'a mut dyn FnMut() -> String,
}

/// A pod to create.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// What is sent.
    pub manifest: Value,
    /// Finds the pods of this task instance, of whatever try.
    pub selector: String,
    /// What was done differently from what the arguments say, and why.
    pub warnings: Vec<String>,
}

/// Builds the pod of a task instance. An error is a sentence that names the argument.
pub fn pod(args: &Arguments<'_>, who: &Identity, place: &Surroundings, chance: &mut Chance<'_>) -> Result<Pod, String> {
    let mut manifest = merge::pods(&base(args, place)?, &own(args)?);
    name(&mut manifest, args, who, chance)?;
    if manifest.pointer("/metadata/namespace").is_none_or(merge::is_empty) {
        manifest["metadata"]["namespace"] = json!(place.namespace.as_deref().unwrap_or("default"));
    }
    for secret in items(args, "secrets")? {
        attach::secret(&mut manifest, &secret, &(chance.uuid)())?;
    }
    if args.pushes_xcom() {
        let context = shaped(args, "xcom_sidecar_container_security_context");
        attach::sidecar(&mut manifest, &place.sidecar, context.as_ref())?;
    }
    let labels = manifest["metadata"]["labels"].as_object_mut().ok_or("labels must be a dict")?;
    for (key, value) in who.labels() {
        labels.insert(key, value.into());
    }
    labels.insert("airflow_version".into(), AIRFLOW_VERSION.into());
    labels.insert("airflow_kpo_in_cluster".into(), if place.in_cluster { "True" } else { "False" }.into());
    let mut warnings = doubts(args);
    warnings.extend(limits(&mut manifest));
    warnings.extend(place.warnings.iter().cloned());
    Ok(Pod { manifest, selector: who.selector(&labels_of(args)?), warnings })
}

/// What arguments hold that are objects of the API: classes of its Python client, `[T]` lists, `{T}` dicts.
const KINDS: &[(&str, &str)] = &[
    ("affinity", "V1Affinity"),
    ("annotations", "{str}"),
    ("arguments", "[str]"),
    ("cmds", "[str]"),
    ("configmaps", "[str]"),
    ("container_resources", "V1ResourceRequirements"),
    ("container_security_context", "V1SecurityContext"),
    ("dns_config", "V1PodDNSConfig"),
    ("env_from", "[V1EnvFromSource]"),
    ("env_vars", "[V1EnvVar]"),
    ("full_job_spec", "V1Job"),
    ("full_pod_spec", "V1Pod"),
    ("host_aliases", "[V1HostAlias]"),
    ("image_pull_secrets", "[V1LocalObjectReference]"),
    ("init_containers", "[V1Container]"),
    ("node_selector", "{str}"),
    ("pod_runtime_info_envs", "[V1EnvVar]"),
    ("ports", "[V1ContainerPort]"),
    ("security_context", "V1PodSecurityContext"),
    ("selector", "V1LabelSelector"),
    ("tolerations", "[V1Toleration]"),
    ("volume_mounts", "[V1VolumeMount]"),
    ("volumes", "[V1Volume]"),
    ("xcom_sidecar_container_security_context", "V1SecurityContext"),
];

/// A pod from wherever an author wrote it (YAML, Python's objects, TOML), in the API's spelling.
pub fn spelled(pod: &Value) -> Value {
    Shaper { texts: true, wrong: Vec::new() }.shape(pod, "V1Pod", "the pod")
}

/// An argument in the API's spelling; `None` if it isn't given.
fn shaped(args: &Arguments<'_>, name: &str) -> Option<Value> {
    let kind = KINDS.iter().find(|(known, _)| *known == name).map_or("object", |(_, kind)| kind);
    args.get(name).map(|value| Shaper::new().shape(value, kind, name))
}

/// What of the arguments Kubernetes or the provider won't take, each a sentence. Templates are left alone.
pub fn doubts(args: &Arguments<'_>) -> Vec<String> {
    let mut shaper = Shaper::new();
    for (name, kind) in KINDS {
        let Some(value) = args.get(name) else { continue };
        let is_table = *name == "env_vars" && value.is_object() && encoded_kind(value).is_none();
        if !is_table && !matches!(encoded_kind(value), Some("xcom" | "zip" | "concat" | "map" | "group_argument")) {
            shaper.shape(value, kind, name);
        }
    }
    if let Some(template) = args.get("pod_template_dict") {
        shaper.shape(template, "V1Pod", "pod_template_dict");
    }
    let is_literal = |text: &&str| !text.contains("{{") && !text.contains("{%");
    if let Some(Err(wrong)) = args.get("name").and_then(Value::as_str).filter(is_literal).map(names::given_name) {
        shaper.wrong.push(format!("name: {wrong}"));
    }
    shaper.wrong
}

/// Names of environment variables are templates too: a dict of them becomes a list of objects before it is rendered.
pub fn name_variables(task: &mut Task) {
    if !task.is_a("KubernetesPodOperator") {
        return;
    }
    let each = |value: &mut Value| {
        if let Some(map) = value.as_object().filter(|_| encoded_kind(value).is_none()) {
            let variable =
                |(name, value)| json!({MARK: "v1", "model": "V1EnvVar", "value": {"name": name, "value": value}});
            *value = map.iter().map(variable).collect();
        }
    };
    if let Some(variables) = task.args.get_mut("env_vars") {
        each(variables);
    }
    match &mut task.expand {
        Some(Expand::Expand { args }) => {
            let elements = args.get_mut("env_vars").and_then(|value| value.0.as_array_mut());
            elements.into_iter().flatten().for_each(each);
        }
        Some(Expand::ExpandKwargs { value }) => {
            let rows = value.0.as_array_mut().into_iter().flatten();
            rows.filter_map(|row| row.get_mut("env_vars")).for_each(each);
        }
        None => {}
    }
}

/// What the pod starts from: the template file, else the template dict, each below the full spec; else the full spec.
fn base(args: &Arguments<'_>, place: &Surroundings) -> Result<Value, String> {
    let full = shaped(args, "full_pod_spec");
    let dict = args.get("pod_template_dict").filter(|d| !merge::is_empty(d));
    let template = place.template_file.as_ref().or(dict);
    let template = template.map(|t| Shaper { texts: true, wrong: Vec::new() }.shape(t, "V1Pod", "the template"));
    let base = match (template, full) {
        (Some(template), Some(full)) => merge::pods(&template, &full),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => json!({}),
    };
    if base.is_object() { Ok(base) } else { Err(format!("a pod to start from must be a table, not {base}")) }
}

/// The pod of the operator's own arguments.
fn own(args: &Arguments<'_>) -> Result<Value, String> {
    let mut container = Map::new();
    put(&mut container, "image", args.text("image")?);
    container.insert("name".into(), args.text("base_container_name")?.unwrap_or_else(|| "base".into()).into());
    container.insert("command".into(), items(args, "cmds")?.into());
    container.insert("ports".into(), items(args, "ports")?.into());
    put(&mut container, "imagePullPolicy", args.text("image_pull_policy")?);
    put(&mut container, "resources", shaped(args, "container_resources"));
    container.insert("volumeMounts".into(), items(args, "volume_mounts")?.into());
    container.insert("args".into(), items(args, "arguments")?.into());
    container.insert("env".into(), env(args)?.into());
    let mut from = items(args, "env_from")?;
    from.extend(items(args, "configmaps")?.into_iter().map(|name| json!({"configMapRef": {"name": name}})));
    container.insert("envFrom".into(), from.into());
    put(&mut container, "securityContext", shaped(args, "container_security_context"));
    let policy = args.text("termination_message_policy")?.unwrap_or_else(|| "File".into());
    container.insert("terminationMessagePolicy".into(), policy.into());

    let mut spec = Map::new();
    put(&mut spec, "runtimeClassName", args.text("runtime_class_name")?);
    spec.insert("nodeSelector".into(), table(args, "node_selector"));
    spec.insert("affinity".into(), table(args, "affinity"));
    spec.insert("tolerations".into(), items(args, "tolerations")?.into());
    spec.insert("initContainers".into(), items(args, "init_containers")?.into());
    put(&mut spec, "hostAliases", shaped(args, "host_aliases"));
    spec.insert("containers".into(), json!([container]));
    spec.insert("imagePullSecrets".into(), pull_secrets(args)?.into());
    put(&mut spec, "serviceAccountName", args.text("service_account_name")?);
    put(&mut spec, "automountServiceAccountToken", args.get("automount_service_account_token").cloned());
    spec.insert("hostNetwork".into(), args.flag("hostnetwork", false)?.into());
    put(&mut spec, "hostname", args.text("hostname")?);
    put(&mut spec, "subdomain", args.text("subdomain")?);
    spec.insert("securityContext".into(), table(args, "security_context"));
    put(&mut spec, "dnsPolicy", args.text("dnspolicy")?);
    put(&mut spec, "dnsConfig", shaped(args, "dns_config"));
    put(&mut spec, "schedulerName", args.text("schedulername")?);
    spec.insert("restartPolicy".into(), "Never".into());
    put(&mut spec, "priorityClassName", args.text("priority_class_name")?);
    spec.insert("volumes".into(), items(args, "volumes")?.into());
    put(&mut spec, "activeDeadlineSeconds", args.get("active_deadline_seconds").cloned());
    put(&mut spec, "terminationGracePeriodSeconds", args.get("termination_grace_period").cloned());

    let mut metadata = Map::new();
    put(&mut metadata, "namespace", args.text("namespace")?);
    metadata.insert("labels".into(), json!(labels_of(args)?));
    put(&mut metadata, "name", args.text("name")?.map(|name| names::given_name(&name)).transpose()?);
    metadata.insert("annotations".into(), table(args, "annotations"));
    Ok(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
}

fn name(manifest: &mut Value, args: &Arguments<'_>, who: &Identity, chance: &mut Chance<'_>) -> Result<(), String> {
    let given = manifest.pointer("/metadata/name").and_then(Value::as_str).filter(|n| !n.is_empty());
    let plain = given.map_or_else(|| names::name_of_task(&who.task_id, names::MAX_NAME), str::to_string);
    let suffixed = args.flag("random_name_suffix", true)?;
    let name = if suffixed { names::with_suffix(&plain, &(chance.suffix)(), names::MAX_NAME) } else { plain };
    manifest["metadata"]["name"] = name.into();
    Ok(())
}

/// An extended resource (a GPU) that is requested without a limit is refused by every API server: the limit is set to
/// the request. Says what was set.
fn limits(manifest: &mut Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let containers = manifest.pointer_mut("/spec/containers").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        let name = container.get("name").and_then(Value::as_str).unwrap_or("?").to_string();
        let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) else { continue };
        let extended: Vec<(String, Value)> = resources
            .get("requests")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.contains('/') && !key.starts_with("kubernetes.io/"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for (key, value) in extended {
            let limits = resources.entry("limits").or_insert_with(|| json!({}));
            let Some(limits) = limits.as_object_mut() else { continue };
            if !limits.contains_key(&key) {
                warnings.push(format!(
                    "container {name}: {key} was requested without a limit, which Kubernetes refuses; the limit is set \
                     to the request ({value})"
                ));
                limits.insert(key, value);
            }
        }
    }
    warnings
}

/// The author's labels; an absent value is an empty one.
fn labels_of(args: &Arguments<'_>) -> Result<IndexMap<String, String>, String> {
    let Some(value) = args.get("labels") else { return Ok(IndexMap::new()) };
    let map = value.as_object().ok_or_else(|| format!("KubernetesPodOperator: labels must be a dict, not {value}"))?;
    let text = |v: &Value| match v {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    Ok(map.iter().map(|(k, v)| (k.clone(), text(v))).collect())
}

/// `env_vars`, a dict or a list, and after them `pod_runtime_info_envs`.
fn env(args: &Arguments<'_>) -> Result<Vec<Value>, String> {
    let mut env = match args.get("env_vars") {
        Some(Value::Object(map)) if !map.contains_key(MARK) => map.iter().map(variable).collect(),
        _ => items(args, "env_vars")?,
    };
    env.extend(items(args, "pod_runtime_info_envs")?);
    Ok(env)
}

/// A variable of a dict; no value is no value, and a number is its text, which is all that an environment holds.
fn variable((name, value): (&String, &Value)) -> Value {
    match value {
        Value::Null => json!({"name": name}),
        Value::Number(n) => json!({"name": name, "value": n.to_string()}),
        other => json!({"name": name, "value": other}),
    }
}

/// `image_pull_secrets`: objects, or names separated by commas.
fn pull_secrets(args: &Arguments<'_>) -> Result<Vec<Value>, String> {
    match args.get("image_pull_secrets") {
        Some(Value::String(names)) => Ok(names.split(',').map(|name| json!({"name": name.trim()})).collect()),
        _ => items(args, "image_pull_secrets"),
    }
}

fn put(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_string(), value.into());
    }
}

fn table(args: &Arguments<'_>, name: &str) -> Value {
    shaped(args, name).unwrap_or_else(|| json!({}))
}

fn items(args: &Arguments<'_>, name: &str) -> Result<Vec<Value>, String> {
    match shaped(args, name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(format!("KubernetesPodOperator: {name} must be a list, not {other}")),
    }
}
