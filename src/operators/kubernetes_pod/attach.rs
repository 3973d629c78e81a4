//! What is added to a merged pod: secrets, and the sidecar that keeps the XCom.

use serde_json::{Map, Value, json};

/// Folder in which the base container leaves `return.json`.
pub const XCOM_FOLDER: &str = "/airflow/xcom";
/// Name of the XCom sidecar.
pub const SIDECAR: &str = "airflow-xcom-sidecar";
/// Its image, unless the connection names another; pinned, so that a node that has it doesn't pull.
const SIDECAR_IMAGE: &str = "alpine:3.24.2";
/// Waits until it is told to end, so that the XCom can be read after the base container's end.
const SIDECAR_COMMAND: &str = "trap \"exit 0\" INT; while true; do sleep 1; done;";

/// What a connection says about the sidecar (its extras `xcom_sidecar_container_*`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sidecar {
    /// Image.
    pub image: Option<String>,
    /// V1ResourceRequirements.
    pub resources: Option<Value>,
    /// V1SecurityContext.
    pub security_context: Option<Value>,
}

/// A list of an object, made if it isn't there.
fn list<'a>(object: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Vec<Value>> {
    let entry = object.entry(key).or_insert_with(|| json!([]));
    if entry.is_null() {
        *entry = json!([]);
    }
    entry.as_array_mut()
}

fn spec(pod: &mut Value) -> Option<&mut Map<String, Value>> {
    pod.get_mut("spec")?.as_object_mut()
}

fn base_container(pod: &mut Value) -> Option<&mut Map<String, Value>> {
    pod.pointer_mut("/spec/containers/0")?.as_object_mut()
}

/// Adds one `Secret` of the provider. `volume_id` makes the name of its volume unique.
pub fn secret(pod: &mut Value, secret: &Value, volume_id: &str) -> Result<(), String> {
    let text = |key: &str| secret.get(key).and_then(Value::as_str);
    let name = text("secret").ok_or_else(|| format!("secrets: {secret} has no `secret` (its name in Kubernetes)"))?;
    let target = text("deploy_target");
    let broken = || "the pod has no container to give a secret to".to_string();
    match (text("deploy_type"), text("key")) {
        (Some("volume"), _) => {
            let target = target.ok_or_else(|| format!("secrets: the volume of {name:?} has no deploy_target"))?;
            let volume = format!("secretvol{volume_id}");
            let mut source = json!({"secretName": name});
            if let Some(items) = secret.get("items").filter(|i| !super::merge::is_empty(i)) {
                source["items"] = items.clone();
            }
            let volumes = spec(pod).and_then(|s| list(s, "volumes")).ok_or_else(broken)?;
            volumes.push(json!({"name": volume, "secret": source}));
            let mounts = base_container(pod).and_then(|c| list(c, "volumeMounts")).ok_or_else(broken)?;
            mounts.push(json!({"mountPath": target, "name": volume, "readOnly": true}));
        }
        (Some("env"), Some(key)) => {
            let env = base_container(pod).and_then(|c| list(c, "env")).ok_or_else(broken)?;
            env.push(json!({"name": target, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}));
        }
        (Some("env"), None) => {
            let from = base_container(pod).and_then(|c| list(c, "envFrom")).ok_or_else(broken)?;
            from.push(json!({"secretRef": {"name": name}}));
        }
        (other, _) => {
            return Err(format!("secrets: deploy_type of {name:?} must be env or volume, not {other:?}"));
        }
    }
    Ok(())
}

/// Adds the XCom sidecar, and the folder that it shares with the base container.
pub fn sidecar(pod: &mut Value, given: &Sidecar, security_context: Option<&Value>) -> Result<(), String> {
    let broken = || "the pod has no container to share the XCom folder with".to_string();
    let mount = json!({"mountPath": XCOM_FOLDER, "name": "xcom"});
    let volumes = spec(pod).and_then(|s| list(s, "volumes")).ok_or_else(broken)?;
    volumes.insert(0, json!({"name": "xcom", "emptyDir": {}}));
    let mounts = base_container(pod).and_then(|c| list(c, "volumeMounts")).ok_or_else(broken)?;
    mounts.insert(0, mount.clone());
    let mut container = json!({
        "name": SIDECAR,
        "image": given.image.as_deref().filter(|i| !i.is_empty()).unwrap_or(SIDECAR_IMAGE),
        "command": ["sh", "-c", SIDECAR_COMMAND],
        "resources": {"requests": {"cpu": "1m", "memory": "10Mi"}},
        "volumeMounts": [mount],
    });
    if let Some(resources) = given.resources.as_ref().filter(|r| !super::merge::is_empty(r)) {
        container["resources"] = resources.clone();
    }
    if let Some(context) = security_context.or(given.security_context.as_ref()) {
        container["securityContext"] = context.clone();
    }
    spec(pod).and_then(|s| list(s, "containers")).ok_or_else(broken)?.push(container);
    Ok(())
}
