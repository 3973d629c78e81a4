//! What changed between the last time a task worked and now: code, its definition, conf, settings. Ranked.

use rusqlite::Connection;
use serde_json::Value;

use super::{Micros, TiRef, rows};
use crate::{
    error::Result,
    model::{Pod, RunId, TiKey, spec_diff},
    store,
};

/// Fields of a task that say nothing about what it does.
const DULL: &[&str] = &["line", "downstream_task_ids", "label", "doc", "doc_md"];
/// Runs before that are looked at.
pub const MOST_RUNS: usize = 200;
/// Most changes of one kind that are named.
const MOST: usize = 12;

/// When it last worked.
#[derive(Debug, Clone, PartialEq)]
pub struct Worked {
    /// Row id of the run.
    pub run: i64,
    /// Its run id.
    pub run_id: String,
    /// When the instance ended there.
    pub at: Micros,
    /// Number of the DAG version.
    pub version: i64,
}

/// Something that is different since.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// When it changed, if that is known.
    pub at: Option<Micros>,
    /// What, in one line.
    pub what: String,
    /// It is about this very task, or named in its file: looked at first.
    pub likely: bool,
}

/// The last success before a run, and what changed since.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// When it last worked; `None`: not in the runs that were looked at.
    pub worked: Option<Worked>,
    /// How many runs before this one have it, at most [`MOST_RUNS`]; counted only if it didn't work in one of them.
    pub before: usize,
    /// What is different, most likely first.
    pub changes: Vec<Change>,
}

/// The DAG version and the conf of a run. Definitions are large, so they are read only if they are looked at.
struct Version {
    id: i64,
    number: i64,
    created: Micros,
    conf: Value,
}

/// Looks for the last success of the same task and index before the run, and compares.
pub fn since_it_worked(conn: &Connection, ti: &TiRef) -> Result<Changes> {
    let worked = rows(
        conn,
        "SELECT r.id, r.run_id, coalesce(t.end_date, r.run_after), coalesce(v.number, 0)
         FROM (SELECT * FROM dag_run WHERE dag_id = ?1
               AND (run_after, id) < (SELECT run_after, id FROM dag_run WHERE id = ?2)
               ORDER BY run_after DESC, id DESC LIMIT 200) r
         JOIN task_instance t ON t.run = r.id AND t.task_id = ?3 AND t.map_index = ?4
         LEFT JOIN dag_version v ON v.id = r.dag_version
         WHERE t.state = 'success' ORDER BY r.run_after DESC, r.id DESC LIMIT 1",
        (&ti.run.dag_id, ti.run.id, &ti.task_id, ti.map_index),
        |r| Ok(Worked { run: r.get(0)?, run_id: r.get(1)?, at: r.get(2)?, version: r.get(3)? }),
    )?;
    let Some(worked) = worked.into_iter().next() else {
        let before = super::runs_before(conn, ti, MOST_RUNS)?;
        return Ok(Changes { before, ..Changes::default() });
    };
    let (Some(then), Some(now)) = (version(conn, worked.run)?, version(conn, ti.run.id)?) else {
        return Ok(Changes { worked: Some(worked), ..Changes::default() });
    };
    let mut changes = Vec::new();
    if then.id != now.id {
        code(conn, &then, &now, &ti.task_id, &mut changes)?;
    }
    pods(conn, ti, worked.run, &mut changes)?;
    for what in differences("conf", &then.conf, &now.conf) {
        changes.push(Change { at: None, what, likely: true });
    }
    settings(conn, worked.at, &now, &mut changes)?;
    assets(conn, ti, worked.at, &mut changes)?;
    changes.sort_by_key(|c| !c.likely);
    Ok(Changes { worked: Some(worked), before: 0, changes })
}

/// What was sent to the cluster, what image that was there, and where it ran.
fn pods(conn: &Connection, ti: &TiRef, worked: i64, changes: &mut Vec<Change>) -> Result<()> {
    let newest = |run: i64| -> Result<Option<Pod>> {
        let key = TiKey::new(RunId(run), ti.task_id.as_str(), ti.map_index);
        Ok(store::pod::of_instance(conn, &key)?.pop())
    };
    let (Some(then), Some(now)) = (newest(worked)?, newest(ti.run.id)?) else { return Ok(()) };
    let at = now.sight.created_at.map(jiff::Timestamp::as_microsecond);
    let mut add = |what, likely| changes.push(Change { at, what, likely });
    let of = |side: &Option<String>| side.clone().unwrap_or_else(|| "(unknown)".into());
    let digests = (&then.sight.image_id, &now.sight.image_id);
    if digests.0.is_some() && digests.1.is_some() && digests.0 != digests.1 {
        add(format!("image digest: {} -> {}", of(digests.0), of(digests.1)), true);
    }
    for change in spec_diff::between(&then.manifest, &now.manifest).into_iter().take(MOST) {
        // Values of the environment may be secrets.
        let is_variable = change.path.contains(".env[");
        add(if is_variable { format!("pod {}: changed", change.path) } else { format!("pod {}", change.line()) }, true);
    }
    if then.sight.node != now.sight.node && now.sight.node.is_some() {
        add(format!("node: {} -> {}", of(&then.sight.node), of(&now.sight.node)), false);
    }
    Ok(())
}

fn version(conn: &Connection, run: i64) -> Result<Option<Version>> {
    let found = rows(
        conn,
        "SELECT v.id, v.number, v.created_at, r.conf
         FROM dag_run r JOIN dag_version v ON v.id = r.dag_version WHERE r.id = ?1",
        [run],
        |r| {
            Ok(Version {
                id: r.get(0)?,
                number: r.get(1)?,
                created: r.get(2)?,
                conf: serde_json::from_str(&r.get::<_, String>(3)?).unwrap_or_default(),
            })
        },
    )?;
    Ok(found.into_iter().next())
}

/// Definition and text of a version.
fn texts(conn: &Connection, version: &Version) -> Result<(String, String)> {
    let sql = "SELECT definition, source FROM dag_version WHERE id = ?1";
    Ok(rows(conn, sql, [version.id], |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().next().unwrap_or_default())
}

fn code(conn: &Connection, then: &Version, now: &Version, task: &str, changes: &mut Vec<Change>) -> Result<()> {
    let ((old, old_source), (new, new_source)) = (texts(conn, then)?, texts(conn, now)?);
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (old, new) = (parsed(&old), parsed(&new));
    let mut own = differences("this task's", &old["tasks"][task], &new["tasks"][task]);
    own.truncate(MOST);
    let about = if own.is_empty() { "; nothing of this task's definition" } else { "" };
    let lines = if old_source == new_source { "same text" } else { "see v h" };
    let what = format!("DAG version v{} -> v{} ({lines}{about})", then.number, now.number);
    changes.push(Change { at: Some(now.created), what, likely: true });
    changes.extend(own.into_iter().map(|what| Change { at: Some(now.created), what, likely: true }));
    let mut params = differences("param", &old["params"], &new["params"]);
    params.truncate(MOST);
    changes.extend(params.into_iter().map(|what| Change { at: Some(now.created), what, likely: true }));
    Ok(())
}

/// `retries 2 -> 0` for every leaf that differs.
fn differences(name: &str, a: &Value, b: &Value) -> Vec<String> {
    let mut out = Vec::new();
    leaves(name.to_owned(), a, b, &mut out);
    out
}

fn leaves(path: String, a: &Value, b: &Value, out: &mut Vec<String>) {
    if a == b {
        return;
    }
    if let (Value::Object(x), Value::Object(y)) = (a, b) {
        let more = y.keys().filter(|k| !x.contains_key(*k));
        for key in x.keys().chain(more).filter(|k| !DULL.contains(&k.as_str())) {
            leaves(
                format!("{path} {key}"),
                a.get(key).unwrap_or(&Value::Null),
                b.get(key).unwrap_or(&Value::Null),
                out,
            );
        }
        return;
    }
    let short = |v: &Value| {
        let text = v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        if text.chars().count() > 60 { text.chars().take(59).chain(['~']).collect() } else { text }
    };
    out.push(format!("{path}: {} -> {}", short(a), short(b)));
}

/// Variables, connections and pools that somebody changed since.
fn settings(conn: &Connection, since: Micros, now: &Version, changes: &mut Vec<Change>) -> Result<()> {
    let acts = rows(
        conn,
        "SELECT at, who, action, target FROM audit WHERE at > ?1 AND result = 'ok' AND action IN ('variable_set',
         'variable_delete', 'connection_set', 'connection_delete', 'pool_set', 'pool_delete') ORDER BY at DESC LIMIT 200",
        [since],
        |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?, r.get::<_, String>(3)?)),
    )?;
    if acts.is_empty() {
        return Ok(());
    }
    let (text, source) = texts(conn, now)?;
    let named = |target: &str| source.contains(target) || text.contains(target);
    let mut all: Vec<Change> = acts
        .into_iter()
        .map(|(at, who, action, target)| {
            let (kind, verb) = action.split_once('_').unwrap_or((&action, "changed"));
            let verb = if verb == "set" { "changed" } else { "deleted" };
            let likely = named(&target);
            let note = if likely { "; its name is in this DAG" } else { "" };
            Change { at: Some(at), what: format!("{kind} {target} {verb} by {who}{note}"), likely }
        })
        .collect();
    all.sort_by_key(|c| !c.likely);
    all.truncate(MOST);
    changes.extend(all);
    Ok(())
}

/// Assets that the DAG follows or its tasks read, and that were updated since.
fn assets(conn: &Connection, ti: &TiRef, since: Micros, changes: &mut Vec<Change>) -> Result<()> {
    let updated = rows(
        conn,
        "SELECT a.name, count(e.id), max(e.timestamp), coalesce(e.source_dag_id || '.' || e.source_task_id, 'hand')
         FROM (SELECT DISTINCT name, uri FROM asset_reference
               WHERE dag_id = ?1 AND kind = 'asset' AND role IN ('schedule', 'inlet')) f
         JOIN asset a ON a.name = f.name AND a.uri = f.uri JOIN asset_event e ON e.asset = a.id AND e.timestamp > ?2
         GROUP BY a.id ORDER BY max(e.timestamp) DESC LIMIT ?3",
        (&ti.run.dag_id, since, MOST as i64),
        |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?, r.get::<_, Micros>(2)?, r.get::<_, String>(3)?)),
    )?;
    changes.extend(updated.into_iter().map(|(name, n, at, by)| {
        let times = if n == 1 { "once".into() } else { format!("{n} times") };
        Change { at: Some(at), what: format!("asset {name} updated {times}, last by {by}"), likely: false }
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leaves_that_differ_are_named() {
        let a = json!({"retries": 2, "line": 4, "args": {"memory": "64Gi", "cpu": 4}, "gone": 1});
        let b = json!({"retries": 2, "line": 9, "args": {"memory": "48Gi", "cpu": 4}, "new": true});
        let found = differences("this task's", &a, &b);
        assert_eq!(
            found,
            ["this task's args memory: 64Gi -> 48Gi", "this task's gone: 1 -> null", "this task's new: null -> true"]
        );
        assert!(differences("x", &a, &a).is_empty());
    }
}
