//! Claim and outcome files of tries, in the home's `tries` folder.

use std::{
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
        if let Some(outcome) = self.read_outcome()? {
            return Ok(Life::Ended(Box::new(outcome)));
        }
        let claim = match File::open(self.claim()) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Life::NeverStarted),
            Err(e) => return Err(Error::system(format!("cannot read {}", self.claim().display()), e)),
        };
        match flock(&claim, FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Life::Alive),
            Err(e) => Err(Error::system(format!("cannot lock {}", self.claim().display()), e)),
            // It may have ended between the two looks.
            Ok(()) => match self.read_outcome()? {
                Some(outcome) => Ok(Life::Ended(Box::new(outcome))),
                None => Ok(Life::Died),
            },
        }
    }

    fn read_outcome(&self) -> Result<Option<Outcome>> {
        match std::fs::read(self.outcome()) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|e| Error::system(format!("the outcome {} is damaged", self.outcome().display()), e)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::system(format!("cannot read {}", self.outcome().display()), e)),
        }
    }

    /// Writes the outcome so that it is whole or absent, whatever is killed: write, sync, rename.
    pub fn write_outcome(&self, outcome: &Outcome) -> std::io::Result<()> {
        let draft = self.with(".draft");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&serde_json::to_vec(outcome)?)?;
        file.sync_data()?;
        std::fs::rename(&draft, self.outcome())
    }

    /// Removes the files of a try whose outcome is committed.
    pub fn remove(&self) {
        // The claim last: without it the try would look as if it never started.
        let _ = std::fs::remove_file(self.outcome());
        let _ = std::fs::remove_file(self.claim());
    }
}

/// Removes files of tries that are over: committed by a scheduler that was killed before it tidied up.
pub fn sweep(tries: &Path, current: &std::collections::HashSet<String>) {
    let Ok(entries) = std::fs::read_dir(tries) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let alive = File::open(tries.join(format!("{stem}.claim")))
            .is_ok_and(|claim| flock(&claim, FlockOperation::NonBlockingLockShared).is_err());
        if !current.contains(stem) && !alive {
            let _ = std::fs::remove_file(entry.path());
        }
    }
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
}
