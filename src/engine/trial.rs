//! `dags test` and `tasks test`: a run in a home of its own that is thrown away, with the settings, pools, variables and
//! connections of the real one.

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    clock,
    command::{self, Client},
    config::Place,
    error::{Error, Result},
    model::{Diagnostic, RunState, TiState, TriggeredBy},
    processor::{self, Parser},
    protocol::{Command, Request},
    store::{self, Store, dag::ParsedFile, load},
};

/// What is tried.
#[derive(Debug, Clone)]
pub struct Trial {
    /// DAG.
    pub dag_id: String,
    /// Only this task, without what is above and below it.
    pub task_id: Option<String>,
    /// Logical date; now if absent.
    pub logical_date: Option<Timestamp>,
    /// Conf.
    pub conf: Value,
}

/// Runs a DAG (or one task of it) and prints its logs. True if it succeeded.
pub fn run(real: &Place, trial: &Trial) -> Result<bool> {
    let file = find_dag(real, &trial.dag_id)?;
    let place =
        Place { home: throwaway_home()?, dags_folder: real.dags_folder.clone(), settings: real.settings.clone() };
    let done = in_home(real, &place, file, trial);
    let _ = std::fs::remove_dir_all(&place.home);
    done
}

fn throwaway_home() -> Result<PathBuf> {
    let home = std::env::temp_dir().join(format!("dagdeck-test-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&home).map_err(|e| Error::system(format!("cannot create {}", home.display()), e))?;
    Ok(home)
}

/// The file that has the DAG, parsed.
fn find_dag(place: &Place, dag_id: &str) -> Result<ParsedFile> {
    let parser = Parser::without_home(&place.settings)?;
    let mut wrong: Vec<Diagnostic> = Vec::new();
    for path in processor::find_files(&place.dags_folder, &place.settings) {
        let Some(file) = parser.parse(&path) else { continue };
        if file.dags.iter().any(|d| &*d.dag.dag_id == dag_id) {
            return Ok(file);
        }
        wrong.extend(file.diagnostics.into_iter().filter(|d| d.severity == crate::model::Severity::Error));
    }
    let error = Error::not_found(format!("no file in {} has a DAG {dag_id:?}", place.dags_folder.display()));
    let Some(d) = wrong.first().cloned() else { return Err(error.hint("`dagdeck dags list` names them all")) };
    let at = if d.line > 0 { format!("{}:{}", d.file, d.line) } else { d.file.clone() };
    wrong.dedup_by(|a, b| a.file == b.file);
    let count = if wrong.len() == 1 { "1 file has".into() } else { format!("{} files have", wrong.len()) };
    Err(error.hint(format!("{count} errors, the first: {at}: {}", d.message)))
}

fn in_home(real: &Place, place: &Place, mut file: ParsedFile, trial: &Trial) -> Result<bool> {
    place.create()?;
    file.dags.retain(|d| *d.dag.dag_id == *trial.dag_id);
    if let Some(task_id) = &trial.task_id {
        for parsed in &mut file.dags {
            parsed.dag.tasks.retain(|id, _| **id == **task_id);
            for task in parsed.dag.tasks.values_mut() {
                task.upstream_task_ids.clear();
                task.trigger_rule = crate::model::TriggerRule::Always;
            }
            parsed.dag.link();
            if parsed.dag.tasks.is_empty() {
                return Err(Error::not_found(format!("DAG {} has no task {task_id:?}", trial.dag_id)));
            }
        }
    }
    let mut store = Store::of(place)?;
    store.copy_settings(&real.db())?;
    command::register(place, &mut store, &file)?;
    store.transaction(|tx| store::dag::set_paused(tx, &trial.dag_id, false))?;
    drop(store);
    let scheduler = {
        let place = place.clone();
        std::thread::spawn(move || super::run_without_files(&place))
    };
    let outcome = follow(place, trial);
    let stopped = command::scheduler_request(place, Request::Stop { drain: true });
    let ended = scheduler.join();
    let ok = outcome?;
    stopped?;
    match ended {
        Ok(result) => result.map(|()| ok),
        Err(_) => Err(Error::refused("the scheduler of the test ended by a bug")),
    }
}

fn follow(place: &Place, trial: &Trial) -> Result<bool> {
    let mut client = wait_for_scheduler(place)?;
    client.ask("cli", "", Request::Subscribe)?;
    let command = Command::Trigger {
        dag_id: trial.dag_id.clone(),
        run_id: None,
        conf: trial.conf.clone(),
        logical_date: Some(trial.logical_date.unwrap_or_else(clock::now)),
        run_after: None,
        note: None,
        partition_key: None,
        triggered_by: TriggeredBy::Test,
    };
    let made = command::scheduler_request(place, Request::Do { command })?.unwrap_or(Value::Null);
    let run_id = made.get("dag_run_id").and_then(Value::as_str).unwrap_or("").to_string();
    let db = Store::open_reader(&place.db())?.ok_or_else(|| Error::refused("the store of the test is gone"))?;
    let mut told = std::collections::HashSet::new();
    loop {
        let run = store::run::find(&db, &trial.dag_id, &run_id)?.ok_or_else(|| Error::refused("the run is gone"))?;
        for row in load::instances(&db, run.id)? {
            let over = row.state.is_finished() || row.state == TiState::UpForRetry;
            if over && told.insert((row.key.clone(), row.try_number, row.state)) {
                tell(place, trial, &run_id, &row);
            }
        }
        if run.state.is_finished() {
            print(format_args!("run {run_id}: {}", run.state));
            return Ok(run.state == RunState::Success);
        }
        // Notices say when something changed; now and then look anyway.
        client.read(Some(Duration::from_secs(1)))?;
    }
}

fn wait_for_scheduler(place: &Place) -> Result<Client> {
    for _ in 0..2000 {
        if let Some(client) = Client::connect(place)? {
            return Ok(client);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(Error::refused("the scheduler of the test does not start"))
}

fn tell(place: &Place, trial: &Trial, run_id: &str, row: &crate::model::TaskInstance) {
    print(format_args!("{} try {}: {}", row.key, row.try_number, row.state));
    let mut log = place.logs().join(format!("dag_id={}", trial.dag_id)).join(format!("run_id={run_id}"));
    log.push(format!("task_id={}", row.key.task_id));
    if row.key.map_index >= 0 {
        log.push(format!("map_index={}", row.key.map_index));
    }
    log.push(format!("attempt={}.log", row.try_number));
    for line in std::fs::read_to_string(log).unwrap_or_default().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or(Value::Null);
        let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or("");
        print(format_args!("  {:7} {}", text("level"), text("event")));
        for more in text("error_detail").lines() {
            print(format_args!("          {more}"));
        }
    }
}

/// Prints a line. A reader that has gone (`| head`) ends neither the run nor, by a panic, this process.
fn print(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}
