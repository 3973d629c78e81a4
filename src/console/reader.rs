//! Threads that read: one owns the connection to the store, one reads log files. The loop never waits for either.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::store::screens::{self, Opened};

use super::{
    log::{self, Ask},
    message::Event,
    query::{Asker, Data, Kept, Query, answer},
};

/// How often a store that isn't there yet is looked for.
const SOON: Duration = Duration::from_millis(100);
/// How often the store is looked at while there is no scheduler that says what changed.
const WATCH: Duration = Duration::from_secs(1);
/// Steps of SQLite between two looks whether its question still counts: some 0.05 ms.
const STEPS: i32 = 2000;
/// How often the loop is told how far a search is.
pub const TELL: Duration = Duration::from_millis(200);
/// Nothing is being read.
const IDLE: u8 = u8::MAX;
/// What is being read shall end.
const STOP: u8 = u8::MAX - 1;

/// A question for the store, or how to watch it.
#[derive(Debug)]
enum Question {
    /// Answer with this number.
    Ask(u64, Asker, Query),
    /// Look once a second whether the store changed (there is no scheduler that says so), or don't.
    Watch(bool),
}

/// Where questions for the store are put.
#[derive(Debug)]
pub struct Desk {
    questions: Sender<Question>,
    /// Whose question is being answered; or [`IDLE`] or [`STOP`].
    now: Arc<AtomicU8>,
}

/// Where they are taken from.
#[derive(Debug)]
pub struct Questions {
    questions: Receiver<Question>,
    now: Arc<AtomicU8>,
}

/// A desk.
pub fn desk() -> (Desk, Questions) {
    let (sender, questions) = channel();
    let now = Arc::new(AtomicU8::new(IDLE));
    (Desk { questions: sender, now: now.clone() }, Questions { questions, now })
}

impl Desk {
    /// Asks. What is being read for the same asker, or for one that can wait, ends; but a search that goes on lets others end
    /// what they read between its pages, or they never would. A thread that is gone means that the process ends.
    pub fn ask(&self, number: u64, asker: Asker, query: Query) {
        let goes_on = query.goes_on();
        drop(self.questions.send(Question::Ask(number, asker, query)));
        let ends = |now: u8| if goes_on { now == asker as u8 } else { now >= asker as u8 };
        let stop = |now: u8| (now != IDLE && now != STOP && ends(now)).then_some(STOP);
        let _ = self.now.fetch_update(Ordering::AcqRel, Ordering::Acquire, stop);
    }

    /// Looks once a second whether the store changed, or doesn't.
    pub fn watch(&self, on: bool) {
        drop(self.questions.send(Question::Watch(on)));
    }
}

/// Answers questions until the loop is gone: of each asker the newest, the first askers first.
pub fn store(db: &Path, desk: &Questions, events: &Sender<Event>) {
    let mut conn: Option<Connection> = None;
    let mut version = None;
    let mut watch = false;
    let mut asked = false;
    let mut kept = Kept::default();
    let mut waiting: BTreeMap<Asker, (u64, Query)> = BTreeMap::new();
    loop {
        let mut question = if waiting.is_empty() {
            // A store that isn't there yet is looked for until it is.
            match if asked && conn.is_none() { Some(SOON) } else { watch.then_some(WATCH) } {
                Some(pause) => match desk.questions.recv_timeout(pause) {
                    Ok(question) => Some(question),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                },
                None => match desk.questions.recv() {
                    Ok(question) => Some(question),
                    Err(_) => return,
                },
            }
        } else {
            desk.questions.try_recv().ok()
        };
        if question.is_none() && waiting.is_empty() {
            let was_open = conn.is_some();
            let now = open(&mut conn, db, &desk.now).ok().flatten().and_then(|c| screens::data_version(c).ok());
            let changed = now != version || (conn.is_some() && !was_open);
            version = now;
            if changed && events.send(Event::Changed).is_err() {
                return;
            }
            continue;
        }
        while let Some(one) = question {
            match one {
                Question::Watch(on) => watch = on,
                Question::Ask(number, asker, query) => {
                    asked = true;
                    if let Some((old, _)) = waiting.insert(asker, (number, query))
                        && events.send(Event::Dropped(old)).is_err()
                    {
                        return;
                    }
                }
            }
            question = desk.questions.try_recv().ok();
        }
        let Some((asker, (number, query))) = waiting.pop_first() else { continue };
        desk.now.store(asker as u8, Ordering::Release);
        let found = match open(&mut conn, db, &desk.now) {
            Ok(Some(conn)) => answer(conn, &query, &mut kept).map_err(|e| e.to_string()),
            Ok(None) => Ok(Data::NoStore),
            Err(why) => Err(why),
        };
        if desk.now.swap(IDLE, Ordering::AcqRel) == STOP && found.is_err() {
            // It was ended for another question. Either that one takes its place, or it is asked again after that one.
            waiting.insert(asker, (number, query));
            continue;
        }
        if events.send(Event::Loaded(number, found)).is_err() {
            return;
        }
    }
}

/// The connection; opened when the store is there and has its tables.
fn open<'a>(
    conn: &'a mut Option<Connection>,
    db: &Path,
    now: &Arc<AtomicU8>,
) -> Result<Option<&'a Connection>, String> {
    if conn.is_none()
        && let Opened::Ready(mut opened) = screens::open_reader(db).map_err(|e| e.to_string())?
    {
        let now = now.clone();
        screens::stop_when(&mut opened, STEPS, move || now.load(Ordering::Acquire) == STOP)
            .map_err(|e| e.to_string())?;
        *conn = Some(opened);
    }
    Ok(conn.as_ref())
}

/// Where questions about logs are put. Only the newest counts: it ends the one before, whatever that is at.
#[derive(Debug)]
pub struct LogDesk {
    asks: Sender<(u64, Ask)>,
    newest: Arc<AtomicU64>,
}

/// Where they are taken from.
#[derive(Debug)]
pub struct LogAsks {
    asks: Receiver<(u64, Ask)>,
    newest: Arc<AtomicU64>,
}

/// A desk for logs.
pub fn log_desk() -> (LogDesk, LogAsks) {
    let (sender, asks) = channel();
    let newest = Arc::new(AtomicU64::new(0));
    (LogDesk { asks: sender, newest: newest.clone() }, LogAsks { asks, newest })
}

impl LogDesk {
    /// Asks. A thread that is gone means that the process ends.
    pub fn ask(&self, ask: Ask) {
        let number = self.newest.fetch_add(1, Ordering::AcqRel) + 1;
        drop(self.asks.send((number, ask)));
    }

    /// Nobody waits for an answer any more.
    pub fn end(&self) {
        self.newest.fetch_add(1, Ordering::AcqRel);
    }
}

/// Reads parts of log files until the loop is gone.
pub fn logs(desk: &LogAsks, events: &Sender<Event>) {
    while let Ok((number, ask)) = desk.asks.recv() {
        let waits = || desk.newest.load(Ordering::Acquire) == number;
        if !waits() {
            continue;
        }
        let mut told = Instant::now();
        let mut look = |done, all| {
            if told.elapsed() >= TELL {
                told = Instant::now();
                drop(events.send(Event::Searching(done, all)));
            }
            waits()
        };
        let found = log::answer(&ask, &mut look).map_err(|e| e.to_string());
        if waits() && events.send(Event::Log(ask, found)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Instant};

    use super::*;
    use crate::store::{Store, screens::page::Part};

    /// A store in which a filter has very much to walk through.
    fn large(db: &Path) {
        drop(Store::open(db).unwrap());
        let conn = Connection::open(db).unwrap();
        conn.execute_batch(
            "BEGIN;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             INSERT INTO dag_run (id, dag_id, run_id, state, run_type, triggered_by, run_after, conf, dag_version)
             SELECT i, 'd', 'r' || i, 'success', 'manual', 'x', i, '{}', 1 FROM n;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
             INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, priority_weight)
             SELECT r.id, 't' || n.i, -1, 'success', 1, 1, 'X', 'p', 1, 1 FROM dag_run r, n;
             COMMIT;",
        )
        .unwrap();
    }

    #[test]
    fn a_newer_question_ends_a_search() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("attempt=1.log");
        std::fs::write(&path, "some line of a long log\n".repeat(400_000)).unwrap();
        let find = |text: &str| Ask {
            path: path.clone(),
            part: log::file::Part::Find { text: Some(text.into()), from: 0, forward: true },
        };
        let (desk, asks) = log_desk();
        let (events, answers) = channel();
        // What was ended before it began isn't even begun.
        desk.ask(find("never"));
        desk.end();
        thread::spawn(move || logs(&asks, &events));
        // Whatever each of these is at when the next one comes: none but the last is answered for certain, each at most once.
        let texts: Vec<String> = (0..40).map(|n| format!("nowhere {n}")).collect();
        texts.iter().for_each(|text| desk.ask(find(text)));
        let mut answered = Vec::new();
        while answered.last() != texts.last() {
            match answers.recv_timeout(Duration::from_secs(60)).unwrap() {
                Event::Log(
                    Ask { part: log::file::Part::Find { text: Some(text), .. }, .. },
                    Ok(log::Found::NoMatch),
                ) => {
                    answered.push(text);
                }
                Event::Searching(done, all) => assert!(done <= all),
                other => panic!("{other:?}"),
            }
        }
        assert!(
            answered.len() < 40 && answered.is_sorted_by_key(|t| texts.iter().position(|x| x == t)),
            "{answered:?}"
        );
    }

    #[test]
    fn a_search_that_goes_on_ends_nobody_elses_reading() {
        let (desk, questions) = desk();
        let look = |after| Query::Instances { filter: "x".into(), part: Part { after, limit: 200 }, now: 0 };
        let position = screens::page::Position {
            at: std::cmp::Reverse(1),
            run: std::cmp::Reverse(1),
            task_id: String::new(),
            map_index: -1,
        };
        let ended_by = |reading: Asker, asker: Asker, query: Query| {
            questions.now.store(reading as u8, Ordering::Release);
            desk.ask(1, asker, query);
            questions.now.swap(IDLE, Ordering::AcqRel) == STOP
        };
        assert!(ended_by(Asker::Side, Asker::Screen, look(None)));
        assert!(!ended_by(Asker::Side, Asker::Screen, look(Some(position.clone()))));
        // Another part of the list takes the place of the one before; who waits for an answer doesn't wait for either.
        assert!(ended_by(Asker::Screen, Asker::Screen, look(Some(position.clone()))));
        assert!(ended_by(Asker::Screen, Asker::Errand, Query::Names));
        assert!(!ended_by(Asker::Errand, Asker::Screen, look(None)));
    }

    #[test]
    fn only_the_newest_question_of_an_asker_is_answered() {
        let dir = tempfile::tempdir().unwrap();
        let db = dir.path().join("dagdeck.db");
        large(&db);
        let (desk, questions) = desk();
        let (events, answers) = channel();
        let look =
            |text: &str| Query::Instances { filter: text.into(), part: Part { after: None, limit: 200 }, now: 0 };
        // All are there before the thread begins, as if keys were typed while it reads.
        desk.ask(1, Asker::Side, Query::Triage { now: 0 });
        for (n, text) in [(2, "n"), (3, "no"), (4, "nothing")] {
            desk.ask(n, Asker::Screen, look(text));
        }
        desk.ask(5, Asker::Everywhere, Query::Everywhere(Vec::new()));
        thread::spawn(move || store(&db, &questions, &events));
        let mut order = Vec::new();
        while order.len() < 5 {
            order.push(match answers.recv_timeout(Duration::from_secs(60)).unwrap() {
                Event::Loaded(n, Ok(_)) => format!("{n}"),
                Event::Dropped(n) => format!("-{n}"),
                other => format!("{other:?}"),
            });
        }
        assert_eq!(order, ["-2", "-3", "4", "5", "1"]);
        // Whatever is being read when the next question comes, the last one is answered, and every other one or dropped.
        let began = Instant::now();
        for n in 10..60 {
            desk.ask(n, Asker::Screen, look(&format!("nothing{n}")));
        }
        let mut left: Vec<u64> = (10..60).collect();
        while !left.is_empty() {
            match answers.recv_timeout(Duration::from_secs(60)).unwrap() {
                Event::Loaded(n, Ok(_)) | Event::Dropped(n) => left.retain(|l| *l != n),
                other => panic!("{other:?} after {:?}", began.elapsed()),
            }
        }
    }
}
