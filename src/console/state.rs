//! Everything the console knows; `update` changes it, `draw` shows it.

use std::{collections::HashMap, path::PathBuf};

use serde_json::Value;

use crate::{
    protocol::Command,
    store::pod::Owners,
    store::screens::{
        Micros, SECOND, TiRef,
        backfills::{Held, Underway},
        names::Names,
    },
};

use super::{
    distance::Distance,
    forms::ActForm,
    jobs::Saving,
    keymap::Keymap,
    log::progress::Progress,
    message::Effect,
    overlay::Overlay,
    place::{Place, Scope, Tab},
    query::{Asker, Data, Health},
    screen::Screen,
    search::Search,
    side::Side,
    theme::Theme,
    widgets::reduce::Colours,
};

/// The scheduler, as far as the console knows.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// Not tried yet.
    Opening,
    /// Connected.
    Up,
    /// Not there: why, since when, next try.
    Down {
        /// Why.
        why: String,
        /// Since when.
        since: Micros,
        /// When it is tried again.
        retry_at: Micros,
    },
}

/// A scheduler that this console starts.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Launch {
    /// It started none.
    #[default]
    None,
    /// It is being started, since when.
    Asked(Micros),
    /// It was started: process id, and when.
    Started(u32, Micros),
    /// It ended, or couldn't be started: why.
    Ended(String),
}

/// A line for a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Flash {
    /// Text.
    pub text: String,
    /// Something went wrong.
    pub bad: bool,
    /// Gone after this.
    pub until: Micros,
}

/// Something this session did.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// When.
    pub at: Micros,
    /// As a shell command.
    pub command: String,
    /// What came of it; `None`: not answered yet.
    pub result: Option<Result<String, String>>,
    /// The request's number.
    pub request: u64,
    /// If it is one of several commands of one form: which.
    pub act: Option<String>,
    /// If it takes a plan back: that.
    pub reverts: Option<String>,
    /// If it throws a held plan away: that.
    pub discards: Option<String>,
    /// The plan that it made, or decided about.
    pub plan: Option<String>,
    /// How many task instances and runs it is about.
    pub changes: (usize, usize),
}

/// What doesn't change while the console runs.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The home.
    pub home: PathBuf,
    /// Folder of the DAG files.
    pub dags_folder: PathBuf,
    /// Base folder of task logs.
    pub logs: PathBuf,
    /// Name of the environment.
    pub context: String,
    /// How the command line is called for this home: `dagdeck`, with `--context` or `--home` if it isn't the usual one.
    pub program: String,
    /// No verbs.
    pub read_only: bool,
    /// Only ASCII is drawn.
    pub ascii: bool,
    /// Colours that the terminal shows.
    pub colours: Colours,
}

impl Facts {
    /// A command line as any shell of this machine takes it: about this home.
    pub fn here(&self, line: &str) -> String {
        match line.strip_prefix("dagdeck ") {
            // Of several lines in one each is about this home.
            Some(rest) => {
                format!("{} {}", self.program, rest.replace(" && dagdeck ", &format!(" && {} ", self.program)))
            }
            None => line.to_owned(),
        }
    }

    /// The environment is one in production: work there is started, stopped and repeated only by who types what it is about.
    pub fn is_protected(&self) -> bool {
        self.context.to_lowercase().contains("prod")
    }
}

/// Everything.
#[derive(Debug, Clone)]
pub struct State {
    /// See [`Facts`].
    pub facts: Facts,
    /// Colours.
    pub theme: Theme,
    /// Keys.
    pub keymap: Keymap,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Now.
    pub now: Micros,
    /// The scheduler.
    pub link: Link,
    /// A scheduler that this console started.
    pub launch: Launch,
    /// What it said about itself.
    pub status: Option<Value>,
    /// When it was asked about itself last.
    pub status_at: Micros,
    /// Screens, the last one is shown.
    pub stack: Vec<Screen>,
    /// Stacks before this one.
    pub history: Vec<Vec<Screen>>,
    /// What lies over the screen.
    pub overlay: Overlay,
    /// Keys that came before what they are about was read, and when the first of them came.
    pub typed: (Vec<String>, Micros),
    /// First strokes of a key, and when they came.
    pub prefix: Option<(String, Micros)>,
    /// A line for a moment.
    pub flash: Option<Flash>,
    /// What this session did.
    pub done: Vec<Done>,
    /// Plans that are held for a moment, by anybody.
    pub held: Vec<Held>,
    /// What this session did and may take back, the last one at the end.
    pub undo: Vec<Undo>,
    /// Nothing new is shown.
    pub frozen: bool,
    /// Times are shown in this machine's zone, not in UTC.
    pub local: bool,
    /// The terminal has the focus.
    pub focused: bool,
    /// What has a name, for the palette.
    pub names: Names,
    /// The question for the names that isn't answered yet.
    pub naming: Option<u64>,
    /// How many lines of triage need a person; `None`: not known yet.
    pub alerts: Option<usize>,
    /// Number of the last question or request.
    pub ticket: u64,
    /// The last shell command that something was piped into.
    pub piped: String,
    /// How far running instances are, as far as their logs say it.
    pub progress: HashMap<TiRef, Progress>,
    /// When their logs were looked at.
    pub progress_at: Micros,
    /// The terminal reports the mouse.
    pub mouse: bool,
    /// Row and time of the last click.
    pub clicked: Option<(u16, Micros)>,
    /// Who else looks at what: user and screen.
    pub present: Vec<(String, String)>,
    /// The screen that the scheduler was told.
    pub told: Option<String>,
    /// What stands beside a list on wide terminals.
    pub side: Side,
    /// How clusters are; `None`: none is known.
    pub clusters: Option<Health>,
    /// Which tasks ever had a pod.
    pub pod_owners: Owners,
    /// How far away the terminal is.
    pub distance: Distance,
    /// A search through logs that is under way.
    pub search: Option<Search>,
    /// Number of the search in all logs that is under way.
    pub hunt: Option<u64>,
    /// Since when.
    pub hunt_since: Micros,
    /// Files that are being written.
    pub savings: Vec<Saving>,
    /// Backfills that have not ended.
    pub backfills: Vec<Underway>,
    /// Where the answer to a question that no screen asked belongs.
    pub errand: Option<(u64, Errand)>,
}

/// An act that may be taken back.
#[derive(Debug, Clone, PartialEq)]
pub enum Undo {
    /// The plans of one form: thrown away while they are held, afterwards reverted as far as that is possible.
    Plans {
        /// Which act made them.
        act: String,
        /// Their ids.
        ids: Vec<String>,
        /// What was done, in words: the first command, and how many more.
        what: String,
        /// If they take plans back: those.
        reverts: Vec<String>,
    },
    /// The command that reverses what was done at once.
    Command(Command),
}

/// What to do with an answer that isn't a screen's data.
#[derive(Debug, Clone, PartialEq)]
pub enum Errand {
    /// Go to the failure that was found; to its log if asked for.
    Failure(Tab),
    /// Go to what waits; nothing failed.
    Waiting,
    /// Open the log of a line that was found: its try, and where the line's record ends.
    Hit(u32, u64),
    /// Go to what an act was about: that instance, or the run; if it is gone to the DAG of that id.
    Target(bool, String),
    /// Open the form that answers a task.
    Answer,
    /// Show the screen about another index.
    OtherIndex,
    /// Show which version of that model had which alias.
    AliasHistory(String),
    /// Open the form of a connection with its fields.
    EditConnection,
    /// Open the trigger form with the DAG's params.
    TriggerForm(String),
}

impl State {
    /// A console that shows triage.
    pub fn new(facts: Facts, theme: Theme, keymap: Keymap, size: (u16, u16), now: Micros) -> Self {
        Self {
            facts,
            theme,
            keymap,
            size,
            now,
            link: Link::Opening,
            launch: Launch::None,
            status: None,
            status_at: 0,
            stack: vec![Screen::new(Place::Triage)],
            history: Vec::new(),
            overlay: Overlay::None,
            typed: (Vec::new(), 0),
            prefix: None,
            flash: None,
            done: Vec::new(),
            held: Vec::new(),
            undo: Vec::new(),
            frozen: false,
            local: false,
            focused: true,
            names: Names::default(),
            naming: None,
            alerts: None,
            ticket: 0,
            piped: String::new(),
            progress: HashMap::new(),
            progress_at: 0,
            mouse: false,
            clicked: None,
            present: Vec::new(),
            told: None,
            side: Side::default(),
            clusters: None,
            pod_owners: Owners::new(),
            distance: Distance::default(),
            search: None,
            hunt: None,
            hunt_since: 0,
            savings: Vec::new(),
            backfills: Vec::new(),
            errand: None,
        }
    }

    /// How many files the scheduler is reading, as far as it said.
    pub fn parsing(&self) -> u64 {
        self.status.as_ref().and_then(|s| s["counts"]["parsing"].as_u64()).unwrap_or(0)
    }

    /// The screen that is shown.
    pub fn screen(&self) -> &Screen {
        // The stack is never empty: `new` fills it and only `pop` takes from it, down to one.
        &self.stack[self.stack.len() - 1]
    }

    /// The screen that is shown.
    pub fn screen_mut(&mut self) -> &mut Screen {
        let last = self.stack.len() - 1;
        &mut self.stack[last]
    }

    /// All screens: those one goes back to from the shown one, the nearest first, then those from before.
    pub fn screens_mut(&mut self) -> impl Iterator<Item = &mut Screen> {
        let before = self.history.iter_mut().rev().flat_map(|stack| stack.iter_mut().rev());
        self.stack.iter_mut().rev().chain(before)
    }

    /// Its member of key scopes.
    pub fn scope(&self) -> Scope {
        self.screen().place.scope()
    }

    /// A new number for a question.
    pub fn next_ticket(&mut self) -> u64 {
        self.ticket += 1;
        self.ticket
    }

    /// Shows a line for ten seconds.
    pub fn flash(&mut self, text: impl Into<String>, bad: bool) {
        self.flash = Some(Flash { text: text.into(), bad, until: self.now + 10 * SECOND });
    }

    /// Reads what the shown screen shows.
    pub fn load(&mut self) -> Vec<Effect> {
        self.read(false)
    }

    /// Reads what follows on what is known of a list.
    pub fn load_more(&mut self) -> Vec<Effect> {
        self.read(true)
    }

    fn read(&mut self, further: bool) -> Vec<Effect> {
        // A search in all logs is made once, unless it was left before its end; the store has nothing to say to it.
        if let Place::Search(text) = &self.screen().place {
            let text = text.clone();
            let is_done = matches!(&self.screen().data, Data::Hits(hits) if hits.done) || self.screen().error.is_some();
            if is_done || self.screen().waiting.is_some() {
                return Vec::new();
            }
            let ticket = self.next_ticket();
            self.screen_mut().waiting = Some(ticket);
            return vec![Effect::Search(ticket, text)];
        }
        let ticket = self.next_ticket();
        let now = self.now;
        let screen = self.screen_mut();
        let unfolded: Vec<String> = screen.unfolded.iter().cloned().collect();
        screen.waiting = Some(ticket);
        screen.stale = false;
        let part = screen.part(further);
        let query = screen.place.query(&unfolded, &screen.filter.text, part, now);
        vec![Effect::Load(ticket, Asker::Screen, query)]
    }

    /// The form that is open.
    pub fn form(&mut self) -> Option<&mut ActForm> {
        match &mut self.overlay {
            Overlay::Form(form) => Some(form),
            _ => None,
        }
    }
}
