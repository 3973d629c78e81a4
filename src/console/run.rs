//! The loop: takes events, updates, draws at most ten times a second, and hands effects to the threads.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use crate::{
    clock,
    error::{Error, Result},
    protocol::Request,
};

use super::{
    input, link,
    log::Ask,
    message::{Effect, Event},
    reader::{self, Question},
    state::{Facts, State},
    terminal::{self, Terminal},
    theme::Theme,
    update::{next_wake, update},
    views,
};

/// Shortest time between two frames.
const FRAME: Duration = Duration::from_millis(100);

/// How the console is to be run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The home.
    pub home: PathBuf,
    /// Folder of the DAG files.
    pub dags_folder: PathBuf,
    /// Theme; `None`: default.
    pub theme: Option<String>,
    /// No verbs.
    pub read_only: bool,
    /// Name of the environment for the top line; `None`: `local`.
    pub context: Option<String>,
    /// A line to show first: "started a scheduler".
    pub notice: Option<String>,
}

/// Runs the console until the user leaves it or the terminal is gone.
pub fn run(options: Options) -> Result<()> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Error::usage("the console needs a terminal").hint("dagdeck help lists the commands for scripts"));
    }
    let theme = Theme::choose(options.theme.as_deref(), no_color())?;
    let size = crossterm::terminal::size().map_err(|e| Error::system("cannot ask the terminal for its size", e))?;
    let (events_in, events) = channel();
    // Before any other thread, so that all inherit which signals are left to the one that waits for them.
    input::watch_signals(events_in.clone());
    let mut state = start(&options, theme, size);
    let hands = Hands::start(&options.home, &events_in);
    for effect in state.load() {
        hands.hand(&effect);
    }
    terminal::restore_on_panic();
    let mut terminal = Terminal::take().map_err(|e| Error::system("cannot take the terminal", e))?;
    input::read_keys(events_in);
    let done = turn(&mut state, &mut terminal, &events, &hands);
    drop(terminal);
    match done {
        // A terminal that is gone isn't an error of ours.
        Err(e) if e.raw_os_error() != Some(5) && e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::system("cannot write to the terminal", e))
        }
        _ => Ok(()),
    }
}

/// Time from here to the first whole frame with data, without a terminal: for the benchmark.
pub fn first_frame(options: &Options, size: (u16, u16)) -> Result<Duration> {
    let start_at = Instant::now();
    let theme = Theme::choose(options.theme.as_deref(), false)?;
    let mut state = start(options, theme, size);
    let (events_in, events) = channel();
    let hands = Hands::start(&options.home, &events_in);
    for effect in state.load() {
        hands.hand(&effect);
    }
    while state.screen().loaded_at.is_none() {
        match events.recv_timeout(Duration::from_secs(10)) {
            Ok(Event::Loaded(_, Err(why))) => return Err(Error::refused(why)),
            Ok(event) => drop(update(&mut state, event)),
            Err(_) => return Err(Error::refused("the store didn't answer within 10 s")),
        }
    }
    let mut frame = terminal::frame(size);
    views::draw(&state, &mut frame);
    Ok(start_at.elapsed())
}

fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
}

fn start(options: &Options, theme: Theme, size: (u16, u16)) -> State {
    let facts = Facts {
        home: options.home.clone(),
        dags_folder: options.dags_folder.clone(),
        context: options.context.clone().unwrap_or_else(|| "local".into()),
        read_only: options.read_only,
    };
    let mut state = State::new(facts, theme, size, clock::now().as_microsecond());
    if let Some(notice) = &options.notice {
        state.flash(notice.clone(), false);
    }
    state
}

/// The threads that do what the loop wants.
struct Hands {
    store: Sender<Question>,
    logs: Sender<Ask>,
    scheduler: Sender<link::Wanted>,
}

impl Hands {
    fn start(home: &Path, events: &Sender<Event>) -> Self {
        let (store, questions) = channel();
        let (logs, asks) = channel();
        let (scheduler, wanted) = channel();
        let (db, socket) = (home.join("dagdeck.db"), home.join("scheduler.sock"));
        let out = events.clone();
        thread::spawn(move || reader::store(&db, &questions, &out));
        let out = events.clone();
        thread::spawn(move || reader::logs(&asks, &out));
        let out = events.clone();
        thread::spawn(move || link::scheduler(&socket, &wanted, &out));
        Self { store, logs, scheduler }
    }

    /// Hands an effect to its thread. A thread that is gone means that the process ends.
    fn hand(&self, effect: &Effect) {
        match effect {
            Effect::Load(number, query) => drop(self.store.send(Question::Ask(*number, query.clone()))),
            Effect::Log(ask) => drop(self.logs.send(ask.clone())),
            Effect::Act(number, command, line) => {
                let request = Request::Do { command: command.clone() };
                drop(self.scheduler.send((*number, request, line.clone())));
            }
            Effect::Explain(number, key) => {
                drop(self.scheduler.send((*number, Request::Explain { key: key.clone() }, String::new())));
            }
            Effect::Status(number) => drop(self.scheduler.send((*number, Request::Status, String::new()))),
            _ => {}
        }
    }
}

fn turn(state: &mut State, terminal: &mut Terminal, events: &Receiver<Event>, hands: &Hands) -> std::io::Result<()> {
    let mut drawn = Instant::now() - FRAME;
    let mut dirty = true;
    loop {
        if dirty && drawn.elapsed() >= FRAME {
            drawn = Instant::now();
            let mut frame = terminal::frame(state.size);
            views::draw(state, &mut frame);
            terminal.show(frame)?;
            dirty = false;
        }
        let wait = if dirty {
            FRAME.saturating_sub(drawn.elapsed())
        } else {
            Duration::from_micros(next_wake(state).unsigned_abs())
        };
        let event = match events.recv_timeout(wait) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) if dirty => continue,
            Err(RecvTimeoutError::Timeout) => Event::Tick,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        state.now = clock::now().as_microsecond();
        match &event {
            Event::Connected => drop(hands.store.send(Question::Watch(false))),
            Event::Disconnected(..) => drop(hands.store.send(Question::Watch(true))),
            _ => {}
        }
        for effect in update(state, event) {
            match &effect {
                Effect::Quit => return Ok(()),
                Effect::Redraw => terminal.forget(),
                Effect::Copy(text) => terminal.copy(text)?,
                Effect::Suspend => terminal.suspend()?,
                other => hands.hand(other),
            }
        }
        dirty = true;
    }
}
