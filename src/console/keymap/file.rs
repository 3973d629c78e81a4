//! The user's `keys.toml`: a preset, and other keys for actions by their stable names.

use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;
use toml::Spanned;

use super::{Action, Keymap, ROWS, collide};
use crate::{
    config::broken_toml,
    error::{Error, Result},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    preset: Option<String>,
    #[serde(default)]
    keys: IndexMap<Spanned<String>, Spanned<Keys>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Keys {
    One(String),
    Many(Vec<String>),
}

/// The preset asked for (else the file's, else `vim`) with the changes of the file, if there is one.
///
/// # Errors
/// `Usage` for a file that can't be read, an unknown preset, action or key, and keys that collide: with both lines.
pub fn load(preset: Option<&str>, file: Option<&Path>) -> Result<Keymap> {
    let text = match file.map(std::fs::read_to_string) {
        Some(Ok(text)) => text,
        None => String::new(),
        Some(Err(e)) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Some(Err(e)) => {
            return Err(Error::usage(format!("cannot read {}", file.unwrap_or(Path::new("")).display())).because(e));
        }
    };
    parse(preset, &text, &file.map(|f| f.display().to_string()).unwrap_or_default())
}

fn parse(preset: Option<&str>, text: &str, name: &str) -> Result<Keymap> {
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let written: Written = toml::from_str(text).map_err(|e| {
        let error = broken_toml(Path::new(name), text, &e);
        if error.hint.is_some() {
            return error;
        }
        error.hint("write preset = \"vim\" and under [keys] lines such as clear = [\"C\", \"F5\"]")
    })?;
    let mut map = Keymap::preset(preset.or(written.preset.as_deref()).unwrap_or("vim"))?;
    let mut lines: Vec<(Action, usize)> = Vec::new();
    for (action, keys) in &written.keys {
        let at = line(action.span().start);
        let row = ROWS.iter().find(|r| r.action.name() == *action.get_ref()).ok_or_else(|| {
            Error::usage(format!("{name}:{at}: no action named {}", action.get_ref()))
                .hint("`?` in the console lists every action's name: type it into the search of the help")
        })?;
        let list = match keys.get_ref() {
            Keys::One(key) => vec![key.clone()],
            Keys::Many(all) => all.clone(),
        };
        for key in &list {
            check(key, row.dangerous).map_err(|why| {
                Error::usage(format!("{name}:{at}: {key:?} can't be a key of {}: {why}", action.get_ref()))
            })?;
        }
        lines.push((row.action, at));
        map.change(row.action, list);
    }
    let of = |action: Action| lines.iter().find(|(a, _)| *a == action).map(|(_, at)| *at);
    if let Some(((a, x), (b, y))) = map.conflicts().into_iter().next() {
        debug_assert!(collide(&x, &y));
        let place = |action: Action| match of(action) {
            Some(at) => format!("{} ({name}:{at})", action.name()),
            None => format!("{} (preset {})", action.name(), map.preset),
        };
        let both = if x == y { format!("{x:?} means two things") } else { format!("{x:?} and {y:?} hide each other") };
        return Err(Error::usage(format!("{both}: {} and {}", place(a), place(b)))
            .hint(format!("give one of them other keys under [keys] in {name}; [] takes all keys away")));
    }
    Ok(map)
}

/// Whether a sequence of strokes can be typed, and may stand for an act.
fn check(keys: &str, acts: bool) -> std::result::Result<(), String> {
    const NAMED: &[&str] = &[
        "Enter",
        "Esc",
        "Tab",
        "Shift-Tab",
        "Backspace",
        "Delete",
        "Space",
        "Ctrl-Space",
        "Up",
        "Down",
        "Left",
        "Right",
        "Home",
        "End",
        "PgUp",
        "PgDn",
    ];
    let strokes: Vec<&str> = keys.split(' ').collect();
    if strokes.len() > 2 || strokes.iter().any(|s| s.is_empty()) {
        return Err("write one stroke, or two with one space between".into());
    }
    for stroke in &strokes {
        if let Some(letter) = stroke.strip_prefix("Ctrl-").filter(|s| s.chars().count() == 1) {
            if "abchijmqsz".contains(letter) {
                return Err(format!("Ctrl-{letter} belongs to the terminal, to tmux or to screen"));
            }
            continue;
        }
        let function =
            stroke.strip_prefix('F').and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| (1..=12).contains(&n));
        if stroke.chars().count() != 1 && !NAMED.contains(stroke) && !function {
            return Err("a stroke is a character, F1 to F12, Ctrl-x, or one of ".to_owned() + &NAMED.join(", "));
        }
    }
    let first = strokes[0];
    if acts && (first.starts_with("Ctrl") || !first.starts_with(|c: char| c.is_ascii_uppercase())) {
        return Err("what changes something needs an upper-case letter or a function key".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{keymap::Meaning, place::Scope};

    #[test]
    fn a_file_changes_a_preset() {
        let text = "preset = \"k9s\"\n[keys]\nclear = [\"F5\", \"C\"]\nfreeze = \"%\"\n";
        let map = parse(None, text, "keys.toml").unwrap();
        assert_eq!((map.preset.as_str(), map.changes), ("k9s", 2));
        assert!(matches!(map.meaning("F5", Scope::RUNS), Meaning::Row(r) if r.action == Action::Clear));
        assert!(matches!(map.meaning("l", Scope::RUNS), Meaning::Row(r) if r.action == Action::Log));
        assert_eq!(map.meaning("z", Scope::RUNS), Meaning::Nothing);
        assert_eq!(parse(Some("vim"), text, "keys.toml").unwrap().preset, "vim");
    }

    #[test]
    fn mistakes_name_their_lines() {
        for (text, parts) in [
            ("[keys]\nfreeze = \"%\"\nsort = \"%\"\n", &["freeze (k:2)", "sort (k:3)", "means two things"][..]),
            ("[keys]\n\nfreeze = \"g\"\n", &["freeze (k:3)", "(preset vim)", "hide each other"]),
            ("[keys]\nclear = \"c\"\n", &["k:2", "upper-case"]),
            ("[keys]\nfreeze = \"Ctrl-a\"\n", &["k:2", "tmux"]),
            ("[keys]\nfreze = \"%\"\n", &["k:2", "no action named freze"]),
            ("preset = \"emacs\"\n", &["no preset", "arrows"]),
            ("keys = 3\n", &["k:1"]),
            ("[keys]\nfreeze = \"a b c\"\n", &["k:2", "two with one space"]),
        ] {
            let e = parse(None, text, "k").unwrap_err();
            let all = format!("{e} {}", e.hint.clone().unwrap_or_default());
            for part in parts {
                assert!(all.contains(part), "{text:?}: {all}");
            }
        }
    }
}
