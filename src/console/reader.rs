//! Threads that read: one owns the connection to the store, one reads log files. The loop never waits for either.

use std::{
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    time::Duration,
};

use rusqlite::Connection;

use crate::store::screens;

use super::{
    log::{self, Ask},
    message::Event,
    query::{Query, answer},
};

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
    loop {
        let question = if watch {
            match questions.recv_timeout(Duration::from_secs(1)) {
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
                let found = match open(&mut conn, db) {
                    Ok(conn) => answer(conn, &query).map_err(|e| e.to_string()),
                    Err(why) => Err(why),
                };
                if events.send(Event::Loaded(number, found)).is_err() {
                    return;
                }
            }
            None => {
                let was_open = conn.is_some();
                let now = open(&mut conn, db).ok().and_then(|c| screens::data_version(c).ok());
                let changed = now != version || (conn.is_some() && !was_open);
                version = now;
                if changed && events.send(Event::Changed).is_err() {
                    return;
                }
            }
        }
    }
}

/// The connection; opened when the store is there.
fn open<'a>(conn: &'a mut Option<Connection>, db: &Path) -> Result<&'a Connection, String> {
    if conn.is_none() {
        if !db.exists() {
            return Err(format!("there is no store yet at {}; it is made when a scheduler starts", db.display()));
        }
        *conn = Some(screens::open_reader(db).map_err(|e| e.to_string())?);
    }
    conn.as_ref().ok_or_else(|| "the store isn't open".into())
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
