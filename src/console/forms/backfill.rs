//! The form of a backfill: the last days with one key, or dates as written.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::Value;

use crate::{
    model::ReprocessBehavior,
    protocol::{BackfillRequest, Command},
    store::screens::Micros,
};

use super::{
    Field,
    act::{NEWEST, OWN},
    trigger::date,
};

/// What the first field offers.
const RANGES: &[(&str, i64)] =
    &[("last 5 days", 5), ("last 7 days", 7), ("last 14 days", 14), ("last 30 days", 30), ("from .. to", 0)];

/// The fields.
pub fn fields() -> Vec<Field> {
    vec![
        Field::choice("range", "dates", &names(), "whole days in UTC, without today"),
        Field::text("from", "from", "", "with from .. to: 2026-01-31"),
        Field::text("to", "to", "", "with from .. to: inclusive"),
        Field::choice("reprocess", "runs there", &["none", "failed", "completed"], "which of them run again"),
        Field::text("max_active_runs", "at one time", "10", "runs of this backfill"),
        Field::toggle("run_backwards", "newest first", false),
        Field::toggle("while_paused", "also while paused", false),
        Field::text("tasks", "only tasks", "", "ids of tasks or groups; empty: all"),
        Field::text("pool", "pool", "", "instead of the tasks' own"),
        Field::choice("code", "code", &["as set", NEWEST, OWN], "of runs that run again: which version of the DAG"),
        Field::text("conf", "conf (JSON)", "", "a JSON object"),
    ]
}

/// The dates are as written, not the last days.
pub fn has_dates(fields: &[Field]) -> bool {
    let range = fields.iter().find(|f| f.name == "range").map(Field::value);
    RANGES.iter().any(|(name, days)| *days == 0 && Some(*name) == range.as_deref())
}

fn names() -> Vec<&'static str> {
    RANGES.iter().map(|(name, _)| *name).collect()
}

/// The command; an error names the field that can't be used.
pub fn command(dag_id: &str, fields: &[Field], now: Micros, dry_run: bool) -> Result<Command, String> {
    let text = |name: &str| fields.iter().find(|f| f.name == name).map(Field::value).unwrap_or_default();
    let on = |name: &str| fields.iter().any(|f| f.name == name && f.on());
    let some = |name: &str| Some(text(name).trim().to_owned()).filter(|t| !t.is_empty());
    let days = RANGES.iter().find(|(name, _)| *name == text("range")).map_or(0, |(_, days)| *days);
    let (from_date, to_date) = if days > 0 {
        last_days(now, days).ok_or("the clock of this machine is out of range")?
    } else {
        let read = |name: &str| date(&some(name).ok_or(format!("{name}: a date such as 2026-01-31"))?);
        (read("from")?, read("to")?)
    };
    if to_date < from_date {
        return Err("to: lies before from".into());
    }
    let conf = match some("conf").map(|t| serde_json::from_str::<Value>(&t)) {
        None => None,
        Some(Ok(conf)) if conf.is_object() => Some(conf),
        Some(_) => return Err("conf: not a JSON object".into()),
    };
    let most = text("max_active_runs");
    Ok(Command::CreateBackfill {
        request: BackfillRequest {
            dag_id: dag_id.to_owned(),
            from_date,
            to_date,
            max_active_runs: most.trim().parse().ok().filter(|n| *n > 0).ok_or("at one time: a number from 1 on")?,
            reprocess_behavior: match text("reprocess").as_str() {
                "failed" => ReprocessBehavior::Failed,
                "completed" => ReprocessBehavior::Completed,
                _ => ReprocessBehavior::None,
            },
            run_backwards: on("run_backwards"),
            dag_run_conf: conf,
            task_ids: text("tasks").split([' ', ',']).filter(|t| !t.is_empty()).map(str::to_owned).collect(),
            while_paused: on("while_paused"),
            pool: some("pool"),
            latest_version: match text("code").as_str() {
                NEWEST => Some(true),
                OWN => Some(false),
                _ => None,
            },
        },
        dry_run,
    })
}

/// From the start of the first to the last second of yesterday.
fn last_days(now: Micros, days: i64) -> Option<(Timestamp, Timestamp)> {
    let today = Timestamp::from_microsecond(now).ok()?.to_zoned(TimeZone::UTC).date();
    let start = |date: jiff::civil::Date| date.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp());
    Some((start(today.checked_sub(days.days()).ok()?)?, start(today)?.checked_sub(1.second()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{
        forms::{Control, shell},
        widgets::input::Input,
    };

    #[test]
    fn the_last_days_are_the_first_offer() {
        let mut all = fields();
        // 2026-11-16 04:18 UTC.
        let made = command("churn", &all, 1_794_802_680_000_000, true).unwrap();
        assert_eq!(
            shell(&made),
            "dagdeck backfill create --dag-id churn --from-date 2026-11-11T00:00:00Z --to-date 2026-11-15T23:59:59Z \
             --max-active-runs 10 --reprocess-behavior none --dry-run"
        );
        all[0].control = Control::Choice(names().iter().map(|s| (*s).into()).collect(), 4);
        assert!(command("churn", &all, 0, true).unwrap_err().contains("from: a date"));
        all[1].control = Control::Text(Input::new("2026-01-03"));
        all[2].control = Control::Text(Input::new("2026-01-01"));
        assert!(command("churn", &all, 0, true).unwrap_err().contains("before"));
    }
}
