//! What lies over a screen: help, palette, a form, a question.

use super::{forms::ActForm, keymap::Action, place::Setting, widgets::input::Input};

/// What lies over the screen.
#[derive(Debug, Clone, Default)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// Help of the screen, with what is searched for and the line under the cursor.
    Help(Input, usize),
    /// Palette.
    Palette(Input, usize),
    /// A form for an act.
    Form(Box<ActForm>),
    /// A form whose button was pressed in a protected environment: what must be typed before, and what was.
    Protect(Box<ActForm>, String, Input),
    /// A line that is asked for.
    Prompt(Prompt, Input),
    /// "Quit?".
    Quit,
    /// What this session did, scrolled by so many lines.
    Session(usize),
    /// Details of what is under the cursor, scrolled by so many lines.
    Text(String, Vec<String>, usize),
}

/// What a line is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Text that lines of a log must have.
    Grep,
    /// Shell command that gets the log, or the object's JSON.
    Pipe,
    /// File that gets the log, the text or the rows.
    Export,
    /// Text that is looked for in all logs.
    Search,
}

impl Prompt {
    /// In front of the line, and what it is for.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Grep => ("& ", "only lines with this text, 2 around each; empty: all"),
            Self::Pipe => ("| ", "a shell command reads it; the terminal is its own meanwhile"),
            Self::Search => ("/ ", "every log of every run is searched, newest first"),
            Self::Export => ("> ", "written there: a log or text as it is, a list as lines of JSON"),
        }
    }
}

/// What a line of the palette does.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// A key's action.
    Do(Action),
    /// Opens a DAG.
    Dag(String),
    /// Opens a DAG at a task.
    Task(String, String),
    /// Goes to a pool, connection or variable.
    Setting(Setting, String),
    /// Goes to a list, narrowed by a filter.
    List(Action, String),
    /// Nothing: what was typed can't be used, as the line says.
    Nothing,
    /// Uses a theme.
    Theme(String),
}
