//! Task <-> supervisor: the vocabulary of Airflow's Task SDK supervisor protocol, as JSON lines.
//!
//! A message is an object with `type`; requests carry `id`, which the reply echoes. *Says* change something and are
//! answered at once; *asks* wait for the scheduler; *ends* close the try.

use serde_json::{Value, json};

/// What class a message from a task belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A log line.
    Log,
    /// Changes something in the store; answered `OKResponse` at once.
    Say,
    /// Needs an answer from the scheduler.
    Ask,
    /// The end of the try.
    End,
    /// Not in the vocabulary.
    Unknown,
}

/// Messages that change something, answered at once.
pub const SAYS: &[&str] = &[
    "SetXCom",
    "DeleteXCom",
    "SetRenderedFields",
    "SetRenderedMapIndex",
    "SkipDownstreamTasks",
    "CreateHITLDetailPayload",
    "SetDeadline",
    "SetTaskStateStore",
    "DeleteTaskStateStore",
    "PutVariable",
    "DeleteVariable",
    "SetOutletEvents",
    "SetAssetStateStoreByName",
    "SetAssetStateStoreByUri",
    "DeleteAssetStateStoreByName",
    "DeleteAssetStateStoreByUri",
    "ClearAssetStateStoreByName",
    "ClearAssetStateStoreByUri",
    "MaskSecret",
];

/// Class of a message type.
pub fn class(kind: &str) -> Class {
    match kind {
        "Log" => Class::Log,
        kind if SAYS.contains(&kind) => Class::Say,
        "GetXCom"
        | "RunPod"
        | "NextPodCall"
        | "GetXComSequence"
        | "GetVariable"
        | "GetConnection"
        | "GetDagRunState"
        | "GetDRCount"
        | "GetTICount"
        | "GetTaskStates"
        | "GetPreviousDagRun"
        | "GetNextInterval"
        | "RenderTemplates"
        | "GetDagRun"
        | "GetAssetByName"
        | "GetAssetByUri"
        | "GetAssetsByAlias"
        | "GetAssetEventByAsset"
        | "GetAssetEventByAssetAlias"
        | "GetAssetStateStoreByName"
        | "GetAssetStateStoreByUri"
        | "TriggerDagRun"
        | "GetTaskStateStore" => Class::Ask,
        "SucceedTask" | "TaskState" | "RescheduleTask" | "DeferTask" | "RetryTask" => Class::End,
        _ => Class::Unknown,
    }
}

/// `type` of a message.
pub fn kind(message: &Value) -> &str {
    message.get("type").and_then(Value::as_str).unwrap_or("")
}

/// The reply to a say.
pub fn ok(id: &Value) -> Value {
    json!({"id": id, "type": "OKResponse"})
}

/// A refusal, in the SDK's form.
pub fn error(code: &str, detail: &str) -> Value {
    json!({"type": "ErrorResponse", "error": code, "detail": detail})
}
