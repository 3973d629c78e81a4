//! Sees to the claims of tries whose outcome is committed: once the commit is on the disk too, they are handed to new
//! tries or removed. So after a power cut either the store or the claim tells how a try ended. Many share one sync, on a
//! thread of its own, so that no task waits for it.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        mpsc::{Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    runner::claim::TryFiles,
    store,
};

/// How long a commit may be in the operating system's memory only. Killing processes harms nothing that is there.
const WITHIN: Duration = Duration::from_millis(250);
/// Most claims that are kept for new tries.
const MOST_SPENT: usize = 512;

/// Committed tries whose claims are still there.
pub struct Tidy {
    waiting: Vec<TryFiles>,
    due: Option<Instant>,
    /// Claims that a new try may take over.
    spent: Arc<Mutex<Vec<TryFiles>>>,
    thread: Option<(Sender<Vec<TryFiles>>, JoinHandle<()>)>,
}

impl Tidy {
    /// For the store at `db`.
    pub fn start(db: PathBuf) -> Result<Self> {
        let (send, receive) = channel::<Vec<TryFiles>>();
        let spent: Arc<Mutex<Vec<TryFiles>>> = Arc::default();
        let kept = spent.clone();
        let work = move || {
            for batch in receive {
                match store::sync(&db) {
                    Ok(()) => keep_or_remove(&kept, batch),
                    // They stay until the next start, which looks at them again.
                    Err(e) => eprintln!("scheduler: {e}"),
                }
            }
        };
        let thread = std::thread::Builder::new().name("tidy".into()).stack_size(64 * 1024).spawn(work);
        let thread = thread.map_err(|e| Error::system("cannot start a thread", e))?;
        Ok(Self { waiting: Vec::new(), due: None, spent, thread: Some((send, thread)) })
    }

    /// The file name of a claim that a new try may take over.
    pub fn spent(&self) -> Option<String> {
        let files = self.spent.lock().ok()?.pop()?;
        Some(files.claim().file_name()?.to_string_lossy().into_owned())
    }

    /// Takes tries whose outcome was just committed.
    pub fn add(&mut self, files: impl IntoIterator<Item = TryFiles>) {
        self.waiting.extend(files);
        if !self.waiting.is_empty() && self.due.is_none() {
            self.due = Some(Instant::now() + WITHIN);
        }
    }

    /// When [`tick`](Self::tick) has something to do.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) {
        if self.due.is_some_and(|at| now >= at) {
            self.hand_on();
        }
    }

    fn hand_on(&mut self) {
        self.due = None;
        if let Some((send, _)) = &self.thread {
            let _ = send.send(std::mem::take(&mut self.waiting));
        }
    }
}

impl Drop for Tidy {
    fn drop(&mut self) {
        if !self.waiting.is_empty() {
            self.hand_on();
        }
        if let Some((send, thread)) = self.thread.take() {
            drop(send);
            let _ = thread.join();
        }
        if let Ok(spent) = self.spent.lock() {
            spent.iter().for_each(TryFiles::remove);
        }
    }
}

fn keep_or_remove(spent: &Mutex<Vec<TryFiles>>, mut batch: Vec<TryFiles>) {
    if let Ok(mut spent) = spent.lock() {
        let room = MOST_SPENT.saturating_sub(spent.len()).min(batch.len());
        spent.extend(batch.drain(..room));
    }
    batch.iter().for_each(TryFiles::remove);
}
