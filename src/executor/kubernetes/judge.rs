//! What became of a pod: success needs an exit code 0 that was seen; everything else gets a cause of its kind.

use serde_json::Value;

use super::{
    End,
    api::Trouble,
    ender::{self, deleted},
    glance,
};
use crate::{
    model::{Cause, CauseKind, PodEvent},
    operators::kubernetes_pod::Conduct,
};

fn cause(kind: CauseKind, text: String) -> Cause {
    Cause::new(kind, text).exception("AirflowException")
}

/// The sidecar of a service mesh, which stays when everything else has ended.
const ISTIO: &str = "istio-proxy";

/// True if the base container's end is all that is waited for: a sidecar keeps the pod alive.
pub fn ends_with_base(pod: &Value, conduct: &Conduct) -> bool {
    conduct.do_xcom_push || glance::names(pod, false).iter().any(|name| name == ISTIO)
}

/// True if the pod, or its base container, ended well.
pub fn succeeded(pod: &Value, conduct: &Conduct) -> bool {
    glance::phase(pod) == "Succeeded" || glance::terminated(pod, &conduct.base).is_some_and(|end| end.exit_code == 0)
}

/// The end of a pod that was seen last as `pod`; `gone`: its object isn't there any more.
pub fn end(pod: &Value, gone: bool, events: &[PodEvent], conduct: &Conduct) -> End {
    let name = glance::name(pod);
    let Some(base) = glance::terminated(pod, &conduct.base) else {
        if !gone && glance::phase(pod) == "Succeeded" {
            return End::Success;
        }
        return End::Failed(unfinished(pod, gone, events));
    };
    if conduct.skip_on_exit_code.contains(&base.exit_code) {
        let text = format!("Pod {name} returned exit code {}. Skipping.", base.exit_code);
        return End::Skipped(Cause::new(CauseKind::Skip, text).exception("AirflowSkipException"));
    }
    if base.exit_code == 0 {
        // Told to end, a process may well say 0: it was ended all the same.
        let asked = glance::deletion_asked(pod);
        let was_ended = asked.zip(base.finished).is_some_and(|(asked, finished)| finished > asked);
        if was_ended {
            return End::Failed(deleted(pod, events));
        }
        let another = glance::all_containers(pod).filter(|c| c["name"] != conduct.base.as_str());
        let failed = another.filter(|c| c["state"]["terminated"]["exitCode"].as_i64().is_some_and(|code| code != 0));
        return match failed.last() {
            Some(other) if glance::phase(pod) == "Failed" && !ends_with_base(pod, conduct) => {
                let (name, code) = (other["name"].as_str().unwrap_or("?"), &other["state"]["terminated"]["exitCode"]);
                let text = format!("container {name} exited with code {code}; container {} with 0", conduct.base);
                End::Failed(cause(CauseKind::ExitCode, text))
            }
            _ => End::Success,
        };
    }
    if base.reason == "OOMKilled" {
        let limit = memory_limit(pod, &conduct.base);
        let text =
            format!("OOMKilled: container {} was killed for using more memory than its limit of {limit}", conduct.base);
        return End::Failed(cause(CauseKind::OomKilled, text).exit_code(base.exit_code as i32));
    }
    if let Some(cause) = from_outside(pod, events) {
        return End::Failed(cause);
    }
    let words = if base.message.is_empty() { String::new() } else { format!(": {}", base.message) };
    let text = format!("container {} exited with code {}{words}", conduct.base, base.exit_code);
    End::Failed(cause(CauseKind::ExitCode, text).exit_code(base.exit_code as i32))
}

/// The base container's end was never seen.
fn unfinished(pod: &Value, gone: bool, events: &[PodEvent]) -> Cause {
    if let Some(cause) = from_outside(pod, events) {
        return cause;
    }
    for init in pod["status"]["initContainerStatuses"].as_array().into_iter().flatten() {
        let end = &init["state"]["terminated"];
        let code = end["exitCode"].as_i64().unwrap_or(0);
        if code != 0 {
            let (name, reason) = (init["name"].as_str().unwrap_or("?"), end["reason"].as_str().unwrap_or("Error"));
            let words = end["message"].as_str().map(|m| format!(": {}", m.trim())).unwrap_or_default();
            let text = format!("init container {name} exited with code {code} ({reason}){words}");
            return cause(CauseKind::InitContainer, text).exit_code(code as i32);
        }
    }
    if gone {
        return deleted(pod, events);
    }
    let reason = pod["status"]["reason"].as_str().unwrap_or("");
    let message = pod["status"]["message"].as_str().unwrap_or("no reason is known");
    let kind = if reason.starts_with("OutOf") || reason.contains("Admission") || reason.contains("Affinity") {
        CauseKind::Admission
    } else {
        CauseKind::Pod
    };
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    cause(kind, format!("the pod failed before its containers started{reason}: {message}"))
}

/// What ended it before its result could be read, if that was the cluster or a person.
pub fn outside(pod: &Value, gone: bool, events: &[PodEvent]) -> Option<Cause> {
    from_outside(pod, events).or_else(|| gone.then(|| deleted(pod, events)))
}

/// Ended by the cluster or a person, not by itself.
fn from_outside(pod: &Value, events: &[PodEvent]) -> Option<Cause> {
    let message = pod["status"]["message"].as_str().unwrap_or("");
    match pod["status"]["reason"].as_str() {
        Some("Evicted") => return Some(cause(CauseKind::Evicted, format!("the pod was evicted: {message}"))),
        Some("DeadlineExceeded") => {
            let limit = &pod["spec"]["activeDeadlineSeconds"];
            let text = format!("the pod ran longer than its active_deadline_seconds ({limit} s)");
            return Some(cause(CauseKind::Timeout, text));
        }
        Some("NodeLost") => return Some(cause(CauseKind::NodeLost, format!("the node was lost: {message}"))),
        _ => {}
    }
    if let Some(cause) = ender::disruption(pod, events) {
        return Some(cause);
    }
    glance::deletion_asked(pod).map(|_| deleted(pod, events))
}

/// The memory limit of a container for people.
fn memory_limit(pod: &Value, name: &str) -> String {
    let containers = pod["spec"]["containers"].as_array();
    let found = containers.into_iter().flatten().find(|c| c["name"] == name);
    let limit = found.and_then(|c| c["resources"]["limits"]["memory"].as_str());
    limit.map_or_else(|| "the node's memory (it has none of its own)".into(), str::to_string)
}

/// Why a pod could not be created.
pub fn not_created(trouble: &Trouble) -> Cause {
    let Trouble::Refused { code, reason, message } = trouble else {
        return cause(CauseKind::Cluster, trouble.to_string());
    };
    let kind = match code {
        403 if message.contains("quota") => CauseKind::Quota,
        _ if message.contains("admission webhook") || message.contains("violates PodSecurity") => CauseKind::Admission,
        401 | 403 => CauseKind::Cluster,
        _ => CauseKind::Admission,
    };
    Cause::new(kind, format!("the API server refused the pod: {message} ({code} {reason})")).exception("ApiException")
}

/// The message that Airflow fails the task with; for the log.
pub fn airflows_message(pod: &Value, conduct: &Conduct) -> String {
    let mut lines = vec![format!("Pod {} returned a failure.", glance::name(pod))];
    let words = glance::terminated(pod, &conduct.base).map(|t| t.message).unwrap_or_default();
    lines.extend(Some(words).filter(|words| !words.is_empty()));
    if conduct.log_pod_spec_on_failure {
        let mut pod = pod.clone();
        if let Some(metadata) = pod["metadata"].as_object_mut() {
            // Who wrote which field: nothing that a person looks for in a log.
            metadata.remove("managedFields");
        }
        lines.push(format!("remote_pod: {pod}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn conduct() -> Conduct {
        let task: crate::model::Task =
            serde_json::from_value(json!({"task_id": "t", "operator": "KubernetesPodOperator"})).unwrap();
        let rendered = indexmap::IndexMap::from([("skip_on_exit_code".to_string(), json!([42]))]);
        Conduct::of(&crate::operators::Arguments::new(&task, &rendered), String::new()).unwrap()
    }

    fn pod(phase: &str, state: Value) -> Value {
        json!({"metadata": {"name": "p"}, "status": {"phase": phase, "containerStatuses": [{"name": "base", "state": state}]},
               "spec": {"containers": [{"name": "base", "resources": {"limits": {"memory": "64Mi"}}}]}})
    }

    fn kind(pod: &Value, gone: bool) -> String {
        match end(pod, gone, &[], &conduct()) {
            End::Success => "success".into(),
            End::Skipped(_) => "skipped".into(),
            End::Failed(cause) => format!("{}: {}", cause.kind, cause.summary),
        }
    }

    #[test]
    fn every_end_has_its_kind() {
        let ended = |code: i64, reason: &str| json!({"terminated": {"exitCode": code, "reason": reason}});
        assert_eq!(kind(&pod("Succeeded", ended(0, "Completed")), false), "success");
        assert_eq!(kind(&pod("Failed", ended(42, "Error")), false), "skipped");
        assert_eq!(kind(&pod("Failed", ended(3, "Error")), false), "exit_code: container base exited with code 3");
        let oom = kind(&pod("Failed", ended(137, "OOMKilled")), false);
        assert!(oom.starts_with("oom_killed") && oom.contains("64Mi"), "{oom}");
        let mut evicted = pod("Failed", ended(137, "Error"));
        evicted["status"]["reason"] = json!("Evicted");
        assert!(kind(&evicted, false).starts_with("evicted"));
        let running = pod("Running", json!({"running": {}}));
        assert!(kind(&running, true).starts_with("pod_deleted"));
        // Exit code 0 was seen, then the object went.
        assert_eq!(kind(&pod("Running", ended(0, "Completed")), true), "success");
    }

    #[test]
    fn a_process_that_says_0_when_it_is_told_to_end_has_not_succeeded() {
        let mut pod = pod("Succeeded", json!({"terminated": {"exitCode": 0, "finishedAt": "2026-01-01T00:00:09Z"}}));
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:35Z");
        pod["metadata"]["deletionGracePeriodSeconds"] = json!(30);
        assert!(kind(&pod, true).starts_with("pod_deleted"));
        pod["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] = json!("2026-01-01T00:00:04Z");
        assert_eq!(kind(&pod, true), "success");
    }

    #[test]
    fn an_init_container_that_failed_is_named() {
        let pod = json!({"metadata": {"name": "p"}, "status": {"phase": "Failed", "initContainerStatuses":
            [{"name": "fetch", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}],
            "containerStatuses": [{"name": "base", "state": {"waiting": {"reason": "PodInitializing"}}}]}, "spec": {}});
        assert_eq!(kind(&pod, false), "init_container: init container fetch exited with code 2 (Error)");
    }
}
