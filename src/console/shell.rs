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
        let feeder = thread::spawn(move || input.map_or(Ok(0), |input| feed(input, &source, &mut |_, _| true)));
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

/// Writes what a shell command or a file gets; how many lines that were. `look` hears how far it is, and says whether to go on.
///
/// # Errors
/// Those of reading the log and of writing; that nobody wants it any more.
pub fn feed(input: impl Write, source: &Source, look: log::Look<'_>) -> io::Result<usize> {
    let mut out = io::BufWriter::new(input);
    let lines = match source {
        Source::Text(text) => {
            writeln!(out, "{text}")?;
            text.lines().count()
        }
        Source::Log(path) => log::plain(path, &mut out, look)?,
    };
    out.flush()?;
    Ok(lines)
}

/// Gives a text to the user's editor; what came back, without line ends at its end. The terminal must have been given back before.
pub fn edit(text: &str) -> Result<String, String> {
    let named = ["VISUAL", "EDITOR"].into_iter().find_map(|n| std::env::var(n).ok().filter(|v| !v.trim().is_empty()));
    let editor = named.unwrap_or_else(|| "vi".into());
    let path = std::env::temp_dir().join(format!("dagdeck-{}-{}.txt", std::process::id(), text.len()));
    let run = || {
        use std::os::unix::fs::OpenOptionsExt;
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
        drop(file);
        // As git does it: the variable may hold options.
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(&path);
        with_signals(&mut command);
        let status = command.status()?;
        if !status.success() {
            return Err(io::Error::other(format!("{editor}: {status}; nothing was changed")));
        }
        std::fs::read_to_string(&path)
    };
    let came = run().map_err(|e: io::Error| e.to_string());
    let _ = std::fs::remove_file(&path);
    came.map(|text| text.trim_end_matches(['\n', '\r']).to_owned())
}
