//! Supervisors on standby: processes forked from the spawner that each take one try after the other, so that no try
//! waits for a fork of its own.
//!
//! The spawner holds one socket for each. Over it goes the try's line, with the locked claim; one byte comes back when
//! the try is over. The lock belongs to the open claim, so it holds while the claim is on its way, and is gone as soon
//! as nobody has the claim any more.

use std::{
    fs::File,
    io::{IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd, RawFd},
        unix::net::UnixStream,
    },
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

use super::{claim::TryFiles, spawner::Places, supervise};
use crate::{
    error::say,
    protocol::{Spawn, TrySpec},
};

/// The spawner's end of a supervisor.
pub struct Standby {
    socket: UnixStream,
}

impl Standby {
    /// Forks one. `inherited` are descriptors of this process that it must not keep open.
    pub fn fork(places: &Places, inherited: &[RawFd]) -> std::io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        // SAFETY: this process has one thread; the child leaves only through `_exit`.
        match unsafe { libc::fork() } {
            0 => {
                begin(inherited, ours.as_raw_fd());
                let life = std::panic::AssertUnwindSafe(|| serve(&theirs, places));
                // A bug in the supervisor must not look like a living try: the claim's lock goes with the process.
                let code = i32::from(std::panic::catch_unwind(life).is_err());
                if code != 0 {
                    say("supervisor: ended by a bug");
                }
                // SAFETY: ends the forked child without running the parent's exit handlers.
                unsafe { libc::_exit(code) };
            }
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(Self { socket: ours }),
        }
    }

    /// Hands it a try: its line, and its claim. An error says that it is gone and nothing was started.
    pub fn give(&self, line: &[u8], claim: &File) -> std::io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let fds = [claim.as_fd()];
        control.push(SendAncillaryMessage::ScmRights(&fds));
        let sent = sendmsg(&self.socket, &[IoSlice::new(line)], &mut control, SendFlags::NOSIGNAL)?;
        (&self.socket).write_all(&line[sent..])
    }

    /// To be polled: readable when its try is over, or it is gone.
    pub fn socket(&self) -> &UnixStream {
        &self.socket
    }

    /// True if it is free again, false if it is gone. Call it when poll says so.
    pub fn is_free(&self) -> bool {
        let mut byte = [0u8; 1];
        matches!((&self.socket).read(&mut byte), Ok(1))
    }
}

/// What a forked supervisor does first: a session of its own, and nothing kept open of the spawner's.
fn begin(inherited: &[RawFd], spawners_end: RawFd) {
    let _ = rustix::process::setsid();
    // SAFETY: restores the default so that children can be waited for; closes descriptors that this forked process
    // never uses again (it leaves through `_exit`, so their owners are not dropped).
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        for fd in inherited.iter().chain([&spawners_end]) {
            libc::close(*fd);
        }
    }
}

/// One try after the other, until the spawner is gone or has no use for it.
fn serve(socket: &UnixStream, places: &Places) {
    let mut folder = None;
    while let Some((spec, claim)) = take(socket) {
        let files = TryFiles::new(&places.tries, &spec.key, spec.epoch);
        supervise::run(&spec, &files, claim, &places.scheduler, &mut folder);
        let mut socket = socket;
        if socket.write_all(b".").is_err() {
            break;
        }
    }
    if let Some(folder) = folder {
        folder.remove();
    }
}

/// The next try. `None` when there is none any more; a claim that came without its whole line is dropped, and its try
/// counts as dead.
fn take(socket: &UnixStream) -> Option<(TrySpec, File)> {
    let mut line = Vec::new();
    let mut claim: Option<OwnedFd> = None;
    let mut chunk = [0u8; 16 * 1024];
    while line.last() != Some(&b'\n') {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(socket, &mut [IoSliceMut::new(&mut chunk)], &mut control, RecvFlags::CMSG_CLOEXEC);
        let bytes = match received {
            Ok(message) if message.bytes > 0 => message.bytes,
            Err(rustix::io::Errno::INTR) => continue,
            _ => return None,
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = message {
                claim = fds.last().or(claim);
            }
        }
        line.extend_from_slice(&chunk[..bytes]);
    }
    match serde_json::from_slice(&line) {
        Ok(Spawn::Start { spec, .. }) => Some((*spec, File::from(claim?))),
        _ => None,
    }
}
