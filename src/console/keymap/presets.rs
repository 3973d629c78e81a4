//! Presets of keys: what each changes in the table of `vim`.

use super::Action::{self, *};

/// A preset: its name, and the actions whose keys differ from the table's.
type Preset = (&'static str, &'static [(Action, &'static [&'static str])]);

/// All presets; the first is the default.
pub const PRESETS: &[Preset] = &[
    ("vim", &[]),
    // For people who never saw vi: arrows move, function keys act.
    (
        "arrows",
        &[
            (Up, &["Up"]),
            (Down, &["Down"]),
            (Left, &["Left"]),
            (Right, &["Right"]),
            (Log, &["F2", "o"]),
            (Filter, &["F3", "/"]),
            (Blockers, &["F4", "b"]),
            (Clear, &["F5", "C"]),
            (Retry, &["F6", "R"]),
            (Trigger, &["F7", "T"]),
            (Pause, &["F8", "P"]),
            (Stop, &["F9", "K"]),
            (UpOne, &["F10", "q"]),
        ],
    ),
    // For people who live in k9s: l logs, d describe, y the definition, Ctrl-Space a range.
    (
        "k9s",
        &[
            (Right, &["Right"]),
            (Log, &["l", "o"]),
            (ViewSource, &["y", "v s"]),
            (CopyId, &["c c"]),
            (CopyName, &["c n"]),
            (CopyCommand, &["c s"]),
            (CopyJson, &["c j"]),
            (CopyLine, &["c l"]),
            (CopyIncident, &["c i"]),
            (MarkRange, &["Ctrl-Space", "V"]),
            // Its key begins those that copy.
            (Highlight, &["Alt-c"]),
        ],
    ),
];
