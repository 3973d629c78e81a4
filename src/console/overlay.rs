//! What lies over a screen: help, palette, a form, a question.

use super::{forms::ActForm, keymap::Action, widgets::input::Input};

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
    /// "Quit?".
    Quit,
    /// What this session did, scrolled by so many lines.
    Session(usize),
    /// Details of what is under the cursor, scrolled by so many lines.
    Text(String, Vec<String>, usize),
}

/// What a line of the palette does.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// A key's action.
    Do(Action),
    /// Opens a DAG.
    Dag(String),
    /// Uses a theme.
    Theme(String),
}
