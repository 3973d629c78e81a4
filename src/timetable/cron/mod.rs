//! Cron expressions on wall clock time, with the rules of the library that Airflow uses. Time zones are `step`'s business.

mod days;
mod describe;
mod parse;
#[cfg(test)]
mod tests;

use jiff::{
    ToSpan,
    civil::{Date, DateTime, Time, date},
};

pub use describe::describe;

use days::DayRule;

/// Years without a match after which a search gives up.
const SEARCH_YEARS: i16 = 50;

/// A parsed expression: one bit per allowed value.
#[derive(Debug, Clone, PartialEq)]
pub struct Cron {
    /// `None`: five fields, so always second 0.
    seconds: Option<u64>,
    minutes: u64,
    hours: u64,
    every_hour: bool,
    months: u64,
    days: DayRule,
    /// What a reader of the expression would not expect.
    remarks: Vec<String>,
}

impl Cron {
    /// Reads five or six (seconds last) fields or a preset. The error has Airflow's wording first, then a hint.
    pub fn parse(expression: &str) -> Result<Cron, String> {
        let cron = parse::parse(expression)?;
        // The day fields may exclude each other (30 February): better said now than by a DAG that never runs.
        if cron.days.conflict(cron.months) || cron.after(DateTime::constant(2000, 1, 1, 0, 0, 0, 0)).is_none() {
            return Err("failed to find next date (no day of any year matches the day and month fields)".to_owned());
        }
        Ok(cron)
    }

    /// Whether there is a time in every hour of a matching day; such schedules follow real hours when clocks change.
    pub fn covers_every_hour(&self) -> bool {
        self.every_hour
    }

    /// What a reader of the expression would not expect.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The first matching time later than `t`.
    pub fn after(&self, t: DateTime) -> Option<DateTime> {
        let unit = if self.seconds.is_some() { 1.second() } else { 1.minute() };
        let from = self.floor(t).checked_add(unit).ok()?;
        if self.matches(from.date())
            && let Some(time) = self.time_from(from.time())
        {
            return Some(from.date().to_datetime(time));
        }
        let day = self.day_from(from.date().tomorrow().ok()?)?;
        Some(day.to_datetime(self.time_from(Time::MIN)?))
    }

    /// The last matching time earlier than `t`.
    pub fn before(&self, t: DateTime) -> Option<DateTime> {
        let floor = self.floor(t);
        let unit = if self.seconds.is_some() { 1.second() } else { 1.minute() };
        let to = if floor < t { floor } else { floor.checked_sub(unit).ok()? };
        if self.matches(to.date())
            && let Some(time) = self.time_to(to.time())
        {
            return Some(to.date().to_datetime(time));
        }
        let day = self.day_to(to.date().yesterday().ok()?)?;
        Some(day.to_datetime(self.time_to(Time::MAX)?))
    }

    fn floor(&self, t: DateTime) -> DateTime {
        let second = if self.seconds.is_some() { t.second() } else { 0 };
        t.with().second(second).subsec_nanosecond(0).build().unwrap_or(t)
    }

    fn matches(&self, day: Date) -> bool {
        bit(self.months, day.month()) && bit(self.days.in_month(day.first_of_month()), day.day())
    }

    fn time_from(&self, t: Time) -> Option<Time> {
        let seconds = self.seconds.unwrap_or(1);
        let (mut hour, mut minute, mut second) = (t.hour(), t.minute(), t.second());
        loop {
            let h = at_least(self.hours, hour)?;
            if h > hour {
                (minute, second) = (0, 0);
            }
            if let Some(m) = at_least(self.minutes, minute) {
                let first = if m > minute { 0 } else { second };
                if let Some(s) = at_least(seconds, first) {
                    return Time::new(h, m, s, 0).ok();
                }
                if let Some(m) = at_least(self.minutes, m + 1) {
                    return Time::new(h, m, at_least(seconds, 0)?, 0).ok();
                }
            }
            (hour, minute, second) = (h + 1, 0, 0);
        }
    }

    fn time_to(&self, t: Time) -> Option<Time> {
        let seconds = self.seconds.unwrap_or(1);
        let (mut hour, mut minute, mut second) = (t.hour(), t.minute(), t.second());
        loop {
            let h = at_most(self.hours, hour)?;
            if h < hour {
                (minute, second) = (59, 59);
            }
            if let Some(m) = at_most(self.minutes, minute) {
                let last = if m < minute { 59 } else { second };
                if let Some(s) = at_most(seconds, last) {
                    return Time::new(h, m, s, 0).ok();
                }
                if let Some(m) = at_most(self.minutes, m - 1) {
                    return Time::new(h, m, at_most(seconds, 59)?, 0).ok();
                }
            }
            (hour, minute, second) = (h - 1, 59, 59);
        }
    }

    fn day_from(&self, day: Date) -> Option<Date> {
        let mut first_month = day.month();
        for year in day.year()..=day.year().saturating_add(SEARCH_YEARS).min(9999) {
            while let Some(month) = at_least(self.months, first_month) {
                let wanted = if month == day.month() && year == day.year() { day.day() } else { 1 };
                if let Some(d) = at_least(self.days.in_month(date(year, month, 1)), wanted) {
                    return Date::new(year, month, d).ok();
                }
                first_month = month + 1;
            }
            first_month = 1;
        }
        None
    }

    fn day_to(&self, day: Date) -> Option<Date> {
        let mut last_month = day.month();
        for year in (day.year().saturating_sub(SEARCH_YEARS).max(-9999)..=day.year()).rev() {
            while let Some(month) = at_most(self.months, last_month) {
                let wanted = if month == day.month() && year == day.year() { day.day() } else { 31 };
                if let Some(d) = at_most(self.days.in_month(date(year, month, 1)), wanted) {
                    return Date::new(year, month, d).ok();
                }
                last_month = month - 1;
            }
            last_month = 12;
        }
        None
    }
}

/// Whether value `n` is in `mask`.
fn bit(mask: u64, n: i8) -> bool {
    (0..64).contains(&n) && mask >> n & 1 == 1
}

/// The smallest value in `mask` that is not below `from`.
fn at_least(mask: u64, from: i8) -> Option<i8> {
    if from > 63 {
        return None;
    }
    let rest = mask & (u64::MAX << from.max(0));
    (rest != 0).then(|| rest.trailing_zeros() as i8)
}

/// The largest value in `mask` that is not above `to`.
fn at_most(mask: u64, to: i8) -> Option<i8> {
    if to < 0 {
        return None;
    }
    let rest = mask & (u64::MAX >> (63 - to.min(63)));
    (rest != 0).then(|| 63 - rest.leading_zeros() as i8)
}
