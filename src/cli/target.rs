//! Which DAG, run and task a command means: `DAG RUN TASK`, Airflow's `DAG TASK RUN`, or the long options.

use clap::Args;
use jiff::Timestamp;
use rusqlite::Connection;

use super::{nearest, refresh, shell::Shell, when};
use crate::{
    clock,
    config::Settings,
    error::{Error, Result},
    model::{MapIndex, UNMAPPED},
    processor,
    store::pages,
};

macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$word_meta:meta])* $word:ident),+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, Args)]
        pub struct $name {
            // Words fill what the long options leave open, so none is required by itself.
            $($(#[$word_meta])* #[arg(allow_negative_numbers = true)] $word: Option<String>,)+
            /// Airflow's spelling of DAG
            #[arg(id = "named_dag", long = "dag-id", value_name = "DAG", hide = true)]
            named_dag: Option<String>,
            /// Airflow's spelling of RUN
            #[arg(id = "named_run", long = "run-id", value_name = "RUN", hide = true)]
            named_run: Option<String>,
            /// Airflow's spelling of TASK
            #[arg(id = "named_task", long = "task-id", value_name = "TASK", hide = true)]
            named_task: Option<String>,
        }
        impl $name {
            /// The names as given, without order.
            pub fn names(self) -> Names {
                let words = [$(self.$word),+].into_iter().flatten().collect();
                Names { words, dag_id: self.named_dag, run_id: self.named_run, task_id: self.named_task }
            }
        }
    };
}

names! {
    /// A DAG.
    DagName {
        /// DAG
        dag
    }
}
names! {
    /// A run.
    RunName {
        /// DAG
        dag,
        /// Run id, logical date, or `latest`
        run
    }
}
names! {
    /// A run and a text.
    RunAndText {
        /// DAG
        dag,
        /// Run id, logical date, or `latest`
        run,
        /// Text
        text
    }
}
names! {
    /// A run and its state.
    RunAndState {
        /// DAG
        dag,
        /// Run id, logical date, or `latest`
        run,
        /// success, failed or queued
        state
    }
}
names! {
    /// A task instance.
    TaskName {
        /// DAG
        dag,
        /// Run id, logical date, or `latest`
        run,
        /// Task, or TASK:INDEX
        task
    }
}
names! {
    /// A task instance and its state.
    TaskAndState {
        /// DAG
        dag,
        /// Run id, logical date, or `latest`
        run,
        /// Task, or TASK:INDEX
        task,
        /// success, failed or skipped
        state
    }
}
names! {
    /// A task instance and a value.
    TaskAndValue {
        /// DAG
        dag,
        /// Run id, logical date, or `latest`
        run,
        /// Task, or TASK:INDEX
        task,
        /// Value, as JSON
        value
    }
}

/// Names as they were given.
#[derive(Debug, Clone, Default)]
pub struct Names {
    words: Vec<String>,
    dag_id: Option<String>,
    run_id: Option<String>,
    task_id: Option<String>,
}

/// A task, and one of its indexes or all.
pub type TaskRef = (String, Option<MapIndex>);

/// A run that exists.
#[derive(Debug, Clone)]
pub struct Run {
    /// Row id.
    pub row: i64,
    /// DAG.
    pub dag_id: String,
    /// Run id.
    pub run_id: String,
}

/// A task of a run that exists; the task itself may not.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its run.
    pub run: Run,
    /// Task.
    pub task_id: String,
    /// Index, if one was named.
    pub map_index: Option<MapIndex>,
}

impl Names {
    /// Takes the last word: the state, text or value of a verb that has one.
    ///
    /// # Errors
    /// `Usage` if there is none.
    pub fn take_last(&mut self, name: &str) -> Result<String> {
        self.words.pop().ok_or_else(|| missing(name))
    }

    fn take(&mut self, name: &str) -> Result<String> {
        let given = match name {
            "DAG" => self.dag_id.take(),
            "RUN" => self.run_id.take(),
            _ => self.task_id.take(),
        };
        match given {
            Some(word) => Ok(word),
            None if self.words.is_empty() => Err(missing(name)),
            None => Ok(self.words.remove(0)),
        }
    }

    fn done(self) -> Result<()> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(Error::usage(format!("there is one word too many: {word:?}"))),
        }
    }

    /// The DAG, whether it exists or not.
    ///
    /// # Errors
    /// `Usage` if it isn't named.
    pub fn dag(mut self) -> Result<String> {
        let dag_id = self.take("DAG")?;
        self.done()?;
        Ok(dag_id)
    }

    /// The run.
    ///
    /// # Errors
    /// `Usage` if it isn't named, `NotFound` if it isn't there.
    pub fn run(mut self, shell: &Shell, conn: &Connection) -> Result<Run> {
        let dag_id = self.take("DAG")?;
        let run_id = self.take("RUN")?;
        self.done()?;
        find_run(shell, conn, &dag_id, &run_id)
    }

    /// The run and, if named, the task.
    ///
    /// # Errors
    /// `Usage` if the run isn't named, `NotFound` if it isn't there.
    pub fn run_and_maybe_task(self, shell: &Shell, conn: &Connection) -> Result<(Run, Option<TaskRef>)> {
        let named = usize::from(self.dag_id.is_some()) + usize::from(self.run_id.is_some());
        if self.task_id.is_none() && self.words.len() + named < 3 {
            return Ok((self.run(shell, conn)?, None));
        }
        let instance = self.instance(shell, conn)?;
        Ok((instance.run, Some((instance.task_id, instance.map_index))))
    }

    /// The task instance: `DAG RUN TASK`, or Airflow's `DAG TASK RUN` if only that order names a run.
    ///
    /// # Errors
    /// `Usage` if something isn't named, `NotFound` if the run isn't there.
    pub fn instance(mut self, shell: &Shell, conn: &Connection) -> Result<Instance> {
        let in_order = self.run_id.is_none() && self.task_id.is_none();
        let dag_id = self.take("DAG")?;
        let (run_id, task) = (self.take("RUN")?, self.take("TASK")?);
        self.done()?;
        let (run, task) = match find_run(shell, conn, &dag_id, &run_id) {
            Ok(run) => (run, task),
            Err(error) if in_order && error.kind == crate::error::Kind::NotFound => {
                match find_run(shell, conn, &dag_id, &task) {
                    Ok(run) => (run, run_id),
                    Err(_) => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        let (task_id, map_index) = split_index(&task)?;
        Ok(Instance { run, task_id, map_index })
    }
}

impl Names {
    /// DAG, task and date: `DAG TASK DATE`, or `DAG DATE TASK` if only that order names a date. `None`: there is no date.
    ///
    /// # Errors
    /// `Usage` if something isn't named.
    pub fn at_a_date(mut self, shell: &Shell, conn: &Connection) -> Result<Option<(String, String, Timestamp)>> {
        let dag_id = self.take("DAG")?;
        let (run, task) = (self.take("RUN")?, self.take("TASK")?);
        self.done()?;
        let zone = when::default_zone(&shell.place()?.settings)?;
        let known = pages::dag::ids(conn)?;
        if shell.place()?.db().exists() && !known.contains(&dag_id) {
            return Ok(None);
        }
        let date = |text: &str| when::parse(text, &zone, clock::now()).ok();
        Ok(match (date(&run), date(&task)) {
            (Some(at), _) => Some((dag_id, task, at)),
            (None, Some(at)) => Some((dag_id, run, at)),
            (None, None) => None,
        })
    }
}

fn missing(name: &str) -> Error {
    Error::usage(format!("{name} is missing")).hint("`dagdeck help VERB` shows what a verb needs, with an example")
}

/// `TASK`, `TASK:3` or `TASK[3]`.
///
/// # Errors
/// `Usage` if the index is no number.
pub fn split_index(text: &str) -> Result<(String, Option<MapIndex>)> {
    let split = match text.strip_suffix(']').and_then(|t| t.split_once('[')) {
        Some(split) => split,
        None => match text.rsplit_once(':') {
            Some(split) => split,
            None => return Ok((text.into(), None)),
        },
    };
    let index = split.1.parse::<MapIndex>().ok().filter(|i| *i >= UNMAPPED);
    let index = index.ok_or_else(|| {
        Error::usage(format!("{:?} is no map index", split.1)).hint("a task instance is written TASK or TASK:INDEX")
    })?;
    Ok((split.0.into(), Some(index)))
}

/// Finds a run by its id, its logical date, or as `latest`.
///
/// # Errors
/// `NotFound` with the nearest ids.
pub fn find_run(shell: &Shell, conn: &Connection, dag_id: &str, wanted: &str) -> Result<Run> {
    let found = |run_id: &str| -> Result<Option<Run>> {
        let row = pages::run::row_id(conn, dag_id, run_id)?;
        Ok(row.map(|row| Run { row, dag_id: dag_id.into(), run_id: run_id.into() }))
    };
    if let Some(run) = found(wanted)? {
        return Ok(run);
    }
    let recent = pages::run::recent_ids(conn, dag_id, 200)?;
    if wanted == "latest"
        && let Some(latest) = recent.first()
        && let Some(run) = found(latest)?
    {
        return Ok(run);
    }
    let zone = when::default_zone(&shell.place()?.settings)?;
    if let Ok(at) = when::parse(wanted, &zone, clock::now())
        && let Some(run_id) = pages::run::at_logical_date(conn, dag_id, at.as_microsecond())?
        && let Some(run) = found(&run_id)?
    {
        return Ok(run);
    }
    let known = pages::dag::ids(conn)?;
    if !known.iter().any(|id| id == dag_id) && recent.is_empty() {
        return Err(unknown_dag(dag_id, &known));
    }
    let hint = match &recent[..] {
        [] => format!("it has no runs yet; `dagdeck dags trigger {dag_id}` makes one"),
        all => {
            let near = nearest::nearest(wanted, all.iter().map(String::as_str));
            let shown = if near.is_empty() { all.iter().take(3).map(String::as_str).collect() } else { near };
            let what = if shown.len() == 1 { "its run" } else { "its runs" };
            format!("{what}: {}{}", shown.join(", "), if all.len() > shown.len() { ", .." } else { "" })
        }
    };
    Err(Error::not_found(format!("DAG {dag_id} has no run {wanted:?}")).hint(hint))
}

/// The error for an unknown DAG, with the nearest ids.
pub fn unknown_dag(dag_id: &str, known: &[String]) -> Error {
    let none = "no DAG is known yet; `dagdeck info` shows the DAG folder, `dagdeck dags list-import-errors` its errors";
    Error::not_found(format!("there is no DAG {dag_id:?}")).hint(nearest::hint(dag_id, known, none))
}

/// How many files have errors, as a sentence; `None` if none has.
///
/// # Errors
/// `System` if the store can't be read.
pub fn unreadable(conn: &Connection) -> Result<Option<String>> {
    let mut files: Vec<String> = pages::dag::diagnostics(conn)?
        .into_iter()
        .filter(|d| d.severity == crate::model::Severity::Error)
        .map(|d| d.file)
        .collect();
    files.dedup();
    Ok(match &files[..] {
        [] => None,
        [one] => Some(format!("{one} can't be read")),
        all => Some(format!("{} files can't be read", all.len())),
    })
}

/// The error for an unknown task, with the nearest ids.
pub fn unknown_task(dag_id: &str, task_id: &str, known: &[String]) -> Error {
    Error::not_found(format!("DAG {dag_id} has no task {task_id:?}")).hint(nearest::hint(task_id, known, "it has none"))
}

/// Makes sure that a DAG is known and as its file says: an unknown DAG's folder, a changed file, is parsed first.
///
/// # Errors
/// `NotFound` if it is still unknown.
pub fn fresh_dag(shell: &Shell, dag_id: &str) -> Result<Connection> {
    if shell.place()?.db().exists() {
        let conn = shell.store()?;
        if let Some(file) = pages::dag::file(&conn, dag_id)? {
            if is_changed(&file, &shell.place()?.settings) {
                refresh::now(shell, Some(file.fileloc.into()))?;
            }
            return Ok(conn);
        }
    }
    refresh::now(shell, None)?;
    let conn = shell.store()?;
    let known = pages::dag::ids(&conn)?;
    if known.iter().any(|id| id == dag_id) {
        return Ok(conn);
    }
    let error = unknown_dag(dag_id, &known);
    Err(match unreadable(&conn)? {
        Some(note) => error.because(format!("{note} (`dagdeck dags list-import-errors`)")),
        None => error,
    })
}

/// The store for a verb that lists DAGs, as their files are now.
///
/// # Errors
/// `System` if it can't be opened.
pub fn listed(shell: &Shell) -> Result<Connection> {
    refresh::folder(shell)?;
    shell.store()
}

fn is_changed(file: &pages::dag::ParsedFile, settings: &Settings) -> bool {
    // A file that is gone is the DAG processor's matter; what was parsed last still answers.
    let Ok(now) = processor::stamp(std::path::Path::new(&file.fileloc), settings) else { return false };
    file.mtime.zip(file.size) != Some(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_written_in_two_ways() {
        assert_eq!(split_index("a.b").unwrap(), ("a.b".into(), None));
        assert_eq!(split_index("a.b:3").unwrap(), ("a.b".into(), Some(3)));
        assert_eq!(split_index("a.b[12]").unwrap(), ("a.b".into(), Some(12)));
        assert!(split_index("a:x").is_err());
    }
}
