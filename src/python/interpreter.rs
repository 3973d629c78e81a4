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

    #[test]
    fn a_part_of_a_compiled_file_is_thrown_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let side = crate::python::unpack(folder.path()).expect("the Python side");
        precompile("python3", folder.path(), &side);
        assert!(is_compiled("python3", &side));
        let cache = side.join("dagdeck_side/__pycache__");
        let of = |name: &str| {
            let files = std::fs::read_dir(&cache).expect("compiled files").flatten().map(|entry| entry.path());
            files.into_iter().find(|path| path.to_string_lossy().contains(&format!("/{name}."))).expect("its file")
        };
        let (whole, cut) = (of("run"), of("parse"));
        let bytes = std::fs::read(&cut).expect("a file");
        std::fs::write(&cut, &bytes[..bytes.len() / 2]).expect("half a file");
        let mark = mark("python3", &side);
        std::fs::remove_file(&mark).expect("a mark");
        precompile("python3", folder.path(), &side);
        assert!(!cut.exists() && whole.exists() && !mark.exists());
        precompile("python3", folder.path(), &side);
        assert!(cut.exists() && mark.exists());
    }
}
