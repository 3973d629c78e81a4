//! Fields of a form.

use crate::console::widgets::input::Input;

/// How a field is filled in.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// On or off.
    Toggle(bool),
    /// A line of text.
    Text(Input),
    /// One of several.
    Choice(Vec<String>, usize),
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name in the code.
    pub name: String,
    /// Name on the screen.
    pub label: String,
    /// How it is filled in.
    pub control: Control,
    /// What it is for, or which values are allowed.
    pub note: String,
}

impl Field {
    /// A toggle.
    pub fn toggle(name: &str, label: &str, on: bool) -> Self {
        Self { name: name.into(), label: label.into(), control: Control::Toggle(on), note: String::new() }
    }
    /// A line of text.
    pub fn text(name: &str, label: &str, value: &str, note: &str) -> Self {
        Self { name: name.into(), label: label.into(), control: Control::Text(Input::new(value)), note: note.into() }
    }
    /// One of several, the first is chosen.
    pub fn choice(name: &str, label: &str, all: &[&str], note: &str) -> Self {
        let all = all.iter().map(|s| (*s).to_owned()).collect();
        Self { name: name.into(), label: label.into(), control: Control::Choice(all, 0), note: note.into() }
    }
    /// True if it is a toggle that is on.
    pub fn on(&self) -> bool {
        self.control == Control::Toggle(true)
    }
    /// Its text; of a choice the chosen one.
    pub fn value(&self) -> String {
        match &self.control {
            Control::Toggle(on) => on.to_string(),
            Control::Text(input) => input.text.clone(),
            Control::Choice(all, at) => all.get(*at).cloned().unwrap_or_default(),
        }
    }
    /// Takes a key that changes it; true if it did.
    pub fn key(&mut self, key: &str) -> bool {
        match &mut self.control {
            Control::Toggle(on) if key == "Space" => {
                *on = !*on;
                true
            }
            Control::Choice(all, at) if !all.is_empty() && matches!(key, "Space" | "Right" | "Left") => {
                let step = if key == "Left" { all.len() - 1 } else { 1 };
                *at = (*at + step) % all.len();
                true
            }
            Control::Text(input) => input.key(key),
            _ => false,
        }
    }
}
