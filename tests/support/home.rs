//! A home in a temporary folder, the program as a person calls it, and a scheduler that never outlives its test.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::Run;

/// No test waits longer than this for anything.
pub const LIMIT: Duration = Duration::from_secs(120);

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The one JSON document on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("no JSON ({e}): {self:#?}"))
    }

    /// Itself, if the command ended with 0.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }
}

/// A home of its own. Everything a test writes is below its folder.
pub struct Home {
    dir: TempDir,
    dags: PathBuf,
}

impl Home {
    /// A home over a folder of DAG files; no scheduler runs.
    pub fn new(dags: &Path) -> Self {
        let dir = tempfile::Builder::new().prefix("dagdeck-test-").tempdir().unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        Self { dir, dags: dags.to_path_buf() }
    }

    /// A home over DAG files given as (name, text).
    pub fn with_files(files: &[(&str, &str)]) -> Self {
        let mut home = Self::new(Path::new(""));
        home.dags = home.dir.path().join("dags");
        fs::create_dir(&home.dags).unwrap();
        for (name, text) in files {
            fs::write(home.dags.join(name), text).unwrap();
        }
        home
    }

    /// A home over the repository's sample DAGs, with a scheduler.
    pub fn with_samples() -> Self {
        let home = Self::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("dags"));
        home.start();
        home
    }

    /// Starts the scheduler; it answers when this returns.
    pub fn start(&self) {
        self.start_with(&[]);
    }

    /// Starts the scheduler with more variables in its environment, which tasks see too.
    pub fn start_with(&self, variables: &[(&str, &str)]) {
        let done = self.command(&["scheduler", "start"]).envs(variables.iter().copied()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// The scheduler's process.
    pub fn scheduler(&self) -> i32 {
        fs::read_to_string(self.path().join("scheduler.lock")).unwrap().trim().parse().unwrap()
    }

    /// Kills the scheduler in the middle of whatever it does; it is gone when this returns.
    pub fn kill_scheduler(&self) {
        super::files::kill(self.scheduler());
    }

    /// The home's folder.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// The folder of DAG files.
    pub fn dags(&self) -> &Path {
        &self.dags
    }

    /// The program, in an environment that holds nothing of the person who runs the tests.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dagdeck"));
        command.args(arguments).env_clear().stdin(std::process::Stdio::null());
        command.envs(["PATH", "TMPDIR", "LD_LIBRARY_PATH"].iter().filter_map(|k| Some((*k, std::env::var_os(k)?))));
        command
            .env("LANG", "C.UTF-8")
            .env("HOME", self.dir.path())
            .env("XDG_CACHE_HOME", self.dir.path().join("cache"));
        command.env("DAGDECK_HOME", self.path()).env("DAGDECK_DAGS_FOLDER", &self.dags);
        command.current_dir(self.dir.path());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Triggers a run, waits for its end, and gives everything about it.
    pub fn trigger(&self, dag_id: &str, run_id: &str, conf: &Value) -> Run {
        let conf = conf.to_string();
        let limit = LIMIT.as_secs().to_string();
        let ran = self.run(&[
            "dags",
            "trigger",
            dag_id,
            "-r",
            run_id,
            "-c",
            &conf,
            "--wait",
            "--timeout",
            &limit,
            "-o",
            "json",
        ]);
        let run = self.show(dag_id, run_id);
        assert_eq!(ran.code == 0, run.state() == "success", "{ran:#?}\n{run:#?}");
        run
    }

    /// `runs show`.
    pub fn show(&self, dag_id: &str, run_id: &str) -> Run {
        Run(self.run(&["runs", "show", dag_id, run_id, "-o", "json"]).ok().json())
    }

    /// Waits until a run that goes on (after a clear, say) has ended.
    pub fn wait(&self, dag_id: &str, run_id: &str) -> Run {
        self.until(&format!("end of {dag_id} {run_id}"), || {
            let run = self.show(dag_id, run_id);
            ["success", "failed"].contains(&run.state()).then_some(run)
        })
    }

    /// Waits until a look gives something: looks again at each notice of the scheduler, and twice a second, since not everything that
    /// tests look at is news to it (a pod that took its time to go, say).
    pub fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        self.until_or(|| what.to_string(), look)
    }

    /// The same, of something that is best named when it didn't come.
    pub fn until_or<T>(&self, what: impl Fn() -> String, mut look: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        let stream = UnixStream::connect(self.path().join("scheduler.sock")).unwrap();
        let ask = r#"{"id":1,"via":"cli","command_line":"","request":{"request":"subscribe"}}"#;
        writeln!(&stream, "{ask}").unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let mut notices = BufReader::new(stream);
        let mut line = String::new();
        // The answer to `subscribe` comes first: nothing that happens after the first look is missed.
        loop {
            match notices.read_line(&mut line) {
                Ok(length) => {
                    assert!(length > 0, "the scheduler is gone");
                    line.clear();
                }
                Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::WouldBlock, "{e}"),
            }
            if let Some(found) = look() {
                return found;
            }
            assert!(began.elapsed() < LIMIT, "never came: {}", what());
        }
    }

    /// Processes that belong to this home: the scheduler, the spawner, supervisors, tasks.
    pub fn processes(&self) -> Vec<i32> {
        let mark = self.dir.path().as_os_str().as_encoded_bytes();
        let mine = i32::try_from(std::process::id()).unwrap_or(0);
        let names = |pid: i32, file: &str| {
            fs::read(format!("/proc/{pid}/{file}")).is_ok_and(|text| text.windows(mark.len()).any(|part| part == mark))
        };
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(|pid| *pid != mine && (names(*pid, "cmdline") || names(*pid, "environ"))).collect()
    }
}

impl Drop for Home {
    /// Also while a test panics: asks the scheduler to end, then ends what is left.
    fn drop(&mut self) {
        if self.path().join("scheduler.sock").exists() {
            let _ = self.command(&["scheduler", "stop"]).output();
        }
        // What is killed here may just have started something: look again until there is nothing.
        for _ in 0..20 {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            for pid in left.into_iter().filter_map(rustix::process::Pid::from_raw) {
                // The process is opened before it is killed and waited for, so that no other one is meant.
                let Ok(process) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) else {
                    continue;
                };
                let _ = rustix::process::pidfd_send_signal(&process, rustix::process::Signal::KILL);
                let mut ends = [rustix::event::PollFd::new(&process, rustix::event::PollFlags::IN)];
                let patience = rustix::event::Timespec { tv_sec: 2, tv_nsec: 0 };
                let _ = rustix::event::poll(&mut ends, Some(&patience));
            }
        }
    }
}
