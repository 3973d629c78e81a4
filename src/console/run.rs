//! The loop: takes events, updates, draws at most ten times a second, and hands effects to the threads.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::Child,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use crate::{
    clock, config,
    error::{Error, Result},
    store::screens::{RunRef, TiRef},
};

use super::{
    distance::Distance,
    forms::shell::quoted,
    hands::Hands,
    input::{self, Gate},
    keymap,
    memory::{self, Leavings},
    message::{Effect, Event},
    pace::Pace,
    place::{Place, Tab},
    screen::Screen,
    shell,
    state::{Facts, State},
    terminal::{self, Terminal},
    theme::Theme,
    update::{ask_everywhere, next_wake, start_scheduler, update},
    views,
    widgets::{
        input::Input,
        reduce::{Colours, ascii_locale},
    },
};

/// Starts a scheduler for the home: its process, or `None` if one runs already. The console can't name the engine.
pub type Starter = fn(&Path, &Path) -> Result<Option<Child>>;

/// What the console opens with instead of its home screen, which is below it.
#[derive(Debug, Clone, PartialEq)]
pub enum Opening {
    /// A DAG: its grid.
    Dag(String),
    /// A run: its timeline.
    Run(RunRef),
    /// The instances of a mapped task of a run.
    Mapped(RunRef, String),
    /// A task instance: its log.
    Instance(TiRef),
}

impl Opening {
    /// The screens, each on top of the one before.
    pub(super) fn screens(self) -> Vec<Screen> {
        let (dag, mut above) = match self {
            Self::Dag(dag_id) => (dag_id, Vec::new()),
            Self::Run(run) => (run.dag_id.clone(), vec![Screen::new(Place::Gantt(run))]),
            Self::Mapped(run, task_id) => {
                let mut list = Screen::new(Place::Instances(Some(run.clone())));
                list.filter = Input::new(format!("task:{task_id}"));
                (run.dag_id, vec![list])
            }
            Self::Instance(ti) => {
                let run = ti.run.clone();
                (run.dag_id.clone(), vec![Screen::new(Place::Gantt(run)), Screen::new(Place::Instance(ti, Tab::Log))])
            }
        };
        above.insert(0, Screen::new(Place::Grid(dag)));
        above
    }
}

/// How the console is to be run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The home.
    pub home: PathBuf,
    /// Folder of the DAG files.
    pub dags_folder: PathBuf,
    /// Base folder of task logs; `None`: in the home.
    pub logs: Option<PathBuf>,
    /// Theme; `None`: default.
    pub theme: Option<String>,
    /// No verbs.
    pub read_only: bool,
    /// Name of the environment for the top line; `None`: `local`.
    pub context: Option<String>,
    /// `auto`, `never`, `16`, `256`, `true`; `None`: auto.
    pub color: Option<String>,
    /// Draw only ASCII; else the locale decides.
    pub ascii: bool,
    /// The terminal reports the mouse from the start.
    pub mouse: bool,
    /// Preset of keys; `None`: that of the file, else `vim`.
    pub keys: Option<String>,
    /// The user's `keys.toml`.
    pub keys_file: Option<PathBuf>,
    /// How a scheduler is started; `None`: never.
    pub starter: Option<Starter>,
    /// What it opens with; `None`: the home screen.
    pub at: Option<Opening>,
}

/// Runs the console until the user leaves it or the terminal is gone.
pub fn run(options: Options) -> Result<()> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Error::usage("the console needs a terminal").hint("dagdeck help lists the commands for scripts"));
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return Err(Error::usage("the console needs a terminal that can move its cursor, and TERM is \"dumb\"")
            .hint("dagdeck screen triage prints a screen as text, dagdeck help lists the commands"));
    }
    // Before any thread has a heap of its own.
    memory::keep_little();
    let size = crossterm::terminal::size().map_err(|e| Error::system("cannot ask the terminal for its size", e))?;
    let (events_in, events) = channel();
    // Before any other thread, so that all inherit which signals are left to the one that waits for them.
    input::watch_signals(events_in.clone());
    let mut state = start(&options, size, |name| std::env::var(name).ok())?;
    if let Some(at) = options.at.clone() {
        state.stack.extend(at.screens());
    }
    let hands = Hands::start(&options, &events_in);
    let mut first = state.load();
    first.extend(ask_everywhere(&mut state));
    if options.starter.is_some() && !options.read_only {
        first.extend(start_scheduler(&mut state));
    }
    for effect in &first {
        hands.hand(effect);
    }
    terminal::restore_on_panic();
    let taken = Terminal::take().and_then(|terminal| Ok((terminal, input::read_keys(events_in)?)));
    let (mut terminal, mut gate) = taken.map_err(|e| Error::system("cannot take the terminal", e))?;
    if options.mouse {
        state.mouse = true;
        terminal.mouse(true).map_err(|e| Error::system("cannot turn the mouse on", e))?;
    }
    let done = turn(&mut state, &mut terminal, &mut gate, &events, &hands);
    drop(terminal);
    match done {
        // A terminal that is gone isn't an error of ours.
        Err(e) if e.raw_os_error() != Some(5) && e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::system("cannot write to the terminal", e))
        }
        _ => Ok(()),
    }
}

/// Time from here to the first whole frame with data, without a terminal.
pub fn first_frame(options: &Options, size: (u16, u16)) -> Result<Duration> {
    let start_at = Instant::now();
    let mut state = start(options, size, |_| None)?;
    let (events_in, events) = channel();
    let hands = Hands::start(options, &events_in);
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

/// What an environment without a name is called: `local` for the home in the user's own folder, else the folder.
fn name_of(home: &Path, user: Option<&str>) -> String {
    let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    match name(home) {
        Some(n) if !n.starts_with('.') => n,
        Some(_) if home.parent() != user.map(Path::new) => {
            home.parent().and_then(name).unwrap_or_else(|| "local".into())
        }
        _ => "local".into(),
    }
}

/// How the command line is called for the home.
fn program(options: &Options) -> String {
    match &options.context {
        Some(name) => format!("dagdeck --context {}", quoted(name)),
        None if config::Place::usual_home().is_ok_and(|usual| usual == options.home) => "dagdeck".into(),
        None => format!("dagdeck --home {}", quoted(&options.home.display().to_string())),
    }
}

fn start(options: &Options, size: (u16, u16), environment: impl Fn(&str) -> Option<String>) -> Result<State> {
    let colours = Colours::choose(options.color.as_deref(), &environment)?;
    let theme = Theme::choose(options.theme.as_deref(), colours == Colours::Never)?;
    let keymap = keymap::load(options.keys.as_deref(), options.keys_file.as_deref())?;
    let facts = Facts {
        home: options.home.clone(),
        dags_folder: options.dags_folder.clone(),
        logs: logs_of(options),
        context: options.context.clone().unwrap_or_else(|| name_of(&options.home, environment("HOME").as_deref())),
        program: program(options),
        read_only: options.read_only,
        ascii: options.ascii || ascii_locale(&environment),
        colours,
    };
    let mut state = State::new(facts, theme, keymap, size, clock::now().as_microsecond());
    state.distance = Distance::of(&environment);
    Ok(state)
}

pub(super) fn logs_of(options: &Options) -> PathBuf {
    options.logs.clone().unwrap_or_else(|| options.home.join("logs"))
}

fn turn(
    state: &mut State,
    terminal: &mut Terminal,
    gate: &mut Gate,
    events: &Receiver<Event>,
    hands: &Hands,
) -> std::io::Result<()> {
    let mut pace = Pace::new(Instant::now());
    let mut leavings = Leavings::new(Instant::now());
    let mut dirty = true;
    // A terminal that nobody looks at gets a frame only if what it shows is wrong: it has another size, or was lent.
    let mut wrong = false;
    loop {
        let now = Instant::now();
        let seen = dirty && (state.focused || wrong);
        if seen && pace.may_draw(now) {
            let mut frame = terminal::frame(state.size);
            views::draw(state, &mut frame);
            terminal.show(frame)?;
            (dirty, wrong) = (false, false);
        }
        let waits = dirty && (state.focused || wrong);
        let wait = if waits { pace.wait(now) } else { Duration::from_micros(next_wake(state).unsigned_abs()) };
        let event = match events.recv_timeout(wait) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) if waits => continue,
            Err(RecvTimeoutError::Timeout) => {
                leavings.clear(now);
                Event::Tick
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        state.now = clock::now().as_microsecond();
        match &event {
            Event::Connected => hands.store.watch(false),
            Event::Disconnected(..) => hands.store.watch(true),
            Event::Resize(..) => wrong = true,
            Event::Loaded(..) | Event::Log(..) => leavings.come(),
            _ => {}
        }
        if event.is_by_hand() {
            pace.hand(Instant::now());
        }
        for effect in update(state, event) {
            match &effect {
                Effect::Quit => return Ok(()),
                Effect::Redraw => terminal.forget(),
                Effect::Copy(text) => terminal.copy(text)?,
                Effect::Suspend => {
                    terminal.suspend()?;
                    wrong = true;
                }
                Effect::Mouse(on) => terminal.mouse(*on)?,
                Effect::Ping => {
                    gate.asks();
                    terminal.ask_cursor()?;
                }
                Effect::Shell(words) => {
                    gate.close();
                    let (home, dags) = &hands.places;
                    terminal.lend(|| shell::verb(home, dags, words))?;
                    gate.open();
                }
                Effect::Edit(text) => {
                    gate.close();
                    let mut came = Err(String::new());
                    terminal.lend(|| came = shell::edit(text))?;
                    gate.open();
                    drop(hands.events.send(Event::Edited(came)));
                }
                Effect::Pipe(command, source) => {
                    gate.close();
                    terminal.lend(|| shell::pipe(command, source.clone()))?;
                    gate.open();
                }
                other => hands.hand(other),
            }
        }
        dirty = true;
    }
}
