//! The program itself: a scheduler, waiting for runs, exit codes, streams that end early.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

const DAGS: &str = r#"
[dag]
dag_id = "ID"
is_paused_upon_creation = false
[tasks.first]
operator = "bash"
bash_command = "COMMAND"
[tasks.second]
operator = "bash"
bash_command = "echo done"
depends = ["first"]
"#;

/// A home with three DAGs, whose scheduler ends with the test.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.0.path().join("dags")).unwrap();
        for (id, command) in [("good", "echo hello"), ("bad", "exit 3"), ("slow", "sleep 30")] {
            let text = DAGS.replace("ID", id).replace("COMMAND", command);
            fs::write(home.0.path().join(format!("dags/{id}.toml")), text).unwrap();
        }
        home
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dagdeck"));
        command.current_dir(self.0.path()).args(["--home", "."]).args(line.split_whitespace());
        command.env_remove("DAGDECK_HOME").env_remove("DAGDECK_DAGS_FOLDER").stdin(Stdio::null());
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    fn json(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} -o json"));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{line}: {e} in {output:?}"))
    }

    fn start(&self) {
        let started = self.run("scheduler start");
        assert!(started.status.success(), "{started:?}");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.run("runs set-state slow latest failed -y");
        self.run("scheduler stop");
    }
}

fn wait_for(what: &str, mut ready: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < Duration::from_secs(30), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn interrupt(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
}

#[test]
fn a_run_is_waited_for() {
    let home = Home::new();
    assert_eq!(home.run("dags trigger good --wait").status.code(), Some(3));
    home.start();
    let good = home.run("dags trigger good -r one --wait --timeout 60 -o json");
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    assert_eq!(good.stderr, b"", "{good:?}");
    let run: Value = serde_json::from_slice(&good.stdout).unwrap();
    assert_eq!((&run["dag_run_id"], &run["state"]), (&"one".into(), &"success".into()));
    assert!(String::from_utf8(home.run("logs good one first -f").stdout).unwrap().contains("hello"));
    let bad = home.run("dags trigger bad -r two --wait --timeout 60");
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    let message = String::from_utf8(bad.stderr).unwrap();
    assert!(message.contains("failed: first") && message.contains("dagdeck logs bad two first"), "{message}");
    let document = home.json("runs show bad two");
    assert_eq!(document["tries"][0]["cause"]["exit_code"], 3);
    assert_eq!(document["task_instances"][1]["state"], "upstream_failed");
    home.run("dags pause good");
    let paused = home.run("dags trigger good -r three --wait -o json");
    assert_eq!(paused.status.code(), Some(1), "{paused:?}");
    assert!(String::from_utf8(paused.stderr).unwrap().contains("paused"));
    assert_eq!(home.json("scheduler status")["home"], fs::canonicalize(home.0.path()).unwrap().to_str().unwrap());
}

#[test]
fn waiting_ends_by_time_and_by_interrupt_and_the_run_goes_on() {
    let home = Home::new();
    home.start();
    let late = home.run("dags trigger slow -r a --wait --timeout 0.2 -o json");
    assert_eq!(late.status.code(), Some(1), "{late:?}");
    let mut waiting = home.command("logs slow a first -f").stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&waiting);
    assert_eq!(waiting.wait().unwrap().code(), Some(130));
    wait_for("the task's start", || home.json("tasks state slow a first")["state"] == "running");
    let elsewhere = home.run("--dags-folder / dags list");
    assert_eq!(elsewhere.status.code(), Some(1), "{elsewhere:?}");
    let stopped = home.run("tasks stop slow a first");
    assert_eq!(stopped.status.code(), Some(0), "{stopped:?}");
    wait_for("the run's end", || home.json("runs show slow a")["dag_run"]["state"] == "failed");
}

#[test]
fn a_reader_that_ends_early_is_no_failure() {
    let home = Home::new();
    let shell = format!("{} --home . completion bash | head -c 10", Path::new(env!("CARGO_BIN_EXE_dagdeck")).display());
    let output = Command::new("bash")
        .args(["-c", &format!("set -o pipefail; {shell}")])
        .current_dir(home.0.path())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()), "{output:?}");
}

#[test]
fn a_dag_id_used_twice_is_an_error_of_the_check_too() {
    let home = Home::new();
    let dags = home.0.path().join("dags");
    fs::copy(dags.join("good.toml"), dags.join("later.toml")).unwrap();
    let checked = home.command("dags check -o json").output().unwrap();
    assert_eq!(checked.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let message = document["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["filename"].as_str().unwrap().ends_with("later.toml"))
        .map(|f| (f["diagnostics"][0]["message"].as_str().unwrap().to_owned(), f["diagnostics"][0]["line"].as_u64()));
    let (message, line) = message.unwrap();
    assert!(message.starts_with("DAG id good is used twice: in ") && message.contains("later.toml"), "{message}");
    assert!(line > Some(0), "{document}");
}

#[test]
fn a_scheduler_is_stopped_whatever_dag_folder_is_named() {
    let home = Home::new();
    assert_eq!(home.command("scheduler start").output().unwrap().status.code(), Some(0));
    let elsewhere = tempfile::tempdir().unwrap();
    let mut stop = home.command("scheduler stop");
    stop.env("DAGDECK_DAGS_FOLDER", elsewhere.path());
    let stopped = stop.output().unwrap();
    assert_eq!(stopped.status.code(), Some(0), "{stopped:?}");
}
