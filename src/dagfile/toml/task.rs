//! `[tasks.ID]` of a TOML DAG file.

use std::ops::Range;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};
use toml::de::{DeTable, DeValue};

use super::{
    super::Defaults,
    dag::{find, is_count},
    reader::{Item, Key, Reader},
};
use crate::model::{
    Expand, ExpandValue, Task,
    operator_table::{Arg, ArgKind, BASE_ARGS, OPERATORS, Operator, operator},
};

/// A task, and what it waits for as written.
pub(super) struct Read {
    pub task: Task,
    /// Place of its id.
    pub at: Range<usize>,
    /// Task or group ids with their places.
    pub depends: Vec<(String, Range<usize>)>,
    /// Tasks whose XComs it uses.
    pub xcoms: Vec<(String, Range<usize>)>,
}

/// Keys of a task that aren't arguments.
const STRUCTURE: &[&str] = &["operator", "depends", "expand", "expand_kwargs", "partial"];

/// Findings in `[default_args]`: names that no operator has.
pub(super) fn check_defaults(reader: &mut Reader<'_>, defaults: &DeTable<'_>) {
    for (key, _) in defaults.iter() {
        let name = key.get_ref().as_ref();
        if find(BASE_ARGS, name).is_none() && OPERATORS.iter().all(|op| op.arg(name).is_none()) {
            let own = OPERATORS.iter().flat_map(|op| op.all_args());
            reader.unknown(&key.span(), "default argument", name, BASE_ARGS.iter().chain(own).map(|arg| arg.name));
        }
    }
}

/// What is being put together for one task.
struct Build {
    op: &'static Operator,
    /// Fields of the model's task.
    fields: Map<String, Json>,
    /// The operator's own arguments.
    args: IndexMap<String, Json>,
}

/// What counts for a task that says nothing itself.
pub(super) struct LeftOpen<'a, 'i> {
    /// `[default_args]`.
    pub by_file: Option<&'a DeTable<'i>>,
    /// For what isn't there either.
    pub by_settings: &'a Defaults,
}

/// One task; `None` if its operator isn't known.
pub(super) fn read(
    reader: &mut Reader<'_>,
    id: &str,
    key: &Key<'_>,
    table: &DeTable<'_>,
    left_open: &LeftOpen<'_, '_>,
) -> Option<Read> {
    let at = key.span();
    let op = find_operator(reader, id, key, table)?;
    let mut build = Build { op, fields: left_open.by_settings.task.clone(), args: IndexMap::new() };
    build.fields.insert("operator".into(), json!(op.class));
    build.fields.insert("task_id".into(), json!(id));
    build.fields.insert("module".into(), json!(op.module));
    build.fields.insert("template_fields".into(), json!(op.template_fields));
    build.fields.insert("template_ext".into(), json!(op.template_ext));
    build.fields.insert("line".into(), json!(reader.place(at.start).0));
    if [
        "KubernetesPodOperator",
        "KubernetesJobOperator",
        "KubernetesStartKueueJobOperator",
        "KubernetesPodExecOperator",
    ]
    .contains(&op.class)
    {
        build.fields.insert("do_xcom_push".into(), json!(false));
    }
    for (key, value) in left_open.by_file.into_iter().flat_map(|t| t.iter()) {
        // A default that this operator doesn't have is for others.
        build.argument(reader, key, value, true);
    }
    let (mut depends, mut expand, mut expanded) = (Vec::new(), None, Vec::new());
    let mut any_argument = false;
    for (key, value) in table.iter() {
        match key.get_ref().as_ref() {
            "operator" => {}
            "depends" => depends = reader.texts(value, "depends"),
            "expand" => expand = read_expand(reader, op, value, &mut expanded),
            "expand_kwargs" => {
                any_argument = true;
                if !matches!(value.get_ref(), DeValue::Array(_) | DeValue::Table(_)) {
                    reader.mismatch(value, "expand_kwargs", "a list of tables, or {xcom = \"task\"}");
                }
                expand = Some(Expand::ExpandKwargs { value: ExpandValue(reader.any(value)) });
            }
            "partial" => {
                for (key, value) in reader.table(value, "partial").into_iter().flat_map(|t| t.iter()) {
                    build.argument(reader, key, value, false);
                }
            }
            _ => build.argument(reader, key, value, false),
        }
    }
    for name in &expanded {
        if table.iter().any(|(key, _)| key.get_ref() == name.as_str()) {
            reader.error(&at, format!("`{name}` is given both directly and in `expand`"), None);
        }
        build.args.shift_remove(name);
    }
    for arg in op.all_args().filter(|arg| arg.required && !any_argument) {
        let given = build.args.contains_key(arg.name) || expanded.iter().any(|name| name == arg.name);
        let written = table.iter().any(|(key, _)| canonical(key.get_ref()) == arg.name);
        if !given && !written {
            let hint = format!("add `{} = ..`: {}", arg.name, arg.kind.describe());
            reader.error(&at, format!("task `{id}` ({}) needs `{}`", op.name, arg.name), Some(hint));
        }
    }
    // Like the Python side: an unmapped task holds its defaults, and single values where the class makes lists of them.
    for arg in op.all_args() {
        if let Some(value) = build.args.get_mut(arg.name) {
            let listed = arg.kind == ArgKind::Integers || (arg.kind == ArgKind::Texts && arg.name.ends_with("_states"));
            if listed && (value.is_i64() || value.is_string()) {
                *value = json!([value.take()]);
            }
        } else if arg.name == "deferrable" && left_open.by_settings.deferrable {
            build.args.insert(arg.name.to_owned(), json!(true));
        } else if let (None, Some(default)) = (&expand, arg.default_value()) {
            build.args.insert(arg.name.to_owned(), default);
        }
    }
    if build.fields.get("is_teardown") == Some(&Json::Bool(true)) {
        build.fields.entry("trigger_rule").or_insert_with(|| json!("all_done_setup_success"));
    }
    let mut task: Task = match serde_json::from_value(Json::Object(build.fields)) {
        Ok(task) => task,
        Err(e) => {
            reader.error(&at, format!("task `{id}` can't be read: {e}"), None);
            return None;
        }
    };
    task.args = build.args;
    task.expand = expand;
    task.task_group = id.rsplit_once('.').map(|(group, _)| group.to_owned());
    Some(Read { task, at, depends, xcoms: std::mem::take(&mut reader.xcoms) })
}

fn find_operator(reader: &mut Reader<'_>, id: &str, key: &Key<'_>, table: &DeTable<'_>) -> Option<&'static Operator> {
    let names = || OPERATORS.iter().flat_map(|op| [op.name, op.class]);
    let Some((_, value)) = table.iter().find(|(key, _)| key.get_ref() == "operator") else {
        let hint = format!(
            "add `operator = ..`: one of {}",
            OPERATORS.iter().map(|op| op.name).collect::<Vec<_>>().join(", ")
        );
        reader.error(&key.span(), format!("task `{id}` has no operator"), Some(hint));
        return None;
    };
    let name = reader.text(value, "operator")?;
    let found = operator(name);
    if found.is_none() {
        reader.unknown(&value.span(), "operator", name, names());
        if super::super::nearest::nearest(name, names()).is_none()
            && let Some(last) = reader.diagnostics.last_mut()
        {
            let all: Vec<&str> = OPERATORS.iter().map(|op| op.name).collect();
            last.hint = Some(format!("one of {}; anything else needs a Python DAG file", all.join(", ")));
        }
    }
    found
}

/// The name in the table for a key as written.
fn canonical(key: &str) -> &str {
    if key == "callable" { "python_callable" } else { key }
}

impl Build {
    fn argument(&mut self, reader: &mut Reader<'_>, key: &Key<'_>, value: &Item<'_>, is_default: bool) {
        let name = canonical(key.get_ref());
        // An operator's own argument hides the base one of the same name.
        if let Some(arg) = self.op.arg(name) {
            let templated = self.op.template_fields.contains(&name);
            if let Some(json) = reader.argument(value, arg, templated) {
                self.args.insert(name.to_owned(), json);
            }
        } else if let Some(arg) = find(BASE_ARGS, name) {
            if let Some(json) = base_argument(reader, value, arg) {
                // As Python's is: the model's task has no field of it.
                if name == "executor_config" {
                    self.args.insert(name.to_owned(), json);
                } else {
                    self.fields.insert(name.to_owned(), json);
                }
            }
        } else if !is_default {
            let known = STRUCTURE.iter().copied().chain(self.op.all_args().chain(BASE_ARGS).map(|arg| arg.name));
            let callable = (self.op.name == "python").then_some("callable");
            let article = if self.op.name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            let what = format!("key of {article} {} task", self.op.name);
            let name = key.get_ref().clone();
            reader.unknown(&key.span(), &what, &name, known.chain(callable));
        }
    }
}

fn base_argument(reader: &mut Reader<'_>, value: &Item<'_>, arg: &Arg) -> Option<Json> {
    if arg.name == "retry_exponential_backoff" {
        return match value.get_ref() {
            // Airflow's True doubles.
            DeValue::Boolean(yes) => Some(json!(if *yes { 2.0 } else { 0.0 })),
            DeValue::Integer(_) | DeValue::Float(_) => reader.any(value).as_f64().map(Json::from),
            _ => {
                reader.mismatch(value, arg.name, "true, false or a number");
                None
            }
        };
    }
    let json = reader.argument(value, arg, false)?;
    let least = i64::from(matches!(arg.name, "pool_slots" | "max_active_tis_per_dag" | "max_active_tis_per_dagrun"));
    is_count(reader, value, arg, &json, least).then_some(json)
}

fn read_expand(
    reader: &mut Reader<'_>,
    op: &'static Operator,
    item: &Item<'_>,
    expanded: &mut Vec<String>,
) -> Option<Expand> {
    let table = reader.table(item, "expand")?;
    let mut args = IndexMap::new();
    for (key, value) in table.iter() {
        let name = canonical(key.get_ref());
        if op.arg(name).is_none() && find(BASE_ARGS, name).is_none() {
            let known = op.all_args().chain(BASE_ARGS).map(|arg| arg.name);
            reader.unknown(&key.span(), &format!("argument of {}", op.name), name, known);
            continue;
        }
        if !matches!(value.get_ref(), DeValue::Array(_) | DeValue::Table(_)) {
            reader.mismatch(value, &format!("expand.{name}"), "a list, a table or {xcom = \"task\"}");
            continue;
        }
        expanded.push(name.to_owned());
        args.insert(name.to_owned(), ExpandValue(reader.any(value)));
    }
    if table.is_empty() {
        reader.error(
            &item.span(),
            "`expand` needs at least one argument",
            Some("expand = {bash_command = [..]}".into()),
        );
    }
    Some(Expand::Expand { args })
}
