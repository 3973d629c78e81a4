//! The operators that a TOML DAG file may name, with their arguments, as data. Names, defaults and template fields are those
//! of Airflow 3.3.2 (standard provider 1.21.0, cncf-kubernetes 10.25.0, amazon).

use serde_json::Value;

/// What an argument holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgKind {
    /// Text.
    Text,
    /// Text, or a list of texts.
    Texts,
    /// Whole number.
    Integer,
    /// Number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Seconds, or text such as `"1h30m"`; the model holds seconds.
    Duration,
    /// As [`ArgKind::Duration`], but the operator wants a timedelta.
    Timedelta,
    /// A date or time; the model holds the instant.
    Time,
    /// A date or time, or a template giving one.
    TimeOrText,
    /// A list of anything.
    List,
    /// A table of anything.
    Map,
    /// A whole number or a list of them.
    Integers,
    /// One of some words.
    OneOf(&'static [&'static str]),
    /// A trigger rule.
    TriggerRule,
    /// An asset, or a list of them.
    Assets,
    /// `"package.module:function"`.
    Callable,
    /// Anything.
    Any,
}

impl ArgKind {
    /// What to write, for people.
    pub fn describe(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Texts => "text or a list of texts".into(),
            Self::Integer => "a whole number".into(),
            Self::Number => "a number".into(),
            Self::Boolean => "true or false".into(),
            Self::Duration | Self::Timedelta => "a duration: seconds, or text such as \"5m\", \"1h30m\", \"2d\"".into(),
            Self::Time => "a date or time such as 2026-01-31 or 2026-01-31T06:00:00Z".into(),
            Self::TimeOrText => "a date, a time or a template".into(),
            Self::List => "a list".into(),
            Self::Map => "a table".into(),
            Self::Integers => "a whole number or a list of them".into(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::TriggerRule => "a trigger rule".into(),
            Self::Assets => "an asset or a list of assets".into(),
            Self::Callable => "\"package.module:function\"".into(),
            Self::Any => "any value".into(),
        }
    }
}

/// One argument.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// Airflow's name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ArgKind,
    /// Must be given.
    pub required: bool,
    /// Default as shown to people; empty: none.
    pub default: &'static str,
    /// One line for people.
    pub doc: &'static str,
}

impl Arg {
    /// The default as the Python class holds it; `None` if it has none, or if a setting or the clock decides.
    pub fn default_value(&self) -> Option<Value> {
        let number = || self.default.parse::<i64>().ok().map(Value::from);
        match self.kind {
            _ if self.default.is_empty() => None,
            _ if self.default == "[]" => Some(Value::Array(Vec::new())),
            ArgKind::Text | ArgKind::OneOf(_) => Some(self.default.into()),
            ArgKind::Boolean => Some((self.default == "true").into()),
            ArgKind::Integer | ArgKind::Number | ArgKind::Duration => number(),
            ArgKind::Integers => number().map(|n| vec![n].into()),
            ArgKind::Texts => Some(vec![self.default].into()),
            ArgKind::Map => Some(Value::Object(serde_json::Map::new())),
            _ => None,
        }
    }
}

/// Whether this version runs an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Without Python.
    Natively,
    /// In a Python process.
    InPython,
    /// Not yet: the file loads, the task fails at once.
    NotYet,
}

/// One operator.
#[derive(Debug, Clone, Copy)]
pub struct Operator {
    /// Name for TOML.
    pub name: &'static str,
    /// Airflow's class name (or ours, for the declarative ones).
    pub class: &'static str,
    /// Python module of the class.
    pub module: &'static str,
    /// Whether this version runs it.
    pub runs: Runs,
    /// One line for people.
    pub doc: &'static str,
    /// Own arguments.
    pub args: &'static [Arg],
    /// Waits: takes [`SENSOR_ARGS`] too.
    pub is_sensor: bool,
    /// Arguments that are templates.
    pub template_fields: &'static [&'static str],
    /// Endings that make a templated text the name of a file.
    pub template_ext: &'static [&'static str],
}

impl Operator {
    /// Own arguments, with those of all sensors.
    pub fn all_args(&self) -> impl Iterator<Item = &'static Arg> {
        self.args.iter().chain(if self.is_sensor { SENSOR_ARGS } else { &[] })
    }
    /// The argument `name`, if it has it.
    pub fn arg(&self, name: &str) -> Option<&'static Arg> {
        self.all_args().find(|arg| arg.name == name)
    }
}

/// The operator with a short name or class name.
pub fn operator(name: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|op| op.name == name || op.class == name)
}

const fn opt(name: &'static str, kind: ArgKind, default: &'static str, doc: &'static str) -> Arg {
    Arg { name, kind, required: false, default, doc }
}

const fn req(name: &'static str, kind: ArgKind, doc: &'static str) -> Arg {
    Arg { name, kind, required: true, default: "", doc }
}

use ArgKind::{Any, Boolean, Duration, Integer, List, Map, OneOf, Text, Texts, Time};

mod kubernetes_job;
mod kubernetes_pod;
mod operators;

pub use operators::OPERATORS;

/// Arguments of every operator.
pub const BASE_ARGS: &[Arg] = &[
    opt("owner", Text, "airflow", "Who answers for the task"),
    opt("retries", Integer, "0", "Further tries after a failure"),
    opt("retry_delay", Duration, "5m", "Wait before the next try"),
    opt("retry_exponential_backoff", Any, "false", "Longer waits from try to try: true (doubles) or a multiplier"),
    opt("max_retry_delay", Duration, "", "Upper bound of the wait"),
    opt("execution_timeout", Duration, "", "Time limit of one try"),
    opt("trigger_rule", ArgKind::TriggerRule, "all_success", "When it may run, given the tasks above"),
    opt("depends_on_past", Boolean, "false", "Wait for this task in the previous run"),
    opt("wait_for_downstream", Boolean, "false", "Wait for the tasks directly below it in the previous run too"),
    opt("ignore_first_depends_on_past", Boolean, "true", "The first run ever doesn't look back"),
    opt("wait_for_past_depends_before_skipping", Boolean, "false", "Don't skip before the previous run's task is done"),
    opt("outlets", ArgKind::Assets, "[]", "Assets that a success updates: see Assets"),
    opt("inlets", ArgKind::Assets, "[]", "Assets that it reads"),
    opt("pool", Text, "default_pool", "Pool whose slots it takes"),
    opt("pool_slots", Integer, "1", "Slots it takes"),
    opt("priority_weight", Integer, "1", "Own weight in the queue"),
    opt(
        "weight_rule",
        OneOf(&["downstream", "upstream", "absolute"]),
        "downstream",
        "Whose weights are added to its own",
    ),
    opt("queue", Text, "", "Queue name for executors that know queues"),
    opt("executor", Text, "", "Executor of this task"),
    opt("executor_config", Map, "", "For the Kubernetes executor: `pod_override` (a pod), `pod_template_file`"),
    opt("start_date", Time, "", "No instance in runs before it"),
    opt("end_date", Time, "", "No instance in runs after it"),
    opt("max_active_tis_per_dag", Integer, "", "Limit of running instances over all runs"),
    opt("max_active_tis_per_dagrun", Integer, "", "Limit of running instances in one run"),
    opt("do_xcom_push", Boolean, "true", "Push the result as XCom"),
    opt("multiple_outputs", Boolean, "false", "Push each key of a returned dict too"),
    opt("map_index_template", Text, "", "Template of a mapped instance's name"),
    opt("doc_md", Text, "", "Markdown for people"),
    opt("params", Map, "", "Params that override the DAG's"),
    opt("is_setup", Boolean, "false", "A setup task"),
    opt("is_teardown", Boolean, "false", "A teardown task: runs once its setups did, whatever became of the rest"),
    opt("on_failure_fail_dagrun", Boolean, "false", "A failed teardown fails the run"),
];

/// Arguments of every sensor.
pub const SENSOR_ARGS: &[Arg] = &[
    opt("poke_interval", Duration, "60", "Time between two looks"),
    opt("timeout", Duration, "604800", "Give up after this time, without retry (default 7 days)"),
    opt("mode", OneOf(&["poke", "reschedule"]), "poke", "reschedule gives its pool slots back between two looks"),
    opt("soft_fail", Boolean, "false", "Skip instead of failing at the timeout"),
    opt("silent_fail", Boolean, "false", "Go on after an error of a look"),
    opt("never_fail", Boolean, "false", "Skip on any error"),
    opt("exponential_backoff", Boolean, "false", "Longer waits from look to look"),
    opt("max_wait", Duration, "", "Upper bound of the wait between looks"),
];

/// Keys of `[dag]`.
pub const DAG_ARGS: &[Arg] = &[
    opt("dag_id", Text, "the file's name", "Id, unique in a home"),
    opt("schedule", Any, "none", "When runs are created, see below"),
    opt("start_date", Time, "", "No run before it"),
    opt("end_date", Time, "", "No run after it"),
    opt("timezone", Text, "UTC", "Zone of the schedule and of times without one"),
    opt("catchup", Boolean, "the setting", "Make up for missed runs"),
    opt("description", Text, "", "One line for people"),
    opt("doc_md", Text, "", "Markdown for people"),
    opt("dag_display_name", Text, "", "Name shown instead of the id"),
    opt("tags", List, "", "Labels"),
    opt("max_active_runs", Integer, "the setting", "Limit of active runs"),
    opt("max_active_tasks", Integer, "the setting", "Limit of active task instances of one run"),
    opt("max_consecutive_failed_dag_runs", Integer, "0", "Pause after so many failed runs in a row"),
    opt("dagrun_timeout", Duration, "", "Time limit of a run"),
    opt("fail_fast", Boolean, "false", "The first failed task ends the run"),
    opt("rerun_with_latest_version", Boolean, "the setting", "Runs that are cleared go on with the newest version"),
    opt("is_paused_upon_creation", Boolean, "the setting", "Paused when first seen"),
    opt("render_template_as_native_obj", Boolean, "false", "Templates give values instead of text"),
    opt("template_searchpath", Texts, "", "More folders for template files"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_consistent() {
        for op in OPERATORS {
            for field in op.template_fields {
                assert!(op.arg(field).is_some(), "{}: {field}", op.name);
            }
            for (i, arg) in op.args.iter().enumerate() {
                assert!(op.args[i + 1..].iter().all(|a| a.name != arg.name), "{}: {}", op.name, arg.name);
            }
            assert_eq!(OPERATORS.iter().filter(|o| o.name == op.name || o.class == op.class).count(), 1);
        }
    }
}
