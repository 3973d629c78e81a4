//! Runs the Python side over one DAG file, in a process of its own with a time limit.

use std::{
    io::Read,
    os::fd::AsFd,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::script;

/// Why a file could not be parsed at all (what is wrong inside the file is in the printed document instead).
#[derive(Debug)]
pub enum ParseError {
    /// The interpreter could not be started.
    NoInterpreter(String),
    /// The time limit ran out.
    Timeout(f64),
    /// The process ended badly; what it wrote to stderr.
    Crashed(String),
}

/// What the parsing program is started with.
pub struct Request<'a> {
    /// The DAG file.
    pub file: &'a Path,
    /// Folder of the DAG files.
    pub dags_folder: &'a Path,
    /// Folder of the plugins; it need not exist.
    pub plugins: &'a Path,
    /// Further arguments.
    pub more: &'a [&'a str],
    /// Variables besides this process's.
    pub environment: Vec<(String, String)>,
}

/// Parses one file; returns what the Python side printed. `timeout` in seconds.
pub fn parse(interpreter: &str, side: &Path, request: Request<'_>, timeout: f64) -> Result<String, ParseError> {
    let mut command = Command::new(interpreter);
    command.arg(script(side, "dagdeck_parse.py")).arg(request.file).arg("--dags-folder").arg(request.dags_folder);
    if request.plugins.is_dir() {
        command.arg("--plugins").arg(request.plugins);
    }
    command.args(request.more).envs(request.environment);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|e| {
        let is_name = e.kind() == std::io::ErrorKind::NotFound && !interpreter.contains('/');
        let why = if is_name { format!("PATH has no {interpreter}") } else { format!("{interpreter}: {e}") };
        ParseError::NoInterpreter(why)
    })?;
    let deadline = Instant::now() + Duration::from_secs_f64(timeout.clamp(0.1, 1e6));
    let read = match (child.stdout.take(), child.stderr.take()) {
        (Some(out), Some(err)) => read_both(out, err, deadline),
        _ => None,
    };
    let Some((out, err)) = read else {
        if let Some(pid) = rustix::process::Pid::from_raw(child.id() as i32) {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
        let _ = child.wait();
        return Err(ParseError::Timeout(timeout));
    };
    match child.wait() {
        Ok(status) if status.success() => Ok(String::from_utf8_lossy(&out).into_owned()),
        Ok(status) => Err(ParseError::Crashed(format!("{status}: {}", String::from_utf8_lossy(&err).trim()))),
        Err(e) => Err(ParseError::Crashed(e.to_string())),
    }
}

/// Reads both pipes to their ends; `None` when the deadline passes first.
fn read_both(
    mut out: std::process::ChildStdout,
    mut err: std::process::ChildStderr,
    deadline: Instant,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut out_text, mut err_text) = (Vec::new(), Vec::new());
    let (mut out_open, mut err_open) = (true, true);
    let mut chunk = vec![0u8; 64 * 1024];
    while out_open || err_open {
        let left = deadline.checked_duration_since(Instant::now())?;
        let (out_ready, err_ready) = {
            let mut fds = Vec::new();
            if out_open {
                fds.push(PollFd::from_borrowed_fd(out.as_fd(), PollFlags::IN));
            }
            if err_open {
                fds.push(PollFd::from_borrowed_fd(err.as_fd(), PollFlags::IN));
            }
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return None,
            }
            let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
            (out_open && ready.next().unwrap_or(false), err_open && ready.next().unwrap_or(false))
        };
        if out_ready {
            match out.read(&mut chunk) {
                Ok(n) if n > 0 => out_text.extend_from_slice(&chunk[..n]),
                _ => out_open = false,
            }
        }
        if err_ready {
            match err.read(&mut chunk) {
                Ok(n) if n > 0 => err_text.extend_from_slice(&chunk[..n]),
                _ => err_open = false,
            }
        }
    }
    Some((out_text, err_text))
}
