//! A home with a running scheduler, set up like the recorder's Airflow.

use std::{
    io::Read,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Whether the scheduler creates runs by itself.
#[derive(Clone, Copy, PartialEq)]
pub enum Schedules {
    /// It does.
    On,
    /// Only triggered runs exist.
    Off,
}

/// The home; its scheduler ends with it.
pub struct Home {
    folder: TempDir,
    dags: std::path::PathBuf,
    schedules: Schedules,
    scheduler: Option<Child>,
}

impl Home {
    /// Starts a scheduler for a folder of DAG files and waits until it has parsed them.
    pub fn start(dags: &Path, schedules: Schedules) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("side")).unwrap();
        let mut home = Self { folder, dags: dags.into(), schedules, scheduler: None };
        home.create_objects();
        let log = std::fs::File::create(home.folder.path().join("scheduler.out")).unwrap();
        let mut command = home.command(&["scheduler", "run"]);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        home.scheduler = Some(command.spawn().unwrap());
        home.wait_until_parsed();
        home
    }

    /// What the recorder created: see the recording's README.
    fn create_objects(&self) {
        self.json(&["pools", "set", "cc_one", "1", ""]);
        self.json(&["pools", "set", "cc_three", "3", ""]);
        self.json(&["variables", "set", "cc_plain", "plain-value"]);
        self.json(&["variables", "set", "cc_json", r#"{"inner":[1,2]}"#]);
        let http = json!({"conn_type": "http", "host": "example.test", "login": "user", "password": "secret-pw",
            "port": 8080, "schema": "https", "extra": {"flag": "yes"}});
        self.json(&["connections", "add", "cc_http", "--conn-json", &http.to_string()]);
        self.json(&["connections", "add", "fs_default", "--conn-json", r#"{"conn_type":"fs"}"#]);
    }

    fn wait_until_parsed(&self) {
        let files = std::fs::read_dir(&self.dags).unwrap().count();
        let began = Instant::now();
        let mut seen = (0, Instant::now());
        // All files are known when a second has passed without a new DAG.
        while seen.0 == 0 || seen.1.elapsed() < Duration::from_secs(3) {
            assert!(began.elapsed() < Duration::from_secs(90), "{files} files aren't parsed: {}", self.log());
            std::thread::sleep(Duration::from_millis(250));
            let count = self.json(&["dags", "list"]).as_array().map_or(0, Vec::len);
            if count != seen.0 {
                seen = (count, Instant::now());
            }
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dagdeck"));
        command
            .args(arguments)
            .env("DAGDECK_HOME", self.folder.path())
            .env("DAGDECK_DAGS_FOLDER", &self.dags)
            .env("AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE", if self.schedules == Schedules::On { "True" } else { "False" })
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("CONFORMANCE_SIDE_DIR", self.folder.path().join("side"));
        command
    }

    /// Runs a verb.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// The document that a verb prints; null for one that fails or prints none.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["-o", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// Folder of the DAG files.
    pub fn dags(&self) -> String {
        self.dags.to_string_lossy().into_owned()
    }

    /// Folder that the probes write notes to.
    pub fn side(&self) -> String {
        self.folder.path().join("side").to_string_lossy().into_owned()
    }

    /// What the scheduler said.
    pub fn log(&self) -> String {
        let mut text = String::new();
        if let Ok(mut file) = std::fs::File::open(self.folder.path().join("scheduler.out")) {
            let _ = file.read_to_string(&mut text);
        }
        text.chars().rev().take(3000).collect::<Vec<_>>().into_iter().rev().collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.run(&["scheduler", "stop"]);
        if let Some(mut scheduler) = self.scheduler.take() {
            let _ = scheduler.kill();
            let _ = scheduler.wait();
        }
        if std::thread::panicking() {
            eprintln!("the scheduler's log ends with:\n{}", self.log());
        }
    }
}
