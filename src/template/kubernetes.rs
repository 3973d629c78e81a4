//! Kubernetes objects in template fields: only some parts of them are templates (provider 10.25.0).

use serde_json::Value;

use super::{Context, Failure, render_value};

/// Class to the parts of it that are templates, as JSON pointers.
const PARTS: &[(&str, &[&str])] = &[
    ("V1EnvVar", &["/value", "/name"]),
    ("V1ResourceRequirements", &["/limits", "/requests"]),
    ("V1Volume", &["/name", "/persistentVolumeClaim/claimName", "/configMap/name"]),
    ("V1VolumeMount", &["/name", "/subPath"]),
    ("V1PersistentVolumeClaimVolumeSource", &["/claimName"]),
    ("V1ConfigMapVolumeSource", &["/name"]),
    ("V1EnvFromSource", &["/configMapRef/name"]),
    ("V1ConfigMapEnvSource", &["/name"]),
];

/// Renders the templates of a `{"__dagdeck__": "v1", "model": .., "value": ..}`.
pub(super) fn render(mark: &Value, ctx: &Context) -> Result<Value, Failure> {
    let mut rendered = mark.clone();
    let parts = PARTS.iter().find(|(model, _)| mark["model"] == *model).map_or(&[][..], |(_, parts)| parts);
    for part in parts {
        if let Some(text) = rendered["value"].pointer_mut(part) {
            *text = render_value(text, ctx)?;
        }
    }
    Ok(rendered)
}
