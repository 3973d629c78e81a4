//! DAGs as they were parsed: their settings, tasks and groups.

use serde_json::{Map, Value, json};

use super::{
    compare,
    corpus::{Golden, by, only},
    expected,
    home::Home,
    runs,
};

const SETTINGS: &[&str] = &[
    "timetable_type",
    "timetable_summary",
    "catchup",
    "max_active_runs",
    "max_active_tasks",
    "fail_fast",
    "tags",
    "description",
    "asset_expression",
];
/// Here and in the recording.
const TASK: &[(&str, &str)] = &[
    ("trigger_rule", "trigger_rule"),
    ("upstream_task_ids", "upstream"),
    ("downstream_task_ids", "downstream"),
    ("is_mapped", "mapped"),
    ("retries", "retries"),
    ("pool", "pool"),
    ("pool_slots", "pool_slots"),
    ("priority_weight", "priority_weight"),
    ("depends_on_past", "depends_on_past"),
    ("wait_for_downstream", "wait_for_downstream"),
    ("template_fields", "template_fields"),
    ("task_group", "task_group"),
    ("is_setup", "setup"),
    ("is_teardown", "teardown"),
];
const GROUP: &[&str] = &[
    "children",
    "upstream_group_ids",
    "downstream_group_ids",
    "upstream_task_ids",
    "downstream_task_ids",
    "prefix_group_id",
];

/// Where a DAG differs from the recording.
pub fn differences(home: &Home, golden: &Golden) -> Vec<String> {
    let details = home.json(&["dags", "details", &golden.dag_id]);
    let tasks = home.json(&["tasks", "list", &golden.dag_id]);
    let recorded = &golden.document;
    let wanted = json!({
        "dag": settings(&recorded["dag"]),
        "tasks": rows(&recorded["tasks"], "task_id", |row| {
            task(row, |(_, theirs)| theirs, [&row["module"], &row["operator"], &row["weight_rule"]])
        }),
        "task_groups": rows(&recorded["task_groups"], "group_id", |row| group(row, &row["mapped"])),
    });
    let got = json!({
        "dag": settings(&details),
        "tasks": rows(&tasks, "task_id", |row| {
            let class = &row["class_ref"];
            task(row, |(ours, _)| ours, [&class["module_path"], &class["class_name"], &row["weight_rule"]])
        }),
        "task_groups": rows(&details["task_groups"], "group_id", |row| group(row, &row["is_mapped"])),
    });
    let mut lines = Vec::new();
    compare::differences(&wanted, &got, "", &mut |pointer, wanted, got| {
        if !golden.is_unstable(pointer) && !expected::on_purpose(&golden.dag_id, pointer) {
            lines.push(compare::line(pointer, wanted, got));
        }
    });
    lines
}

fn rows(list: &Value, key: &str, fields: impl Fn(&Value) -> Map<String, Value>) -> Value {
    by(list, &[key]).into_iter().map(|(key, row)| (key, Value::Object(fields(&row)))).collect::<Map<_, _>>().into()
}

/// What is compared of a task, of either side: fields by name, and its module, class and weight rule.
fn task(
    row: &Value,
    name: impl Fn(&(&'static str, &'static str)) -> &'static str,
    other: [&Value; 3],
) -> Map<String, Value> {
    let mut fields: Map<String, Value> =
        TASK.iter().map(|pair| (pair.1.to_owned(), sorted(name(pair), row).1)).collect();
    let [module, class, weight_rule] = other.map(|v| v.as_str().unwrap_or_default());
    // Files have module names made from their path.
    let module = runs::plain(module);
    fields.insert("module".into(), module.rsplit("_<sha1>_").next().unwrap_or(&module).into());
    fields.insert("operator".into(), class.into());
    // The names of Airflow's classes there.
    let rule = weight_rule.rsplit('.').next().unwrap_or_default().trim_start_matches('_');
    fields.insert(
        "weight_rule".into(),
        rule.strip_suffix("PriorityWeightStrategy").unwrap_or(rule).to_lowercase().into(),
    );
    fields
}

/// A field of a task or group; lists are sorted there.
fn sorted(field: &str, row: &Value) -> (String, Value) {
    let mut value = row[field].clone();
    if let Some(list) = value.as_array_mut() {
        list.sort_by_key(Value::to_string);
    }
    (field.to_owned(), value)
}

fn group(row: &Value, is_mapped: &Value) -> Map<String, Value> {
    let mut fields: Map<String, Value> = GROUP.iter().map(|field| sorted(field, row)).collect();
    fields.insert("mapped".into(), is_mapped.clone());
    fields
}

fn settings(dag: &Value) -> Value {
    let mut fields = only(dag, SETTINGS);
    // A text of names there, a list here.
    let owners = dag["owners"].as_array().map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    fields["owners"] = owners.map_or_else(|| dag["owners"].clone(), |list| list.join(", ").into());
    if let Some(tags) = fields["tags"].as_array_mut() {
        tags.sort_by_key(Value::to_string);
    }
    fields["edge_info"] = labels(&dag["edge_info"]);
    let params = dag["params"].as_object().into_iter().flatten();
    // Here with schema and description beside the value.
    let params =
        params.map(|(name, p)| (name.clone(), if p.get("schema").is_some() { p["value"].clone() } else { p.clone() }));
    fields["params"] = params.collect::<Map<_, _>>().into();
    fields
}

/// Labels of edges by `from/to`: objects with a label there, texts here.
fn labels(edges: &Value) -> Value {
    let of_one = |(from, below): (&String, &Value)| {
        let below = below.as_object().cloned().unwrap_or_default();
        let from = from.clone();
        below.into_iter().map(move |(to, edge)| {
            let label = if edge.is_object() { edge["label"].clone() } else { edge };
            (format!("{from}/{to}"), label)
        })
    };
    edges.as_object().into_iter().flatten().flat_map(of_one).collect::<Map<_, _>>().into()
}
