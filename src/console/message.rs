//! What comes into the console's loop, and what it wants done.

use std::path::PathBuf;

use serde_json::Value;

use crate::{
    model::TiKey,
    protocol::{Command, command::ReplyError},
    store::screens::TiRef,
};

use super::{
    log::{Ask, Found, progress::Progress, search::Hits},
    query::{Asker, Data, Query},
};

/// Something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A key stroke, named as in the key map.
    Key(String),
    /// Text pasted in brackets.
    Paste(String),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// The terminal's window got or lost the focus.
    Focus(bool),
    /// The store answered; the number is the question's.
    Loaded(u64, Result<Data, String>),
    /// A question isn't answered, as its asker has a newer one.
    Dropped(u64),
    /// A log file answered.
    Log(Ask, Result<Found, String>),
    /// How far a search through logs is: bytes that were looked at, and all of them.
    Searching(u64, u64),
    /// Something in the store changed.
    Changed,
    /// The scheduler's socket was opened.
    Connected,
    /// It was lost or isn't there: why, and milliseconds until the next try.
    Disconnected(String, u64),
    /// What came of starting a scheduler: its process id, or `None` if one ran already.
    Launched(Result<Option<u32>, String>),
    /// The scheduler that this console started ended: its process id, how, and the last words in its log.
    SchedulerEnded(u32, String, String),
    /// The scheduler answered a request; the number is the request's.
    Reply(u64, Result<Value, ReplyError>),
    /// What came of the test of a connection: its id, whether it was reached, and what was said.
    Tested(String, bool, String),
    /// How far a search in all logs is; the number is the question's.
    Searched(u64, Result<Hits, String>),
    /// How far the writing of a file is: its request's number, bytes of how many.
    Exporting(u64, u64, u64),
    /// A log was written into a file: the request's number, which file, how many lines.
    Exported(u64, Result<(PathBuf, usize), String>),
    /// A text came back from the editor.
    Edited(Result<String, String>),
    /// How far running instances are, as their logs say.
    Progress(Vec<(TiRef, Option<Progress>)>),
    /// A mouse button was pressed at a column and row.
    Click(u16, u16),
    /// The wheel turned by so many lines.
    Wheel(isize),
    /// Who else looks at what: user and screen.
    Present(Vec<(String, String)>),
    /// The terminal answered after so many microseconds.
    Answered(i64),
    /// Time passed.
    Tick,
    /// The terminal is gone, or the process should end.
    Hangup,
}

impl Event {
    /// A person at the terminal did it.
    pub fn is_by_hand(&self) -> bool {
        matches!(
            self,
            Self::Key(_) | Self::Paste(_) | Self::Click(..) | Self::Wheel(_) | Self::Resize(..) | Self::Focus(_)
        )
    }
}

/// What a shell command reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A text.
    Text(String),
    /// A log file, as plain lines.
    Log(PathBuf),
}

/// Something to do outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the store: the question's number, whose it is, what is asked.
    Load(u64, Asker, Query),
    /// Read a part of a log file.
    Log(Ask),
    /// See whether a connection's host answers.
    TestConnection(String),
    /// Look for a text in all logs; the newest search counts.
    Search(u64, String),
    /// Nobody waits any more for what was asked of logs.
    EndSearch,
    /// Ask the scheduler to do something; with the same act as a shell command.
    Act(u64, Command, String),
    /// Ask the scheduler why a task instance doesn't run.
    Explain(u64, TiKey),
    /// Ask the scheduler about itself.
    Status(u64),
    /// Start a scheduler.
    StartScheduler,
    /// Give the terminal to a shell command that reads this text.
    Pipe(String, Source),
    /// Ask the terminal something, to know how far away it is.
    Ping,
    /// Give the terminal to a shell in a pod: a verb of dagdeck with its arguments.
    Shell(Vec<String>),
    /// Look how far running instances are.
    Progress(Vec<(TiRef, PathBuf)>),
    /// Tell the scheduler which screen this console shows.
    Look(String),
    /// The terminal reports the mouse, or doesn't.
    Mouse(bool),
    /// Write a log or a text into a new file; with a number.
    Export(u64, Source, PathBuf),
    /// Stop writing the file of that number, and remove it.
    EndExport(u64),
    /// Give the terminal to the user's editor with a text.
    Edit(String),
    /// Put text into the terminal's clipboard.
    Copy(String),
    /// Draw everything again.
    Redraw,
    /// Give the terminal back and stop until `fg`.
    Suspend,
    /// End.
    Quit,
}
