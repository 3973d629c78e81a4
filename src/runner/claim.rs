//! Claim and outcome files of tries, in the home's `tries` folder.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use crate::{
    error::{Error, Result},
    protocol::{Outcome, spawn::try_file_stem},
};

/// The paths of one try.
#[derive(Debug, Clone)]
pub struct TryFiles {
    stem: PathBuf,
}

impl TryFiles {
    /// Of a task instance's epoch.
    pub fn new(tries: &Path, key: &crate::model::TiKey, epoch: u32) -> Self {
        Self { stem: tries.join(try_file_stem(key.run, &key.task_id, key.map_index, epoch)) }
    }

    /// By its name in the folder.
    pub fn named(tries: &Path, name: &str) -> Self {
        Self { stem: tries.join(name) }
    }

    fn with(&self, ending: &str) -> PathBuf {
        let mut path = self.stem.clone().into_os_string();
        path.push(ending);
        path.into()
    }

    /// File that says that this try was started, for ever.
    pub fn claim(&self) -> PathBuf {
        self.with(".claim")
    }

    /// File that holds its outcome.
    pub fn outcome(&self) -> PathBuf {
        self.with(".outcome")
    }

    /// The outcome while it is being written.
    pub fn draft(&self) -> PathBuf {
        self.with(".draft")
    }

    /// The try's name in its folder.
    pub fn name(&self) -> String {
        self.stem.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// The name with a mark of the home: other homes have tries of the same name.
    pub fn mark(&self) -> String {
        format!("{}.{}", &crate::model::hash::text(&self.stem.to_string_lossy())[..12], self.name())
    }

    /// Claims the try and locks the claim; `None` if it was claimed before.
    pub fn take(&self) -> std::io::Result<Option<File>> {
        let file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.claim()) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(e) => return Err(e),
        };
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Some(file))
    }

    /// What the files say about the try.
    pub fn look(&self) -> Result<Life> {
        // The outcome first: it is renamed into place before the claim's lock goes.
        if let Some(ended) = self.read_outcome()? {
            return Ok(ended);
        }
        let claim = match File::open(self.claim()) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Life::NeverStarted),
            Err(e) => return Err(Error::system(format!("cannot read {}", self.claim().display()), e)),
        };
        match flock(&claim, FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Life::Alive),
            Err(e) => Err(Error::system(format!("cannot lock {}", self.claim().display()), e)),
            // It may have ended between the two looks. A draft that is whole is as good: it was synced before it was to
            // be renamed, and the supervisor (or the power) may have gone in between.
            Ok(()) => Ok(match self.read_outcome()? {
                Some(ended) => ended,
                None => self.read_draft().unwrap_or(Life::Died),
            }),
        }
    }

    fn read_outcome(&self) -> Result<Option<Life>> {
        match std::fs::read(self.outcome()) {
            Ok(bytes) => Ok(Some(match serde_json::from_slice(&bytes) {
                Ok(outcome) => Life::Ended(Box::new(outcome)),
                Err(e) => Life::Damaged(format!("the outcome {} is damaged: {e}", self.outcome().display())),
            })),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::system(format!("cannot read {}", self.outcome().display()), e)),
        }
    }

    fn read_draft(&self) -> Option<Life> {
        let bytes = std::fs::read(self.draft()).ok()?;
        serde_json::from_slice(&bytes).ok().map(|outcome| Life::Ended(Box::new(outcome)))
    }

    /// Writes the outcome so that it is whole or absent, whatever is killed: write, sync, rename.
    pub fn write_outcome(&self, outcome: &Outcome) -> std::io::Result<()> {
        let draft = self.draft();
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&serde_json::to_vec(outcome)?)?;
        file.sync_data()?;
        std::fs::rename(&draft, self.outcome())
    }

    /// Removes the files of a try whose outcome is committed.
    pub fn remove(&self) {
        // The claim last: without it the try would look as if it never started.
        let _ = std::fs::remove_file(self.draft());
        let _ = std::fs::remove_file(self.outcome());
        let _ = std::fs::remove_file(self.claim());
    }
}

/// Names of all tries that have files in the folder.
pub fn names(tries: &Path) -> BTreeSet<String> {
    let Ok(entries) = std::fs::read_dir(tries) else { return BTreeSet::new() };
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries.flatten().filter_map(|entry| name(entry).rsplit_once('.').map(|(stem, _)| stem.to_owned())).collect()
}

/// What is known of a try from its files.
#[derive(Debug)]
pub enum Life {
    /// No claim: it may be started.
    NeverStarted,
    /// Its supervisor lives.
    Alive,
    /// Its supervisor is gone and left no outcome.
    Died,
    /// It ended.
    Ended(Box<Outcome>),
    /// It ended and what it left can't be read: why.
    Damaged(String),
}
