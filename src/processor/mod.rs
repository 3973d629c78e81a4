//! From files to DAGs: finds DAG files, parses them in processes of their own, and says what is wrong with them.

mod check;
mod ignore;
mod scan;
mod templates;

use std::{
    path::{Path, PathBuf},
    time::{Instant, UNIX_EPOCH},
};

use jiff::Timestamp;

use crate::{
    config::{Place, Settings},
    dagfile::{self, Parsed},
    error::{Error, Result},
    model::{Dag, Diagnostic, Severity, Task, hash, schedule::Interval, time::rfc3339},
    operators::{self, Arguments, kubernetes_pod},
    python::{self, ParseError},
    store::{
        self, Store,
        dag::{ParsedDag, ParsedFile},
    },
    timetable::{self, DataInterval, Timetable},
};

pub use check::check;
pub use scan::{Scan, find_files, find_folders, may_matter, scan};

/// What parsing needs besides the file.
#[derive(Debug, Clone)]
pub struct Parser {
    /// Where things lie.
    pub place: Place,
    /// Unpacked Python side.
    pub side: PathBuf,
}

impl Parser {
    /// A parser for a home: unpacks the Python side there.
    pub fn new(place: &Place) -> Result<Self> {
        Ok(Self { place: place.clone(), side: python::unpack(&place.home.join("python"))? })
    }

    /// A parser without a home, for `dags check`.
    pub fn without_home(settings: &Settings) -> Result<Self> {
        // SAFETY: geteuid has no preconditions.
        let user = unsafe { libc::geteuid() };
        let base = std::env::temp_dir().join(format!("dagdeck-python-{user}"));
        let place = Place { home: base.clone(), dags_folder: PathBuf::new(), settings: settings.clone() };
        let parser = Self { place, side: python::unpack(&base)? };
        parser.warm_up();
        Ok(parser)
    }

    /// Compiles the Python side for the home's interpreter, so that no task has to.
    pub fn warm_up(&self) {
        let interpreter = self.place.interpreter(&self.place.dags_folder.join("any.py"));
        python::precompile(&interpreter, &self.place.dags_folder, &self.side);
    }

    /// Parses one file. Never fails: what is wrong is a diagnostic. `None`: not a DAG file (by Airflow's safe mode).
    pub fn parse(&self, path: &Path) -> Option<ParsedFile> {
        let began = Instant::now();
        let fileloc = path.to_string_lossy().into_owned();
        let (bytes, mtime, size) = match read(path, &self.place.settings) {
            Ok(read) => read,
            Err(e) => {
                let message = format!("cannot read the file: {e}");
                return Some(broken(fileloc, error(path, 0, message, None)));
            }
        };
        let is_safe = self.place.settings.flag("core", "dag_discovery_safe_mode");
        if !scan::looks_like_dag_file(path, &bytes, is_safe) {
            return None;
        }
        let is_zip = path.extension().is_some_and(|e| e == "zip");
        let source = if is_zip { String::new() } else { String::from_utf8_lossy(&bytes).into_owned() };
        if let Some(found) = not_text(path, &bytes) {
            return Some(broken(fileloc, found));
        }
        let (parsed, is_lasting) = if path.extension().is_some_and(|e| e == "toml") {
            (dagfile::toml::parse(&fileloc, &source, &left_open(&self.place.settings)), true)
        } else {
            self.python(path, &fileloc)
        };
        // What says nothing about the content is no result of it: the next scan sees a changed file.
        let (mtime, size) = if is_lasting { (mtime, size) } else { (0, 0) };
        let (dags, mut diagnostics) = self.with_timetables(path, parsed);
        diagnostics.extend(dags.iter().flat_map(|d| doubts(path, &d.dag)));
        diagnostics.extend(self.strange_templates(path, &dags));
        Some(ParsedFile {
            fileloc,
            hash: hash::bytes(&bytes),
            mtime,
            size,
            source,
            parse_seconds: began.elapsed().as_secs_f64(),
            dags,
            diagnostics,
        })
    }

    /// Warnings about templates that nobody can render when their task runs.
    fn strange_templates(&self, path: &Path, dags: &[ParsedDag]) -> Vec<Diagnostic> {
        let found: Vec<_> = dags.iter().flat_map(|d| templates::strange(&d.dag)).collect();
        let is_python = path.extension().is_none_or(|e| e != "toml");
        // Asked only where something is strange: jinja2 will say itself what is wrong.
        if found.is_empty() || is_python && python::has_module(&self.place.interpreter(path), "jinja2") {
            return Vec::new();
        }
        let hint = is_python.then(|| "jinja2 may understand it: install it for the file's interpreter".to_owned());
        let warning = |one: templates::Strange| Diagnostic {
            severity: Severity::Warning,
            ..error(path, one.line, one.message, hint.clone())
        };
        found.into_iter().map(warning).collect()
    }

    /// What the Python side says of a file; false if that was about its process, not about the file.
    fn python(&self, path: &Path, fileloc: &str) -> (Parsed, bool) {
        let last = self.last_intervals(fileloc);
        let more: &[&str] = if last.is_empty() { &[] } else { &["--last", &last] };
        let printed = self.ask(path, more);
        let is_lasting = matches!(printed, Ok(_) | Err(ParseError::Timeout(_)));
        let parsed = match printed {
            Ok(text) => dagfile::python::read(fileloc, &text),
            Err(problem) => {
                let (message, hint) = explained(problem);
                Parsed { dags: Vec::new(), diagnostics: vec![error(path, 0, message, Some(hint))] }
            }
        };
        (parsed, is_lasting)
    }

    /// Data intervals of the last automated runs of a file's DAGs that have a timetable class of their own, as JSON; empty
    /// if there are none. A store that can't be read is like one without runs: the scheduler asks again.
    fn last_intervals(&self, fileloc: &str) -> String {
        let Ok(Some(db)) = Store::open_reader(&self.place.db()) else { return String::new() };
        let ids = store::dag::with_own_timetable(&db, fileloc).unwrap_or_default();
        let mut last = serde_json::Map::new();
        for id in ids {
            if let Ok(Some(run)) = store::load::last_automated(&db, &id) {
                let end = |at: Option<Timestamp>| rfc3339(at.unwrap_or(run.run_after));
                let interval = [end(run.data_interval_start), end(run.data_interval_end)];
                last.insert(id.to_string(), serde_json::json!(interval));
            }
        }
        if last.is_empty() { String::new() } else { serde_json::Value::Object(last).to_string() }
    }

    /// Runs the Python side over a file; what it printed.
    fn ask(&self, path: &Path, more: &[&str]) -> std::result::Result<String, ParseError> {
        let settings = &self.place.settings;
        let timeout = import_timeout(settings);
        let folder = if path.starts_with(&self.place.dags_folder) && !self.place.dags_folder.as_os_str().is_empty() {
            self.place.dags_folder.clone()
        } else {
            path.parent().map(Path::to_path_buf).unwrap_or_default()
        };
        let interpreter = self.place.interpreter(path);
        let request = python::Request {
            file: path,
            dags_folder: &folder,
            plugins: &self.place.plugins(),
            more,
            environment: settings.as_environment(),
        };
        python::parse(&interpreter, &self.side, request, timeout)
    }

    /// Compiles each DAG's timetable; a DAG whose schedule can't be one becomes an error.
    fn with_timetables(&self, path: &Path, parsed: Parsed) -> (Vec<ParsedDag>, Vec<Diagnostic>) {
        let settings = timetable_settings(&self.place.settings);
        let mut diagnostics = parsed.diagnostics;
        let mut dags = Vec::new();
        for dag in parsed.dags {
            match Timetable::of(&dag, &settings) {
                Ok(timetable) => dags.push(ParsedDag {
                    timetable_summary: timetable.summary(),
                    timetable_class: timetable.class_name().to_string(),
                    dag,
                }),
                Err(message) => {
                    let text = format!("DAG {}: {message}", dag.dag_id);
                    diagnostics.push(error(
                        path,
                        dag.line,
                        text,
                        Some("five fields, or a preset such as @daily".into()),
                    ));
                }
            }
        }
        (dags, diagnostics)
    }
}

/// What Kubernetes won't take of a DAG's pods.
fn doubts(path: &Path, dag: &Dag) -> Vec<Diagnostic> {
    let nothing = indexmap::IndexMap::new();
    let pods = dag.tasks.values().filter(|task| task.is_a("KubernetesPodOperator") || operators::makes_job(task));
    let of_task = |task: &Task| {
        let sentences = kubernetes_pod::doubts(&Arguments::new(task, &nothing)).into_iter();
        let warning = |message| Diagnostic {
            severity: Severity::Warning,
            ..error(path, task.line, format!("task {}: {message}", task.task_id), None)
        };
        sentences.map(warning).collect::<Vec<_>>()
    };
    pods.flat_map(of_task).collect()
}

/// Why the Python side said nothing, and what to do about it.
fn explained(problem: ParseError) -> (String, String) {
    match problem {
        ParseError::NoInterpreter(why) => (
            format!("Python can't be started: {why}"),
            "install python3 (3.9 or newer), or set [python] interpreter or DAGDECK_PYTHON".to_string(),
        ),
        ParseError::Timeout(seconds) => (
            format!("DagBag import timeout: parsing took longer than {seconds} s"),
            "move slow work (queries, downloads) out of the top level into tasks, or raise [core] \
             dagbag_import_timeout and [dag_processor] dag_file_processor_timeout"
                .to_string(),
        ),
        ParseError::Crashed(why) => {
            (format!("the parsing process ended: {why}"), "run the file with the same interpreter by hand".to_string())
        }
    }
}

/// Asks a timetable class of the author's own for the data interval of a run triggered for `at`.
///
/// # Errors
/// `Refused` with what the class said or raised.
pub fn manual_interval(place: &Place, dag: &Dag, at: Timestamp) -> Result<DataInterval> {
    let parser = Parser::new(place)?;
    let at = rfc3339(at);
    let refused = || Error::refused(format!("the timetable of DAG {} has no data interval for {at}", dag.dag_id));
    let printed = parser.ask(Path::new(&dag.fileloc), &["--manual", &dag.dag_id, &at]);
    let printed = printed.map_err(|problem| {
        let (message, hint) = explained(problem);
        refused().because(message).hint(hint)
    })?;
    let answer: std::result::Result<Interval, _> = serde_json::from_str(printed.trim());
    let (start, end) = answer.map_err(|_| refused().because(printed.trim()))?;
    Ok(DataInterval { start, end })
}

/// Seconds that importing a file may take: the smaller of Airflow's two limits; a `[core] dagbag_import_timeout` of 0 is none.
fn import_timeout(settings: &Settings) -> f64 {
    let whole = settings.number("dag_processor", "dag_file_processor_timeout").unwrap_or(50.0);
    let import = settings.number("core", "dagbag_import_timeout").unwrap_or(30.0);
    if import > 0.0 { whole.min(import) } else { whole }
}

/// What the settings say for what TOML files leave open.
fn left_open(settings: &Settings) -> dagfile::Defaults {
    let mut task = serde_json::Map::new();
    let text = |section, key| settings.text(section, key).trim();
    for (field, section, key) in [
        ("retries", "core", "default_task_retries"),
        ("retry_delay", "core", "default_task_retry_delay"),
        ("execution_timeout", "core", "default_task_execution_timeout"),
    ] {
        if let Ok(number) = settings.number(section, key).map(|n| n.max(0.0)) {
            task.insert(field.into(), if field == "retries" { (number as u32).into() } else { number.into() });
        }
    }
    task.insert("weight_rule".into(), text("core", "default_task_weight_rule").into());
    task.insert("owner".into(), text("operators", "default_owner").into());
    let queue = text("operators", "default_queue");
    if queue != "default" {
        task.insert("queue".into(), queue.into());
    }
    dagfile::Defaults {
        task,
        deferrable: settings.flag("operators", "default_deferrable"),
        timezone: text("core", "default_timezone").into(),
    }
}

/// The settings that decide which timetable a schedule becomes.
pub fn timetable_settings(settings: &Settings) -> timetable::Settings {
    timetable::Settings {
        create_cron_data_intervals: settings.flag("scheduler", "create_cron_data_intervals"),
        catchup_by_default: settings.flag("scheduler", "catchup_by_default"),
    }
}

fn read(path: &Path, settings: &Settings) -> std::io::Result<(Vec<u8>, i64, i64)> {
    let (mtime, size) = stamp(path, settings)?;
    Ok((std::fs::read(path)?, mtime, size))
}

/// What changes when a file means something else: its modification time in microseconds, moved by the settings that shape it,
/// and its size.
pub fn stamp(path: &Path, settings: &Settings) -> std::io::Result<(i64, i64)> {
    let facts = std::fs::metadata(path)?;
    let mtime = facts.modified()?.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64);
    Ok((mtime.wrapping_add(settings.mark_of_definitions()), facts.len() as i64))
}

fn error(path: &Path, line: u32, message: String, hint: Option<String>) -> Diagnostic {
    let file = path.to_string_lossy().into_owned();
    Diagnostic { severity: Severity::Error, file, line, column: 0, message, hint, stack_trace: None }
}

/// TOML is UTF-8; Python says itself what it thinks of other bytes.
fn not_text(path: &Path, bytes: &[u8]) -> Option<Diagnostic> {
    let wrong = std::str::from_utf8(bytes).err().filter(|_| path.extension().is_some_and(|e| e == "toml"))?;
    let line = bytes[..wrong.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
    let message = format!("the file isn't UTF-8: byte 0x{:02x}", bytes.get(wrong.valid_up_to()).copied().unwrap_or(0));
    Some(error(path, u32::try_from(line).unwrap_or(0), message, Some("save it as UTF-8".into())))
}

fn broken(fileloc: String, diagnostic: Diagnostic) -> ParsedFile {
    ParsedFile {
        fileloc,
        hash: String::new(),
        mtime: 0,
        size: 0,
        source: String::new(),
        parse_seconds: 0.0,
        dags: Vec::new(),
        diagnostics: vec![diagnostic],
    }
}
