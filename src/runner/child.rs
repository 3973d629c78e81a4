//! Starts a try's own process: own group, ends when its supervisor ends, output into a pipe.

use std::{
    io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::{net::UnixStream, process::CommandExt},
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::protocol::TrySpec;

/// Variable that every process of a try carries, so that leftovers can be found.
pub const TRY_VARIABLE: &str = "DAGDECK_TRY";
/// Variable that names the descriptor of the private socket.
pub const SOCKET_VARIABLE: &str = "DAGDECK_FD";

/// A started process with the ends that its supervisor keeps.
pub struct Started {
    /// The process.
    pub child: Child,
    /// Its stdout and stderr.
    pub output: OwnedFd,
    /// Its private socket.
    pub socket: Option<UnixStream>,
    /// A temporary working folder, to be removed.
    pub temporary: Option<PathBuf>,
}

/// Starts the process of a try.
pub fn start(spec: &TrySpec, try_name: &str) -> io::Result<Started> {
    let program = spec.argv.first().ok_or_else(|| io::Error::other("the task has no command"))?;
    let (output, child_output) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let sockets = spec.startup.as_ref().map(|_| UnixStream::pair()).transpose()?;
    let temporary = if spec.cwd.is_none() { Some(temporary_folder(try_name)?) } else { None };
    let mut command = Command::new(program);
    command.args(&spec.argv[1..]);
    if spec.clear_env {
        command.env_clear();
    }
    command.envs(&spec.env).env(TRY_VARIABLE, try_name);
    if let Some(folder) = spec.cwd.as_deref().map(PathBuf::from).or(temporary.clone()) {
        command.current_dir(folder);
    }
    command.stdin(Stdio::null()).stdout(Stdio::from(child_output.try_clone()?)).stderr(Stdio::from(child_output));
    command.process_group(0);
    let socket_fd = sockets.as_ref().map(|(_, theirs)| theirs.as_raw_fd());
    if let Some(fd) = socket_fd {
        command.env(SOCKET_VARIABLE, fd.to_string());
    }
    let supervisor = std::process::id();
    // SAFETY: between fork and exec only async-signal-safe calls are made (prctl, getppid, signal, fcntl).
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The supervisor may have died before the line above took effect.
            if libc::getppid() != supervisor as libc::pid_t {
                return Err(io::Error::other("the supervisor is gone"));
            }
            if let Some(fd) = socket_fd
                && libc::fcntl(fd, libc::F_SETFD, 0) != 0
            {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
    let spawned = command.spawn();
    let child = match (spawned, &temporary) {
        (Ok(child), _) => child,
        (Err(e), folder) => {
            if let Some(folder) = folder {
                let _ = std::fs::remove_dir_all(folder);
            }
            return Err(e);
        }
    };
    Ok(Started { child, output, socket: sockets.map(|(ours, _)| ours), temporary })
}

fn temporary_folder(try_name: &str) -> io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let hash = &crate::model::hash::text(try_name)[..12];
    let folder = std::env::temp_dir().join(format!("dagdeck-{}-{hash}", std::process::id()));
    match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::remove_dir_all(&folder)?;
            std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        }
        other => other?,
    }
    Ok(folder)
}

/// Sends a signal to every process of the group that the child leads.
pub fn signal_group(pid: u32, signal: rustix::process::Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid as i32) {
        let _ = rustix::process::kill_process_group(pid, signal);
    }
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
