//! The operators that a TOML DAG file may name, with their arguments, as data. Names, defaults and template fields are those
//! of Airflow 3.3.2 (standard provider 1.21.0, cncf-kubernetes 10.25.0, amazon).

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

use ArgKind::{
    Any, Boolean, Callable, Duration, Integer, Integers, List, Map, Number, OneOf, Text, Texts, Time, TimeOrText,
    Timedelta,
};

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
    opt("timeout", Duration, "7d", "Give up after this time, without retry"),
    opt("mode", OneOf(&["poke", "reschedule"]), "poke", "Kept for Airflow's sake: a waiting sensor never holds a slot"),
    opt("soft_fail", Boolean, "false", "Skip instead of failing at the timeout"),
    opt("silent_fail", Boolean, "false", "Go on after an error of a look"),
    opt("never_fail", Boolean, "false", "Skip on any error"),
    opt("exponential_backoff", Boolean, "false", "Longer waits from look to look"),
    opt("max_wait", Duration, "", "Upper bound of the wait between looks"),
    opt("deferrable", Boolean, "false", "Kept for Airflow's sake"),
];

const STATES: ArgKind = Texts;

/// All operators, in the order of the reference.
pub const OPERATORS: &[Operator] = &[
    Operator {
        name: "bash",
        class: "BashOperator",
        module: "airflow.providers.standard.operators.bash",
        runs: Runs::Natively,
        doc: "Runs a shell command. The last line of its output is its XCom.",
        args: &[
            req("bash_command", Text, "Command, or the name of a .sh file"),
            opt("env", Map, "", "Environment; replaces the inherited one unless append_env"),
            opt("append_env", Boolean, "false", "Add env to the inherited environment"),
            opt("skip_on_exit_code", Integers, "99", "Exit codes that mean skipped"),
            opt("cwd", Text, "", "Working folder; else a temporary one"),
            opt("output_encoding", Text, "utf-8", "Encoding of its output"),
        ],
        is_sensor: false,
        template_fields: &["bash_command", "env", "cwd"],
        template_ext: &[".sh", ".bash"],
    },
    Operator {
        name: "python",
        class: "PythonOperator",
        module: "airflow.providers.standard.operators.python",
        runs: Runs::InPython,
        doc: "Calls a function of a Python module that can be imported from the DAG folder. What it returns is its XCom.",
        args: &[
            req(
                "python_callable",
                Callable,
                "The function, as \"package.module:function\" (may be written `callable`)",
            ),
            opt("op_args", List, "", "Positional arguments"),
            opt("op_kwargs", Map, "", "Named arguments"),
            opt("templates_dict", Map, "", "More templates, passed as `templates_dict`"),
            opt("show_return_value_in_logs", Boolean, "true", "Log what it returned"),
        ],
        is_sensor: false,
        template_fields: &["templates_dict", "op_args", "op_kwargs"],
        template_ext: &[],
    },
    Operator {
        name: "empty",
        class: "EmptyOperator",
        module: "airflow.providers.standard.operators.empty",
        runs: Runs::Natively,
        doc: "Does nothing: joins arrows.",
        args: &[],
        is_sensor: false,
        template_fields: &[],
        template_ext: &[],
    },
    Operator {
        name: "branch",
        class: "BranchOperator",
        module: "dagdeck.operators.branch",
        runs: Runs::Natively,
        doc: "Follows only the tasks below that its template names; the others are skipped.",
        args: &[req("choose", Texts, "Template giving a task id, or several separated by commas")],
        is_sensor: false,
        template_fields: &["choose"],
        template_ext: &[],
    },
    Operator {
        name: "short_circuit",
        class: "ShortCircuitOperator",
        module: "dagdeck.operators.short_circuit",
        runs: Runs::Natively,
        doc: "Skips everything below if its template gives nothing, 0, false or none.",
        args: &[
            req("condition", Text, "Template"),
            opt("ignore_downstream_trigger_rules", Boolean, "true", "Skip all below; false: only the next ones"),
        ],
        is_sensor: false,
        template_fields: &["condition"],
        template_ext: &[],
    },
    Operator {
        name: "trigger_dagrun",
        class: "TriggerDagRunOperator",
        module: "airflow.providers.standard.operators.trigger_dagrun",
        runs: Runs::Natively,
        doc: "Starts a run of another DAG.",
        args: &[
            req("trigger_dag_id", Text, "The DAG"),
            opt("trigger_run_id", Text, "", "Run id; else made from the time"),
            opt("conf", Map, "", "What the run is triggered with"),
            opt("logical_date", TimeOrText, "now", "Logical date of the run"),
            opt("reset_dag_run", Boolean, "false", "Clear a run that exists already"),
            opt("skip_when_already_exists", Boolean, "false", "Skip if the run exists already"),
            opt("wait_for_completion", Boolean, "false", "Wait until the run ended"),
            opt("poke_interval", Duration, "60", "Time between two looks while waiting"),
            opt("allowed_states", STATES, "success", "States of the run that mean success"),
            opt("failed_states", STATES, "failed", "States of the run that mean failure"),
            opt("fail_when_dag_is_paused", Boolean, "false", "Fail if the DAG is paused"),
            opt("deferrable", Boolean, "false", "Kept for Airflow's sake"),
        ],
        is_sensor: false,
        template_fields: &[
            "trigger_dag_id",
            "trigger_run_id",
            "logical_date",
            "conf",
            "wait_for_completion",
            "skip_when_already_exists",
        ],
        template_ext: &[],
    },
    Operator {
        name: "external_task",
        class: "ExternalTaskSensor",
        module: "airflow.providers.standard.sensors.external_task",
        runs: Runs::Natively,
        doc: "Waits for a task, a group or a whole run of another DAG.",
        args: &[
            req("external_dag_id", Text, "The DAG"),
            opt("external_task_id", Text, "", "Its task; without task and group: the whole run"),
            opt("external_task_ids", List, "", "Several tasks"),
            opt("external_task_group_id", Text, "", "Its group"),
            opt("allowed_states", STATES, "success", "States that end the wait"),
            opt("skipped_states", STATES, "", "States that skip this task"),
            opt("failed_states", STATES, "", "States that fail this task"),
            opt("execution_delta", Timedelta, "", "Look for the run so much earlier"),
            opt("check_existence", Boolean, "false", "Fail at once if the DAG or task doesn't exist"),
        ],
        is_sensor: true,
        template_fields: &["external_dag_id", "external_task_id", "external_task_ids", "external_task_group_id"],
        template_ext: &[],
    },
    Operator {
        name: "file",
        class: "FileSensor",
        module: "airflow.providers.standard.sensors.filesystem",
        runs: Runs::Natively,
        doc: "Waits until a file or a non-empty folder exists.",
        args: &[
            req("filepath", Text, "Path, absolute or below the connection's path; may hold * and ?"),
            opt("fs_conn_id", Text, "fs_default", "Connection that names the base path"),
            opt("recursive", Boolean, "false", "** looks into folders"),
        ],
        is_sensor: true,
        template_fields: &["filepath", "fs_conn_id"],
        template_ext: &[],
    },
    Operator {
        name: "time_delta",
        class: "TimeDeltaSensor",
        module: "airflow.providers.standard.sensors.time_delta",
        runs: Runs::Natively,
        doc: "Waits until some time after the end of the data interval.",
        args: &[req("delta", Timedelta, "How long after")],
        is_sensor: true,
        template_fields: &["delta"],
        template_ext: &[],
    },
    Operator {
        name: "date_time",
        class: "DateTimeSensor",
        module: "airflow.providers.standard.sensors.date_time",
        runs: Runs::Natively,
        doc: "Waits until an instant.",
        args: &[req("target_time", TimeOrText, "The instant")],
        is_sensor: true,
        template_fields: &["target_time"],
        template_ext: &[],
    },
    Operator {
        name: "bash_sensor",
        class: "BashSensor",
        module: "airflow.providers.standard.sensors.bash",
        runs: Runs::Natively,
        doc: "Waits until a shell command ends with 0.",
        args: &[
            req("bash_command", Text, "Command, or the name of a .sh file"),
            opt("env", Map, "", "Environment; replaces the inherited one"),
            opt("output_encoding", Text, "utf-8", "Encoding of its output"),
            opt("retry_exit_code", Integer, "", "Only this exit code means: look again; other ones fail"),
        ],
        is_sensor: true,
        template_fields: &["bash_command", "env"],
        template_ext: &[".sh", ".bash"],
    },
    Operator {
        name: "s3_key",
        class: "S3KeySensor",
        module: "airflow.providers.amazon.aws.sensors.s3",
        runs: Runs::NotYet,
        doc: "Waits until keys exist in S3.",
        args: &[
            req("bucket_key", Texts, "Key or s3:// address, or a list"),
            opt("bucket_name", Text, "", "Bucket, if the keys aren't addresses"),
            opt("wildcard_match", Boolean, "false", "* and ? in keys"),
            opt("use_regex", Boolean, "false", "Keys are regular expressions"),
            opt("aws_conn_id", Text, "aws_default", "Connection"),
            opt("region_name", Text, "", "Region"),
            opt("verify", Any, "", "Check TLS certificates: true, false or a file"),
            opt("metadata_keys", List, "", "Metadata given to check_fn"),
        ],
        is_sensor: true,
        template_fields: &["aws_conn_id", "region_name", "verify", "bucket_key", "bucket_name"],
        template_ext: &[],
    },
    Operator {
        name: "kubernetes_pod",
        class: "KubernetesPodOperator",
        module: "airflow.providers.cncf.kubernetes.operators.pod",
        runs: Runs::NotYet,
        doc: "Runs a pod to its end.",
        args: KUBERNETES_POD_ARGS,
        is_sensor: false,
        template_fields: &[
            "image",
            "name",
            "hostname",
            "cmds",
            "annotations",
            "arguments",
            "env_vars",
            "labels",
            "config_file",
            "pod_template_file",
            "pod_template_dict",
            "container_resources",
            "volumes",
            "volume_mounts",
            "cluster_context",
            "env_from",
            "configmaps",
            "node_selector",
            "kubernetes_conn_id",
            "base_container_name",
            "trigger_kwargs",
            "namespace",
        ],
        template_ext: &[".json"],
    },
];

const KUBERNETES_POD_ARGS: &[Arg] = &[
    opt("kubernetes_conn_id", Text, "kubernetes_default", "Connection of the cluster"),
    opt("namespace", Text, "", "Namespace"),
    opt("image", Text, "", "Image of the base container"),
    opt("name", Text, "", "Name of the pod"),
    opt("random_name_suffix", Boolean, "true", "Eight random letters after the name"),
    opt("cmds", List, "", "Entry point"),
    opt("arguments", List, "", "Arguments"),
    opt("ports", List, "", "V1ContainerPort"),
    opt("volume_mounts", List, "", "V1VolumeMount"),
    opt("volumes", List, "", "V1Volume"),
    opt("env_vars", Any, "", "Table, or a list of V1EnvVar"),
    opt("env_from", List, "", "V1EnvFromSource"),
    opt("secrets", List, "", "Secrets as environment or volume"),
    opt("in_cluster", Boolean, "", "Use the service account of the pod we run in"),
    opt("cluster_context", Text, "", "Context of the kubeconfig"),
    opt("labels", Map, "", "More labels"),
    opt("reattach_on_restart", Boolean, "", "Old name of durable"),
    opt("durable", Boolean, "true", "Take up the pod of an earlier try"),
    opt("startup_timeout_seconds", Integer, "120", "Limit from scheduled to started"),
    opt("startup_check_interval_seconds", Integer, "5", "Kept for Airflow's sake: pods are watched"),
    opt("schedule_timeout_seconds", Integer, "", "Limit until scheduled"),
    opt("get_logs", Boolean, "true", "Copy its output to the task log"),
    opt("base_container_name", Text, "base", "Name of the main container"),
    opt("base_container_status_polling_interval", Number, "1", "Kept for Airflow's sake"),
    opt("init_container_logs", Any, "", "Init containers whose output is copied"),
    opt("container_logs", Any, "", "Containers whose output is copied"),
    opt("image_pull_policy", OneOf(&["Always", "IfNotPresent", "Never"]), "", "When to pull"),
    opt("annotations", Map, "", "Annotations"),
    opt("container_resources", Map, "", "V1ResourceRequirements: limits, requests"),
    opt("affinity", Map, "", "V1Affinity"),
    opt("config_file", Text, "", "Kubeconfig"),
    opt("runtime_class_name", Text, "", "Runtime class"),
    opt("node_selector", Map, "", "Labels of the node"),
    opt("image_pull_secrets", Any, "", "Names of secrets"),
    opt("service_account_name", Text, "", "Service account"),
    opt("automount_service_account_token", Boolean, "", "Mount its token"),
    opt("hostnetwork", Boolean, "false", "Network of the node"),
    opt("host_aliases", List, "", "V1HostAlias"),
    opt("tolerations", List, "", "V1Toleration"),
    opt("security_context", Map, "", "V1PodSecurityContext"),
    opt("container_security_context", Map, "", "V1SecurityContext of the base container"),
    opt("xcom_sidecar_container_security_context", Map, "", "V1SecurityContext of the XCom sidecar"),
    opt("dnspolicy", Text, "", "DNS policy"),
    opt("dns_config", Map, "", "V1PodDNSConfig"),
    opt("hostname", Text, "", "Host name"),
    opt("subdomain", Text, "", "Subdomain"),
    opt("schedulername", Text, "", "Scheduler"),
    opt("full_pod_spec", Map, "", "V1Pod to start from"),
    opt("init_containers", List, "", "V1Container"),
    opt("log_events_on_failure", Boolean, "false", "Log the pod's events after a failure"),
    opt("log_events_on_startup", Boolean, "true", "Log the pod's events while it starts"),
    opt("pod_template_file", Text, "", "YAML file to start from"),
    opt("pod_template_dict", Map, "", "The same as a table"),
    opt("priority_class_name", Text, "", "Priority class"),
    opt("pod_runtime_info_envs", List, "", "V1EnvVar with field references"),
    opt("termination_grace_period", Integer, "", "Seconds between TERM and KILL"),
    opt("configmaps", List, "", "Names of config maps for the environment"),
    opt("skip_on_exit_code", Integers, "", "Exit codes that mean skipped"),
    opt("deferrable", Boolean, "false", "Kept for Airflow's sake"),
    opt("poll_interval", Number, "2", "Kept for Airflow's sake"),
    opt("log_pod_spec_on_failure", Boolean, "true", "Add the pod to the failure's message"),
    opt(
        "on_finish_action",
        OneOf(&["delete_pod", "delete_succeeded_pod", "delete_active_pod", "keep_pod"]),
        "delete_pod",
        "What becomes of the pod",
    ),
    opt("on_kill_action", OneOf(&["delete_pod", "keep_pod"]), "delete_pod", "What becomes of it if the task is killed"),
    opt("is_delete_operator_pod", Boolean, "", "Accepted and ignored, as in Airflow"),
    opt(
        "termination_message_policy",
        OneOf(&["File", "FallbackToLogsOnError"]),
        "File",
        "Where its last words come from",
    ),
    opt("active_deadline_seconds", Integer, "", "Time limit of the pod"),
    opt("logging_interval", Integer, "", "Kept for Airflow's sake"),
    opt("trigger_kwargs", Map, "", "Kept for Airflow's sake"),
    opt("container_name_log_prefix_enabled", Boolean, "true", "`[container]` before each line"),
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
