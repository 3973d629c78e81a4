//! The keys as rows of data: help, hints, palette and read-only mode are made from them.

mod file;
mod presets;
mod rows;

pub use file::load;
pub use presets::PRESETS;
pub use rows::ROWS;

use std::collections::HashMap;

use super::place::Scope;
use crate::error::{Error, Result};

/// Everything a key can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the table says what each is
pub enum Action {
    Up,
    Down,
    Left,
    Right,
    Top,
    Bottom,
    HalfUp,
    HalfDown,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Back,
    UpOne,
    LastScreen,
    NextPane,
    PreviousPane,
    Triage,
    Dags,
    Runs,
    Instances,
    Backfills,
    Pods,
    Settings,
    Assets,
    Mouse,
    Audit,
    System,
    GoDag,
    GoRuns,
    GoInstances,
    GoLog,
    Pod,
    GoFailure,
    GoAudit,
    GoBackfills,
    SearchLogs,
    ViewGrid,
    ViewGantt,
    ViewGraph,
    OnlyAbove,
    OnlyBelow,
    ViewCalendar,
    ViewSource,
    ViewVersions,
    ViewCycle,
    NextProblem,
    PreviousProblem,
    TryBefore,
    TryAfter,
    IndexBefore,
    IndexAfter,
    Filter,
    Grep,
    FindNext,
    FindPrevious,
    OnlyProblems,
    Palette,
    Help,
    Log,
    Details,
    Inputs,
    Xcom,
    Blockers,
    Diff,
    Sort,
    Unfold,
    Fold,
    ZoomIn,
    ZoomOut,
    Fit,
    Zone,
    Wrap,
    Follow,
    Freeze,
    Stamps,
    Mark,
    MarkRange,
    MarkAll,
    Unmark,
    CopyName,
    CopyCommand,
    CopyJson,
    CopyId,
    CopyLine,
    CopyIncident,
    Pipe,
    Export,
    Clear,
    Retry,
    MarkSuccess,
    MarkFailed,
    MarkSkipped,
    Trigger,
    Backfill,
    Pause,
    Stop,
    Acknowledge,
    Silence,
    Claim,
    Note,
    Edit,
    New,
    TestConnection,
    Delete,
    Undo,
    SessionLog,
    Shell,
    PodSpec,
    PodDiff,
    WithGone,
    OnlyThere,
    PodBefore,
    PodAfter,
    StartScheduler,
    EndJob,
    Highlight,
    SetAlias,
    AliasHistory,
    Redraw,
    Refresh,
    Suspend,
    Quit,
}

impl Action {
    /// Its stable name, for `keys.toml`: `mark_success`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for c in format!("{self:?}").chars() {
            if c.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(c.to_ascii_lowercase());
        }
        name
    }
}

/// Heading under which help shows a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Group {
    Move,
    Look,
    Select,
    Act,
    Program,
}

impl Group {
    /// All, in the order of the help.
    pub const ALL: [Self; 5] = [Self::Move, Self::Look, Self::Select, Self::Act, Self::Program];
    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Move => "MOVE",
            Self::Look => "LOOK",
            Self::Select => "SELECT AND COPY",
            Self::Act => "ACT (changes something; every form asks first)",
            Self::Program => "PROGRAM",
        }
    }
}

/// One row: keys and what they do where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// What happens.
    pub action: Action,
    /// Keys of the preset `vim`, each one stroke or two joined by a space.
    pub keys: &'static [&'static str],
    /// Screens on which they mean it.
    pub scope: Scope,
    /// Heading in the help.
    pub group: Group,
    /// One word for the bottom line; empty: never there.
    pub hint: &'static str,
    /// One line for help and palette.
    pub what: &'static str,
    /// Changes something: refused in a read-only console and without a scheduler.
    pub dangerous: bool,
}

/// The keys in use: those of a preset, changed by the user's file.
#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    /// Name of the preset.
    pub preset: String,
    /// How many actions the user's file changes.
    pub changes: usize,
    keys: HashMap<Action, Vec<String>>,
}

/// What a key means on a screen after the keys typed before it (`prefix`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    /// A row.
    Row(&'static Row),
    /// The first stroke of several.
    Prefix,
    /// Nothing.
    Nothing,
}

/// True if one of two key sequences is the other, or its beginning: then one of them could never be typed.
pub fn collide(a: &str, b: &str) -> bool {
    let begins = |p: &str, l: &str| l.strip_prefix(p).is_some_and(|r| r.starts_with(' '));
    a == b || begins(a, b) || begins(b, a)
}

impl Keymap {
    /// A preset.
    ///
    /// # Errors
    /// `Usage` if there is none of that name; the hint lists those there are.
    pub fn preset(name: &str) -> Result<Self> {
        let Some((_, changed)) = PRESETS.iter().find(|(n, _)| *n == name) else {
            let all: Vec<&str> = PRESETS.iter().map(|(n, _)| *n).collect();
            return Err(
                Error::usage(format!("no preset of keys named {name}")).hint(format!("one of {}", all.join(", ")))
            );
        };
        let own = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect();
        let mut keys: HashMap<Action, Vec<String>> = ROWS.iter().map(|r| (r.action, own(r.keys))).collect();
        for (action, list) in *changed {
            keys.insert(*action, own(list));
        }
        Ok(Self { preset: name.into(), changes: 0, keys })
    }

    /// Keys of an action.
    pub fn keys(&self, action: Action) -> &[String] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The first key of an action as it is shown in narrow places: `vg`; empty if it has none.
    pub fn short(&self, action: Action) -> String {
        self.keys(action).first().map(|k| k.replace(' ', "")).unwrap_or_default()
    }

    /// Gives an action other keys.
    fn change(&mut self, action: Action, keys: Vec<String>) {
        self.keys.insert(action, keys);
        self.changes += 1;
    }

    /// Looks a key up. `keys` is one stroke, with the strokes before it: `g g`.
    pub fn meaning(&self, keys: &str, scope: Scope) -> Meaning {
        let mut prefix = false;
        for row in ROWS.iter().filter(|r| r.scope.has(scope)) {
            for known in self.keys(row.action) {
                if known == keys {
                    return Meaning::Row(row);
                }
                prefix |= known.strip_prefix(keys).is_some_and(|rest| rest.starts_with(' '));
            }
        }
        if prefix { Meaning::Prefix } else { Meaning::Nothing }
    }

    /// Rows whose keys start with a prefix, for the box that shows what may follow.
    pub fn following(&self, prefix: &str, scope: Scope) -> Vec<(String, &'static Row)> {
        let last = |r: &Row| {
            self.keys(r.action).iter().find_map(|k| k.strip_prefix(prefix)?.strip_prefix(' ')).map(str::to_owned)
        };
        ROWS.iter().filter(|r| r.scope.has(scope)).filter_map(|r| Some((last(r)?, r))).collect()
    }

    /// Two actions that share a screen and whose keys collide: the actions and their keys.
    pub fn conflicts(&self) -> Vec<((Action, String), (Action, String))> {
        let mut found = Vec::new();
        for (i, a) in ROWS.iter().enumerate() {
            for b in ROWS[i + 1..].iter().filter(|b| a.scope.has(b.scope)) {
                for x in self.keys(a.action) {
                    for y in self.keys(b.action).iter().filter(|y| collide(x, y)) {
                        found.push(((a.action, x.clone()), (b.action, y.clone())));
                    }
                }
            }
        }
        found
    }
}

/// The row of an action.
pub fn row_of(action: Action) -> Option<&'static Row> {
    ROWS.iter().find(|r| r.action == action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_on_one_screen_in_any_preset() {
        for (name, _) in PRESETS {
            let map = Keymap::preset(name).unwrap();
            assert_eq!(map.conflicts(), [], "{name}");
        }
    }

    #[test]
    fn verbs_are_upper_case_or_function_keys_and_never_a_ctrl_chord() {
        for (name, _) in PRESETS {
            let map = Keymap::preset(name).unwrap();
            for row in ROWS.iter().filter(|r| r.dangerous) {
                for key in map.keys(row.action) {
                    assert!(key.starts_with(|c: char| c.is_ascii_uppercase()), "{name}: {key}");
                    assert!(!key.contains("Ctrl"), "{name}: {key}");
                }
            }
        }
    }

    #[test]
    fn keys_of_multiplexers_and_terminals_are_free() {
        for (name, _) in PRESETS {
            let map = Keymap::preset(name).unwrap();
            for key in ROWS.iter().flat_map(|r| map.keys(r.action)).flat_map(|k| k.split(' ')) {
                for taken in ["Ctrl-a", "Ctrl-b", "Ctrl-s", "Ctrl-q", "Ctrl-h", "Ctrl-i", "Ctrl-j", "Ctrl-m"] {
                    assert_ne!(key, taken, "{name}");
                }
            }
        }
    }

    #[test]
    fn prefixes_and_meanings() {
        let map = Keymap::preset("vim").unwrap();
        assert_eq!(map.meaning("g", Scope::DAGS), Meaning::Prefix);
        assert!(matches!(map.meaning("g g", Scope::DAGS), Meaning::Row(r) if r.action == Action::Top));
        assert!(matches!(map.meaning("N", Scope::INSTANCE), Meaning::Row(r) if r.action == Action::FindPrevious));
        assert_eq!(map.meaning("A", Scope::SYSTEM), Meaning::Nothing);
        assert_eq!(map.following("M", Scope::GRID).len(), 3);
        assert!(Keymap::preset("emacs").unwrap_err().to_string().contains("k9s"));
        assert_eq!(Action::MarkSuccess.name(), "mark_success");
    }
}
