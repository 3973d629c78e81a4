//! The program: reads the command line and hands it to the room that does it.

use std::{path::PathBuf, process::exit};

use dagdeck::{
    cli::{self, ConsoleOptions, Environment, Invocation, RunScheduler},
    console, engine,
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
        Invocation::Scheduler(RunScheduler::Foreground, environment) => {
            environment.place().and_then(|p| engine::run(&p))
        }
        Invocation::Scheduler(RunScheduler::Detached, environment) => environment.place().and_then(|place| {
            let text = if engine::start_detached(&place)? { "the scheduler runs" } else { "a scheduler ran already" };
            eprintln!("{text} for {}", place.home.display());
            Ok(())
        }),
        Invocation::Console(options, environment) => open_console(options, &environment),
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

/// Opens the console, and starts a scheduler if the home has none.
fn open_console(options: ConsoleOptions, environment: &Environment) -> Result<()> {
    let place = environment.place()?;
    let notice = match engine::launch(&place) {
        Ok(Some(child)) => Some(format!("started a scheduler for this home (pid {})", child.id())),
        Ok(None) => None,
        Err(e) => Some(format!("no scheduler: {}", e.message)),
    };
    console::run(console::Options {
        home: place.home,
        dags_folder: place.dags_folder,
        theme: options.theme,
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
