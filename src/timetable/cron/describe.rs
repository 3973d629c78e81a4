//! A cron expression in plain English, worded as in Airflow's console: `At 02:00, only on Monday`.

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// Describes a valid expression of five fields. Empty for presets and six fields, as in Airflow.
pub fn describe(expression: &str) -> String {
    let fields: Vec<String> = expression.split_ascii_whitespace().map(|field| field.to_ascii_lowercase()).collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else { return String::new() };
    let both = |day: &str, weekday: &str| sentence(minute, hour, day, month, weekday);
    if day != "*" && day != "?" && weekday != "*" && weekday != "?" {
        // Either day field is enough, so each gets its sentence.
        return format!("{} (or) {}", both(day, "*"), both("*", weekday));
    }
    both(day, weekday)
}

fn sentence(minute: &str, hour: &str, day: &str, month: &str, weekday: &str) -> String {
    let parts = [day_words(day), weekday_words(weekday), month_words(month)];
    let mut text = time_words(minute, hour);
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        text = text + ", " + &part;
    }
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// One item of a field.
enum Item<'a> {
    All,
    One(&'a str),
    Range(&'a str, &'a str),
    /// Every so many, over all values, from one on, or within a range.
    Every(&'a str, Box<Item<'a>>),
}

fn item(text: &str) -> Item<'_> {
    match text.split_once('/') {
        Some((base, "1")) => item(base),
        Some((base, step)) => Item::Every(step, Box::new(item(base))),
        None if text == "*" || text == "?" => Item::All,
        None => text.split_once('-').map_or(Item::One(text), |(low, high)| Item::Range(low, high)),
    }
}

/// How one field is put into words.
struct Words<'w> {
    /// Every so many: the unit in plural.
    units: &'static str,
    /// Around a value or list of values.
    one: (&'w str, &'w str),
    /// Before, between and after the ends of a range.
    range: (&'static str, &'static str, &'static str),
    value: fn(&str) -> String,
    /// The last value of a range, if it is not worded like a value.
    range_end: fn(&str) -> String,
}

impl Words<'_> {
    fn phrase(&self, field: &str) -> String {
        let list: Vec<String> = field.split(',').map(|part| self.list_part(part)).collect();
        if let [others @ .., last] = list.as_slice()
            && !others.is_empty()
        {
            let comma = if others.len() > 1 { "," } else { "" };
            return format!("{}{}{comma} and {last}{}", self.one.0, others.join(", "), self.one.1);
        }
        self.alone(&item(field))
    }

    fn alone(&self, item: &Item) -> String {
        match item {
            Item::All => String::new(),
            Item::One(value) => format!("{}{}{}", self.one.0, (self.value)(value), self.one.1),
            Item::Range(low, high) => {
                let (before, between, after) = self.range;
                format!("{before}{}{between}{}{after}", (self.value)(low), (self.range_end)(high))
            }
            Item::Every(step, base) => {
                let every = format!("every {step} {}", self.units);
                match base.as_ref() {
                    Item::All => every,
                    Item::One(_) => format!("{every}, starting {}", self.alone(base).trim_start_matches("only ")),
                    _ => format!("{every}, {}", self.alone(base)),
                }
            }
        }
    }

    fn list_part(&self, part: &str) -> String {
        match item(part) {
            Item::One(value) => (self.value)(value),
            Item::Range(low, high) => format!("{} through {}", (self.value)(low), (self.range_end)(high)),
            other => self.alone(&other),
        }
    }
}

fn time_words(minute: &str, hour: &str) -> String {
    let (minute, hour) = (&*from_first(minute, "0/"), &*from_first(hour, "0/"));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if plain(hour) && plain(minute) {
        return format!("at {}", clock(hour, minute));
    }
    if let (true, Item::Range(low, high), false) = (plain(hour), item(minute), minute.contains(',')) {
        return format!("every minute between {} and {}", clock(hour, low), clock(hour, high));
    }
    if let (true, true, Some((first, last))) = (plain(minute), hour.split(',').all(plain), hour.rsplit_once(',')) {
        let first: Vec<String> = first.split(',').map(|hour| clock(hour, minute)).collect();
        return format!("at {} and {}", first.join(", "), clock(last, minute));
    }
    let minutes = Words {
        units: "minutes",
        one: ("at ", " minutes past the hour"),
        range: ("minutes ", " through ", " past the hour"),
        value: str::to_owned,
        range_end: str::to_owned,
    };
    let hours = Words {
        units: "hours",
        one: ("at ", ""),
        range: ("between ", " and ", ""),
        value: |hour| clock(hour, "0"),
        range_end: |hour| clock(hour, "59"),
    };
    let hour_range = matches!(item(hour), Item::Range(..)) && !hour.contains(',');
    // A zero is left out where the hours already say it.
    let minutes = match item(minute) {
        Item::All => "every minute".to_owned(),
        Item::One("0") if !hour_range => String::new(),
        _ => minutes.phrase(minute),
    };
    let hours = match item(hour) {
        Item::All if minutes.is_empty() => "every hour".to_owned(),
        Item::One(only) if !minute.contains(',') && !hour.contains(',') => {
            format!("between {} and {}", clock(only, "0"), clock(only, "59"))
        }
        _ => hours.phrase(hour),
    };
    if minutes.is_empty() || hours.is_empty() { minutes + &hours } else { format!("{minutes}, {hours}") }
}

fn day_words(day: &str) -> String {
    if day == "l" {
        return "on the last day of the month".to_owned();
    }
    if let Some(near) = day.strip_suffix('w').or_else(|| day.strip_prefix('w')) {
        let which = if near == "1" { "first weekday".to_owned() } else { format!("weekday nearest day {near}") };
        return format!("on the {which} of the month");
    }
    let words = Words {
        units: "days",
        one: ("on day ", " of the month"),
        range: ("between day ", " and ", " of the month"),
        value: str::to_ascii_uppercase,
        range_end: str::to_ascii_uppercase,
    };
    words.phrase(&from_first(day, "1/"))
}

fn month_words(month: &str) -> String {
    let words = Words {
        units: "months",
        one: ("only in ", ""),
        range: ("", " through ", ""),
        value: month_name,
        range_end: month_name,
    };
    words.phrase(&from_first(month, "1/"))
}

fn weekday_words(weekday: &str) -> String {
    // Airflow's library takes all behind the first `#` for the number, and leaves it out where it is none (`1#1,3#3`).
    let nth = weekday.split_once('#').map(|(_, n)| {
        let found = n.parse::<usize>().ok().and_then(|n| ORDINALS.get(n.wrapping_sub(1)));
        format!("on the {} ", found.copied().unwrap_or_default())
    });
    let one = match &nth {
        Some(nth) => (nth.as_str(), " of the month"),
        None if weekday.contains('l') => ("on the last ", " of the month"),
        None => ("only on ", ""),
    };
    let words = Words {
        units: "days of the week",
        one,
        range: ("", " through ", ""),
        value: weekday_name,
        range_end: weekday_name,
    };
    words.phrase(weekday)
}

/// A step from the field's first value on is a step over all values: `0/5` is worded like `*/5`.
fn from_first(field: &str, first: &str) -> String {
    field.strip_prefix(first).map_or_else(|| field.to_owned(), |step| format!("*/{step}"))
}

fn clock(hour: &str, minute: &str) -> String {
    format!("{hour:0>2}:{minute:0>2}")
}

fn month_name(text: &str) -> String {
    let index = text.parse::<usize>().ok().map(|n| n.wrapping_sub(1));
    named(&MONTHS, index, text)
}

fn weekday_name(text: &str) -> String {
    let text = text.split('#').next().unwrap_or(text).trim_start_matches('l');
    named(&WEEKDAYS, text.parse::<usize>().ok().map(|n| n % 7), text)
}

fn named(names: &[&str], index: Option<usize>, text: &str) -> String {
    let by_name = || names.iter().position(|name| name.to_ascii_lowercase().starts_with(text));
    index.or_else(by_name).and_then(|index| names.get(index)).map_or_else(|| text.to_owned(), |name| (*name).to_owned())
}
