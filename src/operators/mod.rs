//! From a task's rendered arguments to its workload: which operators run natively, and how.

mod arguments;
mod bash;
mod branch;
mod external_task;
mod file;
pub mod kubernetes_pod;
mod time;
mod trigger;
mod trigger_dagrun;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    model::{Cause, CauseKind, Dag, DagRun, Expand, Task, TaskInstance, mapping::encoded_kind},
    workload::{Inline, Workload},
};

pub use arguments::{Arguments, parse_instant};
pub use file::DEFAULT_CONNECTION;
pub use trigger::{Native, native as native_trigger};

/// Operators of later versions: they load, and running one fails at once with a clear cause.
const LATER: &[&str] = &["S3KeySensor"];

/// The operator whose work is a pod.
const POD: &str = "KubernetesPodOperator";

/// Operators that make a job.
const JOBS: &[&str] = &["KubernetesJobOperator", "KubernetesStartKueueJobOperator"];

/// Operators that do something in a cluster at once.
const ERRANDS: &[&str] = &[
    "KubernetesDeleteJobOperator",
    "KubernetesPatchJobOperator",
    "KubernetesCreateResourceOperator",
    "KubernetesDeleteResourceOperator",
    "KubernetesPodExecOperator",
];

/// True if the task is the operator itself, which needs no process here unless its arguments can only be rendered by one.
pub fn runs_in_pod(task: &Task) -> bool {
    task.operator == POD && !task.bases.iter().any(|base| base == POD)
}

/// True if the task makes a job.
pub fn makes_job(task: &Task) -> bool {
    JOBS.iter().any(|name| task.is_a(name))
}

/// The operator of a task that does something in a cluster at once.
pub fn errand_of(task: &Task) -> Option<&'static str> {
    ERRANDS.iter().copied().find(|name| task.is_a(name))
}

/// True if the task is one of the operators beside the pod's itself, as [`runs_in_pod`].
fn runs_in_cluster(task: &Task) -> bool {
    let name = task.operator.as_str();
    (JOBS.contains(&name) || ERRANDS.contains(&name))
        && task.module.starts_with("airflow.")
        && !task.bases.iter().any(|base| base == name)
}

/// True if only Python can render a task's templates.
fn renders_in_python(dag: &Dag, task: &Task) -> bool {
    let is_template = |name: &String| task.template_fields.contains(name);
    !dag.fileloc.ends_with(".toml")
        && (dag.has_user_macros
            || dag.render_template_as_native_obj
            || task.args.iter().any(|(name, value)| is_template(name) && needs_python(value))
            || task.expand.as_ref().is_some_and(expand_needs_python))
}

/// How a task is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// By dagdeck itself, from the rendered arguments.
    Native,
    /// By a Python process.
    Python,
    /// Not in this version.
    Later,
}

/// Decides how a task is run. A task whose file gave it something that only Python can call runs in Python.
pub fn engine(dag: &Dag, task: &Task) -> Engine {
    if LATER.contains(&task.operator.as_str()) || task.bases.iter().any(|b| LATER.contains(&b.as_str())) {
        return Engine::Later;
    }
    if runs_in_pod(task) || runs_in_cluster(task) {
        return if renders_in_python(dag, task) { Engine::Python } else { Engine::Native };
    }
    let toml = dag.fileloc.ends_with(".toml");
    let known = matches!(
        task.operator.as_str(),
        "BashOperator"
            | "EmptyOperator"
            | "TriggerDagRunOperator"
            | "ExternalTaskSensor"
            | "FileSensor"
            | "TimeDeltaSensor"
            | "TimeDeltaSensorAsync"
            | "DateTimeSensor"
            | "DateTimeSensorAsync"
            | "TimeSensor"
            | "TimeSensorAsync"
            | "WaitSensor"
            | "DayOfWeekSensor"
            | "BranchOperator"
            | "ShortCircuit"
    ) || (toml && task.operator == "ShortCircuitOperator");
    // A class of the user's own may carry a standard name.
    let standard = toml || task.module.starts_with("airflow.");
    let wants_python = dag.has_user_macros
        || !task.callbacks.is_empty()
        || (!toml && dag.render_template_as_native_obj)
        || task.args.values().any(needs_python)
        // Airflow takes any value, and fails in Python when it runs.
        || (!toml && task.args.get("bash_command").is_some_and(Value::is_array))
        || task.expand.as_ref().is_some_and(expand_needs_python);
    if known && standard && !wants_python { Engine::Native } else { Engine::Python }
}

fn expand_needs_python(expand: &Expand) -> bool {
    match expand {
        Expand::Expand { args } => args.values().any(|v| needs_python(&v.0)),
        Expand::ExpandKwargs { value } => needs_python(&value.0),
    }
}

/// True if a value holds something that only Python can call or make.
fn needs_python(value: &Value) -> bool {
    match encoded_kind(value) {
        Some("callable" | "object" | "map") => true,
        _ => match value {
            Value::Array(items) => items.iter().any(needs_python),
            Value::Object(map) => map.values().any(needs_python),
            _ => false,
        },
    }
}

/// Why a native task can't run, with the class of the exception that Airflow's operator raises.
struct Refusal {
    class: &'static str,
    text: String,
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self { class: "AirflowException", text }
    }
}

/// What a template field holds for which the author gave nothing, as Airflow stores it.
pub fn when_not_given(operator: &str, field: &str) -> Value {
    match (operator, field) {
        ("TriggerDagRunOperator", "logical_date") => "NOTSET".into(),
        _ => Value::Null,
    }
}

/// Where a native task runs.
pub struct Place<'a> {
    /// DAG.
    pub dag: &'a Dag,
    /// Task.
    pub task: &'a Task,
    /// Run.
    pub run: &'a DagRun,
    /// Task instance.
    pub row: &'a TaskInstance,
    /// Now.
    pub now: Timestamp,
}

/// The workload of a native task, from its rendered arguments.
pub fn native(place: &Place<'_>, rendered: &IndexMap<String, Value>) -> Workload {
    let args = Arguments::new(place.task, rendered);
    let made = match place.task.operator.as_str() {
        "EmptyOperator" => Ok(Workload::Inline(Inline::Nothing)),
        "BashOperator" => bash::workload(place.dag, &args).map_err(Into::into),
        "TriggerDagRunOperator" => trigger_dagrun::workload(&args, place.now),
        "ExternalTaskSensor" => external_task::workload(&args, place),
        "FileSensor" => file::workload(&args, place).map_err(Into::into),
        "DayOfWeekSensor" => time::weekday(&args, place).map_err(Into::into),
        "TimeDeltaSensor"
        | "TimeDeltaSensorAsync"
        | "DateTimeSensor"
        | "DateTimeSensorAsync"
        | "TimeSensor"
        | "TimeSensorAsync"
        | "WaitSensor" => time::until(&args, place),
        "BranchOperator" => branch::choose(&args).map_err(Into::into),
        POD => Ok(Workload::Pod(Box::new(rendered.clone()))),
        name if JOBS.contains(&name) || ERRANDS.contains(&name) => Ok(Workload::Cluster(Box::new(rendered.clone()))),
        "ShortCircuit" | "ShortCircuitOperator" => branch::short_circuit(&args).map_err(Into::into),
        other => Err(format!("{other} has no native form").into()),
    };
    made.unwrap_or_else(|refusal: Refusal| {
        Workload::Impossible(Cause::new(CauseKind::Value, refusal.text).exception(refusal.class))
    })
}

/// Why an operator of a later version can't run.
pub fn later(task: &Task) -> Cause {
    Cause::new(
        CauseKind::Unsupported,
        format!("{} runs in a later version of dagdeck; this one only loads it", task.operator),
    )
}
