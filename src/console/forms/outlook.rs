//! What a form says besides its plan: how long it will take, what it waits for, what is different from the run before.

use serde_json::Value;

use crate::{
    console::widgets::text,
    model::Dag,
    protocol::Command,
    store::screens::{Micros, SECOND, outlook::Outlook},
};

use super::{ActForm, Preview, Purpose, trigger};

/// The DAG whose outlook a form wants.
pub fn wanted(form: &ActForm) -> Option<String> {
    match &form.purpose {
        Purpose::Clear(all) | Purpose::Retry(all) => all.first().map(|s| s.dag_id.clone()),
        Purpose::Trigger(dag) => Some(dag.dag_id.to_string()),
        Purpose::Backfill(dag) => Some(dag.clone()),
        _ => None,
    }
}

/// Takes it. A trigger form offers the confs of the last runs.
pub fn take(form: &mut ActForm, outlook: Outlook) {
    if let Purpose::Trigger(dag) = &form.purpose
        && !outlook.recent.is_empty()
    {
        trigger::offer(dag, &mut form.fields, &outlook.recent);
        form.focus += 1;
    }
    form.outlook = Some(Box::new(outlook));
}

/// Of a trigger: when it starts, how long it takes, what is different from the last run.
pub fn trigger_words(form: &ActForm, dag: &Dag, now: Micros) -> Vec<String> {
    let Some(outlook) = &form.outlook else { return Vec::new() };
    let mut out = Vec::new();
    let conf = match form.commands(true).as_deref() {
        Ok([Command::Trigger { conf, .. }]) => Some(conf.clone()),
        _ => None,
    };
    if let (Some(conf), Some((run, before))) = (conf, outlook.recent.first()) {
        let name = text::run_id(&run.run.run_id);
        let changed = differences(dag, before, &conf);
        out.push(match changed.is_empty() {
            true => format!("the same as run {name} had"),
            false => format!("changed against run {name}: {}", changed.join("  ")),
        });
    }
    let most = dag.max_active_runs;
    let starts = match most {
        Some(most) if outlook.active >= most as usize => {
            format!("waits: {} of at most {most} runs are active", outlook.active)
        }
        _ if outlook.active > 0 => format!("starts now, beside {} active", outlook.active),
        _ => "starts now".into(),
    };
    let takes = outlook.pace.p50().map(|seconds| {
        let end = text::time(now + (seconds * 1e6) as Micros, "%H:%M");
        format!("; usually takes {}, then ends about {end} UTC", text::duration(seconds))
    });
    out.push(format!("{starts}{}", takes.unwrap_or_default()));
    let uses = |pool: &str| dag.tasks.values().any(|t| t.pool == pool);
    for p in outlook.full.iter().filter(|p| uses(&p.name)) {
        let (used, waits) = (p.running + p.queued, p.waiting);
        out.push(format!(
            "pool {} is full ({used}/{}), {waits} waiting: its tasks wait (8 says for whom)",
            p.name, p.slots
        ));
    }
    out
}

/// What a conf means for the DAG's params: its own values, else the defaults.
fn effective<'a>(dag: &'a Dag, conf: &'a Value, name: &str) -> &'a Value {
    conf.get(name).or_else(|| dag.params.get(name).map(|p| &p.value)).unwrap_or(&Value::Null)
}

fn differences(dag: &Dag, before: &Value, now: &Value) -> Vec<String> {
    let keys = |v: &Value| v.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut names: Vec<String> = dag.params.keys().map(|k| (**k).to_owned()).collect();
    names.extend(keys(before).into_iter().chain(keys(now)));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|n| seen.insert(n.clone()));
    let changed = names.iter().filter_map(|n| {
        let (a, b) = (effective(dag, before, n), effective(dag, now, n));
        (a != b).then(|| format!("{n}: {a} -> {b}"))
    });
    changed.collect()
}

/// Of a backfill: how long so many runs take, so many at a time.
pub fn backfill_words(form: &ActForm, runs: usize, now: Micros) -> Option<String> {
    let seconds = form.outlook.as_ref()?.pace.p50()?;
    let at_once = form.fields.iter().find(|f| f.name == "max_active_runs")?.value().trim().parse::<usize>().ok()?;
    let rounds = runs.div_ceil(at_once.max(1));
    let all = seconds * rounds as f64;
    let end = text::stamp(now + (all * SECOND as f64) as Micros);
    let each = text::duration(seconds);
    (runs > 0).then(|| {
        format!("each usually takes {each}, {at_once} at a time: about {}, until {end} UTC", text::duration(all))
    })
}

/// Median seconds of a task instance.
pub fn usual(form: &ActForm, task: &str, index: i64) -> Option<f64> {
    let tasks = &form.outlook.as_ref()?.tasks;
    let index = i32::try_from(index).ok()?;
    tasks.get(&(task.to_owned(), index)).copied()
}

/// The task instances of the plans, those first that were asked for; then what was left out.
pub fn rows(form: &ActForm) -> Vec<Row<'_>> {
    let Preview::Plans(plans) = &form.preview else { return Vec::new() };
    let mut all: Vec<Row<'_>> = plans
        .iter()
        .filter_map(|p| p["task_instances"].as_array())
        .flatten()
        .map(|t| Row {
            task: t["task_id"].as_str().unwrap_or_default().to_owned(),
            index: t["map_index"].as_i64().unwrap_or(-1),
            plan: Some(t),
        })
        .collect();
    all.sort_by_key(|r| r.plan.is_some_and(|t| t["reason"] != "selected"));
    all.extend(form.left_out.iter().map(|(task, index)| Row {
        task: task.clone(),
        index: index.map_or(-1, i64::from),
        plan: None,
    }));
    all
}

/// A line of a plan.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// Task.
    pub task: String,
    /// Index; -1 without one.
    pub index: i64,
    /// As the scheduler says; `None`: it is left out.
    pub plan: Option<&'a Value>,
}

/// Leaves the row out, or takes it back.
pub fn toggle(form: &mut ActForm) {
    let Some((task, index, planned)) = rows(form)
        .get(form.row)
        .map(|r| (r.task.clone(), i32::try_from(r.index).ok().filter(|i| *i >= 0), r.plan.is_some()))
    else {
        return;
    };
    match planned {
        true => form.left_out.push((task, index)),
        false => form.left_out.retain(|l| *l != (task.clone(), index)),
    }
}
