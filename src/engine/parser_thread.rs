//! The dag processor's threads: they wait for parsing processes, so that the loop doesn't.

use std::{
    collections::HashSet,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{Arc, Mutex, mpsc},
};

use crate::{
    config::Settings,
    error::{Error, Result},
    processor::{self, Parser},
    store::dag::ParsedFile,
};

/// What came of one file: path, and the result (`None`: not a DAG file).
pub type Parsed = (PathBuf, Option<ParsedFile>);

/// Handle of the threads.
pub struct ParserThread {
    jobs: mpsc::Sender<PathBuf>,
    results: mpsc::Receiver<Parsed>,
    wake: UnixStream,
    /// Files that were handed over and have not come back.
    pub busy: HashSet<PathBuf>,
    settings: Settings,
    /// Of these, what is parsed now may be of before the last change.
    again: HashSet<PathBuf>,
}

impl ParserThread {
    /// Starts `count` threads, at least one.
    pub fn start(parser: Parser, count: usize) -> Result<Self> {
        let failed = |e| Error::system("cannot start the dag processor", e);
        let (jobs, queue) = mpsc::channel::<PathBuf>();
        let (done, results) = mpsc::channel();
        let (wake, waker) = UnixStream::pair().map_err(failed)?;
        wake.set_nonblocking(true).map_err(failed)?;
        let queue = Arc::new(Mutex::new(queue));
        let settings = parser.place.settings.clone();
        for number in 0..count.max(1) {
            let (queue, done, parser) = (queue.clone(), done.clone(), parser.clone());
            let mut waker = waker.try_clone().map_err(failed)?;
            std::thread::Builder::new()
                .name(format!("parser-{number}"))
                .stack_size(1024 * 1024)
                .spawn(move || {
                    if number == 0 {
                        parser.warm_up();
                    }
                    loop {
                        let job = queue.lock().ok().and_then(|queue| queue.recv().ok());
                        let Some(path) = job else { return };
                        let parsed = parser.parse(&path);
                        if done.send((path, parsed)).is_err() || waker.write_all(&[1]).is_err() {
                            return;
                        }
                    }
                })
                .map_err(failed)?;
        }
        Ok(Self { jobs, results, wake, busy: HashSet::new(), settings, again: HashSet::new() })
    }

    /// Hands a file over; one that is being parsed already is parsed again afterwards.
    pub fn parse(&mut self, path: PathBuf) {
        if !self.busy.insert(path.clone()) {
            self.again.insert(path);
        } else if self.jobs.send(path.clone()).is_err() {
            self.busy.remove(&path);
        }
    }

    /// To be polled.
    pub fn wake(&self) -> &UnixStream {
        &self.wake
    }

    /// What is finished.
    pub fn take(&mut self) -> Vec<Parsed> {
        let mut bytes = [0u8; 256];
        while matches!((&self.wake).read(&mut bytes), Ok(n) if n > 0) {}
        let done: Vec<Parsed> = self.results.try_iter().collect();
        for (path, parsed) in &done {
            self.busy.remove(path);
            let is_old = |file: &ParsedFile| {
                processor::stamp(path, &self.settings).is_ok_and(|now| now != (file.mtime, file.size))
            };
            if self.again.remove(path) && parsed.as_ref().is_none_or(is_old) {
                self.parse(path.clone());
            }
        }
        done
    }
}
