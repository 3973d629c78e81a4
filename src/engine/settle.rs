//! Sees to the claims of tries whose outcome is committed, on a thread of its own: hands them to new tries, or removes them.
//!
//! A commit survives the kill of any process, but not a power cut, before the store's log is synced. So a batch of claims
//! goes only after one sync for all of it; until then the outcomes are beside the store, and are taken in again.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::Duration,
};

use crate::{
    error::{Error, Result, say},
    runner::claim::TryFiles,
};

/// How long files wait for others, so that they share a sync.
const GATHER: Duration = Duration::from_millis(200);
/// Most claims that are kept for new tries.
const MOST_SPENT: usize = 512;
/// How long they are kept when no try ends.
const SPENT_FOR: Duration = Duration::from_secs(5);

/// Claims that a new try may take over.
type Spent = Arc<Mutex<Vec<TryFiles>>>;

/// Handle of the thread; dropping it waits until everything is removed.
pub struct Settler {
    jobs: Option<mpsc::Sender<Vec<TryFiles>>>,
    spent: Spent,
    thread: Option<JoinHandle<()>>,
}

impl Settler {
    /// Starts the thread for a store.
    pub fn start(db: &Path) -> Result<Self> {
        let mut log = db.as_os_str().to_owned();
        log.push("-wal");
        let log = PathBuf::from(log);
        let (jobs, queue) = mpsc::channel();
        let spent = Spent::default();
        let kept = spent.clone();
        let thread = std::thread::Builder::new()
            .name("settler".into())
            .stack_size(256 * 1024)
            .spawn(move || work(&queue, &kept, &log))
            .map_err(|e| Error::system("cannot start the thread that removes the files of tries", e))?;
        Ok(Self { jobs: Some(jobs), spent, thread: Some(thread) })
    }

    /// Hands over files of tries whose outcome was committed just now.
    pub fn settle(&self, files: Vec<TryFiles>) {
        if let Some(jobs) = self.jobs.as_ref().filter(|_| !files.is_empty()) {
            // A thread that is gone leaves the files for the next start.
            let _ = jobs.send(files);
        }
    }

    /// The file name of a claim that a new try may take over.
    pub fn spent(&self) -> Option<String> {
        let files = self.spent.lock().ok()?.pop()?;
        Some(files.claim().file_name()?.to_string_lossy().into_owned())
    }
}

impl Drop for Settler {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(queue: &mpsc::Receiver<Vec<TryFiles>>, spent: &Spent, log: &Path) {
    loop {
        let none = spent.lock().is_ok_and(|spent| spent.is_empty());
        let next =
            if none { queue.recv().map_err(|_| RecvTimeoutError::Disconnected) } else { queue.recv_timeout(SPENT_FOR) };
        let mut batch = match next {
            Ok(batch) => batch,
            Err(RecvTimeoutError::Timeout) => {
                keep(spent, Vec::new(), 0);
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let is_last = gather(queue, &mut batch);
        // What can't be synced isn't forgotten: the next start takes it for what it is.
        match sync(log) {
            Ok(()) => keep(spent, batch, MOST_SPENT),
            Err(e) => say(format_args!("scheduler: cannot sync {}: {e}", log.display())),
        }
        if is_last {
            break;
        }
    }
    keep(spent, Vec::new(), 0);
}

/// Keeps at most so many claims, and removes the others.
fn keep(spent: &Spent, more: Vec<TryFiles>, most: usize) {
    let gone = match spent.lock() {
        Ok(mut spent) => {
            spent.extend(more);
            let from = most.min(spent.len());
            spent.split_off(from)
        }
        Err(_) => more,
    };
    gone.iter().for_each(TryFiles::remove);
}

/// Adds what arrives within a moment; true if nothing will come any more.
fn gather(queue: &mpsc::Receiver<Vec<TryFiles>>, batch: &mut Vec<TryFiles>) -> bool {
    let until = std::time::Instant::now() + GATHER;
    loop {
        match queue.recv_timeout(until.saturating_duration_since(std::time::Instant::now())) {
            Ok(more) => batch.extend(more),
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => return true,
        }
    }
}

/// Syncs the store's log. Without one, everything is in the store itself, which was synced when the log went.
fn sync(log: &Path) -> std::io::Result<()> {
    match File::open(log) {
        Ok(file) => file.sync_data(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RunId, TiKey};

    #[test]
    fn files_go_when_the_log_is_synced_and_stay_when_it_cannot_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let claim = |epoch| {
            let files = TryFiles::new(folder.path(), &TiKey::new(RunId(1), "t", -1), epoch);
            drop(files.take(None).expect("a claim"));
            files
        };
        let (first, second) = (claim(1), claim(2));
        let db = folder.path().join("db");
        std::fs::write(folder.path().join("db-wal"), "log").expect("a log");
        Settler::start(&db).expect("a thread").settle(vec![first.clone()]);
        assert!(!first.claim().exists());
        Settler::start(&folder.path().join("other")).expect("a thread").settle(vec![second.clone()]);
        assert!(!second.claim().exists(), "without a log there is nothing to sync");
        // What lies below a file can't be opened.
        let third = claim(3);
        std::fs::write(&db, "a file").expect("a file");
        Settler::start(&db.join("x")).expect("a thread").settle(vec![third.clone()]);
        assert!(third.claim().exists());
    }
}
