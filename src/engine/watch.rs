//! Tells at once when a DAG file was saved, so that nobody waits for the next scan. The scan stays: it sees what the
//! kernel doesn't tell (other machines' changes on a shared folder, too many folders to watch).

use std::{
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};

use crate::{config::Settings, error::say, processor};

/// Watches the folders of DAG files.
pub struct Watch {
    inotify: Option<OwnedFd>,
    is_limit_told: bool,
}

impl Watch {
    /// Watches nothing yet. Without inotify (a limit of the machine) it never tells anything.
    pub fn new() -> Self {
        let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC);
        if let Err(e) = &inotify {
            say(format_args!("scheduler: DAG files aren't watched ({e}): changes are seen by the next scan"));
        }
        Self { inotify: inotify.ok(), is_limit_told: false }
    }

    /// Watches a folder and all below it that may hold DAG files by these settings; those that are watched already stay so.
    pub fn folders(&mut self, folder: &Path, settings: &Settings) {
        let Some(inotify) = &self.inotify else { return };
        let events = WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::ONLYDIR;
        for folder in processor::find_folders(folder, settings) {
            // One that is gone by now tells its folder.
            if let Err(rustix::io::Errno::NOSPC) = add_watch(inotify, &folder, events)
                && !std::mem::replace(&mut self.is_limit_told, true)
            {
                say(format_args!(
                    "scheduler: {} and more can't be watched (fs.inotify.max_user_watches): changes there are seen by the next scan",
                    folder.display()
                ));
            }
        }
    }

    /// To be polled, if there is something to poll.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(AsFd::as_fd)
    }

    /// True if something happened that may matter. Call it when poll says so.
    pub fn take(&mut self) -> bool {
        let Some(inotify) = &self.inotify else { return false };
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(inotify, &mut buffer);
        let mut matters = false;
        while let Ok(event) = events.next() {
            let name = event.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let is_folder = event.events().contains(ReadFlags::ISDIR);
            // A file that was only created is told again when it is written.
            let is_created = event.events().contains(ReadFlags::CREATE) && !is_folder;
            let is_lost = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
            matters |= is_lost || (!is_created && processor::may_matter(&name, is_folder));
        }
        matters
    }
}
