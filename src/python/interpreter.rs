//! The interpreter behind a name, and its compiled files.

use std::{
    path::{Path, PathBuf},
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

/// True if an interpreter can import a module; it is started for the question.
pub fn has_module(interpreter: &str, name: &str) -> bool {
    let mut command = Command::new(interpreter);
    command.args(["-c", "import importlib, sys; importlib.import_module(sys.argv[1])", name]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Compiles the Python side for the home's interpreter, once. Needed where PYTHONDONTWRITEBYTECODE is set, or the home
/// becomes read-only: else every task would compile it again.
pub fn precompile(interpreter: &str, folder: &Path, side: &Path) {
    if is_compiled(interpreter, side) {
        return;
    }
    let program = real_path(interpreter, folder);
    let mut command = Command::new(&program);
    command.arg("-B").arg(side.join("dagdeck_compile.py"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.status().is_ok_and(|status| status.success()) {
        // Without the mark it is compiled again next time: slower, not wrong.
        for name in [interpreter, program.as_str()] {
            let _ = std::fs::write(mark(name, side), name);
        }
    }
}

/// True if the Python side is compiled for an interpreter. Until then no process may write compiled files of it: on a full
/// disk Python can write a part of one, which breaks every later import.
pub fn is_compiled(interpreter: &str, side: &Path) -> bool {
    mark(interpreter, side).exists()
}

fn mark(interpreter: &str, side: &Path) -> PathBuf {
    side.join(format!(".compiled-{}", &hash::text(interpreter)[..12]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A limit of file sizes cuts what is written, as a full disk does.
    #[test]
    fn no_part_of_a_compiled_file_is_left() {
        use std::os::unix::process::CommandExt;
        let folder = tempfile::tempdir().expect("a folder");
        let side = crate::python::unpack(folder.path()).expect("the Python side");
        let mut limited = Command::new("python3");
        limited.arg("-B").arg(side.join("dagdeck_compile.py"));
        // SAFETY: setrlimit is async-signal-safe.
        unsafe {
            limited.pre_exec(|| {
                let limit = rustix::process::Rlimit { current: Some(2000), maximum: Some(2000) };
                Ok(rustix::process::setrlimit(rustix::process::Resource::Fsize, limit)?)
            });
        }
        assert_eq!(limited.status().expect("python3").code(), Some(1));
        let caches = ["", "airflow", "dagdeck_side"].map(|name| side.join(name).join("__pycache__"));
        let files = || caches.iter().filter_map(|cache| std::fs::read_dir(cache).ok()).flatten().flatten();
        let sizes: Vec<u64> = files().map(|file| file.metadata().expect("a file").len()).collect();
        assert!(sizes.iter().all(|size| *size < 2000), "{sizes:?}");
        assert!(!is_compiled("python3", &side));
        precompile("python3", folder.path(), &side);
        assert!(is_compiled("python3", &side));
        assert!(files().count() > sizes.len());
    }
}
