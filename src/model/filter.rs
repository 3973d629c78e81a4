//! The one filter grammar of console and command line: `state:failed,retry tag:ml dag:churn* dur>10m since:7d !paused text`.
//!
//! Terms are joined by "and". `key:a,b` is true when the field equals `a` or `b` (`*` stands for anything; lists such as
//! tags are one field of words). `key>N` and `key<N` compare durations (`90s`, `10m`, `2h`, `1d`) and times. `since:7d`
//! compares the row's time. `dur>p95` is true of what took longer than 95 of 100 of its kind's last successes did. `owner:me` and
//! `who:me` mean who asks. `!term` is its opposite. A bare word is found in any text of the row, without case.

use super::state::TiState;

/// A parsed filter. An empty one matches everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq)]
struct Term {
    not: bool,
    test: Test,
}

/// What one term asks of a row. Texts and patterns are in lower case.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The field is one of these patterns.
    Is {
        /// Which field.
        field: String,
        /// With `*` for anything.
        patterns: Vec<String>,
    },
    /// The field's number of seconds is above (`true`) or below a limit.
    Compare {
        /// Which field.
        field: String,
        /// Above, not below.
        above: bool,
        /// The limit.
        seconds: f64,
    },
    /// The row's duration is above (`true`) or below what so many of 100 of its kind's last successes don't exceed.
    Usual {
        /// Above, not below.
        above: bool,
        /// 1 to 99.
        percent: u8,
    },
    /// The row's time is at most (`since`) or at least (`before`) so many seconds ago.
    Age {
        /// At most.
        within: bool,
        /// So many.
        seconds: f64,
    },
    /// The flag is set.
    Flag(String),
    /// The text is somewhere in the row.
    Text(String),
}

/// Words that are flags, not text: `paused`, `!paused`.
pub const FLAGS: &[&str] = &["paused", "mapped", "stale", "late", "error"];

/// States of what isn't a task instance or a run: phases of pods, states of plans.
const OTHER_STATES: &[&str] = &[
    "pending",
    "succeeded",
    "unknown",
    "gone",
    "wanted",
    "silent",
    "waiting",
    "terminated",
    "normal",
    "warning",
    "ok",
    "late",
    "never",
    "done",
    "import_error",
    "saved",
    "held",
    "applied",
    "discarded",
    "refused",
];

/// Keys that `key:value` understands, for messages and completion.
pub const KEYS: &[&str] = &[
    "dag",
    "task",
    "run",
    "state",
    "tag",
    "owner",
    "pool",
    "operator",
    "type",
    "cause",
    "note",
    "since",
    "before",
    "dur",
    "who",
    "action",
    "target",
    "pod",
    "node",
    "namespace",
];

/// What a row answers when a filter asks. All texts are as shown to people; `None` means: not known for this row.
pub trait Fields {
    /// A field's text; words of a list are separated by spaces. `text` is everything a bare word is looked for in.
    fn text(&self, key: &str) -> Option<String>;
    /// A field in seconds: `dur`, `age` (seconds since the row's own time), and `p50`, `p95` ..: how long its kind usually takes.
    fn seconds(&self, key: &str) -> Option<f64>;
}

/// Fields from two closures.
pub struct Lookup<T, S>(pub T, pub S);

impl<T: Fn(&str) -> Option<String>, S: Fn(&str) -> Option<f64>> Fields for Lookup<T, S> {
    fn text(&self, key: &str) -> Option<String> {
        (self.0)(key)
    }
    fn seconds(&self, key: &str) -> Option<f64> {
        (self.1)(key)
    }
}

impl Filter {
    /// Parses a filter; the error is a sentence that names the term.
    pub fn parse(source: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for word in words(source)? {
            terms.push(term(&word)?);
        }
        Ok(Self { terms })
    }

    /// The same for a person: `owner:me` and `who:me` mean that name.
    pub fn of_person(mut self, name: &str) -> Self {
        for term in &mut self.terms {
            if let Test::Is { field, patterns } = &mut term.test
                && matches!(field.as_str(), "owner" | "who")
            {
                patterns.iter_mut().filter(|p| *p == "me").for_each(|p| *p = name.to_lowercase());
            }
        }
        self
    }

    /// True if nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// True if a row fits.
    pub fn matches(&self, row: &impl Fields) -> bool {
        self.terms.iter().all(|t| t.test.holds(row) != t.not)
    }

    /// True if no row can fit of which `decided` knows this much: whether a test holds for each of them, for none, or (`None`)
    /// that it isn't known.
    pub fn rules_out(&self, decided: impl Fn(&Test) -> Option<bool>) -> bool {
        self.terms.iter().any(|t| decided(&t.test) == Some(t.not))
    }

    /// What the terms ask, and whether they are turned around.
    pub fn tests(&self) -> impl Iterator<Item = (&Test, bool)> {
        self.terms.iter().map(|t| (&t.test, t.not))
    }

    /// It asks how long things usually take.
    pub fn asks_usual(&self) -> bool {
        self.terms.iter().any(|t| matches!(t.test, Test::Usual { .. }))
    }

    /// The exact values, in lower case, one of which every match must have in a field: lets a reader ask for less.
    pub fn one_of(&self, wanted: &str) -> Option<&[String]> {
        self.terms.iter().find_map(|t| match &t.test {
            Test::Is { field, patterns } if !t.not && field == wanted && patterns.iter().all(|p| !p.contains('*')) => {
                Some(patterns.as_slice())
            }
            _ => None,
        })
    }

    /// The exact DAG id that every match must have, if the filter names one: lets a reader ask for less.
    pub fn only_dag(&self) -> Option<&str> {
        self.terms.iter().find_map(|t| match &t.test {
            Test::Is { field, patterns } if !t.not && field == "dag" && patterns.len() == 1 => {
                Some(patterns[0].as_str()).filter(|p| !p.contains('*'))
            }
            _ => None,
        })
    }
}

impl Test {
    fn holds(&self, row: &impl Fields) -> bool {
        match self {
            Self::Is { field, patterns } => row.text(field).is_some_and(|have| is_one(patterns, &have.to_lowercase())),
            Self::Compare { field, above, seconds } => {
                row.seconds(field).is_some_and(|have| if *above { have > *seconds } else { have < *seconds })
            }
            Self::Usual { above, percent } => row
                .seconds("dur")
                .zip(row.seconds(&format!("p{percent}")))
                .is_some_and(|(have, usual)| if *above { have > usual } else { have < usual }),
            Self::Age { within, seconds } => row.seconds("age").is_some_and(|age| (age <= *seconds) == *within),
            Self::Flag(name) => row.text(name).is_some_and(|v| v == "true"),
            Self::Text(text) => row.text("text").is_some_and(|have| have.to_lowercase().contains(text)),
        }
    }
}

/// True if a text, or a word of it, is one of these patterns; all in lower case.
pub fn is_one(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|p| wild(p, text) || words_of(text).any(|word| wild(p, word)))
}

/// Words of a list that is written with spaces or commas.
fn words_of(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
}

/// Splits at spaces outside of double quotes.
fn words(source: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in source.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if quoted {
        return Err("a quote is not closed".into());
    }
    if !word.is_empty() {
        all.push(word);
    }
    Ok(all)
}

fn term(word: &str) -> Result<Term, String> {
    let (not, word) = match word.strip_prefix('!') {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, word),
    };
    let at = word.find([':', '>', '<']);
    let key_like = at.is_some_and(|i| i > 0 && word[..i].chars().all(|c| c.is_ascii_alphabetic() || c == '_'));
    let test = match at {
        Some(i) if key_like => keyed(&word[..i], &word[i..=i], &word[i + 1..])?,
        _ if FLAGS.contains(&word) => Test::Flag(word.into()),
        _ => Test::Text(word.to_lowercase()),
    };
    Ok(Term { not, test })
}

fn keyed(key: &str, sign: &str, value: &str) -> Result<Test, String> {
    let field = canonical(key).ok_or_else(|| format!("{key}: no such key; one of {}", KEYS.join(", ")))?;
    if value.is_empty() {
        return Err(format!("{key}{sign} needs a value"));
    }
    let span = || seconds(value).ok_or_else(|| format!("{key}{sign}{value}: not a duration such as 90s, 10m, 2h, 7d"));
    match (field, sign) {
        ("since", ":") => Ok(Test::Age { within: true, seconds: span()? }),
        ("before", ":") => Ok(Test::Age { within: false, seconds: span()? }),
        ("since" | "before", _) => Err(format!("{key} is written {key}:{value}")),
        ("dur", ":") => Err(format!("dur is written dur>{value} or dur<{value}")),
        (_, ":") => {
            let mut patterns = Vec::new();
            for one in value.split(',').filter(|v| !v.is_empty()) {
                if field == "state" {
                    patterns.append(&mut states(&one.to_lowercase())?);
                } else {
                    patterns.push(one.to_lowercase());
                }
            }
            Ok(Test::Is { field: field.into(), patterns })
        }
        ("dur", _) if value.starts_with('p') => {
            let percent = value[1..].parse().ok().filter(|p| (1..100).contains(p));
            let why = || format!("{key}{sign}{value}: not one of p50, p95 .. of what is usual");
            Ok(Test::Usual { above: sign == ">", percent: percent.ok_or_else(why)? })
        }
        ("dur", _) => Ok(Test::Compare { field: field.into(), above: sign == ">", seconds: span()? }),
        _ => Err(format!("{key} has no order; write {key}:{value}")),
    }
}

fn canonical(key: &str) -> Option<&'static str> {
    let name = match key {
        "dag_id" => "dag",
        "task_id" => "task",
        "run_id" => "run",
        "tags" => "tag",
        "owners" => "owner",
        "duration" => "dur",
        "run_type" => "type",
        other => other,
    };
    KEYS.iter().find(|k| **k == name).copied()
}

/// The states that a word means: an everyday word's, the one of that name, or all that begin so. A pattern stays one.
fn states(word: &str) -> Result<Vec<String>, String> {
    match word {
        "retry" => return Ok(vec!["up_for_retry".into()]),
        "reschedule" => return Ok(vec!["up_for_reschedule".into()]),
        "null" => return Ok(vec!["none".into()]),
        word if word.contains('*') => return Ok(vec![word.into()]),
        _ => {}
    }
    let tasks = TiState::ALL.iter().map(|s| s.as_str());
    let known: Vec<&str> = tasks.chain(OTHER_STATES.iter().copied()).collect();
    if known.contains(&word) {
        return Ok(vec![word.into()]);
    }
    let begun: Vec<String> = known.iter().filter(|s| s.starts_with(word)).map(|s| (*s).to_owned()).collect();
    if begun.is_empty() {
        return Err(format!("state:{word}: no such state; one of {}", known.join(", ")));
    }
    Ok(begun)
}

/// `90s`, `10m`, `2h`, `7d`, `1w`, or bare seconds.
pub fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = match text.char_indices().last()? {
        (i, 's') => (&text[..i], 1.0),
        (i, 'm') => (&text[..i], 60.0),
        (i, 'h') => (&text[..i], 3600.0),
        (i, 'd') => (&text[..i], 86_400.0),
        (i, 'w') => (&text[..i], 604_800.0),
        _ => (text, 1.0),
    };
    number.parse::<f64>().ok().filter(|n| *n >= 0.0 && n.is_finite()).map(|n| n * unit)
}

/// The smallest of some sorted numbers that so many of 100 of them don't exceed.
pub fn rank(sorted: &[f64], percent: usize) -> Option<f64> {
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied()
}

/// Glob with `*` only; without `*` the whole text must be equal.
fn wild(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(i) => rest = &rest[i + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(filter: &str) -> bool {
        let text = |key: &str| {
            Some(
                match key {
                    "dag" => "churn_train",
                    "state" => "failed",
                    "tag" => "ml prod",
                    "owner" => "me, you",
                    "paused" => "false",
                    "text" => "churn_train scheduled__2026 train_with_hp[3] OOMKilled",
                    _ => return None,
                }
                .to_owned(),
            )
        };
        let number = |key: &str| match key {
            "dur" => Some(700.0),
            "p50" | "p95" => Some(600.0),
            "age" => Some(3.0 * 86_400.0),
            _ => None,
        };
        Filter::parse(filter).unwrap().matches(&Lookup(text, number))
    }

    #[test]
    fn terms_hold_or_not() {
        for yes in [
            "",
            "state:failed,retry",
            "state:fai",
            "state:f*",
            "tag:ml dag:churn*",
            "dag:*train",
            "dag:c*n_t*n",
            "dur>10m",
            "dur<1h",
            "since:7d",
            "before:2d",
            "!paused",
            "oomkilled",
            "!tag:quant",
            "owner:me",
            "owner:you",
            "dur>p95",
            "!dur<p50",
            "\"hp[3] oom\"",
            "!since:1d",
            "train_with",
        ] {
            assert!(fits(yes), "{yes}");
        }
        for no in ["state:success", "dag:train", "paused", "dur>2h", "since:1d", "pool:gpu", "nothing", "!oomkilled"] {
            assert!(!fits(no), "{no}");
        }
    }

    #[test]
    fn me_is_who_asks() {
        let row = Lookup(|key: &str| (key == "owner").then(|| "ml, Lee".to_owned()), |_: &str| None);
        let fits = |filter: &str| Filter::parse(filter).unwrap().of_person("lee").matches(&row);
        assert!(fits("owner:me") && fits("owner:ml,me") && !fits("owner:you") && !fits("!owner:me"));
    }

    #[test]
    fn mistakes_are_sentences() {
        for (source, part) in [
            ("colour:red", "no such key"),
            ("since:soon", "not a duration"),
            ("dur:5m", "dur>5m"),
            ("dur>p0", "p50, p95"),
            ("dur>px", "p50, p95"),
            ("state:", "needs a value"),
            ("state:bogus", "no such state; one of none, scheduled"),
            ("\"open", "not closed"),
            ("tag>3", "no order"),
        ] {
            let e = Filter::parse(source).unwrap_err();
            assert!(e.contains(part), "{source}: {e}");
        }
    }

    #[test]
    fn exact_values_can_be_asked_for() {
        let filter = Filter::parse("state:failed,retry dag:A* !pool:gpu").unwrap();
        assert_eq!(filter.one_of("state").unwrap(), ["failed", "up_for_retry"]);
        assert_eq!((filter.one_of("dag"), filter.one_of("pool")), (None, None));
    }

    #[test]
    fn a_single_dag_can_be_asked_for() {
        assert_eq!(Filter::parse("dag:a state:failed").unwrap().only_dag(), Some("a"));
        assert_eq!(Filter::parse("dag:a*").unwrap().only_dag(), None);
        assert_eq!(Filter::parse("!dag:a").unwrap().only_dag(), None);
    }
}
