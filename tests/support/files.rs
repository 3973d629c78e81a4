//! Waiting for files and for the ends of processes, by the kernel's own notices.

use std::{fs, os::fd::AsFd, path::Path, time::Instant};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};

use super::home::LIMIT;

/// True if there is something to read before everybody's patience ends.
fn readable(fd: impl AsFd, since: Instant) -> bool {
    let left = LIMIT.saturating_sub(since.elapsed());
    let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: 0 };
    matches!(poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timeout)), Ok(n) if n > 0)
}

/// Waits until a look gives something: looks again whenever something happens in a folder.
pub fn until_in<T>(folder: &Path, mut look: impl FnMut() -> Option<T>) -> T {
    let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
    let events =
        WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::CLOSE_WRITE | WatchFlags::DELETE | WatchFlags::MODIFY;
    add_watch(&inotify, folder, events).unwrap();
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(readable(&inotify, began), "nothing more happens in {}", folder.display());
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut news = Reader::new(&inotify, &mut buffer);
        while news.next().is_ok() {}
    }
}

/// Waits until a file is there.
pub fn await_file(path: &Path) {
    until_in(path.parent().unwrap(), || path.exists().then_some(()));
}

/// Waits until a process is gone (or only its zombie is left).
pub fn await_gone(pid: i32) {
    if let Ok(process) = pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()) {
        assert!(readable(&process, Instant::now()), "process {pid} still lives");
    }
}

/// Kills one process, and waits until it is gone.
pub fn kill(pid: i32) {
    let process = pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap();
    pidfd_send_signal(&process, Signal::KILL).unwrap();
    assert!(readable(&process, Instant::now()), "process {pid} can't be killed");
}

/// The number in a file.
pub fn pid_in(path: &Path) -> i32 {
    fs::read_to_string(path).unwrap().trim().parse().unwrap()
}

/// The parent of a process.
pub fn parent_of(pid: i32) -> i32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap()
}
