//! `pods exec`: a program, or a shell, in a container of a running pod, with this terminal.

use std::{
    fs::File,
    io::{IsTerminal, Read, stdin, stdout},
    mem::ManuallyDrop,
    os::fd::{AsFd, FromRawFd},
    thread,
};

use clap::Args;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::mpsc::{Sender, channel};

use super::shell::Shell;
use crate::{
    error::{Error, Result},
    executor::kubernetes::{
        Access,
        exec::{self, FromUser, Outputs, Wanted},
    },
    model::{Pod, PodStage},
    protocol::Command,
    secrets, store,
};

/// What runs if nothing is named: the better shell of those that the image has.
const SHELL: [&str; 3] = ["sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"];

/// What to run where.
#[derive(Debug, Args)]
pub struct ExecPod {
    /// Name of the pod
    #[arg(value_name = "POD")]
    name: String,
    /// Container [default: the task's own]
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    /// The program reads this command's input
    #[arg(short = 'i', long)]
    stdin: bool,
    /// The program gets a terminal
    #[arg(short, long)]
    tty: bool,
    /// Program with its arguments [default: a shell, with a terminal]
    #[arg(last = true, value_name = "PROGRAM")]
    command: Vec<String>,
}

/// Runs it; the program's exit code.
///
/// # Errors
/// `Usage` without a terminal where one is needed, `NotFound` for an unknown pod, and what the cluster says.
pub fn run(of: &ExecPod, shell: &mut Shell) -> Result<i32> {
    let is_shell = of.command.is_empty();
    let tty = of.tty || is_shell;
    if tty && !(stdin().is_terminal() && stdout().is_terminal()) {
        return Err(Error::usage(if is_shell { "a shell needs a terminal" } else { "-t needs a terminal" })
            .hint("`dagdeck pods exec POD -- PROGRAM ARGUMENTS` runs a program without one"));
    }
    let conn = shell.store()?;
    let pod = store::pod::named(&conn, &of.name)?.into_iter().next().ok_or_else(|| {
        Error::not_found(format!("there is no pod {:?}", of.name))
            .hint("`dagdeck pods list --all` names all that are known")
    })?;
    // As the scheduler has reached it: the environment of this process may name another cluster.
    let cluster = {
        let access: Access = serde_json::from_value(pod.access.clone())
            .map_err(|e| Error::system(format!("cannot read how the cluster of pod {} is reached", pod.name), e))?;
        match (&access.reached, &access.conn_id) {
            (Some(reached), _) => reached.cluster(),
            (None, Some(id)) => access.resolve(secrets::connection(&conn, id)?.as_ref())?.0,
            (None, None) => access.resolve(None)?.0,
        }
    };
    drop(conn);
    let wanted = wanted(of, &pod, tty)?;
    let target = format!("{}/{} {}: {}", pod.namespace, pod.name, wanted.container, wanted.command.join(" "));
    shell.submit(Command::Audit { action: "pods.exec".into(), target })?;
    if is_shell {
        shell.say(&format!(
            "a shell in container {} of pod {}: exit leaves it; Enter ~ . cuts a connection that hangs",
            wanted.container, pod.name
        ))?;
    }
    let (say, typed) = channel(64);
    // What was changed of the terminal is changed back when this is dropped, however the program ends.
    let _raw = if tty { Some(Raw::enter(say.clone())?) } else { None };
    if wanted.stdin {
        thread::spawn(move || read(&say, tty));
    }
    let (mut out, mut err) = (stdout().lock(), std::io::stderr().lock());
    exec::run(&cluster, &wanted, typed, Outputs { out: &mut out, err: &mut err })
}

fn wanted(of: &ExecPod, pod: &Pod, tty: bool) -> Result<Wanted> {
    if pod.stage != PodStage::Created && (pod.stage != PodStage::Ended || pod.sight.phase != "Running") {
        let what = match pod.stage {
            PodStage::Wanted => "isn't created yet",
            _ if pod.sight.deleted_at.is_some() => "is gone",
            _ => "has ended",
        };
        return Err(Error::refused(format!("pod {} {what}, so nothing can run in it", pod.name)));
    }
    let base = pod.conduct["base"].as_str().unwrap_or("base");
    let is_shell = of.command.is_empty();
    Ok(Wanted {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        uid: pod.uid.clone(),
        container: of.container.clone().unwrap_or_else(|| base.into()),
        command: if is_shell { SHELL.map(String::from).into() } else { of.command.clone() },
        stdin: of.stdin || is_shell,
        tty,
    })
}

/// Reads what is typed until the input ends.
fn read(to: &Sender<FromUser>, tty: bool) {
    // SAFETY: descriptor 0 is open, and not closed by this, as it isn't dropped. Rust's own stdin would keep bytes back.
    let mut input = ManuallyDrop::new(unsafe { File::from_raw_fd(0) });
    let mut chunk = [0; 4096];
    let mut escape = Escape::default();
    loop {
        match input.read(&mut chunk) {
            Ok(0) | Err(_) => {
                let _ = to.blocking_send(FromUser::End);
                return;
            }
            Ok(n) if tty && escape.is_in(&chunk[..n]) => {
                let _ = to.blocking_send(FromUser::Cut);
                return;
            }
            Ok(n) => {
                if to.blocking_send(FromUser::Bytes(chunk[..n].to_vec())).is_err() {
                    return;
                }
            }
        }
    }
}

/// Finds `~.` at the beginning of a line, as ssh does: a connection that hangs takes no other key.
#[derive(Debug, Default)]
struct Escape {
    /// How much of Enter, `~`, `.` was typed.
    matched: usize,
}

impl Escape {
    fn is_in(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| {
            self.matched = match (byte, self.matched) {
                (b'\r' | b'\n', _) => 1,
                (b'~', 1) => 2,
                (b'.', 2) => 3,
                _ => 0,
            };
            self.matched == 3
        })
    }
}

/// The terminal as the program at the other end needs it: every byte is its own, and its size is told.
struct Raw {
    before: Termios,
}

impl Raw {
    fn enter(say: Sender<FromUser>) -> Result<Self> {
        let failed = |e| Error::system("cannot use the terminal", e);
        let before = tcgetattr(stdin()).map_err(failed)?;
        watch(say)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Drain, &raw).map_err(failed)?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Drain, &self.before);
    }
}

/// Tells the terminal's size now and whenever it changes, and has the connection cut when the process is to end.
fn watch(say: Sender<FromUser>) -> Result<()> {
    let tell = |say: &Sender<FromUser>| match tcgetwinsize(stdout().as_fd()) {
        Ok(size) => say.blocking_send(FromUser::Size(size.ws_col, size.ws_row)).is_ok(),
        Err(_) => true,
    };
    // SAFETY: the set is initialised by sigemptyset before it is used. Threads that are made later inherit the mask, so these
    // signals are left to the one that waits for them.
    let set = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for signal in [libc::SIGWINCH, libc::SIGTERM, libc::SIGHUP] {
            libc::sigaddset(&mut set, signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        set
    };
    if !tell(&say) {
        return Err(Error::system("cannot use the terminal", "nobody takes its size"));
    }
    thread::spawn(move || {
        loop {
            let mut signal = 0;
            // SAFETY: both pointers are valid for the call.
            if unsafe { libc::sigwait(&set, &mut signal) } != 0 {
                return;
            }
            let goes_on = match signal {
                libc::SIGWINCH => tell(&say),
                _ => say.blocking_send(FromUser::Cut).is_ok(),
            };
            if !goes_on {
                return;
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_and_a_dot_count_only_at_the_beginning_of_a_line() {
        assert!(!Escape::default().is_in(b"cd ~.\r"));
        assert!(!Escape::default().is_in(b"ls ~/.\r"));
        assert!(Escape::default().is_in(b"\r~."));
        let mut by_letters = Escape::default();
        assert!(!by_letters.is_in(b"\r") && !by_letters.is_in(b"~") && by_letters.is_in(b"."));
    }
}
