//! A home with a running scheduler, set up like the recorder's Airflow.

use std::{
    io::Read,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use regex::Regex;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a home is made from.
pub struct Setup {
    /// Folder of the DAG files.
    pub dags: PathBuf,
    /// Folder of the plugins.
    pub plugins: Option<PathBuf>,
    /// The scheduler creates runs by itself; else only triggered ones exist.
    pub makes_runs: bool,
}

/// The home; its scheduler ends with it.
pub struct Home {
    folder: TempDir,
    dags: PathBuf,
    plugins: Option<PathBuf>,
    makes_runs: bool,
    scheduler: Option<Child>,
}

impl Home {
    /// Starts a scheduler for a folder of DAG files and waits until it knows these DAGs, or knows why it can't.
    pub fn start(setup: &Setup, dag_ids: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("side")).unwrap();
        // The recorder's DAG folder was there, and had no files of its own.
        std::fs::create_dir(folder.path().join("dags")).unwrap();
        let Setup { dags, plugins, makes_runs } = setup;
        let (dags, plugins) = (dags.clone(), plugins.clone());
        let mut home = Self { folder, dags, plugins, makes_runs: *makes_runs, scheduler: None };
        home.create_objects();
        let log = std::fs::File::create(home.folder.path().join("scheduler.out")).unwrap();
        let mut command = home.command(&["scheduler", "run"]);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        home.scheduler = Some(command.spawn().unwrap());
        home.wait_until_parsed(dag_ids);
        home
    }

    /// What the recorder created: see the recording's README.
    fn create_objects(&self) {
        self.json(&["pools", "set", "cc_one", "1", ""]);
        self.json(&["pools", "set", "cc_three", "3", ""]);
        self.json(&["pools", "set", "cc_deferred", "1", "", "--include-deferred"]);
        self.json(&["variables", "set", "cc_plain", "plain-value"]);
        self.json(&["variables", "set", "cc_json", r#"{"inner":[1,2]}"#]);
        let http = json!({"conn_type": "http", "host": "example.test", "login": "user", "password": "secret-pw",
            "port": 8080, "schema": "https", "extra": {"flag": "yes"}});
        self.json(&["connections", "add", "cc_http", "--conn-json", &http.to_string()]);
        self.json(&["connections", "add", "fs_default", "--conn-json", r#"{"conn_type":"fs"}"#]);
    }

    fn wait_until_parsed(&self, dag_ids: &[&str]) {
        let began = Instant::now();
        loop {
            // Answers when the folder is parsed; a few times, since the scheduler may not have begun yet.
            let known = self.dag_ids();
            if dag_ids.iter().all(|id| known.iter().any(|k| k == id)) || began.elapsed() > Duration::from_secs(30) {
                return;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// DAGs that are known.
    pub fn dag_ids(&self) -> Vec<String> {
        let known = self.json(&["dags", "list"]);
        known.as_array().into_iter().flatten().filter_map(|d| d["dag_id"].as_str().map(str::to_owned)).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dagdeck"));
        command
            .args(arguments)
            .env("DAGDECK_HOME", self.folder.path())
            .env("AIRFLOW_HOME", self.folder.path())
            .env("DAGDECK_DAGS_FOLDER", &self.dags)
            .env("AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE", if self.makes_runs { "True" } else { "False" })
            .env("AIRFLOW__CORE__PARALLELISM", "8")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("CONFORMANCE_SIDE_DIR", self.folder.path().join("side"));
        if let Some(plugins) = &self.plugins {
            command.env("AIRFLOW__CORE__PLUGINS_FOLDER", plugins);
        }
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

    /// The home's folder.
    pub fn folder(&self) -> String {
        self.folder.path().to_string_lossy().into_owned()
    }

    /// Folder that the probes write notes to.
    pub fn side(&self) -> String {
        self.folder.path().join("side").to_string_lossy().into_owned()
    }

    /// A package that a task of the DAG wanted and that isn't installed.
    pub fn missing_package(&self, dag_id: &str) -> Option<String> {
        let all = self.json(&["runs", "list", dag_id]);
        let ids = all.as_array().into_iter().flatten().filter_map(|run| run["dag_run_id"].as_str());
        ids.into_iter().find_map(|id| missing_package(&self.json(&["runs", "show", dag_id, id])["tries"].to_string()))
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

/// The package that a text says isn't installed; not Airflow's own, which are to be there.
pub fn missing_package(text: &str) -> Option<String> {
    static MISSING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"No module named '([A-Za-z0-9_]+)").unwrap());
    let name = MISSING.captures(text)?.get(1)?.as_str();
    (name != "airflow").then(|| name.to_owned())
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
