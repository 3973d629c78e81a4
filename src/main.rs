//! The program: reads the command line and hands it to the room that does it.

use std::{
    path::{Path, PathBuf},
    process::{Child, exit},
};

use dagdeck::{
    cli::{self, ConsoleOptions, Environment, Invocation, RunScheduler},
    config::{Place, Wanted},
    console, engine,
    error::{Error, Result, say},
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
        Invocation::Verb(verb, environment) => return cli::run(*verb, environment, engine::field_render::run),
        Invocation::Internal(words) => internal(&words),
        Invocation::Scheduler(RunScheduler::Foreground, environment) => {
            environment.place().and_then(|p| engine::run(&p)).map_err(|e| environment.explained(e))
        }
        Invocation::Scheduler(RunScheduler::Detached, environment) => {
            environment.place().and_then(|place| start_detached(&place)).map_err(|e| environment.explained(e))
        }
        Invocation::Console(options, environment) => {
            open_console(options, &environment).map_err(|e| environment.explained(e))
        }
        Invocation::RenderPod(of, environment) => {
            return cli::render_pod(of, environment, engine::pod_render::run);
        }
        Invocation::TestDag(test, environment) => {
            return test_run(&environment, test.dag_id, None, test.date.as_deref(), test.conf.as_deref());
        }
        Invocation::TestTask(test, environment) => {
            let (dag_id, task_id) = (test.dag_id, Some(test.task_id));
            return test_run(&environment, dag_id, task_id, test.date.as_deref(), None);
        }
    };
    report(done.map(|()| 0))
}

fn report(done: Result<i32>) -> i32 {
    done.unwrap_or_else(|e| {
        // Not a macro of the standard library: a scheduler's log may be on a full disk.
        say(format_args!("error: {e}"));
        e.exit_code()
    })
}

fn start_detached(place: &Place) -> Result<()> {
    let text = if engine::start_detached(place)? { "the scheduler runs" } else { "a scheduler ran already" };
    say(format_args!("{text} for {}", place.home.display()));
    Ok(())
}

fn test_run(
    environment: &Environment,
    dag_id: String,
    task_id: Option<String>,
    date: Option<&str>,
    conf: Option<&str>,
) -> i32 {
    let run = || {
        let place = environment.place()?;
        let conf = match conf {
            Some(text) => serde_json::from_str(text)
                .map_err(|e| Error::usage("--conf is not JSON").because(e).hint("for example -c '{\"key\": 1}'"))?,
            None => serde_json::json!({}),
        };
        let logical_date = date.map(|text| cli::read_time(text, &place.settings)).transpose()?;
        engine::trial::run(&place, &engine::trial::Trial { dag_id, task_id, logical_date, conf })
    };
    report(run().map(|ok| i32::from(!ok)).map_err(|e| environment.explained(e)))
}

/// Opens the console, which starts a scheduler if the home has none.
fn open_console(options: ConsoleOptions, environment: &Environment) -> Result<()> {
    let place = environment.place()?;
    let at = options.reference.as_deref().map(|reference| cli::opening(reference, environment)).transpose()?;
    console::run(console::Options {
        logs: Some(place.logs()),
        home: place.home,
        dags_folder: place.dags_folder,
        theme: options.theme,
        read_only: options.read_only,
        context: environment.context.clone(),
        color: options.color,
        ascii: options.ascii,
        mouse: options.mouse,
        keys: options.keys,
        keys_file: cli::keys_file(),
        starter: Some(start_scheduler),
        at,
    })
}

/// Starts a scheduler for a home, as the console wants it.
fn start_scheduler(home: &Path, dags_folder: &Path) -> Result<Option<Child>> {
    let (home, dags_folder) = (Some(home.into()), Some(dags_folder.into()));
    let place = Place::find(&Wanted { home, dags_folder })?;
    engine::launch(&place).map_err(|e| dagdeck::config::explained(e, &place.home))
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
