//! The threads that do what the loop wants: they read the store and logs, talk to the scheduler, write files.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    process::Child,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
    time::Instant,
};

use crate::protocol::Request;

use super::{
    link::{self, Wanted},
    log,
    message::{Effect, Event, Source},
    reader::{self, Desk, LogDesk, TELL},
    run::{Options, Starter, logs_of},
    shell,
};

/// The threads that do what the loop wants.
pub struct Hands {
    /// Questions to the store.
    pub store: Desk,
    logs: LogDesk,
    scheduler: Sender<link::Wanted>,
    /// Into the loop.
    pub events: Sender<Event>,
    /// The home, and the folder of DAG files.
    pub places: (PathBuf, PathBuf),
    starter: Option<Starter>,
    logs_folder: PathBuf,
    /// Number of the newest search in all logs.
    searched: Arc<AtomicU64>,
    /// Numbers of files that shall not be written any further.
    ended: Arc<Mutex<BTreeSet<u64>>>,
}

impl Hands {
    /// Starts them.
    pub fn start(options: &Options, events: &Sender<Event>) -> Self {
        let home = &options.home;
        let (store, questions) = reader::desk();
        let (logs, asks) = reader::log_desk();
        let (scheduler, wanted) = channel();
        let (db, socket) = (home.join("dagdeck.db"), home.join("scheduler.sock"));
        let out = events.clone();
        thread::spawn(move || reader::store(&db, &questions, &out));
        let out = events.clone();
        thread::spawn(move || reader::logs(&asks, &out));
        let out = events.clone();
        thread::spawn(move || link::scheduler(&socket, &wanted, &out));
        let places = (home.clone(), options.dags_folder.clone());
        Self {
            store,
            logs,
            scheduler,
            events: events.clone(),
            places,
            starter: options.starter,
            logs_folder: logs_of(options),
            searched: Arc::default(),
            ended: Arc::default(),
        }
    }

    /// Hands an effect to its thread. A thread that is gone means that the process ends.
    pub fn hand(&self, effect: &Effect) {
        match effect {
            Effect::Load(number, asker, query) => self.store.ask(*number, *asker, query.clone()),
            Effect::Log(ask) => self.logs.ask(ask.clone()),
            Effect::EndSearch => {
                self.logs.end();
                // Searches are numbered from 1 on: none is the newest.
                self.searched.store(0, Ordering::Release);
            }
            Effect::Act(number, command, line) => {
                let request = Request::Do { command: command.clone() };
                self.ask(*number, request, line.clone());
            }
            Effect::Explain(number, key) => {
                self.ask(*number, Request::Explain { key: key.clone() }, String::new());
            }
            Effect::Status(number) => self.ask(*number, Request::Status, String::new()),
            Effect::StartScheduler => self.start_scheduler(),
            Effect::Look(at) => drop(self.scheduler.send(Wanted::Tell(Box::new(Request::Look { at: at.clone() })))),
            Effect::Progress(all) => {
                let (events, all) = (self.events.clone(), all.clone());
                thread::spawn(move || {
                    let look = |(ti, path): (_, PathBuf)| (ti, log::progress::of_file(&path));
                    drop(events.send(Event::Progress(all.into_iter().map(look).collect())))
                });
            }
            Effect::TestConnection(id) => {
                let (events, (home, dags), id) = (self.events.clone(), self.places.clone(), id.clone());
                thread::spawn(move || {
                    let (well, said) = shell::asked(&home, &dags, &["-o", "plain", "connections", "test", &id]);
                    drop(events.send(Event::Tested(id, well, said)));
                });
            }
            Effect::Search(number, text) => {
                self.searched.store(*number, Ordering::Release);
                let (events, newest, number) = (self.events.clone(), self.searched.clone(), *number);
                let (logs, text) = (self.logs_folder.clone(), text.clone());
                thread::spawn(move || {
                    // Ends when somebody searches for something else, or the console is gone.
                    let tell = |hits| {
                        newest.load(Ordering::Acquire) == number
                            && events.send(Event::Searched(number, Ok(hits))).is_ok()
                    };
                    if let Err(e) = log::search::search(&logs, &text, tell) {
                        drop(events.send(Event::Searched(number, Err(e.to_string()))));
                    }
                });
            }
            Effect::Export(number, from, to) => {
                let (events, ended, number) = (self.events.clone(), self.ended.clone(), *number);
                let (from, to) = (from.clone(), to.clone());
                thread::spawn(move || {
                    let mut told = Instant::now();
                    let mut look = |done, all| {
                        if told.elapsed() >= TELL {
                            told = Instant::now();
                            drop(events.send(Event::Exporting(number, done, all)));
                        }
                        !ended.lock().is_ok_and(|ended| ended.contains(&number))
                    };
                    let written = export(&from, to, &mut look);
                    drop(events.send(Event::Exported(number, written)));
                });
            }
            Effect::EndExport(number) => {
                if let Ok(mut ended) = self.ended.lock() {
                    ended.insert(*number);
                }
            }
            _ => {}
        }
    }

    fn ask(&self, number: u64, request: Request, line: String) {
        drop(self.scheduler.send(Wanted::Answer(number, Box::new(request), line)));
    }

    /// Starts a scheduler, tells the loop, and tells it again when that scheduler ends.
    fn start_scheduler(&self) {
        let (events, scheduler, (home, dags)) = (self.events.clone(), self.scheduler.clone(), self.places.clone());
        let starter = self.starter;
        thread::spawn(move || {
            let Some(starter) = starter else {
                drop(events.send(Event::Launched(Err("this console can't start one".into()))));
                return;
            };
            let started = starter(&home, &dags).map_err(|e| match e.cause {
                Some(why) => format!("{}: {why}", e.message),
                None => e.message,
            });
            let told = started.as_ref().map(|child| child.as_ref().map(Child::id)).map_err(Clone::clone);
            drop(events.send(Event::Launched(told)));
            drop(scheduler.send(Wanted::Connect));
            if let Ok(Some(mut child)) = started
                && let Ok(status) = child.wait()
            {
                let log = home.join("scheduler.log");
                let said = fs::read_to_string(&log).unwrap_or_default();
                let last = said.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or_default();
                let words = format!("its last words in {}: {last}", log.display());
                drop(events.send(Event::SchedulerEnded(child.id(), status.to_string(), words)));
            }
        });
    }
}

/// Writes into a new file; `look` hears how far it is, and says whether to go on. A file that isn't whole is removed.
fn export(from: &Source, to: PathBuf, look: log::Look<'_>) -> std::result::Result<(PathBuf, usize), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", to.display());
    let file = fs::File::create_new(&to).map_err(failed)?;
    let written = shell::feed(file, from, look);
    if written.is_err() {
        let _ = fs::remove_file(&to);
    }
    let lines = written.map_err(failed)?;
    Ok((fs::canonicalize(&to).unwrap_or(to), lines))
}
