//! Frames without a terminal: for tests and for the pictures in the README.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier},
};
use rusqlite::Connection;

use crate::{
    error::Result,
    protocol::command::ReplyError,
    store::screens::{Opened, open_reader, stop_when},
};

use super::{
    keymap::{Keymap, load},
    log,
    message::{Effect, Event, Source},
    query::{Data, Kept, Query, answer},
    run::Opening,
    search::Search,
    state::{Facts, Link, State},
    terminal,
    theme::Theme,
    update::{ask_everywhere, filter_changed, start_scheduler, update},
    views,
    widgets::{input::Input, reduce::Colours},
};

/// Steps of SQLite that are counted at once.
const STEPS: i32 = 20;

/// A console without a terminal, whose questions are answered at once.
pub struct Stage {
    state: State,
    db: PathBuf,
    conn: Option<Connection>,
    kept: Kept,
    steps: Arc<AtomicU64>,
    holds_searches: bool,
    asked: Option<log::Ask>,
    writing: Vec<(u64, PathBuf)>,
    /// What it wanted done that has no answer here: acts, copies, the end.
    pub wanted: Vec<String>,
}

impl Stage {
    /// A console of a home, at an instant (microseconds), of a size, with a scheduler that never answers if `connected`.
    pub fn new(home: PathBuf, size: (u16, u16), now: i64, connected: bool) -> Result<Self> {
        let (dags_folder, logs) = (home.join("dags"), home.join("logs"));
        Self::with((home, dags_folder, logs), size, now, connected)
    }

    /// A console of a home with its DAG folder and its folder of logs, and what its scheduler says of itself, if one runs.
    ///
    /// # Errors
    /// What reading the store says.
    pub fn of(
        home: PathBuf,
        dags_folder: PathBuf,
        logs: PathBuf,
        scheduler: Option<serde_json::Value>,
        now: i64,
    ) -> Result<Self> {
        let mut stage = Self::with((home, dags_folder, logs), (80, 24), now, scheduler.is_some())?;
        stage.state.status = scheduler;
        Ok(stage)
    }

    fn with(
        (home, dags_folder, logs): (PathBuf, PathBuf, PathBuf),
        size: (u16, u16),
        now: i64,
        connected: bool,
    ) -> Result<Self> {
        let facts = Facts {
            dags_folder,
            logs,
            context: "test".into(),
            program: "dagdeck".into(),
            read_only: false,
            ascii: false,
            colours: Colours::default(),
            home,
        };
        let db = facts.home.join("dagdeck.db");
        let mut state = State::new(facts, Theme::named("default")?, Keymap::preset("vim")?, size, now);
        let mut effects = state.load();
        effects.extend(ask_everywhere(&mut state));
        let link =
            if connected { Event::Connected } else { Event::Disconnected("none runs for this home".into(), 8000) };
        effects.extend(update(&mut state, link));
        let mut stage = Self {
            state,
            db,
            conn: None,
            kept: Kept::default(),
            steps: Arc::default(),
            wanted: Vec::new(),
            holds_searches: false,
            asked: None,
            writing: Vec::new(),
        };
        stage.carry_out(effects);
        Ok(stage)
    }

    /// A console as it is in the first moment: nobody has answered, a scheduler is being started.
    pub fn starting(mut self) -> Self {
        self.state.link = Link::Opening;
        let effects = start_scheduler(&mut self.state);
        self.carry_out(effects);
        self
    }

    /// What it knows.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Goes to an object.
    pub(super) fn open(&mut self, at: Opening) {
        self.state.stack.extend(at.screens());
        let effects = self.state.load();
        self.carry_out(effects);
    }

    /// Shows only what fits a filter.
    pub(super) fn narrow(&mut self, filter: Input) {
        self.state.screen_mut().filter = filter;
        let effects = filter_changed(&mut self.state);
        self.carry_out(effects);
    }

    /// Keys, separated by spaces: `2 Enter g g`. Each comes a second after the one before.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.event(Event::Key(key.into()));
        }
        self
    }

    /// Keys typed so fast (20 ms apart) that nothing is answered before the last of them.
    pub fn fast(&mut self, keys: &str) -> &mut Self {
        let mut effects = Vec::new();
        for key in keys.split_whitespace() {
            self.state.now += 20_000;
            effects.extend(update(&mut self.state, Event::Key(key.into())));
        }
        self.carry_out(effects);
        self
    }

    /// A text, letter by letter.
    pub fn type_text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.event(Event::Key(if c == ' ' { "Space".into() } else { c.to_string() }));
        }
        self
    }

    /// Another size.
    pub fn resize(&mut self, w: u16, h: u16) -> &mut Self {
        self.event(Event::Resize(w, h));
        self
    }

    /// The store changed.
    pub fn changed(&mut self) -> &mut Self {
        self.event(Event::Changed);
        self
    }

    /// The scheduler answers a request.
    pub fn answer(&mut self, number: u64, document: serde_json::Value) -> &mut Self {
        self.event(Event::Reply(number, Ok(document)));
        self
    }

    /// The scheduler refuses a request.
    pub fn refuse(&mut self, number: u64, message: &str) -> &mut Self {
        let error = ReplyError { kind: "refused".into(), message: message.into(), cause: None, hint: None };
        self.event(Event::Reply(number, Err(error)));
        self
    }

    /// The editor gives a text back.
    pub fn edited(&mut self, text: &str) -> &mut Self {
        self.event(Event::Edited(Ok(text.into())));
        self
    }

    /// Text pasted.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.event(Event::Paste(text.into()));
        self
    }

    /// Other colours.
    ///
    /// # Errors
    /// `Usage` if there is no theme of that name.
    pub fn theme(&mut self, name: &str) -> Result<&mut Self> {
        self.state.theme = Theme::named(name)?;
        Ok(self)
    }

    /// Other keys: those of a preset, changed by a `keys.toml`.
    ///
    /// # Errors
    /// `Usage` for an unknown preset, or a file that can't be used.
    pub fn keymap(&mut self, preset: Option<&str>, file: Option<&Path>) -> Result<&mut Self> {
        self.state.keymap = load(preset, file)?;
        Ok(self)
    }

    /// The name of the environment.
    pub fn context(&mut self, name: &str) -> &mut Self {
        self.state.facts.context = name.into();
        self
    }

    /// The terminal's window gets or loses the focus.
    pub fn focus(&mut self, on: bool) -> &mut Self {
        self.event(Event::Focus(on));
        self
    }

    /// The left mouse button is pressed.
    pub fn click(&mut self, x: u16, y: u16) -> &mut Self {
        self.event(Event::Click(x, y));
        self
    }

    /// Others look at something: user and screen.
    pub fn present(&mut self, all: &[(&str, &str)]) -> &mut Self {
        let all = all.iter().map(|(who, at)| ((*who).to_owned(), (*at).to_owned()));
        self.event(Event::Present(all.collect()));
        self
    }

    /// The scheduler is lost.
    pub fn lose_scheduler(&mut self) -> &mut Self {
        self.event(Event::Disconnected("it ended".into(), 8000));
        self
    }

    /// Searches through logs take long from now on: they are answered when [`Stage::searched`] says so.
    pub fn slow_searches(&mut self) -> &mut Self {
        self.holds_searches = true;
        self
    }

    /// A search is so far: bytes of bytes.
    pub fn searching(&mut self, done: u64, all: u64) -> &mut Self {
        // Of a search in all logs these are files.
        self.event(match self.state.hunt {
            Some(number) => {
                let files = (done as usize, all as usize);
                Event::Searched(number, Ok(log::search::Hits { files, ..Default::default() }))
            }
            None => Event::Searching(done, all),
        });
        self
    }

    /// The file that is written is so far: bytes of bytes.
    pub fn exporting(&mut self, done: u64, all: u64) -> &mut Self {
        if let Some((number, _)) = self.writing.last() {
            let number = *number;
            self.event(Event::Exporting(number, done, all));
        }
        self
    }

    /// The search that somebody still waits for is done.
    pub fn searched(&mut self) -> &mut Self {
        if let Some(ask) = self.asked.take() {
            let found = log::answer(&ask, &mut |_, _| true).map_err(|e| e.to_string());
            self.event(Event::Log(ask, found));
        }
        self
    }

    fn event(&mut self, event: Event) {
        self.state.now += 400_000;
        let effects = update(&mut self.state, event);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let event = match effect {
                Effect::Load(number, _, query) => {
                    let found = self.ask(&query);
                    Event::Loaded(number, found.map_err(|e| e.to_string()))
                }
                Effect::Log(ask) if self.holds_searches && Search::of(&ask, 0).is_some() => {
                    self.wanted.push(format!("search {}", ask.path.display()));
                    self.asked = Some(ask);
                    continue;
                }
                Effect::Log(ask) => {
                    let found = log::answer(&ask, &mut |_, _| true).map_err(|e| e.to_string());
                    Event::Log(ask, found)
                }
                Effect::TestConnection(id) => {
                    self.wanted.push(format!("test {id}"));
                    continue;
                }
                Effect::Search(_, text) if self.holds_searches => {
                    self.wanted.push(format!("search in all logs for {text}"));
                    continue;
                }
                Effect::Search(number, text) => {
                    let mut last = Err(String::new());
                    let tell = |hits| {
                        last = Ok(hits);
                        true
                    };
                    match log::search::search(&self.state.facts.logs, &text, tell) {
                        Ok(()) => Event::Searched(number, last),
                        Err(e) => Event::Searched(number, Err(e.to_string())),
                    }
                }
                Effect::EndSearch => {
                    self.wanted.push("end the search".into());
                    self.asked = None;
                    continue;
                }
                Effect::Act(number, _, line) => {
                    self.wanted.push(format!("{number}: {line}"));
                    continue;
                }
                Effect::Copy(text) => {
                    self.wanted.push(format!("copy {text}"));
                    continue;
                }
                Effect::Quit => {
                    self.wanted.push("quit".into());
                    continue;
                }
                Effect::Pipe(command, _) => {
                    self.wanted.push(format!("pipe {command}"));
                    continue;
                }
                Effect::Export(number, from, to) => {
                    let from = match from {
                        Source::Log(path) => path.display().to_string(),
                        Source::Text(text) => text,
                    };
                    self.wanted.push(format!("export {from} {}", to.display()));
                    if self.holds_searches {
                        self.writing.push((number, to));
                        continue;
                    }
                    Event::Exported(number, Ok((to, from.lines().count())))
                }
                Effect::EndExport(number) => {
                    self.wanted.push("end the export".into());
                    self.writing.retain(|(n, _)| *n != number);
                    Event::Exported(number, Err("it was ended".into()))
                }
                Effect::Edit(text) => {
                    self.wanted.push(format!("edit {text}"));
                    continue;
                }
                Effect::StartScheduler => {
                    self.wanted.push("start a scheduler".into());
                    continue;
                }
                Effect::Progress(all) => {
                    let look = |(ti, path): (_, PathBuf)| (ti, log::progress::of_file(&path));
                    Event::Progress(all.into_iter().map(look).collect())
                }
                Effect::Shell(words) => {
                    self.wanted.push(super::forms::shell_words(&words));
                    continue;
                }
                Effect::Mouse(on) => {
                    self.wanted.push(format!("mouse {on}"));
                    continue;
                }
                Effect::Ping
                | Effect::Look(_)
                | Effect::Explain(..)
                | Effect::Status(_)
                | Effect::Redraw
                | Effect::Suspend => {
                    continue;
                }
            };
            let more = update(&mut self.state, event);
            self.carry_out(more);
        }
    }

    /// Asks the store over the one connection that a console has.
    fn ask(&mut self, query: &Query) -> Result<Data> {
        if self.conn.is_none()
            && let Opened::Ready(mut opened) = open_reader(&self.db)?
        {
            let steps = self.steps.clone();
            let count = move || {
                steps.fetch_add(STEPS as u64, Ordering::Relaxed);
                false
            };
            stop_when(&mut opened, STEPS, count)?;
            self.conn = Some(opened);
        }
        self.conn.as_ref().map_or(Ok(Data::NoStore), |conn| answer(conn, query, &mut self.kept))
    }

    /// How many steps SQLite has made for this console, by and large: what its questions cost, whatever the machine does.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// The frame.
    pub fn frame(&self) -> Buffer {
        let mut frame = terminal::frame(self.state.size);
        views::draw(&self.state, &mut frame);
        frame
    }

    /// The frame as text.
    pub fn text(&self) -> String {
        frame_text(&self.frame())
    }
}

/// A frame as lines of text, without spaces at their ends.
pub fn frame_text(frame: &Buffer) -> String {
    let area = *frame.area();
    let mut out = String::new();
    for y in 0..area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = frame[(x, y)].symbol();
            line.push_str(symbol.trim_end_matches(super::widgets::text::ISOLATE));
            skip = super::widgets::text::width(symbol).saturating_sub(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A frame as an SVG picture with a dark background.
pub fn frame_svg(frame: &Buffer) -> String {
    const W: f32 = 8.4;
    const H: f32 = 18.0;
    let area = *frame.area();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0}\" height=\"{:.0}\" font-family=\"monospace\" \
         font-size=\"14\" xml:space=\"preserve\"><rect width=\"100%\" height=\"100%\" fill=\"#101418\"/>\n",
        f32::from(area.width) * W,
        f32::from(area.height) * H
    );
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let cell = &frame[(x, y)];
            let style = (cell.fg, cell.bg, cell.modifier);
            let start = x;
            let mut text = String::new();
            // Cells of one style are one text.
            while x < area.width && (frame[(x, y)].fg, frame[(x, y)].bg, frame[(x, y)].modifier) == style {
                let symbol = frame[(x, y)].symbol();
                text.push_str(symbol);
                x += super::widgets::text::width(symbol).max(1) as u16;
            }
            span(&mut out, &text, (f32::from(start) * W, f32::from(y) * H), f32::from(x - start) * W, style);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn span(out: &mut String, text: &str, (x, y): (f32, f32), width: f32, (fg, bg, modifier): (Color, Color, Modifier)) {
    let (mut ink, mut paper) = (hex(fg, "#d0d7de"), hex(bg, "#101418"));
    if modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut paper);
    }
    if paper != "#101418" {
        out.push_str(&format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"18\" fill=\"{paper}\"/>\n"
        ));
    }
    if text.trim().is_empty() {
        return;
    }
    let bold = if modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    out.push_str(&format!(
        "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{ink}\" textLength=\"{width:.1}\"{bold}>{text}</text>\n",
        y + 14.0
    ));
}

fn hex(colour: Color, default: &str) -> String {
    match colour {
        Color::Black => "#000000",
        Color::Red => "#d1242f",
        Color::Green => "#57ab5a",
        Color::Yellow => "#d4a72c",
        Color::Blue => "#0969da",
        Color::Magenta => "#b083f0",
        Color::Cyan => "#39c5cf",
        Color::Gray => "#8c959f",
        Color::DarkGray => "#6e7781",
        Color::LightRed => "#ff7b72",
        Color::LightGreen => "#7ee787",
        Color::LightYellow => "#f2cc60",
        Color::LightBlue => "#79c0ff",
        Color::LightMagenta => "#d2a8ff",
        Color::LightCyan => "#76e3ea",
        Color::White => "#ffffff",
        Color::Rgb(r, g, b) => return format!("#{r:02x}{g:02x}{b:02x}"),
        _ => default,
    }
    .into()
}
