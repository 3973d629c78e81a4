//! A task of a DAG: what the author wrote about one node of the graph.

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{fmt, str::FromStr};

use super::{asset::AssetCondition, mapping::Expand, pool::DEFAULT_POOL, state::spelled, trigger_rule::TriggerRule};

spelled! {
    /// How a task's effective priority is computed from the graph.
    WeightRule {
        /// Own weight and that of everything below (default).
        Downstream = "downstream",
        /// Own weight and that of everything above.
        Upstream = "upstream",
        /// Own weight.
        Absolute = "absolute",
    }
}

/// What a `PriorityWeightStrategy` of the author's own said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightStrategy {
    /// Name of its class.
    pub name: String,
    /// The effective weight of a new instance.
    pub weight: i64,
}

/// One task. Field names are Airflow's argument names; durations are seconds. Serialised form is what the Python side
/// prints and what a DAG version in the store holds; every field but `task_id` and `operator` has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Id with the prefixes of its groups.
    pub task_id: Arc<str>,
    /// Airflow's class name: `BashOperator`, `_PythonDecoratedOperator`.
    pub operator: String,
    /// Python module of the class, as Airflow names it.
    #[serde(default)]
    pub module: String,
    /// Names of the operator's base classes, nearest first (the class itself left out); empty for TOML.
    #[serde(default)]
    pub bases: Vec<String>,
    /// The operator's own constructor arguments, encoded as in [`super::mapping`]. For a mapped task: those of `partial()`.
    #[serde(default)]
    pub args: IndexMap<String, Value>,
    /// Mapping, if the task is mapped.
    #[serde(default)]
    pub expand: Option<Expand>,
    /// Ids of the tasks directly above it, sorted.
    #[serde(default)]
    pub upstream_task_ids: Vec<Arc<str>>,
    /// Ids of the tasks directly below it, sorted; derived by [`super::dag::Dag::link`].
    #[serde(default)]
    pub downstream_task_ids: Vec<Arc<str>>,
    /// Id of the group it is in; `None` for the root.
    #[serde(default)]
    pub task_group: Option<String>,
    /// Owner.
    #[serde(default = "airflow")]
    pub owner: String,
    /// Who is written to: the variable `AIRFLOW_CTX_DAG_EMAIL`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub email: Vec<String>,
    /// Number of further tries after a failure.
    #[serde(default)]
    pub retries: u32,
    /// Base delay before the next try.
    #[serde(default = "five_minutes")]
    pub retry_delay: f64,
    /// Multiplier of the delay; 0 or 1 is off, Airflow's `True` is 2.
    #[serde(default)]
    pub retry_exponential_backoff: f64,
    /// Upper bound of the delay.
    #[serde(default)]
    pub max_retry_delay: Option<f64>,
    /// Time limit of one try.
    #[serde(default)]
    pub execution_timeout: Option<f64>,
    /// When it may run.
    #[serde(default)]
    pub trigger_rule: TriggerRule,
    /// Waits for its own instance in the previous run.
    #[serde(default)]
    pub depends_on_past: bool,
    /// Also waits for the tasks directly below that instance.
    #[serde(default)]
    pub wait_for_downstream: bool,
    /// The first instance ever doesn't look back.
    #[serde(default = "yes")]
    pub ignore_first_depends_on_past: bool,
    /// Isn't skipped before the previous instance is done.
    #[serde(default)]
    pub wait_for_past_depends_before_skipping: bool,
    /// Pool.
    #[serde(default = "default_pool")]
    pub pool: String,
    /// Slots it takes of the pool, at least 1.
    #[serde(default = "one")]
    pub pool_slots: u32,
    /// Own weight, before the weight rule.
    #[serde(default = "one_i64")]
    pub priority_weight: i64,
    /// How the effective weight is computed.
    #[serde(default = "downstream")]
    pub weight_rule: WeightRule,
    /// A strategy class of the author's own instead of a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_strategy: Option<WeightStrategy>,
    /// Queue name for executors that know queues.
    #[serde(default)]
    pub queue: Option<String>,
    /// Executor named for this task.
    #[serde(default)]
    pub executor: Option<String>,
    /// Gets no instance in runs with an earlier logical date.
    #[serde(default)]
    pub start_date: Option<Timestamp>,
    /// Gets no instance in runs with a later logical date.
    #[serde(default)]
    pub end_date: Option<Timestamp>,
    /// Limit of running instances over all runs.
    #[serde(default)]
    pub max_active_tis_per_dag: Option<u32>,
    /// Limit of running instances in one run.
    #[serde(default)]
    pub max_active_tis_per_dagrun: Option<u32>,
    /// Push the return value.
    #[serde(default = "yes")]
    pub do_xcom_push: bool,
    /// Push each key of a returned dict too.
    #[serde(default)]
    pub multiple_outputs: bool,
    /// Template of a mapped instance's name.
    #[serde(default)]
    pub map_index_template: Option<String>,
    /// Arguments that are templates.
    #[serde(default)]
    pub template_fields: Vec<String>,
    /// Endings that make a templated string the name of a file.
    #[serde(default)]
    pub template_ext: Vec<String>,
    /// Text for people.
    #[serde(default)]
    pub doc_md: Option<String>,
    /// Callback arguments that the file set (`on_failure_callback`, ..): only Python can call them.
    #[serde(default)]
    pub callbacks: Vec<String>,
    /// The deferral that the task begins with (`start_from_trigger`): `classpath`, `trigger_kwargs`, `next_method`,
    /// `next_kwargs`, `timeout` as a task says them; null for all others.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub start_trigger: Value,
    /// Task params, which override the DAG's.
    #[serde(default)]
    pub params: IndexMap<String, Value>,
    /// Assets that a success updates, as written.
    #[serde(default)]
    pub outlets: Vec<Value>,
    /// Assets that it reads, as written.
    #[serde(default)]
    pub inlets: Vec<Value>,
    /// A setup task.
    #[serde(default)]
    pub is_setup: bool,
    /// A teardown task.
    #[serde(default)]
    pub is_teardown: bool,
    /// A failed teardown fails the run.
    #[serde(default)]
    pub on_failure_fail_dagrun: bool,
    /// Line in the file where it is made, from 1; 0 if unknown.
    #[serde(default)]
    pub line: u32,
}

impl Task {
    /// True if the task is expanded at run time.
    pub fn is_mapped(&self) -> bool {
        self.expand.is_some()
    }
    /// True if it is an instance of the operator class `name`, directly or by inheritance.
    pub fn is_a(&self, name: &str) -> bool {
        self.operator == name || self.bases.iter().any(|base| base == name)
    }
    /// Branch-like: its `skipmixin_key` XCom decides about the tasks directly below.
    pub fn decides_skips(&self) -> bool {
        self.bases.iter().any(|base| base == "SkipMixin" || base == "BranchMixIn")
            || matches!(
                self.operator.as_str(),
                "BranchPythonOperator" | "ShortCircuitOperator" | "BranchOperator" | "LatestOnlyOperator"
            )
    }
    /// Assets that a success updates.
    pub fn outlet_assets(&self) -> Vec<AssetCondition> {
        self.outlets.iter().filter_map(AssetCondition::read).collect()
    }
    /// Assets that it reads.
    pub fn inlet_assets(&self) -> Vec<AssetCondition> {
        self.inlets.iter().filter_map(AssetCondition::read).collect()
    }
    /// The id without the prefix of its group.
    pub fn label(&self) -> &str {
        match &self.task_group {
            Some(group) => self.task_id.strip_prefix(&format!("{group}.")).unwrap_or(&self.task_id),
            None => &self.task_id,
        }
    }
}

fn airflow() -> String {
    "airflow".into()
}
fn five_minutes() -> f64 {
    300.0
}
fn yes() -> bool {
    true
}
fn default_pool() -> String {
    DEFAULT_POOL.into()
}
fn one() -> u32 {
    1
}
fn one_i64() -> i64 {
    1
}
fn downstream() -> WeightRule {
    WeightRule::Downstream
}
