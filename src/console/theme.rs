//! Colours by role, from TOML files inside the binary. A state is always a letter too, so colour may be absent.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::{
    error::{Error, Result},
    model::{RunState, TiState},
};

/// Names and texts of the themes.
const THEMES: &[(&str, &str)] = &[
    ("default", include_str!("../../themes/default.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("deuteranopia", include_str!("../../themes/deuteranopia.toml")),
    ("tritanopia", include_str!("../../themes/tritanopia.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// What a piece of the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything else.
    Text,
    /// Less important.
    Dim,
    /// Top line.
    Header,
    /// Titles of columns and sections.
    Title,
    /// The row under the cursor.
    Cursor,
    /// A marked row.
    Mark,
    /// Keys in hints.
    Key,
    /// Lines.
    Border,
    /// Something went well.
    Good,
    /// Something went wrong.
    Bad,
    /// Something to look at.
    Warn,
    /// A match of a search.
    Match,
    /// The focused field or button.
    Focus,
    /// A protected context's name.
    Protected,
}

/// One style as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
    reverse: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    roles: BTreeMap<Role, Written>,
    states: BTreeMap<TiState, Written>,
}

/// Styles by role and state.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    roles: BTreeMap<Role, Style>,
    states: BTreeMap<TiState, Style>,
}

impl Theme {
    /// The names there are.
    pub fn names() -> impl Iterator<Item = &'static str> {
        THEMES.iter().map(|(name, _)| *name)
    }

    /// A theme by name. An unknown name is an error that lists those there are.
    pub fn named(name: &str) -> Result<Self> {
        let Some((name, text)) = THEMES.iter().find(|(n, _)| *n == name) else {
            let all: Vec<_> = Self::names().collect();
            return Err(Error::usage(format!("no theme named {name}")).hint(format!("one of {}", all.join(", "))));
        };
        let file: File = toml::from_str(text).map_err(|e| Error::system(format!("theme {name} is broken"), e))?;
        Ok(Self {
            name: (*name).into(),
            roles: file.roles.iter().map(|(k, v)| Ok((*k, style(v)?))).collect::<Result<_>>()?,
            states: file.states.iter().map(|(k, v)| Ok((*k, style(v)?))).collect::<Result<_>>()?,
        })
    }

    /// The theme to use: the one asked for; without colours if `no_color`.
    pub fn choose(name: Option<&str>, no_color: bool) -> Result<Self> {
        let asked = name.map(Self::named).transpose()?;
        if no_color { Self::named("mono") } else { asked.map_or_else(|| Self::named("default"), Ok) }
    }

    /// Style of a context's name in the top line: each name has its own, the home without a context that of the line.
    pub fn context(&self, name: &str) -> Style {
        const OWN: [(Color, Color); 6] = [
            (Color::Black, Color::Green),
            (Color::Black, Color::Cyan),
            (Color::White, Color::Magenta),
            (Color::Black, Color::Yellow),
            (Color::Black, Color::Gray),
            (Color::Black, Color::LightBlue),
        ];
        let line = self.role(Role::Header);
        if name == "local" || line.bg.is_none() {
            return line;
        }
        let sum = name.bytes().fold(0_usize, |sum, b| sum.wrapping_mul(31).wrapping_add(usize::from(b)));
        let (fg, bg) = OWN[sum % OWN.len()];
        line.fg(fg).bg(bg)
    }

    /// Style of a role.
    pub fn role(&self, role: Role) -> Style {
        self.roles.get(&role).copied().unwrap_or_default()
    }

    /// Style of a task instance's state.
    pub fn state(&self, state: TiState) -> Style {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// Style of a run's state.
    pub fn run(&self, state: RunState) -> Style {
        self.state(match state {
            RunState::Queued => TiState::Queued,
            RunState::Running => TiState::Running,
            RunState::Success => TiState::Success,
            RunState::Failed => TiState::Failed,
        })
    }
}

fn style(written: &Written) -> Result<Style> {
    let colour = |text: &Option<String>| -> Result<Option<Color>> {
        text.as_deref()
            .map(|t| t.parse().map_err(|_| Error::system("a theme is broken", format!("{t} is no colour"))))
            .transpose()
    };
    let mut style = Style::new();
    style.fg = colour(&written.fg)?;
    style.bg = colour(&written.bg)?;
    for (on, modifier) in [
        (written.bold, Modifier::BOLD),
        (written.dim, Modifier::DIM),
        (written.underline, Modifier::UNDERLINED),
        (written.reverse, Modifier::REVERSED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_says_every_role_and_state() {
        for name in Theme::names() {
            let theme = Theme::named(name).unwrap();
            for state in TiState::ALL {
                assert!(theme.states.contains_key(state), "{name}: {state}");
            }
            for role in ["text", "cursor", "header", "focus", "match", "protected"] {
                let role: Role = serde_json::from_value(role.into()).unwrap();
                assert!(theme.roles.contains_key(&role), "{name}: {role:?}");
            }
        }
    }

    #[test]
    fn no_color_has_no_colour() {
        let theme = Theme::choose(Some("light"), true).unwrap();
        assert!(theme.roles.values().chain(theme.states.values()).all(|s| s.fg.is_none() && s.bg.is_none()));
        assert!(Theme::named("pink").unwrap_err().to_string().contains("high-contrast"));
    }
}
