//! Threads that read: one owns the connection to the store, one reads log files. The loop never waits for either.

use std::{
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    time::Duration,
};

use rusqlite::Connection;

use crate::store::screens::{self, Opened};

use super::{
    log::{self, Ask},
    message::Event,
    query::{Data, Query, answer},
};

/// How often a store that isn't there yet is looked for.
const SOON: Duration = Duration::from_millis(100);
/// How often the store is looked at while there is no scheduler that says what changed.
const WATCH: Duration = Duration::from_secs(1);

/// A question for the store, or how to watch it.
#[derive(Debug)]
pub enum Question {
    /// Answer with this number.
    Ask(u64, Query),
    /// Look once a second whether the store changed (there is no scheduler that says so), or don't.
    Watch(bool),
}

/// Answers questions until the loop is gone.
pub fn store(db: &Path, questions: &Receiver<Question>, events: &Sender<Event>) {
    let mut conn: Option<Connection> = None;
    let mut version = None;
    let mut watch = false;
    let mut asked = false;
    loop {
        // A store that isn't there yet is looked for until it is.
        let pause = if asked && conn.is_none() { Some(SOON) } else { watch.then_some(WATCH) };
        let question = if let Some(pause) = pause {
            match questions.recv_timeout(pause) {
                Ok(question) => Some(question),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        } else {
            match questions.recv() {
                Ok(question) => Some(question),
                Err(_) => return,
            }
        };
        match question {
            Some(Question::Watch(on)) => watch = on,
            Some(Question::Ask(number, query)) => {
                asked = true;
                let found = match open(&mut conn, db) {
                    Ok(Some(conn)) => answer(conn, &query).map_err(|e| e.to_string()),
                    Ok(None) => Ok(Data::NoStore),
                    Err(why) => Err(why),
                };
                if events.send(Event::Loaded(number, found)).is_err() {
                    return;
                }
            }
            None => {
                let was_open = conn.is_some();
                let now = open(&mut conn, db).ok().flatten().and_then(|c| screens::data_version(c).ok());
                let changed = now != version || (conn.is_some() && !was_open);
                version = now;
                if changed && events.send(Event::Changed).is_err() {
                    return;
                }
            }
        }
    }
}

/// The connection; opened when the store is there and has its tables.
fn open<'a>(conn: &'a mut Option<Connection>, db: &Path) -> Result<Option<&'a Connection>, String> {
    if conn.is_none()
        && let Opened::Ready(opened) = screens::open_reader(db).map_err(|e| e.to_string())?
    {
        *conn = Some(opened);
    }
    Ok(conn.as_ref())
}

/// Reads parts of log files until the loop is gone. Of several questions that wait, only the last counts.
pub fn logs(questions: &Receiver<Ask>, events: &Sender<Event>) {
    while let Ok(mut ask) = questions.recv() {
        while let Ok(newer) = questions.try_recv() {
            ask = newer;
        }
        let found = log::answer(&ask).map_err(|e| e.to_string());
        if events.send(Event::Log(ask, found)).is_err() {
            return;
        }
    }
}
