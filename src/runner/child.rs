//! Starts a try's own process: own group, ends when its supervisor ends, output into a pipe.

use std::{
    ffi::{CString, OsStr, OsString},
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
};

use indexmap::IndexMap;

use super::launch::{self, Process, Program};
use crate::protocol::TrySpec;

/// Variable that every process of a try carries, so that leftovers can be found.
pub const TRY_VARIABLE: &str = "DAGDECK_TRY";
/// Variable that names the descriptor of the private socket.
pub const SOCKET_VARIABLE: &str = "DAGDECK_FD";

/// A started process with the ends that its supervisor keeps.
pub struct Started {
    /// The process.
    pub child: Process,
    /// Its stdout and stderr.
    pub output: OwnedFd,
    /// Its private socket.
    pub socket: Option<UnixStream>,
}

/// Starts the process of a try, in `folder` if its spec names none.
pub fn start(spec: &TrySpec, try_name: &str, folder: Option<&Path>) -> io::Result<Started> {
    let (output, child_output) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let sockets = spec.startup.as_ref().map(|_| UnixStream::pair()).transpose()?;
    let (socket, theirs) = sockets.unzip();
    let stdin = std::fs::File::open("/dev/null")?;
    let env = environment(spec, try_name, theirs.as_ref())?;
    let child = launch::start(&Program {
        argv: &spec.argv,
        env,
        folder: spec.cwd.as_deref().map(Path::new).or(folder),
        stdin: stdin.as_fd(),
        output: child_output.as_fd(),
        kept: theirs.as_ref().map(AsFd::as_fd),
    })?;
    Ok(Started { child, output, socket })
}

fn environment(spec: &TrySpec, try_name: &str, socket: Option<&UnixStream>) -> io::Result<Vec<CString>> {
    let mut all: IndexMap<OsString, OsString> =
        if spec.clear_env { IndexMap::new() } else { std::env::vars_os().collect() };
    all.extend(spec.env.iter().map(|(name, value)| (name.into(), value.into())));
    all.insert(TRY_VARIABLE.into(), try_name.into());
    if let Some(socket) = socket {
        all.insert(SOCKET_VARIABLE.into(), socket.as_raw_fd().to_string().into());
    }
    all.iter().map(|(name, value)| launch::entry(OsStr::new(name), OsStr::new(value))).collect()
}

/// Sends a signal to every process of the group that the child leads.
pub fn signal_group(child: &Process, signal: rustix::process::Signal) {
    let _ = rustix::process::kill_process_group(child.pid(), signal);
}

/// Kills every process that still carries a try's name, whatever group it moved to.
pub fn kill_leftovers(try_name: &str) {
    let wanted = format!("{TRY_VARIABLE}={try_name}\0");
    let Ok(entries) = std::fs::read_dir("/proc") else { return };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
        if environment.windows(wanted.len()).any(|window| window == wanted.as_bytes())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}
