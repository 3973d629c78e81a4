//! Programs that get the terminal: a shell command that reads what the console hands it, and verbs of dagdeck.

use std::{
    io::{self, Write, stdin},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use super::{log, message::Source};

/// Runs a verb of dagdeck about a home, and waits until the person has seen why it failed, if it did. The terminal must have been
/// given back before.
pub fn verb(home: &Path, dags_folder: &Path, words: &[String]) {
    let program = std::env::current_exe().unwrap_or_else(|_| "dagdeck".into());
    let mut command = Command::new(program);
    command.arg("--home").arg(home).arg("--dags-folder").arg(dags_folder).args(words);
    with_signals(&mut command);
    match command.status() {
        Ok(status) if status.success() => return,
        Ok(status) => eprint!("\n-- {status}; Enter goes back to the console "),
        Err(e) => eprint!("\n-- cannot run it: {e}; Enter goes back to the console "),
    }
    let _ = stdin().read_line(&mut String::new());
}

/// Runs a verb of dagdeck about a home without a terminal: whether it went well, and what it said.
pub fn asked(home: &Path, dags_folder: &Path, words: &[&str]) -> (bool, String) {
    let program = std::env::current_exe().unwrap_or_else(|_| "dagdeck".into());
    let mut command = Command::new(program);
    command.arg("--home").arg(home).arg("--dags-folder").arg(dags_folder).args(words).stdin(Stdio::null());
    with_signals(&mut command);
    match command.output() {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            let lines = String::from_utf8_lossy(&said).into_owned();
            (output.status.success(), lines.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        Err(e) => (false, e.to_string()),
    }
}

/// The console leaves its signals to one thread by blocking them; a child would inherit that.
fn with_signals(command: &mut Command) {
    // SAFETY: only async-signal-safe calls, on a set that is initialised first.
    unsafe {
        command.pre_exec(|| {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::pthread_sigmask(libc::SIG_SETMASK, &set, std::ptr::null_mut());
            Ok(())
        });
    }
}

/// Runs the command with the source as its input, and waits until the person has seen what it wrote. The terminal must
/// have been given back before.
pub fn pipe(command: &str, source: Source) {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped());
    with_signals(&mut shell);
    let ended = shell.spawn().and_then(|mut child| {
        let input = child.stdin.take();
        let feeder = thread::spawn(move || input.map_or(Ok(()), |input| feed(input, &source)));
        let status = child.wait()?;
        // A command that reads only the beginning (`head`) closes its input: no mistake.
        let _ = feeder.join();
        Ok(status)
    });
    match ended {
        Ok(status) if status.success() => eprint!("\n-- done; Enter goes back to the console "),
        Ok(status) => eprint!("\n-- {status}; Enter goes back to the console "),
        Err(e) => eprint!("\n-- cannot run it: {e}; Enter goes back to the console "),
    }
    let _ = stdin().read_line(&mut String::new());
}

fn feed(mut input: impl Write, source: &Source) -> io::Result<()> {
    match source {
        Source::Text(text) => writeln!(input, "{text}"),
        Source::Log(path) => {
            let mut out = io::BufWriter::new(&mut input);
            log::plain(path, &mut out)?;
            out.flush()
        }
    }
}
