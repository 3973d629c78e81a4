//! The Python side, embedded in the binary: unpacking it, parsing files with it, and how its tasks are started.

mod interpreter;
mod parse;
mod pod_hook;
mod side;

pub use interpreter::{has_module, precompile, real_path};
pub use parse::{ParseError, Request, parse};
pub use pod_hook::{HookError, PodHook};
pub use side::unpack;

use std::path::{Path, PathBuf};

/// Program and arguments that run a task of a Python DAG file. `-S`: the Python side loads `site` itself, on the first import
/// that needs it, since it is often the larger part of an interpreter's start.
pub fn execute_argv(interpreter: &str, side: &Path) -> Vec<String> {
    let mut argv = vec![interpreter.to_string(), "-S".into()];
    if !interpreter::is_compiled(interpreter, side) {
        argv.push("-B".into());
    }
    argv.push(script(side, "dagdeck_execute.py"));
    argv
}

fn script(side: &Path, name: &str) -> String {
    let path: PathBuf = side.join(name);
    path.to_string_lossy().into_owned()
}
