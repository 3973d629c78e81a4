//! Claims of tries with their outcomes, in the home's `tries` folder: one file per try.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Seek},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, FlockOperation, Mode, OFlags, RenameFlags, flock, renameat_with},
    io::Errno,
};

use crate::{
    error::{Error, Result},
    model::hash,
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

    /// File that says that this try was started, for ever, and how it ended.
    pub fn claim(&self) -> PathBuf {
        self.with(".claim")
    }

    /// The try's name in its folder.
    pub fn name(&self) -> String {
        self.stem.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// The name with a mark of the home: other homes have tries of the same name.
    pub fn mark(&self) -> String {
        format!("{}.{}", &hash::text(&self.stem.to_string_lossy())[..12], self.name())
    }

    /// Claims the try and locks the claim; `None` if it was claimed before.
    ///
    /// `spent` names the claim of a committed try, which is taken over if that is possible: to delete a file and make
    /// another one costs ext4 0.2 ms, since it looks at every inode that was freed within the last minute.
    pub fn take(&self, spent: Option<&str>) -> std::io::Result<Option<File>> {
        if let (Some(name), Some(tries)) = (spent, self.stem.parent()) {
            match self.take_over(&tries.join(name)) {
                Ok(claim) => return Ok(Some(claim)),
                Err(Errno::EXIST) => return Ok(None),
                // Locked still, gone, or a file system that can't rename without replacing.
                Err(_) => {
                    let _ = std::fs::remove_file(tries.join(name));
                }
            }
        }
        let file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.claim()) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(e) => return Err(e),
        };
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Some(file))
    }

    /// Locked before it gets its new name, so that it never looks like the claim of a dead try. The outcome in it is the
    /// other try's, which `read_outcome` tells by its key.
    fn take_over(&self, spent: &Path) -> std::result::Result<File, Errno> {
        let file = rustix::fs::open(spent, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        renameat_with(CWD, spent, CWD, self.claim(), RenameFlags::NOREPLACE)?;
        Ok(File::from(file))
    }

    /// What the file says about the try.
    pub fn look(&self) -> Result<Life> {
        let mut claim = match File::open(self.claim()) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Life::NeverStarted),
            Err(e) => return Err(Error::system(format!("cannot read {}", self.claim().display()), e)),
        };
        if let Some(ended) = self.read_outcome(&mut claim)? {
            return Ok(ended);
        }
        match flock(&claim, FlockOperation::NonBlockingLockShared) {
            Err(Errno::WOULDBLOCK) => Ok(Life::Alive),
            Err(e) => Err(Error::system(format!("cannot lock {}", self.claim().display()), e)),
            // It may have ended between the two looks.
            Ok(()) => Ok(self.read_outcome(&mut claim)?.unwrap_or(Life::Died)),
        }
    }

    /// The outcome, if there is a whole one of this very try.
    fn read_outcome(&self, claim: &mut File) -> Result<Option<Life>> {
        let mut text = Vec::new();
        claim
            .rewind()
            .and_then(|()| claim.read_to_end(&mut text))
            .map_err(|e| Error::system(format!("cannot read {}", self.claim().display()), e))?;
        let Some(json) = whole(&text) else { return Ok(None) };
        let outcome: Outcome = match serde_json::from_slice(json) {
            Ok(outcome) => outcome,
            Err(e) => {
                return Ok(Some(Life::Damaged(format!("the outcome in {} is damaged: {e}", self.claim().display()))));
            }
        };
        let of = try_file_stem(outcome.key.run, &outcome.key.task_id, outcome.key.map_index, outcome.epoch);
        Ok((of == self.name()).then(|| Life::Ended(Box::new(outcome))))
    }

    /// Removes the file of a try whose outcome is committed.
    pub fn remove(&self) {
        let _ = std::fs::remove_file(self.claim());
    }

    /// Makes what was written into the claim survive a power cut.
    pub fn sync(&self, claim: &File) -> std::io::Result<()> {
        claim.sync_data()?;
        match self.stem.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// Writes the outcome into the claim: one line that begins with its hash, so that it is whole or doesn't count, whatever
/// is killed and whatever stood there. May be repeated.
pub fn write_outcome(claim: &File, outcome: &Outcome) -> std::io::Result<()> {
    let json = serde_json::to_string(outcome)?;
    claim.write_all_at(format!("{} {json}\n", hash::text(&json)).as_bytes(), 0)
}

/// The JSON of the first line, if it is what was written.
fn whole(text: &[u8]) -> Option<&[u8]> {
    let line = &text[..text.iter().position(|b| *b == b'\n')?];
    let (sum, json) = (line.get(..40)?, line.get(41..)?);
    (hash::bytes(json).as_bytes() == sum).then_some(json)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{RunId, TiKey},
        protocol::OutcomeKind,
    };

    fn of(tries: &Path, task: &str) -> (TryFiles, Outcome) {
        let key = TiKey { run: RunId(1), task_id: task.into(), map_index: -1 };
        let files = TryFiles::new(tries, &key, 1);
        let now = jiff::Timestamp::UNIX_EPOCH;
        let kind = OutcomeKind::Success;
        let says = Vec::new();
        (files, Outcome { key, try_number: 1, epoch: 1, start_date: now, end_date: now, pid: 7, says, kind })
    }

    #[test]
    fn a_claim_is_taken_once_and_tells_how_its_try_is() {
        let tries = tempfile::tempdir().unwrap();
        let (files, outcome) = of(tries.path(), "a");
        assert!(matches!(files.look().unwrap(), Life::NeverStarted));
        let claim = files.take(None).unwrap().unwrap();
        assert!(files.take(None).unwrap().is_none());
        assert!(matches!(files.look().unwrap(), Life::Alive));
        // What a writer that was killed leaves behind counts as nothing.
        claim.write_all_at(b"0123456789012345678901234567890123456789 {\"key\"", 0).unwrap();
        drop(claim);
        assert!(matches!(files.look().unwrap(), Life::Died));
        let claim = OpenOptions::new().write(true).open(files.claim()).unwrap();
        write_outcome(&claim, &outcome).unwrap();
        assert!(matches!(files.look().unwrap(), Life::Ended(o) if *o == outcome));
    }

    #[test]
    fn a_claim_that_is_taken_over_says_nothing_of_the_old_try() {
        let tries = tempfile::tempdir().unwrap();
        let (old, mut long) = of(tries.path(), "old");
        let claim = old.take(None).unwrap().unwrap();
        long.says = vec![crate::protocol::Say { n: 1, body: serde_json::json!("x".repeat(500)) }];
        write_outcome(&claim, &long).unwrap();
        let (new, outcome) = of(tries.path(), "new");
        // Still locked by the one that wrote it: another file is made, and this one goes.
        let other = new.take(Some("1.-1.1.old.claim")).unwrap().unwrap();
        assert!(!old.claim().exists() && new.claim().exists());
        drop((claim, other));
        write_outcome(&old.take(None).unwrap().unwrap(), &long).unwrap();
        assert!(new.take(Some("1.-1.1.old.claim")).unwrap().is_none(), "it was claimed before");
        new.remove();
        let claim = new.take(Some("1.-1.1.old.claim")).unwrap().unwrap();
        assert!(!old.claim().exists());
        assert!(matches!(new.look().unwrap(), Life::Alive));
        write_outcome(&claim, &outcome).unwrap();
        assert!(matches!(new.look().unwrap(), Life::Ended(o) if *o == outcome));
        let torn = std::fs::read(new.claim()).unwrap();
        claim.write_all_at(&torn[..60].to_ascii_uppercase(), 0).unwrap();
        drop(claim);
        assert!(matches!(new.look().unwrap(), Life::Died));
    }
}
