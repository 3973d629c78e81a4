//! Which days of a month the two day fields allow together.

use jiff::civil::{Date, date};

/// Every day of the longest month.
const ALL: u64 = 0xffff_fffe;

/// The day of month field.
#[derive(Debug, Clone, PartialEq)]
pub enum MonthDays {
    /// Given days, and perhaps the last one.
    Listed {
        /// One bit per day.
        days: u64,
        /// `L`.
        last: bool,
    },
    /// `15W`: the weekday nearest to a day, in the same month.
    NearestWeekday(i8),
}

/// The day of week field; 0 is Sunday.
#[derive(Debug, Clone, PartialEq)]
pub enum WeekDays {
    /// Given weekdays.
    Listed(u64),
    /// `5#2` and `L5`: the weekday and which of the month, 0 for the last.
    Nth(Vec<(i8, i8)>),
}

/// Both day fields.
#[derive(Debug, Clone, PartialEq)]
pub struct DayRule {
    /// Day of month.
    pub month: MonthDays,
    /// Day of week.
    pub week: WeekDays,
    /// Both fields restrict, so a day that fits either one counts.
    pub either: bool,
}

impl DayRule {
    /// One bit per allowed day of the month that begins with `first`.
    pub fn in_month(&self, first: Date) -> u64 {
        let (by_month, by_week) = self.sides(first);
        if self.either { by_month | by_week } else { by_month & by_week }
    }

    /// What either field asks for. `W` and `#` hold for both sides: the library that Airflow uses can't switch them off,
    /// so `0 0 1 * 1#1` is every first Monday, whatever the day of month says.
    fn sides(&self, first: Date) -> (u64, u64) {
        let existing = ALL & !(u64::MAX << (first.days_in_month() + 1));
        let month = match self.month {
            MonthDays::Listed { days, last } => days | if last { 1 << first.days_in_month() } else { 0 },
            MonthDays::NearestWeekday(day) => nearest_weekday(first, day),
        } & existing;
        let week = match &self.week {
            WeekDays::Listed(weekdays) => on_weekdays(first, *weekdays),
            WeekDays::Nth(list) => list.iter().fold(0, |mask, &(weekday, n)| mask | nth_weekday(first, weekday, n)),
        } & existing;
        if !self.either {
            return (month, week);
        }
        let with_month = if matches!(self.month, MonthDays::NearestWeekday(_)) { month } else { existing };
        let with_week = if matches!(self.week, WeekDays::Nth(_)) { week } else { existing };
        (month & with_week, week & with_month)
    }

    /// Whether `W` or `#` meets a second day field that it never agrees with: that has no next date in Airflow.
    pub fn conflict(&self, months: u64) -> bool {
        if !self.either || matches!((&self.month, &self.week), (MonthDays::Listed { .. }, WeekDays::Listed(_))) {
            return false;
        }
        // The calendar repeats after 28 years between 1901 and 2099.
        let every_month = (2000..2028).flat_map(|year| (1..=12).map(move |month| (year, month)));
        let (mut month_seen, mut week_seen) = (false, false);
        for (year, month) in every_month.filter(|&(_, month)| super::bit(months, month)) {
            let (by_month, by_week) = self.sides(date(year, month, 1));
            month_seen |= by_month != 0;
            week_seen |= by_week != 0;
        }
        !month_seen || !week_seen
    }
}

/// 0 is Sunday.
fn weekday(day: Date) -> i8 {
    day.weekday().to_sunday_zero_offset()
}

fn on_weekdays(first: Date, weekdays: u64) -> u64 {
    let offset = weekday(first);
    (1..=31).filter(|day| super::bit(weekdays, (offset + day - 1) % 7)).fold(0, |mask, day| mask | 1 << day)
}

fn nth_weekday(first: Date, wanted: i8, n: i8) -> u64 {
    let earliest = 1 + (wanted - weekday(first)).rem_euclid(7);
    let day = match n {
        0 => earliest + (first.days_in_month() - earliest) / 7 * 7,
        n => earliest + 7 * (n - 1),
    };
    // A month without a fifth one: the caller drops days that don't exist.
    1 << day
}

fn nearest_weekday(first: Date, day: i8) -> u64 {
    let last = first.days_in_month();
    let day = day.min(last);
    let nearest = match (weekday(first) + day - 1) % 7 {
        0 if day == last => day - 2,
        0 => day + 1,
        6 if day == 1 => 3,
        6 => day - 1,
        _ => day,
    };
    1 << nearest
}
