//! Tries that may have a process: handed over, adopted, left behind. One try of an instance at a time.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use super::{
    adopt::failed,
    callbacks::is_callback,
    core::{Engine, Write},
};
use crate::{
    clock,
    error::{Result, say},
    model::{Cause, CauseKind, Change, TaskInstance, TiChange, TiKey, TiState},
    protocol::spawn::{parse_try_file_stem, try_file_stem},
    runner::{
        child,
        claim::{Life, TryFiles},
    },
    store,
};

/// A try that was handed over says hello within milliseconds; after this its claim is looked at.
const QUIET: Duration = Duration::from_secs(2);
/// After this without a claim the spawner is asked whether it has the try at all.
const UNCLAIMED: Duration = Duration::from_secs(10);

/// What is known of tries besides the connections of their supervisors.
#[derive(Debug, Default)]
pub struct Tries {
    /// Handed to the spawner and not heard of yet: since when.
    pub handed: HashMap<(TiKey, u32), Instant>,
    /// Names of tries that the store has done with and whose supervisors lived when this scheduler started.
    pub strays: BTreeSet<String>,
    /// Queued, and waiting until the process of an earlier try of the same instance is gone.
    pub held: Vec<(TiKey, u32)>,
    /// Of these the store remembers what they asked or said, until they are over.
    pub heard: BTreeSet<(TiKey, u32)>,
}

impl Tries {
    /// True if something must be looked at once a second.
    pub fn wants_looks(&self) -> bool {
        !self.handed.is_empty() || !self.strays.is_empty()
    }
}

impl Engine {
    /// True if the try may have a process, as far as this scheduler knows.
    pub(super) fn may_live(&self, try_of: &(TiKey, u32)) -> bool {
        self.supervisors.contains_key(try_of) || self.adopted.contains(try_of) || self.tries.handed.contains_key(try_of)
    }

    /// True if an earlier try of the instance may still have processes.
    pub(super) fn earlier_lives(&self, key: &TiKey, epoch: u32) -> bool {
        let earlier = |(k, e): &(TiKey, u32)| *e < epoch && k == key;
        let is_stray = |e: u32| self.tries.strays.contains(&try_file_stem(key.run, &key.task_id, key.map_index, e));
        let try_number = self.world.instance(key).map_or(0, |row| row.try_number);
        epoch > 1
            && (self.pods.earlier_lives(key, try_number)
                || self.supervisors.keys().any(earlier)
                || self.adopted.iter().any(earlier)
                || self.tries.handed.keys().any(earlier)
                || (!self.tries.strays.is_empty() && (1..epoch).any(is_stray)))
    }

    /// The try is over and has no process (any more): whoever waited for that may start.
    pub(super) fn forget(&mut self, key: &TiKey, epoch: u32) {
        let try_of = (key.clone(), epoch);
        self.supervisors.remove(&try_of);
        self.adopted.remove(&try_of);
        self.to_kill.remove(&try_of);
        self.tries.handed.remove(&try_of);
        self.drop_asked_pod(key);
        self.to_start.append(&mut self.tries.held);
    }

    /// What an ended try asked and said needn't be remembered. A DAG's callbacks have no row that says that they ended:
    /// theirs is remembered as long as their files may be there.
    pub(super) fn forget_heard(&mut self, key: &TiKey, epoch: u32) {
        if !is_callback(key) && self.tries.heard.remove(&(key.clone(), epoch)) {
            self.writes.push(Write::ForgetHeard { key: key.clone(), epoch });
        }
    }

    /// Loads what is remembered of tries that may still live; `with_files`: names of those.
    pub(super) fn load_heard(&mut self, with_files: &BTreeSet<String>) -> Result<()> {
        for (key, epoch) in store::heard::tries(self.store.reader())? {
            if with_files.contains(&self.files(&key, epoch).name()) {
                self.tries.heard.insert((key, epoch));
            } else {
                self.writes.push(Write::ForgetHeard { key, epoch });
            }
        }
        for (key, epoch, n) in store::heard::says(self.store.reader())? {
            self.says_taken.insert(key, (epoch, n));
        }
        Ok(())
    }

    /// Looks at the files of a try that says nothing, and takes in what became of it.
    pub(super) fn look_at(&mut self, key: &TiKey, epoch: u32) {
        match self.files(key, epoch).look() {
            Ok(life) => self.take_life(key, epoch, life),
            // What can't be read now (too many open files, say) is no proof that it died.
            Err(e) => {
                if self.adopted.insert((key.clone(), epoch)) {
                    say(format_args!("scheduler: {e}"));
                }
            }
        }
    }

    fn take_life(&mut self, key: &TiKey, epoch: u32, life: Life) {
        match life {
            Life::Ended(outcome) => self.take_outcome(*outcome),
            Life::Alive => {
                self.tries.handed.remove(&(key.clone(), epoch));
                self.adopted.insert((key.clone(), epoch));
            }
            Life::Died | Life::NeverStarted => {
                self.died(key, epoch, "runner killed: the process that supervised the try is gone");
            }
            Life::Damaged(why) => {
                say(format_args!("scheduler: {why}"));
                self.died(key, epoch, &why);
            }
        }
    }

    /// A supervisor is gone without an outcome: its try failed (unless that doesn't count any more), and what is left of
    /// its processes is ended.
    fn died(&mut self, key: &TiKey, epoch: u32, why: &str) {
        let files = self.files(key, epoch);
        child::kill_leftovers(&files.mark());
        let asked = self.to_kill.get(&(key.clone(), epoch)).cloned();
        let cause = asked.unwrap_or_else(|| Cause::new(CauseKind::RunnerKilled, why));
        self.forget(key, epoch);
        let retryable = cause.kind != CauseKind::Killed;
        self.report(key, epoch, failed(cause, retryable));
        self.listener_gone(key, epoch, None);
        self.drop_callback(key, epoch);
        self.forget_heard(key, epoch);
        self.settled.push(files);
    }

    /// Once a second: tries that live without a connection, and those that should have said hello by now.
    pub(super) fn look_at_quiet(&mut self) {
        for (key, epoch) in self.adopted.clone() {
            self.look_at(&key, epoch);
        }
        let quiet = |since: &Instant| since.elapsed() >= QUIET;
        let late: Vec<_> = self.tries.handed.iter().filter(|(_, since)| quiet(since)).map(|(k, _)| k.clone()).collect();
        let mut unclaimed = false;
        for (key, epoch) in late {
            let since = self.tries.handed.get(&(key.clone(), epoch)).map_or(Duration::ZERO, Instant::elapsed);
            match self.files(&key, epoch).look() {
                // The spawner hasn't come to it. It is handed over again only after it is known to have nothing of it.
                Ok(Life::NeverStarted) => unclaimed |= since >= UNCLAIMED,
                Ok(life) => self.take_life(&key, epoch, life),
                Err(e) => say(format_args!("scheduler: {e}")),
            }
        }
        if unclaimed && let Err(e) = self.new_spawner() {
            say(format_args!("scheduler: {e}"));
        }
        for name in self.tries.strays.clone() {
            self.look_at_stray(&name);
        }
    }

    /// Another spawner, or the old one anew: every try that was handed over is claimed by now, or is handed over again.
    pub(super) fn new_spawner(&mut self) -> Result<()> {
        self.spawner = super::spawner::Spawner::ensure(&self.place)?;
        for ((key, epoch), _) in std::mem::take(&mut self.tries.handed) {
            match self.files(&key, epoch).look() {
                Ok(Life::NeverStarted) => self.to_start.push((key, epoch)),
                Ok(life) => self.take_life(&key, epoch, life),
                Err(_) => self.look_at(&key, epoch),
            }
        }
        Ok(())
    }

    /// Looks at a try that the store has done with (cleared, marked, deleted, or committed by a scheduler that was killed
    /// before it tidied up).
    pub(super) fn look_at_stray(&mut self, name: &str) {
        let files = TryFiles::named(&self.place.tries(), name);
        let life = match files.look() {
            Ok(Life::Alive) | Err(_) => {
                self.tries.strays.insert(name.to_owned());
                return;
            }
            Ok(life) => life,
        };
        self.tries.strays.remove(name);
        match life {
            // Says of a DAG's callbacks still count.
            Life::Ended(outcome) => self.take_outcome(*outcome),
            _ => {
                child::kill_leftovers(&files.mark());
                self.settled.push(files);
                self.to_start.append(&mut self.tries.held);
            }
        }
    }

    /// A supervisor of a stray has said hello: it is known by its connection from now on.
    pub(super) fn is_heard(&mut self, key: &TiKey, epoch: u32) {
        self.tries.handed.remove(&(key.clone(), epoch));
        if !self.tries.strays.is_empty() {
            self.tries.strays.remove(&self.files(key, epoch).name());
        }
    }

    /// After a power cut the store may have forgotten its last moments, while claims and outcomes were synced: a try whose
    /// files are newer than its row was started, and isn't started again.
    pub(super) fn recall(&mut self, name: &str) -> Result<()> {
        let files = TryFiles::named(&self.place.tries(), name);
        let known = match files.look() {
            Ok(Life::Ended(outcome)) => Some((outcome.key, outcome.epoch, Some(outcome.try_number))),
            _ => parse_try_file_stem(name).map(|(key, epoch)| (key, epoch, None)),
        };
        let Some((key, epoch, number)) = known else { return Ok(()) };
        let Some(old) = self.world.instance(&key).filter(|row| !row.state.is_finished() && row.epoch < epoch) else {
            return Ok(());
        };
        let row = recalled(old, epoch, number);
        say(format_args!(
            "scheduler: {key} was started before the store's last moments were lost; it isn't started again"
        ));
        let change = TiChange { from: old.state, row, cause: None, at: clock::now() };
        self.store.apply(&[Change::Ti(Box::new(change))])?;
        self.load_run(key.run)
    }
}

/// The row as it was when the forgotten try was queued.
fn recalled(old: &TaskInstance, epoch: u32, try_number: Option<u32>) -> TaskInstance {
    let mut row = old.clone();
    // A poke of a sensor goes on with its try; so does what was scheduled already.
    let is_counted = matches!(old.state, TiState::UpForReschedule | TiState::Scheduled | TiState::Deferred);
    row.try_number = try_number.unwrap_or(old.try_number + u32::from(!is_counted));
    row.state = TiState::Queued;
    row.epoch = epoch;
    row.external_id = None;
    row.wake_at = None;
    row
}
