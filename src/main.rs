//! The program: reads the command line and hands it to the room that does it.

use std::{path::PathBuf, process::exit};

use dagdeck::{
    cli::{self, Invocation, RunScheduler},
    console,
    engine,
    error::{Error, Result},
    runner::spawner,
};

fn main() {
    let code = match cli::parse(std::env::args_os()) {
        Ok(invocation) => run(invocation),
        Err(code) => code,
    };
    exit(code);
}

fn run(invocation: Invocation) -> i32 {
    let done = match invocation {
        Invocation::Verb(verb, environment) => return cli::run(*verb, environment),
        Invocation::Internal(words) => internal(&words),
        Invocation::Scheduler(RunScheduler::Foreground, environment) => environment.place().and_then(|p| engine::run(&p)),
        Invocation::Scheduler(RunScheduler::Detached, environment) => environment.place().and_then(|place| {
            let text = if engine::start_detached(&place)? { "the scheduler runs" } else { "a scheduler ran already" };
            eprintln!("{text} for {}", place.home.display());
            Ok(())
        }),
        Invocation::Console(options, environment) => open_console(&options, &environment),
        Invocation::TestDag(..) | Invocation::TestTask(..) => {
            Err(Error::new(dagdeck::error::Kind::NotYet, "test: not yet in this version"))
        }
    };
    match done {
        Ok(()) => 0,
        Err(e) => {
            eprintln!("dagdeck: {e}");
            e.exit_code()
        }
    }
}

/// Opens the console; starts a scheduler before it if none runs. A scheduler that can't be started doesn't keep it shut.
fn open_console(options: &cli::ConsoleOptions, environment: &cli::Environment) -> Result<()> {
    let place = environment.place()?;
    let notice = if options.read_only {
        None
    } else {
        match engine::start_detached(&place) {
            Ok(true) => Some(format!("started a scheduler for {}; it goes on when you leave", place.home.display())),
            Ok(false) => None,
            Err(e) => Some(format!("no scheduler could be started: {e}")),
        }
    };
    console::run(console::Options {
        home: place.home,
        dags_folder: place.dags_folder,
        theme: options.theme.clone(),
        read_only: options.read_only,
        context: environment.context.clone(),
        notice,
    })
}

/// Processes that dagdeck starts for itself.
fn internal(words: &[std::ffi::OsString]) -> Result<()> {
    match words {
        [name, socket, tries, scheduler] if name == "spawner" => {
            let places = spawner::Places {
                socket: PathBuf::from(socket),
                tries: PathBuf::from(tries),
                scheduler: PathBuf::from(scheduler),
            };
            spawner::run(&places)
        }
        _ => Err(Error::usage("`dagdeck internal` is for dagdeck itself")),
    }
}
