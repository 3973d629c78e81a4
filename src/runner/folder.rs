//! Temporary working folders: a try gets an empty one. One that its try left untouched serves the next try of the same
//! supervisor, since making and removing folders is dear (see `claim`); any other is removed with what is in it.

use std::{
    io,
    mem::MaybeUninit,
    os::{fd::OwnedFd, unix::fs::DirBuilderExt},
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags, RawDir, SeekFrom, Stat, fstat, open, seek};

/// An empty folder that nobody else may look into.
pub struct Folder {
    path: PathBuf,
    open: OwnedFd,
    made: Stat,
}

impl Folder {
    /// Makes one in the system's temporary folder; `name` has to differ from those of other living folders of this process.
    pub fn make(name: &str) -> io::Result<Self> {
        let hash = &crate::model::hash::text(name)[..12];
        let path = std::env::temp_dir().join(format!("dagdeck-{}-{hash}", std::process::id()));
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                std::fs::remove_dir_all(&path)?;
                std::fs::DirBuilder::new().mode(0o700).create(&path)?;
            }
            other => other?,
        }
        let open = open(&path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        let made = fstat(&open)?;
        Ok(Self { path, open, made })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True if it is as it was made: still there, same owner and mode, nothing in it, nothing ever was.
    pub fn untouched(&self) -> bool {
        let Ok(now) = fstat(&self.open) else { return false };
        let of = |s: &Stat| {
            (s.st_nlink, s.st_mode, s.st_uid, s.st_gid, s.st_mtime, s.st_mtime_nsec, s.st_ctime, s.st_ctime_nsec)
        };
        // The times alone don't tell: they may be as coarse as 4 ms.
        of(&now) == of(&self.made) && self.is_empty()
    }

    fn is_empty(&self) -> bool {
        if seek(&self.open, SeekFrom::Start(0)).is_err() {
            return false;
        }
        let mut buffer = [MaybeUninit::<u8>::uninit(); 1024];
        let mut entries = RawDir::new(&self.open, &mut buffer);
        while let Some(entry) = entries.next() {
            if !entry.is_ok_and(|e| matches!(e.file_name().to_bytes(), b"." | b"..")) {
                return false;
            }
        }
        true
    }

    /// Removes it with what is in it.
    pub fn remove(self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn only_an_untouched_folder_is_used_again() {
        let folder = Folder::make("untouched").unwrap();
        assert!(folder.untouched() && folder.untouched());
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(!folder.untouched());
        folder.remove();
        let folder = Folder::make("with a folder").unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        assert!(!folder.untouched());
        let path = folder.path().to_path_buf();
        folder.remove();
        assert!(!path.exists());
        let folder = Folder::make("other mode").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!folder.untouched());
        folder.remove();
        let folder = Folder::make("gone").unwrap();
        fs::remove_dir(folder.path()).unwrap();
        assert!(!folder.untouched());
    }
}
