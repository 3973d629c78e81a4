//! Which task instances a filter may fit at all, found out from what is kept of DAGs and tasks (`store/seen`), so that only
//! these are looked at. It may name too many, never too few.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::Connection;

use crate::{
    error::Result,
    model::filter::{FLAGS, Filter, Test, is_one},
};

use super::{
    super::seen::{MOST_SAID, collapsed},
    Micros, SECOND,
    instances::BUSY,
    reading, rows,
};

/// Runs that a text may be found in before it counts as found everywhere.
const MANY: usize = 1000;
/// Clocks of other machines may be so far off: an instance may end that much later than its run.
const CLOCKS: Micros = 600 * SECOND;

/// Tasks of a DAG.
#[derive(Debug)]
pub(crate) enum Tasks {
    /// All.
    All,
    /// These: a JSON list.
    These(String),
}

/// What may fit.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// Tasks, by DAG.
    pub tasks: BTreeMap<String, Tasks>,
    /// Runs that are looked at as a whole.
    pub runs: BTreeSet<i64>,
    /// A run that ended before has nothing that fits.
    pub since: Option<Micros>,
}

impl Reach {
    /// True if nothing fits.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.runs.is_empty()
    }

    /// The DAG that all of it is of, if that is known.
    pub fn only_dag(&self) -> Option<&str> {
        let mut dags = self.tasks.keys();
        match (dags.next(), dags.next()) {
            (Some(dag), None) if self.runs.is_empty() => Some(dag),
            _ => None,
        }
    }
}

/// A task as its instances have been, all in lower case.
struct Seen {
    dag_id: String,
    task_id: String,
    operator: String,
    pool: String,
    states: String,
    longest: Option<Micros>,
    shortest: Option<Micros>,
    highest_index: i64,
    owners: String,
    tags: String,
    paused: bool,
    /// The tests, by their place in the filter, that something its instances said may fit.
    said: HashSet<usize>,
}

/// What may fit a filter; `None`: anything.
pub(crate) fn of(conn: &Connection, filter: &Filter, now: Micros) -> Result<Option<Reach>> {
    if filter.is_empty() {
        return Ok(None);
    }
    let tests: Vec<&Test> = filter.tests().map(|(test, _)| test).collect();
    let mut reach = Reach { since: since(filter, now), ..Reach::default() };
    // Tests that the id of hardly a run fits; the others may be met by any run.
    let mut known_runs = HashSet::new();
    for (at, test) in tests.iter().enumerate() {
        if !asks_for_runs(test) {
            known_runs.insert(at);
        } else if let Some(found) = runs_that_fit(conn, test)? {
            known_runs.insert(at);
            reach.runs.extend(found);
        }
    }
    let number = |test: &Test| tests.iter().position(|t| *t == test);
    let mut of_dags: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for (dag, task, seen) in all_seen(conn, &tests)? {
        let decided = |test: &Test| {
            let at = number(test)?;
            let held = holds(&seen, test, seen.said.contains(&at));
            // What the task doesn't have its run may have.
            if held == Some(false) && !known_runs.contains(&at) { None } else { held }
        };
        let (fit, other) = of_dags.entry(dag).or_default();
        if filter.rules_out(decided) { other } else { fit }.insert(task);
    }
    for (dag, (fit, other)) in of_dags.into_iter().filter(|(_, (fit, _))| !fit.is_empty()) {
        let tasks = if other.is_subset(&fit) { Tasks::All } else { Tasks::These(serde_json::json!(fit).to_string()) };
        reach.tasks.insert(dag, tasks);
    }
    if tests.iter().any(|test| asks_for_what_passes(test)) {
        let sql = format!("SELECT DISTINCT run FROM task_instance t INDEXED BY task_instance_busy WHERE {BUSY}");
        reach.runs.extend(rows(conn, &sql, [], |r| r.get::<_, i64>(0))?);
    }
    Ok(Some(reach))
}

/// The time that every match must not be older than.
fn since(filter: &Filter, now: Micros) -> Option<Micros> {
    let limits = filter.tests().filter_map(|(test, not)| match test {
        Test::Age { within: true, seconds } if !not => Some(now.saturating_sub((seconds * 1e6) as Micros)),
        _ => None,
    });
    limits.max().map(|limit| limit - CLOCKS)
}

fn asks_for_runs(test: &Test) -> bool {
    match test {
        Test::Text(_) => true,
        Test::Is { field, .. } => field == "run",
        _ => false,
    }
}

fn asks_for_words(test: &Test) -> bool {
    match test {
        Test::Text(_) => true,
        Test::Is { field, .. } => ["cause", "note", "name"].contains(&field.as_str()),
        _ => false,
    }
}

/// The answer may be another one while an instance is busy: that isn't kept of tasks.
fn asks_for_what_passes(test: &Test) -> bool {
    const PASSING: [&str; 8] = [
        "scheduled",
        "queued",
        "running",
        "restarting",
        "up_for_retry",
        "up_for_reschedule",
        "deferred",
        "awaiting_input",
    ];
    match test {
        Test::Compare { .. } => true,
        Test::Is { field, .. } => field == "state",
        Test::Text(text) => PASSING.iter().any(|state| state.contains(text.as_str())),
        _ => false,
    }
}

/// Runs whose ids fit; `None`: too many to name them.
fn runs_that_fit(conn: &Connection, test: &Test) -> Result<Option<Vec<i64>>> {
    let mut statement =
        conn.prepare_cached("SELECT id, run_id FROM dag_run INDEXED BY sqlite_autoindex_dag_run_1").map_err(reading)?;
    let mut found = statement.query([]).map_err(reading)?;
    let mut ids = Vec::new();
    while let Some(row) = found.next().map_err(reading)? {
        let run_id = row.get_ref(1).and_then(|v| Ok(v.as_str()?)).map_err(reading)?;
        let fits = match test {
            Test::Text(text) => contains(run_id, text),
            Test::Is { patterns, .. } => is_one(patterns, &run_id.to_lowercase()),
            _ => false,
        };
        if fits {
            if ids.len() == MANY {
                return Ok(None);
            }
            ids.push(row.get(0).map_err(reading)?);
        }
    }
    Ok(Some(ids))
}

/// A text has another, given in lower case, without case.
fn contains(text: &str, wanted: &str) -> bool {
    if !(text.is_ascii() && wanted.is_ascii()) {
        return text.to_lowercase().contains(wanted);
    }
    let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
    wanted.is_empty() || text.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted))
}

/// A test of what instances said, as it is asked of texts whose numbers are collapsed. It fits more than the test itself.
fn of_collapsed(test: &Test) -> Test {
    // A star may stand for a part of the number beside it.
    let around_stars = |pattern: &String| {
        let parts: Vec<String> = pattern.split('*').map(collapsed).collect();
        let last = parts.len() - 1;
        let freed = parts.iter().enumerate().map(|(at, part)| {
            let part = if at > 0 { part.trim_start_matches('0') } else { part };
            if at < last { part.trim_end_matches('0') } else { part }
        });
        freed.collect::<Vec<_>>().join("*")
    };
    match test {
        Test::Text(text) => Test::Text(collapsed(text)),
        Test::Is { field, patterns } => {
            Test::Is { field: field.clone(), patterns: patterns.iter().map(around_stars).collect() }
        }
        other => other.clone(),
    }
}

/// What an instance said is one of these patterns. A cause is kept with its exception's class in front, which a row leaves out
/// where the sentence has it already.
fn says(patterns: &[String], kind: &str, text: &str) -> bool {
    let sentence = text.split_once(": ").filter(|_| kind == "cause").map(|(_, sentence)| sentence);
    is_one(patterns, text) || sentence.is_some_and(|sentence| is_one(patterns, sentence))
}

/// All tasks there have ever been, with their DAG's and their own names as they are spelled.
fn all_seen(conn: &Connection, tests: &[&Test]) -> Result<Vec<(String, String, Seen)>> {
    let mut said: BTreeMap<(String, String), HashSet<usize>> = BTreeMap::new();
    if tests.iter().any(|test| asks_for_words(test)) {
        let mut statement =
            conn.prepare_cached("SELECT dag_id, task_id, kind, text FROM task_said").map_err(reading)?;
        let mut found = statement.query([]).map_err(reading)?;
        let tests: Vec<Test> = tests.iter().map(|test| of_collapsed(test)).collect();
        let mut last = (String::new(), String::new(), String::new());
        let mut of_kind = 0;
        while let Some(row) = found.next().map_err(reading)? {
            let word = |at: usize| row.get_ref(at).and_then(|v| Ok(v.as_str()?)).map_err(reading);
            let (dag, task, kind) = (word(0)?, word(1)?, word(2)?);
            if (dag, task, kind) != (last.0.as_str(), last.1.as_str(), last.2.as_str()) {
                last = (dag.to_owned(), task.to_owned(), kind.to_owned());
                of_kind = 0;
            }
            of_kind += 1;
            // What came after so many isn't kept.
            let anything = of_kind == MOST_SAID;
            let text = collapsed(word(3)?);
            for (at, test) in tests.iter().enumerate() {
                let fits = match test {
                    Test::Text(wanted) => anything || contains(&text, wanted),
                    Test::Is { field, patterns } => {
                        field == kind && (anything || says(patterns, kind, &text.to_lowercase()))
                    }
                    _ => false,
                };
                if fits {
                    said.entry((dag.to_owned(), task.to_owned())).or_default().insert(at);
                }
            }
        }
    }
    let sql = "SELECT s.dag_id, s.task_id, s.operator, s.pool, s.states, s.longest, s.shortest, s.highest_index,
            coalesce(d.owners, '') AS owners, coalesce(d.tags, '[]') AS tags, coalesce(d.is_paused, 0) AS is_paused
        FROM task_seen s LEFT JOIN dag d ON d.dag_id = s.dag_id";
    rows(conn, sql, [], |r| {
        let lower = |column: &str| Ok::<_, rusqlite::Error>(r.get::<_, String>(column)?.to_lowercase());
        let (dag, task): (String, String) = (r.get("dag_id")?, r.get("task_id")?);
        let tags: String = r.get("tags")?;
        let seen = Seen {
            dag_id: dag.to_lowercase(),
            task_id: task.to_lowercase(),
            operator: lower("operator")?,
            pool: lower("pool")?,
            states: r.get("states")?,
            longest: r.get("longest")?,
            shortest: r.get("shortest")?,
            highest_index: r.get("highest_index")?,
            owners: lower("owners")?,
            tags: serde_json::from_str::<Vec<String>>(&tags).unwrap_or_default().join(" ").to_lowercase(),
            paused: r.get("is_paused")?,
            said: said.get(&(dag.clone(), task.clone())).cloned().unwrap_or_default(),
        };
        Ok((dag, task, seen))
    })
}

/// Whether a test holds for all instances of a task that aren't busy (their run's id aside), for none, or for some.
fn holds(seen: &Seen, test: &Test, said: bool) -> Option<bool> {
    let maybe = |possible: bool| if possible { None } else { Some(false) };
    match test {
        Test::Is { field, patterns } => match field.as_str() {
            "dag" => Some(is_one(patterns, &seen.dag_id)),
            "owner" => Some(is_one(patterns, &seen.owners)),
            "tag" => Some(is_one(patterns, &seen.tags)),
            "operator" => Some(is_one(patterns, &seen.operator)),
            "pool" => Some(is_one(patterns, &seen.pool)),
            "task" if is_one(patterns, &seen.task_id) => Some(true),
            "task" => maybe(seen.highest_index >= 0 && patterns.iter().any(|p| p.contains(['*', '[', ' ']))),
            "state" => maybe(states(seen).any(|state| is_one(patterns, state))),
            "cause" | "note" | "name" => {
                // Where nothing was said the text is empty.
                maybe(said || is_one(patterns, ""))
            }
            // The run's id is asked for apart from this; the rest no instance has.
            _ => Some(false),
        },
        // What is usual isn't known here.
        Test::Usual { .. } => None,
        Test::Compare { above, seconds, .. } => {
            let limit = seconds * 1e6;
            let most =
                if *above { seen.longest.map(|l| l as f64 > limit) } else { seen.shortest.map(|s| (s as f64) < limit) };
            maybe(most.unwrap_or(false))
        }
        Test::Age { .. } => None,
        Test::Flag(name) => match name.as_str() {
            "paused" => Some(seen.paused),
            "mapped" => maybe(seen.highest_index >= 0),
            name => FLAGS.contains(&name).then_some(false),
        },
        Test::Text(text) => {
            let own = [&seen.dag_id, &seen.task_id, &seen.owners, &seen.tags, &seen.operator, &seen.pool];
            if own.iter().any(|have| have.contains(text.as_str())) {
                return Some(true);
            }
            maybe(said || states(seen).any(|state| state.contains(text.as_str())) || names_an_index(seen, text))
        }
    }
}

fn states(seen: &Seen) -> impl Iterator<Item = &str> {
    seen.states.split(',').filter(|s| !s.is_empty())
}

/// A text may be part of `task task[12]` and of neither word alone.
fn names_an_index(seen: &Seen, text: &str) -> bool {
    let (before, index) = match text.split_once('[') {
        Some((before, index)) => (Some(before), index),
        None => (None, text),
    };
    let digits = index.strip_suffix(']').unwrap_or(index);
    let fits = digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() <= seen.highest_index.to_string().len();
    let label = format!("{0} {0}", seen.task_id);
    let unmapped = label.contains(text);
    unmapped || seen.highest_index >= 0 && fits && before.is_none_or(|b| label.ends_with(b))
}
