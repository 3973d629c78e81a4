//! Ctrl-C ends a command with exit code 130; it never harms what the command asked for.

/// From now on SIGINT ends the process with exit code 130.
pub fn install() {
    extern "C" fn end(_signal: libc::c_int) {
        // SAFETY: _exit is async-signal-safe; the store is SQLite, to which this is any other sudden end.
        unsafe { libc::_exit(130) }
    }
    let handler = end as extern "C" fn(libc::c_int);
    // SAFETY: the handler only calls _exit; no other thread changes signal dispositions in a verb's process.
    unsafe {
        libc::signal(libc::SIGINT, handler as libc::sighandler_t);
    }
}
