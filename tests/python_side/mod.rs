//! The Python side's own unit tests, in every `python3` of the machine that it supports.

use std::{collections::BTreeSet, path::Path, process::Command};

/// The real files of `python3`, `python3.9` ... `python3.14`, wherever they are installed.
fn interpreters() -> BTreeSet<String> {
    let names = std::iter::once("python3".to_owned()).chain((9..=14).map(|minor| format!("python3.{minor}")));
    let real = |name: String| {
        let mut ask = Command::new(name);
        let output = ask.args(["-c", "import os, sys; print(os.path.realpath(sys.executable))"]).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    names.filter_map(real).collect()
}

#[test]
fn unit_tests_of_the_python_side_pass() {
    let interpreters = interpreters();
    assert!(!interpreters.is_empty(), "python3 must be on PATH");
    for interpreter in interpreters {
        let mut command = Command::new(&interpreter);
        command.args(["-B", "-W", "ignore", "-m", "unittest", "discover", "-s", "tests/python"]);
        command.env_remove("PYTHONPATH").current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{interpreter}:\n{said}");
        println!("{interpreter}: {}", said.lines().filter(|l| l.starts_with("Ran")).collect::<String>());
    }
}
