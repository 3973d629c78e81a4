//! The interpreter behind a name, and its compiled files.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::model::hash;

/// The program that `interpreter` really is: version managers put a shell script before it, which costs more than the
/// start of Python itself. The name as given, if it can't be asked.
pub fn real_path(interpreter: &str, folder: &Path) -> String {
    let mut command = Command::new(interpreter);
    command.args(["-I", "-c", "import sys; print(sys.executable)"]).stdin(Stdio::null()).stderr(Stdio::null());
    if folder.is_dir() {
        command.current_dir(folder);
    }
    match command.output() {
        Ok(output) if output.status.success() => {
            let path = String::from_utf8_lossy(&output.stdout).trim().to_string();
            if Path::new(&path).is_file() { path } else { interpreter.to_string() }
        }
        _ => interpreter.to_string(),
    }
}

/// Compiles the Python side for an interpreter, once. Needed where PYTHONDONTWRITEBYTECODE is set, or the home becomes
/// read-only: else every task would compile it again.
pub fn precompile(interpreter: &str, side: &Path) {
    let mark = side.join(format!(".compiled-{}", &hash::text(interpreter)[..12]));
    if mark.exists() {
        return;
    }
    let mut command = Command::new(interpreter);
    command.args(["-I", "-m", "compileall", "-q"]).arg(side);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.status().is_ok_and(|status| status.success()) {
        // Without the mark it is compiled again next time: slower, not wrong.
        let _ = std::fs::write(mark, interpreter);
    }
}
