//! A command in a container of a pod that isn't ours: its output line by line, and its exit code (provider 10.25.0).

use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Status};
use kube::api::{Api as Typed, AttachParams};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{api::Api, glance};

/// Annotation with the name of the container that is meant where none is named.
const DEFAULT: &str = "kubectl.kubernetes.io/default-container";

/// A pod.
pub struct Place<'a> {
    /// Its cluster.
    pub api: &'a Api,
    /// Namespace.
    pub namespace: &'a str,
    /// Name.
    pub pod: &'a str,
}

/// Why it failed, and the command's exit code if it had one.
pub type Failure = (String, Option<i32>);

/// The container of a pod that is meant, which must run. An error is the provider's sentence.
pub fn container(pod: &Value, wanted: Option<&str>) -> Result<String, String> {
    let name = glance::name(pod);
    let all = glance::names(pod, false);
    let first = all.first().ok_or_else(|| format!("Pod '{name}' does not define any containers"))?;
    let chosen = match (wanted, pod["metadata"]["annotations"][DEFAULT].as_str()) {
        (Some(wanted), _) if !all.iter().any(|one| one == wanted) => {
            return Err(format!("Container '{wanted}' does not exist in pod '{name}'"));
        }
        (Some(wanted), _) => wanted,
        (None, Some(named)) if all.iter().any(|one| one == named) => named,
        _ => first,
    };
    let phase = glance::phase(pod);
    if phase != "Running" {
        return Err(format!("Cannot execute a command in pod '{name}' while it is in phase '{phase}'"));
    }
    if !glance::runs(pod, chosen) {
        let text = "is not running or container status cannot be retrieved";
        return Err(format!("Container '{chosen}' in pod '{name}' {text}"));
    }
    Ok(chosen.to_string())
}

/// Runs it to its end; with `most` its standard output, of at most so many bytes. `say` gets each line and its stream.
pub async fn run(
    place: &Place<'_>,
    container: &str,
    command: &[&str],
    most: Option<usize>,
    say: &dyn Fn(&str, &str),
) -> Result<Option<String>, Failure> {
    let whole = format!("{}/{}", place.namespace, place.pod);
    let pods: Typed<Pod> = Typed::namespaced(place.api.client(), place.namespace);
    let how = AttachParams::default().container(container).stderr(true);
    let opened = pods.exec(place.pod, command.iter().copied(), &how).await;
    let mut process = opened.map_err(|e| (format!("Unable to execute command in pod {whole}: {e}"), None))?;
    let status = process.take_status();
    let (out, err) = (process.stdout(), process.stderr());
    let what = format!("Command in container '{container}' of pod {whole}");
    // A connection that breaks leaves the streams open: it is the status that never comes then.
    let ended = async {
        match status {
            Some(status) => status.await,
            None => None,
        }
        .ok_or_else(|| format!("{what} ended without reporting an exit code"))
    };
    // Whoever isn't read any more never ends: the other stream isn't waited for.
    let read = tokio::try_join!(ended, lines(out, "stdout", most, say), lines(err, "stderr", None, say));
    match read {
        Ok((status, output, _)) => match exit_code(&status) {
            Some(0) => Ok(most.map(|_| output)),
            Some(code) => Err((format!("{what} failed with exit code {code}"), Some(code))),
            None => Err((format!("{what} ended without reporting an exit code"), None)),
        },
        Err(text) => {
            process.abort();
            Err((text, None))
        }
    }
}

/// The exit code in the status that ends a stream.
fn exit_code(status: &Status) -> Option<i32> {
    if status.status.as_deref() == Some("Success") {
        return Some(0);
    }
    let causes = status.details.as_ref()?.causes.as_ref()?;
    let cause = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"))?;
    cause.message.as_ref()?.parse().ok()
}

/// Reads a stream to its end; what was read, if it may not be more than `most` bytes.
async fn lines(
    stream: Option<impl AsyncRead + Unpin>,
    name: &str,
    most: Option<usize>,
    say: &dyn Fn(&str, &str),
) -> Result<String, String> {
    let Some(mut stream) = stream else { return Ok(String::new()) };
    let (mut whole, mut line) = (Vec::new(), Vec::new());
    let mut chunk = [0u8; 8192];
    let tell = |line: &[u8]| say(name, String::from_utf8_lossy(line).trim_end_matches(['\n', '\r']));
    loop {
        let read = stream.read(&mut chunk).await.map_err(|e| format!("its output can't be read: {e}"))?;
        if read == 0 {
            break;
        }
        for piece in chunk[..read].split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || line.len() > 1 << 16 {
                tell(&line);
                line.clear();
            }
        }
        if let Some(most) = most {
            whole.extend_from_slice(&chunk[..read]);
            if whole.len() > most {
                return Err(format!("Standard output exceeded the configured XCom limit of {most} bytes"));
            }
        }
    }
    if !line.is_empty() {
        tell(&line);
    }
    Ok(String::from_utf8_lossy(&whole).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_container_is_the_one_that_is_meant_and_must_run() {
        let statuses: Vec<Value> =
            ["a", "b"].iter().map(|name| json!({"name": name, "state": {"running": {}}})).collect();
        let mut pod = json!({"metadata": {"name": "p", "annotations": {}}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
            "status": {"phase": "Running", "containerStatuses": statuses}});
        assert_eq!(container(&pod, None).as_deref(), Ok("a"));
        assert_eq!(container(&pod, Some("b")).as_deref(), Ok("b"));
        assert!(container(&pod, Some("c")).unwrap_err().contains("'c' does not exist"));
        pod["metadata"]["annotations"][DEFAULT] = json!("b");
        assert_eq!(container(&pod, None).as_deref(), Ok("b"));
        pod["status"]["containerStatuses"][1]["state"] = json!({"terminated": {"exitCode": 0}});
        assert!(container(&pod, None).unwrap_err().contains("is not running"));
        pod["status"]["phase"] = json!("Pending");
        assert!(container(&pod, None).unwrap_err().contains("in phase 'Pending'"));
    }
}
