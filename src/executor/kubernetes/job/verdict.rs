//! What became of a job: pure functions of its object and of what is known of its pods.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::{End, glance};
use crate::model::{Cause, CauseKind, PodSight};

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// It is complete; else it failed.
    pub is_complete: bool,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// When.
    pub at: Option<Timestamp>,
}

/// The condition that ended a job; `None` while it goes on.
pub fn condition(job: &Value) -> Option<Condition> {
    let all = job["status"]["conditions"].as_array()?;
    let last = all.iter().find(|c| c["status"] == "True" && (c["type"] == "Complete" || c["type"] == "Failed"))?;
    let text = |name: &str| last[name].as_str().unwrap_or_default().to_string();
    Some(Condition {
        is_complete: last["type"] == "Complete",
        reason: text("reason"),
        message: text("message"),
        at: text("lastTransitionTime").parse().ok(),
    })
}

/// What people want to know of a job; `why` is why its pods wait.
pub fn sight(job: &Value, why: Option<String>) -> PodSight {
    let (status, end) = (&job["status"], condition(job));
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let count = |name: &str| status[name].as_i64().unwrap_or(0);
    let is_suspended = job["spec"]["suspend"] == true;
    let phase = match &end {
        Some(end) if end.is_complete => "Succeeded",
        Some(_) => "Failed",
        None if is_suspended => "Suspended",
        None if count("active") > 0 => "Running",
        None => "Pending",
    };
    let suspended = || is_suspended.then(|| "the job is suspended: it makes no pod until it is resumed".to_string());
    PodSight {
        phase: phase.into(),
        why: if end.is_some() { None } else { suspended().or(why) },
        status: status.clone(),
        created_at: time(&job["metadata"]["creationTimestamp"]),
        started_at: time(&status["startTime"]),
        ended_at: time(&status["completionTime"]).or(end.and_then(|end| end.at)),
        deleted_at: glance::deletion_asked(job),
        ..PodSight::default()
    }
}

/// The result of a job whose pods' results are `notes`: a list in the order of the pods, those that succeeded. Where each was
/// found stands with it; the list's source is that of the first one.
pub fn results(notes: &Map<String, Value>, unwrap_single: bool) -> Result<Option<(Value, &'static str)>, String> {
    let mut all: Vec<&Value> = notes.values().filter(|note| note["succeeded"] == true).collect();
    all.sort_by_key(|note| {
        let text = |name: &str| note[name].as_str().unwrap_or_default().to_string();
        (note["index"].as_i64(), text("created"), text("name"))
    });
    if let Some(note) = all.iter().find(|note| note["error"].is_string()) {
        return Err(format!("pod {}: {}", note["name"].as_str().unwrap_or("?"), note["error"].as_str().unwrap_or("?")));
    }
    let is_of_output = all.first().is_some_and(|note| note["source"] == super::super::outcome::STDOUT);
    let source = if is_of_output { super::super::outcome::STDOUT } else { super::super::outcome::FILE };
    let mut values: Vec<Value> = all.iter().map(|note| note["value"].clone()).collect();
    Ok(match values.len() {
        0 => None,
        1 if unwrap_single => values.pop().filter(|value| !value.is_null()).map(|value| (value, source)),
        _ => Some((Value::Array(values), source)),
    })
}

/// Why a job failed: the provider's sentence, and what became of the last of its pods that failed by itself.
pub fn failure(name: &str, end: &Condition, pods: impl Iterator<Item = End>, deferred: bool) -> Cause {
    let failed = pods.filter_map(|end| match end {
        End::Failed(cause) => Some(cause),
        End::Success | End::Skipped(_) => None,
    });
    // Pods that were still running were deleted with the job: that is no reason.
    let last = failed.filter(|cause| cause.kind != CauseKind::PodDeleted).last();
    let sentence = match deferred {
        true => format!("Job failed with error: {}", end.reason),
        false => format!("Kubernetes job '{name}' is failed with error '{}'", end.reason),
    };
    let detail = last.as_ref().map_or(&end.message, |cause| &cause.summary);
    let text = if detail.is_empty() { sentence } else { format!("{sentence}: {detail}") };
    let kind = match (&last, end.reason.as_str()) {
        (_, "DeadlineExceeded") => CauseKind::Timeout,
        (Some(cause), _) => cause.kind,
        (None, _) => CauseKind::Pod,
    };
    let cause = Cause::new(kind, text).exception("AirflowException");
    match last.and_then(|cause| cause.exit_code) {
        Some(code) => cause.exit_code(code),
        None => cause,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_ends_with_its_last_condition() {
        let job = |kind: &str, status: &str| {
            json!({"status": {"conditions": [{"type": "SuccessCriteriaMet", "status": "True"},
            {"type": kind, "status": status, "reason": "R"}]}})
        };
        assert_eq!(condition(&job("Complete", "False")), None);
        assert!(condition(&job("Complete", "True")).is_some_and(|end| end.is_complete));
        assert!(condition(&job("Failed", "True")).is_some_and(|end| !end.is_complete && end.reason == "R"));
        assert_eq!(sight(&json!({"spec": {"suspend": true}}), None).phase, "Suspended");
    }

    #[test]
    fn results_stand_in_the_order_of_the_pods() {
        let note = |name: &str, index: Value, value: i64, ok: bool| {
            (
                name.to_string(),
                json!({"name": name, "index": index, "created": "", "value": value, "succeeded": ok, "source": "file"}),
            )
        };
        let notes = Map::from_iter([
            note("b", json!(1), 11, true),
            note("x", json!(0), 9, false),
            note("a", json!(0), 10, true),
        ]);
        assert_eq!(results(&notes, true), Ok(Some((json!([10, 11]), "file"))));
        let one = Map::from_iter([note("a", Value::Null, 5, true)]);
        assert_eq!(results(&one, true), Ok(Some((json!(5), "file"))));
        assert_eq!(results(&one, false), Ok(Some((json!([5]), "file"))));
        let mut broken = one.clone();
        broken["a"]["error"] = json!("is not JSON");
        assert_eq!(results(&broken, true), Err("pod a: is not JSON".into()));
    }

    #[test]
    fn a_failure_says_what_the_provider_says_and_why() {
        let end =
            Condition { is_complete: false, reason: "BackoffLimitExceeded".into(), message: "m".into(), at: None };
        let deleted = End::Failed(Cause::new(CauseKind::PodDeleted, "deleted"));
        let exit = End::Failed(Cause::new(CauseKind::ExitCode, "container base exited with code 3").exit_code(3));
        let cause = failure("j", &end, [exit, deleted].into_iter(), false);
        assert_eq!(
            cause.summary,
            "Kubernetes job 'j' is failed with error 'BackoffLimitExceeded': container base exited with code 3"
        );
        assert_eq!((cause.kind, cause.exit_code), (CauseKind::ExitCode, Some(3)));
        assert_eq!(
            failure("j", &end, std::iter::empty(), true).summary,
            "Job failed with error: BackoffLimitExceeded: m"
        );
    }
}
