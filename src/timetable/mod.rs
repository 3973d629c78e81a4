//! When runs happen: cron expressions, presets, fixed distances, once, continuously, or only when triggered.

mod cron;
mod listed;
mod partition;
mod rules;
mod spelling;
mod step;
#[cfg(test)]
mod tests;

use jiff::{Timestamp, tz::TimeZone};

use crate::model::{Dag, RunType, Schedule, Span, schedule::Answers, time};
use cron::Cron;
use step::{Delta, Grid};

/// Settings that decide which timetable a schedule becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Cron and delta schedules run after the interval they are about, as in Airflow 2.
    pub create_cron_data_intervals: bool,
    /// What a DAG that doesn't say `catchup` does; callers put it into `Bounds`.
    pub catchup_by_default: bool,
}

/// The time that a run's data is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataInterval {
    /// From.
    pub start: Timestamp,
    /// To, exclusive.
    pub end: Timestamp,
}

/// A run that the timetable asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct DueRun {
    /// The instant it stands for.
    pub logical_date: Option<Timestamp>,
    /// The data it is about.
    pub data_interval: Option<DataInterval>,
    /// Not before.
    pub run_after: Timestamp,
}

/// Between which dates a DAG runs, and whether missed runs are made up for.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// No run before.
    pub start_date: Option<Timestamp>,
    /// No run after; equal is allowed.
    pub end_date: Option<Timestamp>,
    /// Every missed run, instead of the latest one.
    pub catchup: bool,
}

/// A compiled schedule.
#[derive(Debug, Clone)]
pub struct Timetable {
    kind: Kind,
    summary: String,
    description: String,
}

#[derive(Debug, Clone)]
enum Kind {
    Null,
    Once,
    Continuous,
    /// Runs come with updates of assets.
    Asset {
        /// And at the times of this timetable.
        time: Option<Box<Timetable>>,
        partitioned: bool,
    },
    /// Runs at points of the grid, each about the partition so many points further.
    Partition {
        grid: Grid,
        zone: TimeZone,
        run_offset: i32,
        key_format: String,
    },
    PartitionedAtRuntime,
    Other,
    /// Runs at points of the grid; the delta is the length of the data interval before each.
    Trigger(Grid, Delta),
    /// As `Trigger`; a first run without a start date may be so many seconds late.
    Immediately(Grid, Delta, f64),
    /// Whenever one of several wants a run.
    Several(Vec<Timetable>),
    Events {
        dates: Vec<Timestamp>,
        restrict_to_events: bool,
    },
    /// Of a class written in Python.
    Custom {
        class: String,
        answers: Answers,
        periodic: bool,
    },
    /// Runs after the interval between two points of the grid.
    Interval(Grid),
}

impl Timetable {
    /// The timetable of a DAG, with what a class of its author's own said.
    pub fn of(dag: &Dag, settings: &Settings) -> Result<Timetable, String> {
        let mut timetable = Timetable::compile(&dag.schedule, &dag.timezone, settings)?;
        timetable.answer(&dag.timetable_answers);
        Ok(timetable)
    }

    /// Gives the class of the author's own, if there is one, its answers.
    fn answer(&mut self, said: &Answers) {
        match &mut self.kind {
            Kind::Custom { answers, .. } => answers.clone_from(said),
            Kind::Asset { time: Some(time), .. } => time.answer(said),
            _ => {}
        }
    }

    /// Reads a schedule. The error names what is wrong in it: Airflow's wording first, then a hint in parentheses.
    pub fn compile(schedule: &Schedule, timezone: &str, settings: &Settings) -> Result<Timetable, String> {
        let trivial = |kind, summary: &str, description: &str| {
            Ok(Timetable { kind, summary: summary.to_owned(), description: description.to_owned() })
        };
        match schedule {
            Schedule::None => trivial(Kind::Null, "None", "Never, external triggers only"),
            Schedule::Once => trivial(Kind::Once, "@once", "Once, as soon as possible"),
            Schedule::Continuous => {
                trivial(Kind::Continuous, "@continuous", "As frequently as possible, but only one run at a time.")
            }
            Schedule::Asset { time: None, partitions, .. } => {
                let partitioned = partitions.is_some();
                let summary = if partitioned { "Partitioned Asset" } else { "Asset" };
                trivial(Kind::Asset { time: None, partitioned }, summary, "Triggered by assets")
            }
            Schedule::Asset { time: Some(time), .. } => {
                if matches!(**time, Schedule::Asset { .. }) {
                    return Err("cannot nest asset timetables".to_owned());
                }
                let time = Timetable::compile(time, timezone, settings)?;
                let summary = format!("Asset or {}", time.summary);
                let description = format!("Triggered by assets or {}", time.description);
                Ok(Timetable {
                    kind: Kind::Asset { time: Some(Box::new(time)), partitioned: false },
                    summary,
                    description,
                })
            }
            Schedule::PartitionedAtRuntime => {
                trivial(Kind::PartitionedAtRuntime, "PartitionedAtRuntime", "Never, partition key(s) set at runtime")
            }
            Schedule::CronPartition { expression, timezone: own_zone, run_offset, key_format } => {
                let expression = spelling::preset(expression);
                let zone = step::zone(if own_zone.is_empty() { timezone } else { own_zone })?;
                let kind = Kind::Partition {
                    grid: Grid::Cron(Box::new(Cron::parse(expression)?), zone.clone()),
                    zone,
                    run_offset: *run_offset,
                    key_format: key_format.clone(),
                };
                Ok(Timetable { kind, summary: expression.to_owned(), description: cron::describe(expression) })
            }
            Schedule::Other { name } => {
                trivial(Kind::Other, name, "Triggered runs only: this timetable is not supported")
            }
            Schedule::Cron { expression, .. } if expression == "@once" => {
                Timetable::compile(&Schedule::Once, timezone, settings)
            }
            Schedule::Cron { expression, .. } if expression == "@continuous" => {
                Timetable::compile(&Schedule::Continuous, timezone, settings)
            }
            Schedule::Custom { class, summary, description, periodic } => {
                let kind = Kind::Custom { class: class.clone(), answers: Answers::default(), periodic: *periodic };
                trivial(kind, summary, description)
            }
            Schedule::Events { dates, restrict_to_events, summary, description } => {
                let kind = Kind::Events { dates: dates.clone(), restrict_to_events: *restrict_to_events };
                trivial(kind, summary, description)
            }
            Schedule::Crons { expressions, timezone: own_zone, interval, run_immediately } => {
                let one = |expression: &String| Schedule::Cron {
                    expression: expression.clone(),
                    timezone: own_zone.clone(),
                    data_interval: Some(false),
                    interval: *interval,
                    run_immediately: *run_immediately,
                };
                let all: Result<Vec<_>, String> =
                    expressions.iter().map(|e| Timetable::compile(&one(e), timezone, settings)).collect();
                let all = all?;
                let joined = |text: fn(&Timetable) -> String| all.iter().map(text).collect::<Vec<_>>().join(", ");
                let (summary, description) = (joined(Timetable::summary), joined(Timetable::description));
                Ok(Timetable { kind: Kind::Several(all), summary, description })
            }
            Schedule::Cron { expression, timezone: own_zone, data_interval, interval, run_immediately } => {
                let expression = spelling::preset(expression);
                let zone = step::zone(if own_zone.is_empty() { timezone } else { own_zone })?;
                let grid = Grid::Cron(Box::new(Cron::parse(expression)?), zone);
                let kind = if data_interval.unwrap_or(settings.create_cron_data_intervals) {
                    Kind::Interval(grid)
                } else {
                    let interval = delta_of(*interval);
                    match run_immediately {
                        Some(late) => Kind::Immediately(grid, interval, *late),
                        None => Kind::Trigger(grid, interval),
                    }
                };
                Ok(Timetable { kind, summary: expression.to_owned(), description: cron::describe(expression) })
            }
            Schedule::Delta { seconds, months, data_interval, interval } => {
                let delta = delta_of(Span { seconds: *seconds, months: *months });
                let now = Timestamp::UNIX_EPOCH;
                if delta.after(now).is_none_or(|later| later <= now) {
                    let shown = spelling::delta_repr(delta);
                    return Err(format!(
                        "schedule interval must be positive, not {shown} (or use None for no schedule)"
                    ));
                }
                // Not a slip: Airflow asks the option for cron here too.
                let kind = if data_interval.unwrap_or(settings.create_cron_data_intervals) {
                    Kind::Interval(Grid::Delta(delta))
                } else {
                    Kind::Trigger(Grid::Delta(delta), delta_of(*interval))
                };
                Ok(Timetable { kind, summary: spelling::delta_str(delta), description: String::new() })
            }
        }
    }

    /// The next run after the last automated one (`None`: the first). `now` matters only without catchup, without a
    /// start date and for `@continuous`. `None`: never again.
    pub fn next(&self, last: Option<&DueRun>, bounds: &Bounds, now: Timestamp) -> Option<DueRun> {
        match &self.kind {
            Kind::Null | Kind::Asset { time: None, .. } | Kind::PartitionedAtRuntime | Kind::Other => None,
            Kind::Asset { time: Some(time), .. } => time.next(last, bounds, now),
            Kind::Partition { grid, .. } => {
                let at = rules::trigger(grid, Delta { months: 0, micros: 0 }, None, last, bounds, now)?.run_after;
                Some(DueRun { logical_date: None, data_interval: None, run_after: at })
            }
            Kind::Once => {
                let at = bounds.start_date.unwrap_or(now);
                let allowed = last.is_none() && bounds.end_date.is_none_or(|end| at <= end);
                allowed.then(|| rules::about(at, at))
            }
            Kind::Continuous => {
                let previous = last.map(|last| last.data_interval.map_or(last.run_after, |interval| interval.end));
                let start = previous.filter(|end| *end <= now).or(bounds.start_date).unwrap_or(now);
                let end = start.max(now);
                bounds.end_date.is_none_or(|limit| end <= limit).then(|| rules::about(start, end))
            }
            Kind::Trigger(grid, interval) => rules::trigger(grid, *interval, None, last, bounds, now),
            Kind::Immediately(grid, interval, late) => rules::trigger(grid, *interval, Some(*late), last, bounds, now),
            Kind::Several(all) => rules::first_of(all.iter().filter_map(|t| t.next(last, bounds, now)), bounds, now),
            Kind::Events { dates, .. } => listed::event(dates, last, bounds, now),
            Kind::Custom { answers, .. } => match listed::answer(answers, last, bounds, now) {
                listed::Said::Next(run) => run,
                listed::Said::Unknown => None,
            },
            Kind::Interval(grid) => rules::interval(grid, last, bounds, now),
        }
    }

    /// True if a class written in Python must be asked before `next` can answer.
    pub fn must_be_asked(&self, last: Option<&DueRun>, bounds: &Bounds, now: Timestamp) -> bool {
        match &self.kind {
            Kind::Custom { answers, .. } => listed::answer(answers, last, bounds, now) == listed::Said::Unknown,
            Kind::Asset { time: Some(time), .. } => time.must_be_asked(last, bounds, now),
            _ => false,
        }
    }

    /// The data interval of a manual run with logical date `at`. A class written in Python is asked by the processor.
    pub fn manual_interval(&self, at: Timestamp) -> Option<DataInterval> {
        let (start, end) = match &self.kind {
            Kind::Asset { time: Some(time), .. } => return time.manual_interval(at),
            Kind::Trigger(_, interval) | Kind::Immediately(_, interval, _) => (interval.before(at)?, at),
            Kind::Several(all) => {
                return all.iter().filter_map(|t| t.manual_interval(at)).min_by_key(|interval| interval.start);
            }
            Kind::Events { dates, restrict_to_events: true } => {
                let event = listed::event_of(dates, at).unwrap_or(at);
                (event, event)
            }
            Kind::Interval(grid) => {
                let end = grid.align_before(at)?;
                (grid.before(end)?, end)
            }
            _ => (at, at),
        };
        Some(DataInterval { start, end })
    }

    /// The schedule in short, as Airflow shows it: `0 * * * *`, `1 day, 0:00:00`, `@once`, `None`.
    pub fn summary(&self) -> String {
        self.summary.clone()
    }

    /// Airflow's class name.
    pub fn class_name(&self) -> &str {
        match &self.kind {
            Kind::Custom { class, .. } => class,
            Kind::Events { .. } => "EventsTimetable",
            Kind::Several(_) => "MultipleCronTriggerTimetable",
            Kind::Immediately(..) => "CronTriggerTimetable",
            Kind::Null => "NullTimetable",
            Kind::Once => "OnceTimetable",
            Kind::Continuous => "ContinuousTimetable",
            Kind::Asset { time: Some(_), .. } => "AssetOrTimeSchedule",
            Kind::Asset { partitioned: true, .. } => "PartitionedAssetTimetable",
            Kind::Asset { .. } => "AssetTriggeredTimetable",
            Kind::Partition { .. } => "CronPartitionTimetable",
            Kind::PartitionedAtRuntime => "PartitionedAtRuntime",
            Kind::Other => "Timetable",
            Kind::Trigger(Grid::Cron(..), _) => "CronTriggerTimetable",
            Kind::Trigger(Grid::Delta(_), _) => "DeltaTriggerTimetable",
            Kind::Interval(Grid::Cron(..)) => "CronDataIntervalTimetable",
            Kind::Interval(Grid::Delta(_)) => "DeltaDataIntervalTimetable",
        }
    }

    /// In plain English, as Airflow's: `Every hour`, `At 06:00`. Empty where Airflow has none (deltas, six fields).
    pub fn description(&self) -> String {
        self.description.clone()
    }

    /// Whether runs come at regular times; only such a DAG can be backfilled.
    pub fn is_periodic(&self) -> bool {
        match &self.kind {
            Kind::Custom { periodic, .. } => *periodic,
            Kind::Asset { time: Some(time), .. } => time.is_periodic(),
            Kind::Trigger(..)
            | Kind::Immediately(..)
            | Kind::Several(_)
            | Kind::Interval(_)
            | Kind::Partition { .. } => true,
            _ => false,
        }
    }

    /// Runs come at times of their own, not only when they are triggered.
    pub fn has_times(&self) -> bool {
        match &self.kind {
            Kind::Asset { time, .. } => time.as_ref().is_some_and(|time| time.has_times()),
            Kind::Null | Kind::PartitionedAtRuntime | Kind::Other => false,
            _ => true,
        }
    }

    /// Key and start of the partition that a scheduled run at `run_after` is about.
    pub fn partition(&self, run_after: Timestamp) -> Option<(String, Timestamp)> {
        let Kind::Partition { grid, zone, run_offset, key_format } = &self.kind else { return None };
        let step = |at| if *run_offset > 0 { grid.after(at) } else { grid.before(at) };
        let date = (0..run_offset.abs()).try_fold(run_after, |at, _| step(at))?;
        Some((partition::key_of(date, zone, key_format)?, date))
    }

    /// Partitions whose start lies between two times (both inclusive), with their keys; `None` if no cron says so. What a clock in
    /// UTC shows at those times is meant in the timetable's zone, as in Airflow: a day begins at its own midnight.
    pub fn partitions_between(&self, from: Timestamp, to: Timestamp, limit: usize) -> Option<Vec<(String, Timestamp)>> {
        let Kind::Partition { grid, zone, key_format, .. } = &self.kind else { return None };
        let local =
            |at: Timestamp| Some(at.to_zoned(TimeZone::UTC).datetime().to_zoned(zone.clone()).ok()?.timestamp());
        let (from, to) = (local(from)?, local(to)?);
        let bounds = Bounds { start_date: Some(from), end_date: Some(to), catchup: true };
        let first = rules::trigger(grid, Delta { months: 0, micros: 0 }, None, None, &bounds, from)?.run_after;
        let starts = std::iter::successors(Some(first), |at| grid.after(*at)).take_while(|at| *at <= to).take(limit);
        Some(starts.filter_map(|at| Some((partition::key_of(at, zone, key_format)?, at))).collect())
    }

    /// Start of the partition with a key that a person gave; `None` if only its assets' mappers know.
    pub fn partition_date(&self, key: &str) -> Result<Option<Timestamp>, String> {
        match &self.kind {
            Kind::Partition { zone, key_format, .. } => partition::date_of(key, zone, key_format).map(Some),
            _ => Ok(None),
        }
    }

    /// What a reader of the schedule would not expect, for warnings: `9-9` is every hour, a sixth field is seconds.
    pub fn remarks(&self) -> &[String] {
        match &self.kind {
            Kind::Asset { time: Some(time), .. } => time.remarks(),
            Kind::Trigger(Grid::Cron(cron, _), _)
            | Kind::Immediately(Grid::Cron(cron, _), ..)
            | Kind::Interval(Grid::Cron(cron, _))
            | Kind::Partition { grid: Grid::Cron(cron, _), .. } => cron.remarks(),
            _ => &[],
        }
    }

    /// All runs whose logical date (trigger timetables: run time) lies in `[from, to]`, for backfills and
    /// `dags next-execution`.
    pub fn between(&self, from: Timestamp, to: Timestamp, limit: usize) -> Vec<DueRun> {
        if matches!(self.kind, Kind::Continuous) {
            return Vec::new();
        }
        let bounds = Bounds { start_date: Some(from), end_date: Some(to), catchup: true };
        let following = |last: &DueRun| {
            let last_at = last.run_after;
            self.next(Some(last), &bounds, from).filter(|next| next.run_after > last_at)
        };
        std::iter::successors(self.next(None, &bounds, from), following).take(limit).collect()
    }
}

/// `scheduled__2026-01-02T00:00:00+00:00`; callers add a random suffix to runs without a logical date.
pub fn run_id(run_type: RunType, run_after: Timestamp) -> String {
    format!("{run_type}__{}", time::isoformat(run_after))
}

fn delta_of(span: Span) -> Delta {
    Delta { months: span.months, micros: spelling::micros(span.seconds) }
}
