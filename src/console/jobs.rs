//! Long work: what is under way, how far it is, what ends it. The top line says so on every screen, screen `0` lists it.

use crate::store::screens::{Micros, SECOND, backfills::Underway};

use super::{items::Item, items::Kind, place::Object, place::Place, query::Data, state::State, widgets::text};

/// A job is shown when it has taken so long.
const SHOWN_AFTER: Micros = SECOND / 5;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things with a name, in the plural.
    Of(&'static str),
}

/// How far something is.
#[derive(Debug, Clone, PartialEq)]
pub struct Far {
    /// Since when.
    pub since: Micros,
    /// How much is done, and all there is to do; 0: not known yet.
    pub parts: (u64, u64),
    /// Of what.
    pub unit: Unit,
}

impl Far {
    /// Nothing is done yet.
    pub fn new(since: Micros, unit: Unit) -> Self {
        Self { since, parts: (0, 0), unit }
    }

    /// It has taken so long that somebody may wonder.
    pub fn is_long(&self, now: Micros) -> bool {
        now - self.since >= SHOWN_AFTER
    }

    /// `12MB of 240MB, 3s, some 50s left`; `None` while it isn't worth a word.
    pub fn words(&self, now: Micros) -> Option<String> {
        let (done, all) = self.parts;
        if all == 0 || !self.is_long(now) {
            return None;
        }
        let took = now - self.since;
        let left = (done > 0).then(|| took as f64 / 1e6 * all.saturating_sub(done) as f64 / done as f64);
        let left = left.map_or_else(String::new, |s| format!(", some {} left", text::duration(s)));
        let bytes = |n: u64| text::bytes(i64::try_from(n).unwrap_or(i64::MAX));
        let parts = match self.unit {
            Unit::Bytes => format!("{} of {}", bytes(done), bytes(all)),
            Unit::Of(things) => format!("{done} of {all} {things}"),
        };
        Some(format!("{parts}, {}{left}", text::duration(took as f64 / 1e6)))
    }

    /// `37%`, or `3/10` of few things.
    fn short(&self) -> String {
        match (self.parts, self.unit) {
            ((_, 0), _) => "..".into(),
            ((done, all), Unit::Of(_)) if all < 1000 => format!("{done}/{all}"),
            ((done, all), _) => format!("{}%", done.saturating_mul(100) / all),
        }
    }
}

/// A log or a list that is written into a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Saving {
    /// Number of the request.
    pub number: u64,
    /// The file's name.
    pub name: String,
    /// How far it is.
    pub far: Far,
}

/// Which job.
#[derive(Debug, Clone, PartialEq)]
pub enum Of {
    /// The search through a log.
    Search,
    /// The search through all logs.
    Hunt,
    /// A file that is written: its request's number.
    Saving(u64),
    /// Acts of one form that the scheduler hasn't answered yet: the first one's number.
    Acts(u64),
    /// A backfill.
    Backfill(i64),
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Which.
    pub of: Of,
    /// What it does.
    pub what: String,
    /// How far it is.
    pub far: Far,
    /// How long it may still take, and what is wrong with it, where that isn't told by how far it is.
    pub more: String,
    /// What verbs act on.
    pub object: Object,
    /// It stands still.
    pub paused: bool,
}

impl Job {
    fn new(of: Of, what: String, far: Far) -> Self {
        Self { of, what, far, more: String::new(), object: Object::None, paused: false }
    }

    /// What it does and how far it is.
    pub fn words(&self, now: Micros) -> String {
        let far = match self.of {
            Of::Backfill(_) => format!("{}/{} runs", self.far.parts.0, self.far.parts.1),
            _ => self.far.words(now).unwrap_or_else(|| "begun".into()),
        };
        match self.of {
            // A command may be longer than the line.
            Of::Acts(_) => format!("{far}: {}", self.what),
            _ => format!("{}: {far}{}", self.what, self.more),
        }
    }

    fn word(&self) -> &'static str {
        match self.of {
            Of::Search | Of::Hunt => "SEARCH",
            Of::Saving(_) => "SAVE",
            Of::Acts(_) => "ACT",
            Of::Backfill(_) => "BACKFILL",
        }
    }

    /// Its line on the screen of the system.
    pub fn item(&self, at: usize) -> Item {
        let id = match self.of {
            Of::Search => "job:search".into(),
            Of::Hunt => "job:hunt".into(),
            Of::Saving(number) => format!("job:save:{number}"),
            Of::Acts(number) => format!("job:acts:{number}"),
            Of::Backfill(id) => format!("job:backfill:{id}"),
        };
        Item::new(id, Kind::Job, at, self.object.clone(), false)
    }
}

/// All that is under way, what this console does itself first.
pub fn all(state: &State) -> Vec<Job> {
    let mut all = Vec::new();
    if let Some(search) = &state.search {
        all.push(Job::new(Of::Search, search.what.clone(), search.far.clone()));
    }
    all.extend(state.hunt.and_then(|number| hunt(state, number)));
    for saving in &state.savings {
        all.push(Job::new(Of::Saving(saving.number), format!("write {}", saving.name), saving.far.clone()));
    }
    all.extend(acts(state));
    all.extend(state.backfills.iter().map(|b| backfill(b, state.now)));
    all
}

fn hunt(state: &State, number: u64) -> Option<Job> {
    let mut screens = state.stack.iter().chain(state.history.iter().flatten());
    let screen = screens.find(|s| s.waiting == Some(number))?;
    let Place::Search(looked_for) = &screen.place else { return None };
    let mut far = Far::new(state.hunt_since, Unit::Of("logs"));
    if let Data::Hits(hits) = &screen.data {
        far.parts = (hits.files.0 as u64, hits.files.1 as u64);
    }
    Some(Job::new(Of::Hunt, format!("look for {} in all logs", text::clean(looked_for)), far))
}

/// What the scheduler was asked to do and hasn't answered: all that one form asks for is one job.
fn acts(state: &State) -> Vec<Job> {
    let mut all: Vec<Job> = Vec::new();
    for open in state.done.iter().filter(|d| d.result.is_none()) {
        let same = |d: &&super::state::Done| d.request == open.request || d.act.is_some() && d.act == open.act;
        let Some(first) = state.done.iter().find(same) else { continue };
        if all.iter().any(|job| job.of == Of::Acts(first.request)) {
            continue;
        }
        let mut far = Far::new(first.at, Unit::Of("acts"));
        let those = state.done.iter().filter(same);
        far.parts = those.fold((0, 0), |(done, n), d| (done + u64::from(d.result.is_some()), n + 1));
        all.push(Job::new(Of::Acts(first.request), first.command.clone(), far));
    }
    all
}

/// `backfill 3 of churn_train: 12/30 runs, 1 failed, since 2h, some 3h left`.
fn backfill(b: &Underway, now: Micros) -> Job {
    let bad = if b.failed > 0 { format!(", {} failed", b.failed) } else { String::new() };
    let pace = match b.left(now) {
        Some(left) => format!("some {} left", text::duration(left as f64 / 1e6)),
        None if b.paused => "paused".into(),
        None => "no run has ended yet".into(),
    };
    Job {
        of: Of::Backfill(b.id),
        what: format!("backfill {} of {}", b.id, b.dag_id),
        far: Far { since: b.since, parts: (b.ended as u64, b.runs as u64), unit: Unit::Of("runs") },
        more: format!("{bad}, since {}, {pace}", text::age(b.since, now)),
        object: Object::Backfill(b.id, b.dag_id.clone(), b.paused, false),
        paused: b.paused,
    }
}

/// What is under way, for the top line: one job with how far it is, of several how many (and how far each is, where there is
/// room for it).
pub fn short(state: &State, wide: bool) -> Option<String> {
    let all: Vec<Job> = all(state).into_iter().filter(|j| !j.paused && j.far.is_long(state.now)).collect();
    match all.as_slice() {
        [] => None,
        [one] if matches!(one.of, Of::Search) => Some(format!("SEARCH {}", one.far.words(state.now)?)),
        [one] => Some(format!("{} {}", one.word(), one.far.short())),
        many => {
            let each: Vec<String> = many.iter().map(|j| format!("{} {}", j.word(), j.far.short())).collect();
            let each = if wide && many.len() <= 4 { format!(": {}", each.join(", ")) } else { String::new() };
            Some(format!("{} JOBS{each}", many.len()))
        }
    }
}

/// The job under the cursor.
pub fn chosen(state: &State) -> Option<&Job> {
    let screen = state.screen();
    let item = screen.item().filter(|i| i.kind == Kind::Job)?;
    screen.jobs.get(item.at)
}

/// Why a job can't be ended here; `None`: it can.
pub fn refused(state: &State) -> Option<String> {
    match chosen(state)?.of {
        Of::Acts(_) => Some("the scheduler has it already; the undo key takes it back".into()),
        Of::Backfill(_) => state.no_verbs(),
        _ => None,
    }
}
