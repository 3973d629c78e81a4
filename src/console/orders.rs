//! The orders of lists: their names, and how each is made.

use crate::store::screens::{
    Micros, assets::AssetRow, audit::AuditRow, backfills::BackfillRow, dags::Dags, instances::TiRow, runs::RunRow,
    xcoms::Xcoms,
};

use super::items::{Item, Kind};

/// Names of the orders of a list; the first is how it was read.
pub fn orders(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::Dag => &["name", "last run", "state", "duration"],
        Kind::Run => &["newest", "DAG", "state", "duration"],
        Kind::Ti => &["newest run", "task", "state", "duration"],
        Kind::Pod => super::pods::ORDERS,
        Kind::Act => &["newest", "who", "action", "target"],
        Kind::Asset => &["as they are", "name", "oldest"],
        Kind::Backfill => &["newest", "DAG", "who"],
        Kind::Xcom => &["task", "key", "largest", "highest value", "newest"],
        _ => &[],
    }
}

/// Sorts acts.
pub fn sort_acts(items: &mut [Item], rows: &[AuditRow], by: usize) {
    let row = |i: &Item| &rows[i.at];
    match by {
        1 => items.sort_by_key(|i| &row(i).who),
        2 => items.sort_by_key(|i| &row(i).action),
        3 => items.sort_by_key(|i| &row(i).target),
        _ => {}
    }
}

/// Sorts assets.
pub fn sort_assets(items: &mut [Item], rows: &[AssetRow], by: usize) {
    match by {
        1 => items.sort_by_key(|i| &rows[i.at].name),
        2 => items.sort_by_key(|i| rows[i.at].events.first().map(|e| e.at)),
        _ => {}
    }
}

/// Sorts backfills.
pub fn sort_backfills(items: &mut [Item], rows: &[BackfillRow], by: usize) {
    match by {
        1 => items.sort_by_key(|i| &rows[i.at].dag_id),
        2 => items.sort_by_key(|i| &rows[i.at].who),
        _ => {}
    }
}

/// Sorts DAGs.
pub fn sort_dags(items: &mut [Item], dags: &Dags, by: usize) {
    let row = |i: &Item| &dags.dags[i.at];
    match by {
        1 => items.sort_by_key(|i| std::cmp::Reverse(row(i).runs.first().map(|r| r.run_after))),
        2 => items.sort_by_key(|i| {
            let worst = row(i).runs.first().map(|r| r.state);
            (!i.problem, row(i).paused, worst.map(|s| std::cmp::Reverse(s as u8)))
        }),
        3 => items.sort_by(|a, b| {
            let d = |i| row(i).pace().p50().unwrap_or(0.0);
            d(b).total_cmp(&d(a))
        }),
        _ => {}
    }
}

/// Sorts XComs; those that only the run before has stand last.
pub fn sort_xcoms(items: &mut [Item], xcoms: &Xcoms, by: usize) {
    let row = |i: &Item| (i.kind == Kind::Xcom).then(|| &xcoms.rows[i.at]);
    let value = |i: &Item| row(i).and_then(|x| x.value.parse::<f64>().ok()).unwrap_or(f64::NEG_INFINITY);
    match by {
        1 => items.sort_by_key(|i| (i.kind != Kind::Xcom, row(i).map(|x| x.key.clone()))),
        2 => items.sort_by_key(|i| std::cmp::Reverse(row(i).map(|x| x.bytes))),
        3 => items.sort_by(|a, b| value(b).total_cmp(&value(a))),
        4 => items.sort_by_key(|i| std::cmp::Reverse(row(i).map(|x| x.at))),
        _ => {}
    }
}

/// Sorts runs.
pub fn sort_runs(items: &mut [Item], runs: &[RunRow], by: usize, now: Micros) {
    let seconds = |i: &Item| runs[i.at].start.map_or(0, |s| runs[i.at].end.unwrap_or(now) - s);
    match by {
        1 => items.sort_by_key(|i| &runs[i.at].run.dag_id),
        2 => items.sort_by_key(|i| std::cmp::Reverse(runs[i.at].state as u8)),
        3 => items.sort_by_key(|i| std::cmp::Reverse(seconds(i))),
        _ => {}
    }
}

/// Sorts task instances.
pub fn sort_instances(items: &mut [Item], rows: &[TiRow], by: usize, now: Micros) {
    match by {
        1 => items.sort_by_key(|i| (&rows[i.at].ti.task_id, rows[i.at].ti.map_index)),
        2 => items.sort_by_key(|i| (!i.problem, rows[i.at].state.is_finished(), rows[i.at].state as u8)),
        3 => items.sort_by(|a, b| {
            let d = |i: &Item| rows[i.at].seconds(now).unwrap_or(0.0);
            d(b).total_cmp(&d(a))
        }),
        _ => {}
    }
}
