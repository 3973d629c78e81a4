//! TERM and INT as bytes in a pipe, so that they wake the loop.

use std::{
    io::Read,
    os::{fd::AsRawFd, unix::net::UnixStream},
    sync::atomic::{AtomicI32, Ordering},
};

use crate::error::{Error, Result};

static WAKE: AtomicI32 = AtomicI32::new(-1);

extern "C" fn handler(_signal: libc::c_int) {
    // SAFETY: write is async-signal-safe; the descriptor lives as long as the process.
    unsafe { libc::write(WAKE.load(Ordering::Relaxed), [1u8].as_ptr().cast(), 1) };
}

extern "C" fn nothing(_signal: libc::c_int) {}

/// The reading end.
pub struct Signals {
    reader: UnixStream,
    _writer: UnixStream,
}

impl Signals {
    /// Catches TERM and INT, and ignores HUP and PIPE.
    pub fn catch() -> Result<Self> {
        let failed = |e| Error::system("cannot catch signals", e);
        let (reader, writer) = UnixStream::pair().map_err(failed)?;
        reader.set_nonblocking(true).map_err(failed)?;
        writer.set_nonblocking(true).map_err(failed)?;
        WAKE.store(writer.as_raw_fd(), Ordering::Relaxed);
        // SAFETY: installs handlers that only write a byte.
        unsafe {
            libc::signal(libc::SIGTERM, handler as *const () as libc::sighandler_t);
            libc::signal(libc::SIGINT, handler as *const () as libc::sighandler_t);
            // A file that may not grow (`ulimit -f`) is an error of the write, as a full disk is; no reason to die. A
            // handler, not SIG_IGN, which the processes of tasks would inherit.
            libc::signal(libc::SIGXFSZ, nothing as *const () as libc::sighandler_t);
            libc::signal(libc::SIGHUP, libc::SIG_IGN);
            libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        }
        Ok(Self { reader, _writer: writer })
    }

    /// To be polled.
    pub fn reader(&self) -> &UnixStream {
        &self.reader
    }

    /// True if a signal came.
    pub fn take(&mut self) -> bool {
        let mut byte = [0u8; 16];
        matches!(self.reader.read(&mut byte), Ok(n) if n > 0)
    }
}
