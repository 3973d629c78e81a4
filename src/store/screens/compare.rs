//! Two tries side by side: what is known about each, inputs, XComs.

use rusqlite::Connection;
use serde_json::Value;

use crate::{
    error::Result,
    model::{PodId, usage::Usage},
    store,
};

use super::{Micros, TiRef, instance, instance::InstanceDetail, rows, ti_ref};

/// What a try is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Base {
    /// The try before it.
    TryBefore,
    /// The last time the same task and index worked, in an earlier run.
    LastSuccess,
    /// The same task and index in the run before.
    RunBefore,
    /// An instance that was marked.
    Other(TiRef),
}

/// One try.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Its instance.
    pub ti: TiRef,
    /// Its number.
    pub number: u32,
}

/// One line of the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// What it is about.
    pub name: String,
    /// At the left: the base.
    pub left: String,
    /// At the right: the try in question.
    pub right: String,
}

impl Pair {
    /// The sides differ.
    pub fn differs(&self) -> bool {
        self.left != self.right
    }
}

/// The comparison: the base at the left.
#[derive(Debug, Clone, PartialEq)]
pub struct Compare {
    /// The base.
    pub left: Side,
    /// The try in question.
    pub right: Side,
    /// Facts, inputs, XComs.
    pub pairs: Vec<Pair>,
    /// What the containers of their pods used.
    pub curves: Curves,
}

/// What the containers of two pods used.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curves {
    /// Of the base.
    pub left: Vec<Usage>,
    /// Of the try in question.
    pub right: Vec<Usage>,
}

impl Curves {
    /// Containers that were sampled on one side at least, with what is known of each.
    pub fn containers(&self) -> Vec<(&str, Option<&Usage>, Option<&Usage>)> {
        fn of<'a>(all: &'a [Usage], name: &str) -> Option<&'a Usage> {
            all.iter().find(|u| u.container == name)
        }
        let mut names: Vec<&str> = self.left.iter().chain(&self.right).map(|u| u.container.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|name| (name, of(&self.left, name), of(&self.right, name))).collect()
    }
}

/// Compares a try (0: the last one) with another; `None` if one of the two isn't there.
pub fn load(conn: &Connection, ti: &TiRef, number: u32, base: &Base) -> Result<Option<Compare>> {
    let Some(right) = instance::load(conn, ti)? else { return Ok(None) };
    let number = if number == 0 { right.row.try_number.max(1) } else { number };
    let (other, base_number) = match base {
        Base::TryBefore if number > 1 => (Some(ti.clone()), Some(number - 1)),
        Base::TryBefore => (None, None),
        Base::LastSuccess => (earlier(conn, ti, true)?, None),
        Base::RunBefore => (earlier(conn, ti, false)?, None),
        Base::Other(other) => (Some(other.clone()), None),
    };
    let Some(other) = other else { return Ok(None) };
    let Some(left) = instance::load(conn, &other)? else { return Ok(None) };
    let left_number = base_number.unwrap_or(left.row.try_number);
    let mut pairs = Vec::new();
    for ((name, a), (_, b)) in facts(&left, left_number).into_iter().zip(facts(&right, number)) {
        // What was kept of one try only is no difference.
        if name != "host" || !a.is_empty() && !b.is_empty() {
            pairs.push(Pair { name: name.into(), left: a, right: b });
        }
    }
    let (used, of_right) = (used(conn, &left, left_number)?, used(conn, &right, number)?);
    let curves = Curves { left: used, right: of_right };
    merge("input", fields(&left), fields(&right), &mut pairs);
    merge("xcom", xcoms(&left), xcoms(&right), &mut pairs);
    let (left, right) = (Side { ti: other, number: left_number }, Side { ti: ti.clone(), number });
    Ok(Some(Compare { left, right, pairs, curves }))
}

/// What the containers of a try's pod used; of a try without a pod nothing.
fn used(conn: &Connection, d: &InstanceDetail, number: u32) -> Result<Vec<Usage>> {
    let Some(pod) = d.pods.iter().rev().find(|pod| pod.try_number == number) else { return Ok(Vec::new()) };
    store::pod_usage::of_pod(conn, PodId(pod.id))
}

fn earlier(conn: &Connection, ti: &TiRef, success: bool) -> Result<Option<TiRef>> {
    let found = rows(
        conn,
        "SELECT r.id AS run_row, r.dag_id, r.run_id, t.task_id, t.map_index
         FROM (SELECT * FROM dag_run WHERE dag_id = ?1
               AND (run_after, id) < (SELECT run_after, id FROM dag_run WHERE id = ?2)
               ORDER BY run_after DESC, id DESC LIMIT 200) r
         JOIN task_instance t ON t.run = r.id AND t.task_id = ?3 AND t.map_index = ?4
         WHERE t.try_number > 0 AND (t.state = 'success' OR NOT ?5) ORDER BY r.run_after DESC, r.id DESC LIMIT 1",
        (&ti.run.dag_id, ti.run.id, &ti.task_id, ti.map_index, success),
        ti_ref,
    )?;
    Ok(found.into_iter().next())
}

fn facts(d: &InstanceDetail, number: u32) -> Vec<(&'static str, String)> {
    let of_try = d.tries.iter().find(|t| t.number == number);
    let time = |t: Option<Micros>| {
        t.and_then(|t| jiff::Timestamp::from_microsecond(t).ok())
            .map(|t| t.strftime("%Y-%m-%d %H:%M:%S").to_string())
            .unwrap_or_default()
    };
    let (start, end) = of_try.map_or((d.row.start, d.row.end), |t| (t.start, t.end));
    let took = start.zip(end).map(|(a, b)| format!("{:.1} s", (b - a) as f64 / 1e6)).unwrap_or_default();
    vec![
        ("run", d.row.ti.run.run_id.clone()),
        ("try", number.to_string()),
        ("state", of_try.map_or(d.row.state, |t| t.state).to_string()),
        ("cause", of_try.and_then(|t| t.why.clone()).unwrap_or_default()),
        ("exit code", of_try.and_then(|t| t.exit_code).map(|c| c.to_string()).unwrap_or_default()),
        ("started", time(start)),
        ("took", took),
        ("host", of_try.and_then(|t| t.host.clone()).unwrap_or_default()),
        ("operator", d.row.operator.clone()),
        ("pool", format!("{} ({} slots)", d.row.pool, d.pool_slots)),
        ("DAG version", format!("v{}", d.version)),
        ("conf", d.conf.clone()),
    ]
}

fn short(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn fields(d: &InstanceDetail) -> Vec<(String, String)> {
    let parsed = d.rendered.as_ref().and_then(|t| serde_json::from_str::<Value>(t).ok());
    match parsed {
        Some(Value::Object(all)) => {
            let mut out = Vec::new();
            for (name, value) in all {
                match value {
                    // Arguments one by one, so that the one that differs is seen.
                    Value::Object(inner) => out.extend(inner.iter().map(|(k, v)| (format!("{name}.{k}"), short(v)))),
                    other => out.push((name, short(&other))),
                }
            }
            out
        }
        _ => Vec::new(),
    }
}

fn xcoms(d: &InstanceDetail) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for x in &d.xcoms {
        match serde_json::from_str::<Value>(&x.value) {
            Ok(Value::Object(inner)) => out.extend(inner.iter().map(|(k, v)| (format!("{}.{k}", x.key), short(v)))),
            _ => out.push((x.key.clone(), x.value.clone())),
        }
    }
    out
}

fn merge(kind: &str, left: Vec<(String, String)>, right: Vec<(String, String)>, out: &mut Vec<Pair>) {
    for (name, a) in &left {
        let b = right.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        out.push(Pair { name: format!("{kind} {name}"), left: a.clone(), right: b.unwrap_or_else(|| "(none)".into()) });
    }
    for (name, b) in right {
        if !left.iter().any(|(n, _)| *n == name) {
            out.push(Pair { name: format!("{kind} {name}"), left: "(none)".into(), right: b });
        }
    }
}
