//! Which fields a recording may have: those that are compared, and those that are left out for a reason. One that is neither
//! is an error, so that nothing is left out by accident.

use serde_json::Value;

use super::corpus::Golden;

/// Fields that are compared, by the place where they are.
const COMPARED: &[(&str, &[&str])] = &[
    ("", &["dag", "dag_id", "runs", "tasks", "task_groups", "source", "method", "unstable", "asset_steps"]),
    (
        "/dag",
        &[
            "asset_expression",
            "catchup",
            "description",
            "edge_info",
            "fail_fast",
            "max_active_runs",
            "max_active_tasks",
            "owners",
            "params",
            "tags",
            "timetable_summary",
            "timetable_type",
        ],
    ),
    (
        "/tasks",
        &[
            "depends_on_past",
            "downstream",
            "mapped",
            "module",
            "operator",
            "pool",
            "pool_slots",
            "priority_weight",
            "retries",
            "setup",
            "task_group",
            "task_id",
            "teardown",
            "template_fields",
            "trigger_rule",
            "upstream",
            "wait_for_downstream",
            "weight_rule",
        ],
    ),
    (
        "/task_groups",
        &[
            "children",
            "downstream_group_ids",
            "downstream_task_ids",
            "group_id",
            "mapped",
            "prefix_group_id",
            "upstream_group_ids",
            "upstream_task_ids",
        ],
    ),
    (
        "/runs",
        &[
            "answers",
            "cut_off_after_s",
            "dag_run",
            "failures",
            "refused",
            "rendered_fields",
            "run_id",
            "side_effects",
            "task_instances",
            "timing",
            "trigger",
            "xcoms",
        ],
    ),
    (
        "/runs/dag_run",
        &[
            "clear_number",
            "conf",
            "data_interval_end",
            "data_interval_start",
            "logical_date",
            "run_type",
            "state",
            "triggered_by",
        ],
    ),
    (
        "/runs/task_instances",
        &[
            "map_index",
            "max_tries",
            "operator",
            "pool",
            "pool_slots",
            "priority_weight",
            "rendered_map_index",
            "state",
            "task_id",
            "try_number",
        ],
    ),
    ("/runs/xcoms", &["key", "map_index", "task_id", "value"]),
    ("/runs/rendered_fields", &["fields", "map_index", "task_id"]),
    ("/runs/failures", &["failures", "map_index", "task_id"]),
    ("/runs/failures/failures", &["attempt", "event", "exc_type"]),
    ("/runs/timing", &["peak_per_task", "peak_pool_slots", "peak_running", "start_order"]),
    ("/runs/trigger", &["conf", "logical_date", "run_id"]),
    ("/runs/answers", &["task_id", "chosen_options", "params_input"]),
    ("/asset_steps", &["after", "asset_runs"]),
];

/// Fields that are left out, and why.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("/passes", "how often it was recorded"),
    ("/recorded_with", "versions of the recorder's packages"),
    ("/file", "the name that `source` has too"),
    ("/tasks/operator_name", "the name that Airflow's web pages show for the class in `operator`"),
    (
        "/tasks/priority_weight_total",
        "null in every recording; the sum is compared as `priority_weight` of the instances",
    ),
    ("/runs/failures/failures/exc_value", "a hint: the texts are Airflow's own, the class is compared"),
];

/// Fields that nobody knows how to compare, as `place/field`.
pub fn unknown(golden: &Golden) -> Vec<String> {
    let mut found = Vec::new();
    look(&golden.document, "", &mut found);
    found.sort();
    found.dedup();
    found
}

fn look(value: &Value, place: &str, found: &mut Vec<String>) {
    let Some((_, known)) = COMPARED.iter().find(|(at, _)| *at == place) else { return };
    match value {
        Value::Array(list) => list.iter().for_each(|one| look(one, place, found)),
        Value::Object(fields) => {
            for (name, inner) in fields {
                let at = format!("{place}/{name}");
                if known.contains(&name.as_str()) {
                    look(inner, &at, found);
                } else if !LEFT_OUT.iter().any(|(left_out, _)| *left_out == at) {
                    found.push(format!("{at}: nobody knows how to compare this field"));
                }
            }
        }
        _ => {}
    }
}

#[test]
fn an_unknown_field_is_found_at_any_depth() {
    let document = serde_json::json!({"dag_id": "d", "passes": 2, "new": 1,
        "runs": [{"dag_run": {"state": "success", "verdict": 1}, "xcoms": [{"key": "k", "value": {"any": 1}}]}]});
    let found = unknown(&Golden { dag_id: "d".into(), document });
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("/new:") && found[1].starts_with("/runs/dag_run/verdict:"), "{found:?}");
}
