//! The keys as rows of data: help, hints, palette and read-only mode are made from them.

use super::place::Scope;

/// Everything a key can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the table below says what each is
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
    Triage,
    Dags,
    Runs,
    Instances,
    System,
    GoDag,
    GoRuns,
    GoInstances,
    GoLog,
    GoFailure,
    ViewGrid,
    ViewGantt,
    ViewCycle,
    NextProblem,
    PreviousProblem,
    TryBefore,
    TryAfter,
    IndexBefore,
    IndexAfter,
    Filter,
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
    Sort,
    Unfold,
    Fold,
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
    Clear,
    Retry,
    MarkSuccess,
    MarkFailed,
    MarkSkipped,
    Trigger,
    Pause,
    Stop,
    Acknowledge,
    Note,
    SessionLog,
    Redraw,
    Refresh,
    Suspend,
    Quit,
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
    /// Keys, each one stroke or two joined by a space.
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

const fn row(
    action: Action,
    keys: &'static [&'static str],
    scope: Scope,
    group: Group,
    hint: &'static str,
    what: &'static str,
) -> Row {
    Row { action, keys, scope, group, hint, what, dangerous: matches!(group, Group::Act) }
}

/// Objects are on every screen but the system's.
const OBJECTS: Scope = Scope(Scope::ALL.0 & !Scope::SYSTEM.0);
const LISTS: Scope = Scope(Scope::ALL.0 & !Scope::INSTANCE.0);

/// Every key. Upper case acts, lower case looks; no verb on a Ctrl chord.
pub const ROWS: &[Row] = {
    use Action as A;
    use Group as G;
    &[
        row(A::Open, &["Enter"], LISTS, G::Move, "open", "open what is under the cursor"),
        row(A::Log, &["o"], OBJECTS, G::Look, "log", "output (log) of the last try"),
        row(A::Blockers, &["b"], OBJECTS, G::Look, "why", "blockers: why it isn't running, or why it ended"),
        row(A::Acknowledge, &["A"], Scope::TRIAGE, G::Act, "ack", "acknowledge this group until it fails again"),
        row(A::Follow, &["f"], Scope::INSTANCE, G::Look, "follow", "follow the log's end"),
        row(A::Clear, &["C"], OBJECTS, G::Act, "clear", "clear, so that it runs again (form with plan)"),
        row(A::Retry, &["R"], OBJECTS, G::Act, "retry", "retry exactly this (form with plan)"),
        row(A::Filter, &["/"], Scope::ALL, G::Look, "find", "filter this list; in a log: find"),
        row(A::Trigger, &["T"], OBJECTS, G::Act, "trigger", "trigger a run (form)"),
        row(A::Pause, &["P"], OBJECTS, G::Act, "pause", "pause or resume the DAG, at once"),
        row(A::ViewCycle, &["v v"], OBJECTS, G::Look, "view", "view: the next one"),
        row(A::Xcom, &["x"], OBJECTS, G::Look, "xcom", "XCom inspector"),
        row(A::MarkSuccess, &["M s"], OBJECTS, G::Act, "mark", "mark success (form with plan)"),
        row(
            A::Note,
            &["N"],
            Scope(OBJECTS.0 & !Scope::INSTANCE.0),
            G::Act,
            "note",
            "write a note on a run or instance",
        ),
        row(A::Stop, &["K"], OBJECTS, G::Act, "stop", "stop running work (form)"),
        row(A::MarkFailed, &["M f"], OBJECTS, G::Act, "", "mark failed (form with plan)"),
        row(A::MarkSkipped, &["M k"], OBJECTS, G::Act, "", "mark skipped (form with plan)"),
        row(A::Up, &["k", "Up"], Scope::ALL, G::Move, "", "up"),
        row(A::Down, &["j", "Down"], Scope::ALL, G::Move, "", "down"),
        row(A::Left, &["h", "Left"], Scope::ALL, G::Move, "", "left; fold"),
        row(A::Right, &["l", "Right"], Scope::ALL, G::Move, "", "right; unfold"),
        row(A::Top, &["g g"], Scope::ALL, G::Move, "", "to the first line"),
        row(A::Bottom, &["G"], Scope::ALL, G::Move, "", "to the last line"),
        row(A::HalfUp, &["Ctrl-u"], Scope::ALL, G::Move, "", "half a page up"),
        row(A::HalfDown, &["Ctrl-d"], Scope::ALL, G::Move, "", "half a page down"),
        row(A::PageUp, &["PgUp"], Scope::ALL, G::Move, "", "a page up"),
        row(A::PageDown, &["PgDn"], Scope::ALL, G::Move, "", "a page down"),
        row(A::First, &["Home"], Scope::ALL, G::Move, "", "first column, run or time"),
        row(A::Last, &["End"], Scope::ALL, G::Move, "", "last column, run or time"),
        row(A::NextProblem, &["]"], Scope::ALL, G::Move, "", "next problem (failed cell, error line)"),
        row(A::PreviousProblem, &["["], Scope::ALL, G::Move, "", "previous problem"),
        row(A::Back, &["Esc"], Scope::ALL, G::Move, "", "close the innermost thing, clear the filter, up one"),
        row(A::UpOne, &["q"], Scope::ALL, G::Move, "", "up one; asks at the top"),
        row(A::LastScreen, &["Backspace"], Scope::ALL, G::Move, "", "the screen before this one"),
        row(A::NextPane, &["Tab"], Scope::INSTANCE, G::Move, "", "next part: log, details, inputs, XCom, why"),
        row(A::Triage, &["1"], Scope::ALL, G::Move, "", "screen: triage (what needs a person)"),
        row(A::Dags, &["2"], Scope::ALL, G::Move, "", "screen: DAGs"),
        row(A::Runs, &["3"], Scope::ALL, G::Move, "", "screen: runs of all DAGs"),
        row(A::Instances, &["4"], Scope::ALL, G::Move, "", "screen: task instances of all DAGs"),
        row(A::System, &["0"], Scope::ALL, G::Move, "", "screen: system and jobs"),
        row(A::GoDag, &["g d"], OBJECTS, G::Move, "", "go to the DAG (its grid)"),
        row(A::GoRuns, &["g r"], OBJECTS, G::Move, "", "go to the runs of this DAG"),
        row(A::GoInstances, &["g t"], OBJECTS, G::Move, "", "go to the task instances of this run"),
        row(A::GoLog, &["g l"], OBJECTS, G::Move, "", "go to the log"),
        row(A::GoFailure, &["g f"], OBJECTS, G::Move, "", "go to the newest failure of this DAG"),
        row(A::ViewGrid, &["v g"], OBJECTS, G::Look, "", "view: grid of runs x tasks"),
        row(A::ViewGantt, &["v t"], OBJECTS, G::Look, "", "view: timeline (Gantt) of the run"),
        row(A::Details, &["d"], Scope(OBJECTS.0), G::Look, "", "details"),
        row(A::Inputs, &["i"], OBJECTS, G::Look, "", "rendered inputs"),
        row(A::TryBefore, &["<"], Scope::INSTANCE, G::Look, "", "the try before"),
        row(A::TryAfter, &[">"], Scope::INSTANCE, G::Look, "", "the try after"),
        row(A::IndexBefore, &["("], Scope::INSTANCE, G::Look, "", "the map index before"),
        row(A::IndexAfter, &[")"], Scope::INSTANCE, G::Look, "", "the map index after"),
        row(A::Wrap, &["w"], Scope::INSTANCE, G::Look, "wrap", "wrap long lines"),
        row(A::Stamps, &["t"], Scope::INSTANCE, G::Look, "", "time stamps: clock, since the start, none"),
        row(A::FindNext, &["n"], Scope::INSTANCE, G::Look, "", "next match"),
        row(A::FindPrevious, &["N"], Scope::INSTANCE, G::Look, "", "previous match"),
        row(A::OnlyProblems, &["!"], LISTS, G::Look, "", "only problems"),
        row(
            A::Sort,
            &["s"],
            Scope(Scope::DAGS.0 | Scope::RUNS.0 | Scope::TIS.0),
            G::Look,
            "",
            "sort by the next column",
        ),
        row(A::Unfold, &["+"], Scope(Scope::GRID.0 | Scope::GANTT.0), G::Look, "", "unfold all groups"),
        row(A::Fold, &["-"], Scope(Scope::GRID.0 | Scope::GANTT.0), G::Look, "", "fold all groups"),
        row(A::Freeze, &["z"], Scope::ALL, G::Look, "", "freeze the screen"),
        row(A::Mark, &["Space"], LISTS, G::Select, "mark", "mark, and one down"),
        row(A::MarkRange, &["V"], LISTS, G::Select, "", "mark from the last mark to here"),
        row(A::MarkAll, &["*"], LISTS, G::Select, "", "mark all shown"),
        row(A::Unmark, &["u"], LISTS, G::Select, "", "unmark all"),
        row(A::CopyId, &["y y"], Scope::ALL, G::Select, "copy", "copy the id"),
        row(A::CopyName, &["y n"], Scope::ALL, G::Select, "", "copy the name"),
        row(A::CopyCommand, &["y c"], Scope::ALL, G::Select, "", "copy a shell command that shows it"),
        row(A::CopyJson, &["y j"], Scope::ALL, G::Select, "", "copy it as JSON"),
        row(A::CopyLine, &["y l"], Scope::ALL, G::Select, "", "copy the line"),
        row(A::CopyIncident, &["y i"], Scope::ALL, G::Select, "", "copy the text of the incident"),
        row(A::SessionLog, &["@"], Scope::ALL, G::Program, "", "what this session did"),
        row(A::Help, &["?", "F1"], Scope::ALL, G::Program, "help", "help of this screen"),
        row(A::Palette, &[":", "Ctrl-p"], Scope::ALL, G::Program, "cmd", "palette: every verb, screen and DAG by name"),
        row(A::Refresh, &["Ctrl-r"], Scope::ALL, G::Program, "", "read the store again"),
        row(A::Redraw, &["Ctrl-l"], Scope::ALL, G::Program, "", "draw everything again"),
        row(A::Suspend, &["Ctrl-z"], Scope::ALL, G::Program, "", "suspend (fg comes back)"),
        row(A::Quit, &["Ctrl-c Ctrl-c"], Scope::ALL, G::Program, "", "quit"),
    ]
};

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

/// Looks a key up. `key` is one stroke, with the strokes before it: `g g`.
pub fn meaning(keys: &str, scope: Scope) -> Meaning {
    let mut prefix = false;
    for row in ROWS.iter().filter(|r| r.scope.has(scope)) {
        for known in row.keys {
            if *known == keys {
                return Meaning::Row(row);
            }
            prefix |= known.strip_prefix(keys).is_some_and(|rest| rest.starts_with(' '));
        }
    }
    if prefix { Meaning::Prefix } else { Meaning::Nothing }
}

/// Rows whose keys start with a prefix, for the box that shows what may follow.
pub fn following(prefix: &str, scope: Scope) -> Vec<(&'static str, &'static Row)> {
    ROWS.iter()
        .filter(|r| r.scope.has(scope))
        .filter_map(|r| r.keys.iter().find_map(|k| k.strip_prefix(prefix)?.strip_prefix(' ')).map(|last| (last, r)))
        .collect()
}

/// The row of an action.
pub fn row_of(action: Action) -> Option<&'static Row> {
    ROWS.iter().find(|r| r.action == action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_on_one_screen() {
        for (i, a) in ROWS.iter().enumerate() {
            for b in &ROWS[i + 1..] {
                if a.scope.0 & b.scope.0 == 0 {
                    continue;
                }
                for x in a.keys {
                    for y in b.keys {
                        assert_ne!(x, y, "{:?} and {:?}", a.action, b.action);
                        let shadow = |p: &str, l: &str| l.strip_prefix(p).is_some_and(|r| r.starts_with(' '));
                        assert!(!shadow(x, y) && !shadow(y, x), "{x} hides {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn verbs_are_upper_case_and_never_a_ctrl_chord() {
        for row in ROWS.iter().filter(|r| r.dangerous) {
            for key in row.keys {
                assert!(key.starts_with(|c: char| c.is_ascii_uppercase()), "{key}");
                assert!(!key.contains("Ctrl"), "{key}");
            }
        }
    }

    #[test]
    fn keys_of_multiplexers_and_terminals_are_free() {
        for row in ROWS {
            for key in row.keys.iter().flat_map(|k| k.split(' ')) {
                for taken in ["Ctrl-a", "Ctrl-b", "Ctrl-s", "Ctrl-q", "Ctrl-h", "Ctrl-i", "Ctrl-j", "Ctrl-m"] {
                    assert_ne!(key, taken);
                }
            }
        }
    }

    #[test]
    fn prefixes_and_meanings() {
        assert_eq!(meaning("g", Scope::DAGS), Meaning::Prefix);
        assert!(matches!(meaning("g g", Scope::DAGS), Meaning::Row(r) if r.action == Action::Top));
        assert!(matches!(meaning("N", Scope::INSTANCE), Meaning::Row(r) if r.action == Action::FindPrevious));
        assert_eq!(meaning("A", Scope::SYSTEM), Meaning::Nothing);
        assert_eq!(following("M", Scope::GRID).len(), 3);
    }
}
