//! Where dagdeck differs from the recording: on purpose, or because a feature is of a later version.

/// DAGs that need what later versions bring.
pub const LATER: &[(&str, &str)] = &[
    ("cc_asset_consumer_a", "assets"),
    ("cc_asset_consumer_alias", "assets"),
    ("cc_asset_consumer_and", "assets"),
    ("cc_asset_consumer_or", "assets"),
    ("cc_asset_deco", "assets"),
    ("cc_asset_deco_consumer", "assets"),
    ("cc_asset_inlets", "assets"),
    ("cc_asset_producer_a", "assets"),
    ("cc_asset_producer_b", "assets"),
    ("weekly_churn_model_training", "its training is a Kubernetes pod"),
];

/// DAGs that are known not to be equal yet.
const KNOWN: &[(&str, &str)] = &[];

/// Fields that differ on purpose: DAG, and the pointers below which they lie.
const ON_PURPOSE: &[(&str, &[&str])] = &[
    // `ds` given to a parameter named like a context key: refused there when the task runs, done as it is meant here.
    (
        "cc_context",
        &[
            "/runs/golden/dag_run/state",
            "/runs/golden/task_instances/explicit:-1/state",
            "/runs/golden/xcoms/explicit:-1:return_value",
            "/runs/golden/failures/explicit:-1:1",
            "/runs/golden/rendered_fields/explicit:-1",
            // Names and classes of Airflow's own insides.
            "/runs/golden/xcoms/ti_api:-1:return_value",
            "/runs/golden/xcoms/kinds:-1:return_value",
        ],
    ),
    ("weekly_churn_model_training_offline_as_wired", &["/runs/deploy"]),
    // An XComArg in an f-string makes no dependency: whether the value is there yet is a race, there and here.
    (
        "cc_xcom_outputs",
        &["/runs/golden/rendered_fields/fstring:-1", "/runs/golden/xcoms/fstring:-1:return_value/value"],
    ),
];

/// Files that Airflow refuses only because of their dialect.
const ACCEPTED_HERE: &[&str] = &[
    "dags/errors/cc_err_bad_rule.py",
    // Airflow 2 has it.
    "dags/errors/cc_err_days_ago.py",
    "dags/errors/cc_err_old_rule_name.py",
    "dags/errors/cc_err_schedule_interval.py",
];

fn find<T: Copy>(rows: &[(&str, T)], name: &str) -> Option<T> {
    rows.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
}

/// Why a DAG is left out.
pub fn later(dag_id: &str) -> Option<&'static str> {
    find(LATER, dag_id)
}

/// Why a DAG is known to differ.
pub fn known(dag_id: &str) -> Option<&'static str> {
    find(KNOWN, dag_id)
}

/// The field differs on purpose.
pub fn on_purpose(dag_id: &str, pointer: &str) -> bool {
    let below = |p: &&str| pointer == *p || pointer.strip_prefix(*p).is_some_and(|rest| rest.starts_with('/'));
    find(ON_PURPOSE, dag_id).is_some_and(|pointers| pointers.iter().any(below))
}

/// A file that Airflow refuses is accepted with a warning.
pub fn accepted_here(file: &str) -> bool {
    ACCEPTED_HERE.contains(&file)
}
