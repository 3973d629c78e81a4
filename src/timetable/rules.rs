//! Which point of a grid is the next run: at the point itself (trigger) or after the interval that ends there.

use jiff::Timestamp;

use super::{
    Bounds, DataInterval, DueRun,
    step::{Delta, Grid},
};

/// A run that starts at `end` and is about the data between `start` and `end`.
pub fn about(start: Timestamp, end: Timestamp) -> DueRun {
    DueRun { logical_date: Some(start), data_interval: Some(DataInterval { start, end }), run_after: end }
}

/// Where the last automated run ended.
pub fn end_of(last: &DueRun) -> Timestamp {
    last.data_interval.as_ref().map_or(last.run_after, |interval| interval.end)
}

/// Trigger timetables: the run starts at the grid point; `interval` only says which data it is about.
/// `late`: see `unbounded_start`.
pub fn trigger(
    grid: &Grid,
    interval: Delta,
    late: Option<f64>,
    last: Option<&DueRun>,
    bounds: &Bounds,
    now: Timestamp,
) -> Option<DueRun> {
    let at = match (last, bounds.start_date) {
        (Some(last), _) if bounds.catchup => grid.after(end_of(last))?,
        (None, Some(start)) if bounds.catchup => grid.align_after(start)?,
        (None, None) if bounds.catchup => unbounded_start(grid, late, now)?,
        (last, start) => {
            // Without catchup: the latest past point, unless the last run or the start date forbids it.
            let follows = match (last, start) {
                (Some(last), _) => Some(grid.after(end_of(last))?),
                (None, None) => Some(unbounded_start(grid, late, now)?),
                (None, Some(_)) => None,
            };
            let allowed = match start {
                Some(start) => Some(grid.align_after(start)?),
                None => None,
            };
            let current = grid.align_before(now)?;
            follows.max(allowed).map_or(current, |earliest| earliest.max(current))
        }
    };
    if bounds.end_date.is_some_and(|end| end < at) {
        return None;
    }
    Some(about(interval.before(at)?, at))
}

/// Of the runs that several timetables want: with catchup the earliest, without it the latest that is due, or else the
/// earliest.
pub fn first_of(wanted: impl Iterator<Item = DueRun>, bounds: &Bounds, now: Timestamp) -> Option<DueRun> {
    let date = |run: &DueRun| run.logical_date.unwrap_or(run.run_after);
    let order = |run: &DueRun| match date(run).as_microsecond() {
        at if !bounds.catchup && date(run) <= now => -at,
        at => at,
    };
    wanted.min_by_key(order)
}

/// Where a schedule without a start date begins: at the next point, or at the one just passed if that is at most `late`
/// seconds ago (a tenth of a period, at least five minutes, if nothing was said).
fn unbounded_start(grid: &Grid, late: Option<f64>, now: Timestamp) -> Option<Timestamp> {
    let (past, next) = (grid.align_before(now)?, grid.align_after(now)?);
    let period = next.as_microsecond() - past.as_microsecond();
    let near = late.map_or((period / 10).max(5 * 60 * 1_000_000), |seconds| (seconds * 1e6) as i64);
    Some(if now.as_microsecond() - past.as_microsecond() <= near { past } else { next })
}

/// Data interval timetables: the run is about the time between two grid points and starts at the second one.
pub fn interval(grid: &Grid, last: Option<&DueRun>, bounds: &Bounds, now: Timestamp) -> Option<DueRun> {
    let earliest = match bounds.start_date {
        start if !bounds.catchup => Some(latest_complete(grid, start, now)?),
        Some(start) => Some(grid.align_after(start)?),
        None => None,
    };
    let start = match last {
        None => earliest?,
        Some(last) => follow(grid, end_of(last))?.max(earliest.unwrap_or(Timestamp::MIN)),
    };
    if bounds.end_date.is_some_and(|end| start > end) {
        return None;
    }
    Some(about(start, grid.after(start)?))
}

/// Where the interval after one that ended at `end` starts. `end` may be off the grid when the schedule was edited.
/// Where clocks move by half an hour, aligning can lead back to an interval that has run (Airflow is stuck there): then
/// `end` is kept.
fn follow(grid: &Grid, end: Timestamp) -> Option<Timestamp> {
    let aligned = grid.align_before(end)?;
    Some(if grid.after(aligned)? > end { aligned } else { end })
}

/// Where the newest interval that is over at `now` starts, not before `earliest`.
fn latest_complete(grid: &Grid, earliest: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    match grid {
        Grid::Cron(..) => {
            let before = grid.before(now)?;
            let start = if grid.after(before)? > now { grid.before(before)? } else { before };
            match earliest {
                Some(earliest) => Some(start.max(grid.align_after(earliest)?)),
                None => Some(start),
            }
        }
        // Calendar steps don't divide time evenly, so they are counted from the start date, one by one.
        Grid::Delta(delta) if delta.months != 0 => match earliest {
            None => delta.before(now),
            Some(earliest) => {
                let mut start = earliest;
                let mut end = delta.after(start)?;
                while let Some(next) = delta.after(end).filter(|next| end > start && *next <= now) {
                    (start, end) = (end, next);
                }
                Some(start)
            }
        },
        Grid::Delta(delta) => {
            let start = delta.before(delta.floor(now))?;
            Some(earliest.map_or(start, |earliest| earliest.max(start)))
        }
    }
}
