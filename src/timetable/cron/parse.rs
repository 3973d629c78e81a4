//! The text of a cron expression.

use super::{
    Cron,
    days::{DayRule, MonthDays, WeekDays},
};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Names that the cron library knows (in any case), apart from Airflow's presets.
const NICKNAMES: [(&str, &str); 7] = [
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// One of the fields: what it's called and which numbers it takes.
#[derive(Clone, Copy)]
struct Field {
    name: &'static str,
    min: i8,
    max: i8,
    names: &'static [&'static str],
}

const MINUTE: Field = Field { name: "minute", min: 0, max: 59, names: &[] };
const HOUR: Field = Field { name: "hour", min: 0, max: 23, names: &[] };
const DAY: Field = Field { name: "day of month", min: 1, max: 31, names: &[] };
const MONTH: Field = Field { name: "month", min: 1, max: 12, names: &MONTHS };
const WEEKDAY: Field = Field { name: "day of week", min: 0, max: 6, names: &WEEKDAYS };
const SECOND: Field = Field { name: "second", min: 0, max: 59, names: &[] };

/// What reading one expression needs to remember.
struct Reader<'a> {
    written: &'a str,
    remarks: Vec<String>,
}

/// Reads an expression; doesn't check that a matching date exists.
pub fn parse(written: &str) -> Result<Cron, String> {
    let lower = written.to_ascii_lowercase();
    let text = NICKNAMES.iter().find(|(name, _)| *name == lower).map_or(lower.as_str(), |(_, meaning)| meaning);
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    if fields.len() != 5 && fields.len() != 6 {
        return Err(field_count(written, fields.len()));
    }
    let mut reader = Reader { written, remarks: Vec::new() };
    let (minutes, _) = reader.numbers(MINUTE, fields[0])?;
    let (hours, every_hour) = reader.hours(fields[1])?;
    let (month, month_star) = reader.month_days(fields[2], fields[4])?;
    let (months, _) = reader.numbers(MONTH, fields[3])?;
    let (week, week_star) = reader.week_days(fields[4], fields[2])?;
    let seconds = match fields.get(5) {
        Some(field) => {
            reader.remarks.push(format!("'{written}' has six fields: the sixth counts seconds"));
            Some(reader.numbers(SECOND, field)?.0)
        }
        None => None,
    };
    let either = !month_star && !week_star;
    if either && (matches!(month, MonthDays::NearestWeekday(_)) || matches!(week, WeekDays::Nth(_))) {
        reader.remarks.push(format!("'{written}': beside 'W', '#' or 'L<weekday>', the other day field has no effect"));
    }
    let days = DayRule { month, week, either };
    Ok(Cron { seconds, minutes, hours, every_hour, months, days, remarks: reader.remarks })
}

fn field_count(written: &str, count: usize) -> String {
    let hint = match (written.trim(), count) {
        ("@reboot", _) => "@reboot has no time to schedule; use @once".to_owned(),
        (preset, 1) if preset.starts_with('@') => format!("{preset} is not a preset"),
        (_, 0) => "the schedule is empty; use None for no schedule".to_owned(),
        (_, 7) => "a seventh field, for years, is not supported".to_owned(),
        (_, count) => format!("'{written}' has {count}; write minute, hour, day of month, month, day of week"),
    };
    format!("Exactly 5, 6 or 7 columns has to be specified for iterator expression. ({hint})")
}

impl Reader<'_> {
    fn refuse(&self, hint: impl std::fmt::Display) -> String {
        format!("[{}] is not acceptable ({hint})", self.written)
    }

    /// For what is no value at all Airflow's library names the expression as it compares it.
    fn refuse_value(&self, hint: impl std::fmt::Display) -> String {
        format!("[{}] is not acceptable ({hint})", self.written.to_ascii_lowercase())
    }

    /// The field without what needs no further reading: `?` as `*`, and the two letters that can't be kept.
    fn prepared<'t>(&self, field: Field, text: &'t str) -> Result<&'t str, String> {
        if text.contains('?') {
            if text != "?" {
                return Err(format!(
                    "[{}] is not acceptable. Question mark can not used with other characters ({} '{text}')",
                    self.written, field.name
                ));
            }
            if field.name != DAY.name && field.name != WEEKDAY.name {
                return Err(format!(
                    "[{}] is not acceptable. Question mark can only used in day_of_month or day_of_week (not in {})",
                    self.written, field.name
                ));
            }
            return Ok("*");
        }
        let stands_for_number = |letter| {
            text.strip_prefix(letter).is_some_and(|rest: &str| rest.is_empty() || rest.starts_with(['(', '/']))
        };
        if stands_for_number('h') {
            return Err("Hashed definitions must include hash_id ('H' is not supported: write the number)".to_owned());
        }
        if stands_for_number('r') {
            return Err(self.refuse("'R' would mean another time at every start: write the number"));
        }
        Ok(text)
    }

    /// A field of plain numbers: its bits, and whether a bare star is in it.
    fn numbers(&mut self, field: Field, text: &str) -> Result<(u64, bool), String> {
        let text = self.prepared(field, text)?;
        let mut mask = 0;
        for item in text.split(',') {
            mask |= self.item(field, item)?;
        }
        Ok((mask, text.split(',').any(|item| item == "*")))
    }

    /// The hour field, and whether Airflow takes it for every hour: a star in a list (`*,6`) it doesn't.
    fn hours(&mut self, text: &str) -> Result<(u64, bool), String> {
        let (all, star) = self.numbers(HOUR, text)?;
        let named: Vec<&str> = text.split(',').filter(|item| *item != "*").collect();
        if !star || named.is_empty() {
            return Ok((all, all.count_ones() == 24));
        }
        // Its check counts the star as one more value beside the hours that are named.
        Ok((all, self.numbers(HOUR, &named.join(","))?.0.count_ones() == 23))
    }

    fn month_days(&mut self, text: &str, other: &str) -> Result<(MonthDays, bool), String> {
        if let Some(day) = text.strip_suffix('w').or_else(|| text.strip_prefix('w')).and_then(number) {
            if !(1..=31).contains(&day) {
                return Err(format!(
                    "[{}] is not acceptable, nearest weekday day value '{day}' out of range (1 to 31)",
                    self.written
                ));
            }
            return Ok((MonthDays::NearestWeekday(day as i8), false));
        }
        if text
            .split(',')
            .any(|item| item.strip_suffix('w').or_else(|| item.strip_prefix('w')).and_then(number).is_some())
        {
            return Err(format!(
                "[{}] is not acceptable. 'W' can only be used with a single day value, not in a list or range ('{text}')",
                self.written
            ));
        }
        let (plain, last): (Vec<&str>, Vec<&str>) = text.split(',').partition(|item| *item != "l");
        let last = !last.is_empty();
        if plain.is_empty() {
            return Ok((MonthDays::Listed { days: 0, last }, false));
        }
        let (days, star) = self.numbers(DAY, &plain.join(","))?;
        let all = days == range(DAY.min, DAY.max) && other.contains('*') && !last;
        Ok((MonthDays::Listed { days, last }, star || all))
    }

    fn week_days(&mut self, text: &str, other: &str) -> Result<(WeekDays, bool), String> {
        let text = self.prepared(WEEKDAY, text)?;
        let (mut plain, mut nth, mut star) = (0, Vec::new(), false);
        for item in text.split(',') {
            let last = item.strip_prefix('l').filter(|weekday| number(weekday).is_some());
            let (weekdays, n) = match (item.split_once('#'), last) {
                (Some((weekdays, n)), _) => match number(n) {
                    Some(n @ 1..=5) => (weekdays, n as i8),
                    _ => {
                        return Err(format!(
                            "[{}] is not acceptable. Invalid day_of_week value: '{n}' (after # comes 1 to 5)",
                            self.written
                        ));
                    }
                },
                (None, Some(weekday)) => (weekday, 0),
                (None, None) => {
                    plain |= self.item(WEEKDAY, item)?;
                    star |= item == "*";
                    continue;
                }
            };
            let digits = weekdays.starts_with(|c: char| c.is_ascii_digit());
            if weekdays.contains(['*', '/']) || digits && weekdays.contains('-') {
                return Err(self.refuse(format_args!("'{item}': before # comes one weekday, or two names")));
            }
            let mask = self.item(WEEKDAY, weekdays)?;
            nth.extend((0..=6).filter(|&weekday| super::bit(mask, weekday)).map(|weekday| (weekday, n)));
        }
        if nth.is_empty() {
            let all = plain == range(WEEKDAY.min, WEEKDAY.max) && other.contains('*');
            return Ok((WeekDays::Listed(plain), star || all));
        }
        let with_nth = nth.iter().fold(0, |mask, (weekday, _)| mask | 1 << weekday);
        let every_weekday = with_nth | plain == range(WEEKDAY.min, WEEKDAY.max);
        if plain & !with_nth != 0 && !star && !every_weekday {
            return Err(format!(
                "day-of-week field does not support mixing literal values and nth day of week syntax.  Cron: '{}' \
                 (write either plain weekdays or '#' and 'L')",
                self.written
            ));
        }
        Ok((WeekDays::Nth(nth), star || every_weekday && other.contains('*')))
    }

    /// One item of a list: `*`, `v`, `a-b`, each perhaps with `/step`.
    fn item(&mut self, field: Field, text: &str) -> Result<u64, String> {
        let (base, step) = match text.split_once('/') {
            None => (text, None),
            Some((base, step)) => match number(step) {
                Some(step) if step > 0 => (base, Some(step as usize)),
                _ => return Err(self.refuse(format_args!("'{text}' in {}: a step is a number above 0", field.name))),
            },
        };
        let by = step.unwrap_or(1);
        if base == "*" {
            return Ok(stepped(field.min, field.max, by));
        }
        match base.split_once('-') {
            Some(("", _)) => Err(format!(
                "[{}] is not acceptable, negative numbers not allowed ({} '{text}')",
                self.written, field.name
            )),
            Some((low, high)) => {
                let high = if field.name == DAY.name && high == "l" { "31" } else { high };
                let (low, high) = (self.bound(field, low)?, self.bound(field, high)?);
                if low < field.min && low < high {
                    return Err(self.out_of_range(field, i64::from(low)));
                }
                if low == high {
                    let all = format!("'{}': '{text}' means every {}, as in Airflow", self.written, field.name);
                    self.remarks.push(format!("{all}; write '{low}' for that one"));
                    return Ok(stepped(field.min, field.max, by));
                }
                Ok(if low < high { stepped(low, high, by) } else { wrapped(field, low, high, by) })
            }
            None => {
                let value = self.bound(field, base)?;
                if value < field.min {
                    return Err(self.out_of_range(field, i64::from(value)));
                }
                Ok(if step.is_some() { stepped(value, field.max, by) } else { range(value, value) })
            }
        }
    }

    /// A number or name, not above the field's last value. A range may begin or end at 0 in any field, as in Airflow.
    fn bound(&self, field: Field, text: &str) -> Result<i8, String> {
        if let Some(index) = field.names.iter().position(|name| *name == text) {
            return Ok(index as i8 + field.min);
        }
        match number(text) {
            Some(7) if field.name == WEEKDAY.name => Ok(0),
            Some(value) if value > i64::from(field.max) => Err(self.out_of_range(field, value)),
            Some(value) => Ok(value as i8),
            None if field.names.is_empty() => {
                Err(self.refuse_value(format_args!("{} '{text}' is not a number", field.name)))
            }
            None => {
                Err(self
                    .refuse_value(format_args!("{} '{text}' is neither a number nor a three-letter name", field.name)))
            }
        }
    }

    fn out_of_range(&self, field: Field, value: i64) -> String {
        let Field { name, min, max, .. } = field;
        format!("[{}] is not acceptable, out of range ({name} {value}; it goes from {min} to {max})", self.written)
    }
}

fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { Some(text.parse().unwrap_or(i64::MAX)) } else { None }
}

fn range(low: i8, high: i8) -> u64 {
    stepped(low, high, 1)
}

fn stepped(low: i8, high: i8, by: usize) -> u64 {
    (low..=high).step_by(by).fold(0, |mask, value| mask | 1 << value)
}

/// `22-2`: to the end of the field, then from its start. How many values of the second part a step leaves out is the
/// cron library's own arithmetic, one more than a plain continuation would.
fn wrapped(field: Field, low: i8, high: i8, by: usize) -> u64 {
    let until_end = stepped(low, field.max, by);
    let last = 63 - until_end.leading_zeros() as usize;
    let (min, max) = (field.min as usize, field.max as usize);
    let left = max - last;
    let skip = if last - min + by > max - min + 1 && left < by { by - left } else { 0 };
    match i8::try_from(min.saturating_add(skip)) {
        Ok(first) if first <= high => until_end | stepped(first, high, by),
        _ => until_end,
    }
}
