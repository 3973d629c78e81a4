//! The command line: one file per group of verbs; what it prints and returns is a contract (`docs/CLI.md`).
//!
//! [`parse`] turns arguments into an [`Invocation`]; `main` runs the console, the scheduler and tests of DAGs, and hands
//! everything else to [`run`], which opens only what the verb needs.

use std::ffi::OsString;

mod args;
mod asset;
mod audit;
mod backfill;
mod connection;
mod connection_test;
mod context;
mod dag;
mod dag_check;
mod dag_detail;
mod dag_trigger;
mod db;
mod db_clean;
mod environment;
mod filter;
mod hitl;
mod in_use;
mod incident;
mod info;
mod interrupt;
mod later;
mod log;
mod log_search;
mod nearest;
mod open;
mod plan;
mod pod;
mod pod_exec;
mod pod_show;
mod pool;
mod refresh;
mod run;
mod run_show;
mod saved_plan;
mod scheduler;
mod screen;
mod setting;
mod shell;
mod table;
mod target;
mod task;
mod task_clear;
mod task_explain;
mod task_mark;
mod task_render;
mod task_usage;
mod variable;
mod when;
mod xcom;

use crate::{model::yaml, secrets::mask};

pub use args::{Invocation, RunScheduler, TestDag, TestTask, Verb, parse};
pub use context::keys_file;
pub use environment::{ConsoleOptions, Environment};
pub use open::opening;
pub use pod::Renderer;
pub use shell::Shell;
pub use task_render::FieldRenderer;

/// Reads a time as the command line takes it, in the settings' zone.
///
/// # Errors
/// `Usage` for anything else.
pub fn read_time(text: &str, settings: &crate::config::Settings) -> crate::error::Result<jiff::Timestamp> {
    when::parse(text, &when::default_zone(settings)?, crate::clock::now())
}

/// `pods render` with the process's own streams, by a function that makes pods; the exit code.
pub fn render_pod(of: pod::RenderPod, environment: Environment, make: Renderer) -> i32 {
    interrupt::install();
    let mut shell = Shell::of_process(environment, &[]);
    let done = pod::render(of, &mut shell, make);
    finish(done, &mut shell)
}

/// Runs one verb with the process's own streams, with a function that renders fields; the exit code.
pub fn run(verb: Verb, environment: Environment, renders: FieldRenderer) -> i32 {
    interrupt::install();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut shell = Shell::of_process(environment, &arguments);
    shell.renders = Some(renders);
    run_with(verb, shell)
}

/// Runs one verb; prints its error, if it has one; the exit code.
pub fn run_with(verb: Verb, mut shell: Shell) -> i32 {
    let done = args::dispatch(verb, &mut shell);
    finish(done, &mut shell)
}

fn finish(done: crate::error::Result<i32>, shell: &mut Shell) -> i32 {
    let flushed = shell.flush();
    let error = match done.and_then(|code| flushed.map(|()| code)) {
        Ok(code) => return code,
        Err(error) => error,
    };
    if shell::is_closed_pipe(&error) {
        // `dagdeck runs list | head` is no failure.
        return 0;
    }
    let code = error.exit_code();
    shell.complain(error);
    code
}
