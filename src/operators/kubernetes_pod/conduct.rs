//! What is done with a pod of a `KubernetesPodOperator` once it is there: clocks, logs, result, what becomes of it
//! (semantics 12.1 and 12.4). Stored with the pod, so that a later scheduler goes on the same way.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{model::mapping::encoded_kind, operators::Arguments};

/// `on_finish_action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFinish {
    /// It is deleted.
    DeletePod,
    /// It is deleted if it succeeded.
    DeleteSucceededPod,
    /// It is deleted if it still runs.
    DeleteActivePod,
    /// It stays.
    KeepPod,
}

/// Which containers' output is copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Containers {
    /// All.
    All,
    /// These.
    Named(Vec<String>),
}

/// Where the return value comes from (`xcom_from`, our own).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XcomFrom {
    /// The file that the sidecar keeps; where that is empty, a last line that is a JSON object or array.
    Either,
    /// The file only, as in Airflow.
    File,
    /// The last line only.
    Stdout,
}

/// What is done with one pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conduct {
    /// Name of the main container.
    pub base: String,
    /// Finds the pods of this task instance, of whatever try.
    pub selector: String,
    /// A pod of an earlier try that still runs is taken up.
    pub durable: bool,
    /// Seconds until it must be scheduled.
    pub schedule_timeout: f64,
    /// Seconds from then until it must run.
    pub startup_timeout: f64,
    /// The base container's output is copied.
    pub get_logs: bool,
    /// More containers whose output is copied; none given: the base container's.
    pub container_logs: Option<Containers>,
    /// Init containers whose output is copied.
    pub init_container_logs: Option<Containers>,
    /// `[container] ` stands before each line.
    pub prefix: bool,
    /// There is a result to read.
    pub do_xcom_push: bool,
    /// From where.
    pub xcom_from: XcomFrom,
    /// What becomes of the pod at its end.
    pub on_finish: OnFinish,
    /// A killed task's pod is kept.
    pub keep_on_kill: bool,
    /// Seconds between TERM and KILL when it is deleted.
    pub grace: Option<u32>,
    /// Exit codes that mean skipped.
    pub skip_on_exit_code: Vec<i64>,
    /// The whole pod stands in the failure's message.
    pub log_pod_spec_on_failure: bool,
    /// Events are logged after a failure.
    pub log_events_on_failure: bool,
    /// Events are logged while it starts.
    pub log_events_on_startup: bool,
    /// The task is `deferred` while the pod runs.
    pub deferrable: bool,
    /// A process of the task waits for the pod's end.
    #[serde(default)]
    pub in_python: bool,
    /// A process of the task is told of the pod, and may change it before it is created (`callbacks=`, `log_formatter=`).
    #[serde(default)]
    pub listens: bool,
    /// That process sees each line before it is in the log.
    #[serde(default)]
    pub shows_lines: bool,
}

impl Conduct {
    /// Reads the arguments; `selector` finds the task instance's pods.
    pub fn of(args: &Arguments<'_>, selector: String) -> Result<Self, String> {
        let startup_timeout = args.seconds("startup_timeout_seconds")?.unwrap_or(120.0);
        let durable = match args.get("durable") {
            Some(_) => args.flag("durable", true)?,
            None => args.flag("reattach_on_restart", true)?,
        };
        let action = args.text("on_finish_action")?.unwrap_or_else(|| "delete_pod".into());
        let on_finish = serde_json::from_value(Value::String(action.clone())).map_err(|_| {
            format!(
                "KubernetesPodOperator: on_finish_action must be delete_pod, delete_succeeded_pod, delete_active_pod or \
                 keep_pod, not {action}"
            )
        })?;
        let on_kill = args.text("on_kill_action")?.unwrap_or_else(|| "delete_pod".into());
        if !["delete_pod", "keep_pod"].contains(&on_kill.as_str()) {
            return Err(format!("KubernetesPodOperator: on_kill_action must be delete_pod or keep_pod, not {on_kill}"));
        }
        let xcom_from = match args.text("xcom_from")?.as_deref() {
            None => XcomFrom::Either,
            Some("file") => XcomFrom::File,
            Some("stdout") => XcomFrom::Stdout,
            Some(other) => return Err(format!("KubernetesPodOperator: xcom_from must be file or stdout, not {other}")),
        };
        let given =
            |name: &str| args.get(name).is_some_and(|value| !value.is_null() && *value != Value::Array(Vec::new()));
        Ok(Self {
            base: args.text("base_container_name")?.filter(|b| !b.is_empty()).unwrap_or_else(|| "base".into()),
            selector,
            durable,
            schedule_timeout: args.seconds("schedule_timeout_seconds")?.filter(|t| *t > 0.0).unwrap_or(startup_timeout),
            startup_timeout,
            get_logs: args.flag("get_logs", true)?,
            container_logs: containers(args, "container_logs")?,
            init_container_logs: containers(args, "init_container_logs")?,
            prefix: args.flag("container_name_log_prefix_enabled", true)?,
            do_xcom_push: args.pushes_xcom(),
            xcom_from,
            on_finish,
            keep_on_kill: on_kill == "keep_pod",
            grace: args.seconds("termination_grace_period")?.map(|s| s.max(0.0) as u32),
            skip_on_exit_code: codes(args)?,
            log_pod_spec_on_failure: args.flag("log_pod_spec_on_failure", true)?,
            log_events_on_failure: args.flag("log_events_on_failure", false)?,
            log_events_on_startup: args.flag("log_events_on_startup", true)?,
            deferrable: args.flag("deferrable", false)?,
            in_python: false,
            listens: given("callbacks") || given("log_formatter"),
            shows_lines: false,
        })
    }
}

/// A name, a list of names, or true for all.
fn containers(args: &Arguments<'_>, name: &str) -> Result<Option<Containers>, String> {
    Ok(match args.get(name) {
        None | Some(Value::Bool(false)) => None,
        Some(Value::Bool(true)) => Some(Containers::All),
        Some(_) => args.texts(name)?.filter(|names| !names.is_empty()).map(Containers::Named),
    })
}

fn codes(args: &Arguments<'_>) -> Result<Vec<i64>, String> {
    let wrong = |v: &Value| format!("KubernetesPodOperator: skip_on_exit_code must be whole numbers, not {v}");
    let Some(value) = args.get("skip_on_exit_code") else { return Ok(Vec::new()) };
    let value = if encoded_kind(value).is_some() { value.get("value").unwrap_or(value) } else { value };
    match value {
        Value::Array(items) => items.iter().map(|i| i.as_i64().ok_or_else(|| wrong(value))).collect(),
        one => Ok(vec![one.as_i64().ok_or_else(|| wrong(one))?]),
    }
}
