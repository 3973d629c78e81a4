//! The program in a real terminal: it starts, stays silent, and gives the terminal back.

use std::{
    io::{Read, Write},
    num::NonZero,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::home::build;

/// The program in a terminal of 80x24.
pub struct Terminal {
    pub master: Option<Box<dyn MasterPty + Send>>,
    pub keys: Box<dyn Write + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    pub seen: Arc<Mutex<Vec<u8>>>,
}

/// A terminal with a home of its own.
pub struct Session {
    terminal: Terminal,
    pub home: tempfile::TempDir,
}

impl std::ops::Deref for Session {
    type Target = Terminal;
    fn deref(&self) -> &Terminal {
        &self.terminal
    }
}

impl std::ops::DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Terminal {
        &mut self.terminal
    }
}

impl Session {
    pub fn start(arguments: &[&str], no_color: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        build(home.path());
        Self::of(home, &[&["--read-only"], arguments].concat(), no_color)
    }

    /// The program in a home.
    pub fn of(home: tempfile::TempDir, arguments: &[&str], no_color: bool) -> Self {
        let place = ["--home", home.path().to_str().unwrap()];
        let variables = if no_color { &[("NO_COLOR", "1")][..] } else { &[] };
        Self { terminal: Terminal::start(&[&place, arguments].concat(), variables), home }
    }

    /// What a command prints about a home.
    pub fn dagdeck(&self, home: &std::path::Path, args: &[&str]) -> String {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dagdeck"));
        let out = command.arg("--home").arg(home).args(args).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    }
}

impl Terminal {
    pub fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let pair =
            native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_dagdeck"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        for name in ["NO_COLOR", "TMUX", "STY"] {
            command.env_remove(name);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut out = pair.master.try_clone_reader().unwrap();
        let into = seen.clone();
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(n) = out.read(&mut part) {
                if n == 0 {
                    return;
                }
                into.lock().unwrap().extend_from_slice(&part[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { master: Some(pair.master), keys, child, seen }
    }

    /// Types a text.
    pub fn types(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
    }

    /// Another size.
    pub fn resize(&self, cols: u16, rows: u16) {
        self.master.as_ref().unwrap().resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// The screen, as a terminal of that size would show what was written since it has it.
    fn screen_of(&self, cols: u16, rows: u16) -> String {
        let mut parser = vt100::Parser::new(NonZero::new(rows).unwrap(), NonZero::new(cols).unwrap(), 0);
        parser.process(&self.seen.lock().unwrap());
        parser.screen().contents()
    }

    pub fn screen(&self) -> String {
        self.screen_of(80, 24)
    }

    pub fn wait_for(&self, text: &str) {
        let until = Instant::now() + Duration::from_secs(10);
        while !self.screen().contains(text) {
            assert!(Instant::now() < until, "no {text:?} in\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the terminal got a sequence: what a process wrote last may be read after its end.
    pub fn wait_for_bytes(&self, sequence: &str) {
        let until = Instant::now() + Duration::from_secs(10);
        while !String::from_utf8_lossy(&self.seen.lock().unwrap()).contains(sequence) {
            assert!(Instant::now() < until, "no {sequence:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn ended(&mut self) -> u32 {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "still running");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn it_starts_is_silent_and_gives_the_terminal_back() {
    let mut session = Session::start(&[], false);
    session.wait_for("NEEDS YOU");
    session.keys.write_all(b"2").unwrap();
    session.wait_for("churn_train");
    std::thread::sleep(Duration::from_millis(1500));
    // Without a scheduler only the countdown to the next try is written, and nothing at all between its steps.
    let before = session.seen.lock().unwrap().len();
    std::thread::sleep(Duration::from_millis(2000));
    let written = session.seen.lock().unwrap().len() - before;
    assert!(written < 200, "{written} bytes while nothing changed");
    session.master.as_ref().unwrap().resize(PtySize { rows: 24, cols: 50, pixel_width: 0, pixel_height: 0 }).unwrap();
    session.wait_for("need 60x16");
    session.keys.write_all(b"1qy").unwrap();
    assert_eq!(session.ended(), 0);
    for sequence in ["\u{1b}[?1049l", "\u{1b}[?25h", "\u{1b}[?2004l", "\u{1b}[?2026h"] {
        session.wait_for_bytes(sequence);
    }
}

#[test]
fn it_starts_a_scheduler_in_an_empty_home_and_another_when_that_one_dies() {
    let mut session = Session::of(tempfile::tempdir().unwrap(), &[], false);
    let home = session.home.path().to_owned();
    session.wait_for("sched ok");
    session.wait_for("nothing needs you");
    assert!(!String::from_utf8_lossy(&session.seen.lock().unwrap()).contains("no such table"));
    session.keys.write_all(b"0").unwrap();
    session.wait_for("default_pool");
    let dagdeck = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dagdeck"));
        let out = command.arg("--home").arg(&home).args(args).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    let status: serde_json::Value = serde_json::from_str(&dagdeck(&["scheduler", "status", "-o", "json"])).unwrap();
    let pid = rustix::process::Pid::from_raw(status["pid"].as_i64().unwrap() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    session.wait_for("S starts one");
    session.keys.write_all(b"S").unwrap();
    session.wait_for("sched ok");
    session.keys.write_all(b"1qy").unwrap();
    assert_eq!(session.ended(), 0);
    dagdeck(&["scheduler", "stop"]);
}

#[test]
fn a_pipe_gets_the_terminal_and_gives_it_back() {
    let home = tempfile::tempdir().unwrap();
    build(home.path());
    // Not read-only, as that refuses pipes: so it starts a scheduler.
    let mut session = Session::of(home, &[], false);
    let place = session.home.path().to_owned();
    session.wait_for("NEEDS YOU");
    session.keys.write_all(b"4").unwrap();
    session.wait_for("train_with_hp");
    session.keys.write_all(b"|").unwrap();
    session.wait_for("a shell command reads it");
    session.keys.write_all(b"tr a-z A-Z\r").unwrap();
    session.wait_for("Enter goes back");
    assert!(session.screen().contains("DAG_ID"), "{}", session.screen());
    session.keys.write_all(b"\r").unwrap();
    session.wait_for("TASK");
    session.keys.write_all(b"1qy").unwrap();
    assert_eq!(session.ended(), 0);
    let mut stop = std::process::Command::new(env!("CARGO_BIN_EXE_dagdeck"));
    stop.arg("--home").arg(&place).args(["scheduler", "stop"]).output().unwrap();
}

#[test]
fn a_lost_terminal_ends_it_quietly() {
    let mut session = Session::start(&[], false);
    session.wait_for("NEEDS YOU");
    session.master = None;
    session.keys = Box::new(std::io::sink());
    // The reader thread's copy keeps the terminal open, so the hang-up is sent as a link that breaks would.
    let pid = session.child.process_id().unwrap();
    let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    assert_eq!(session.ended(), 0);
}

#[test]
fn no_color_writes_no_colour() {
    let mut session = Session::start(&["--theme", "light"], true);
    session.wait_for("NEEDS YOU");
    session.keys.write_all(b"\x03\x03").unwrap();
    assert_eq!(session.ended(), 0);
    let seen = session.seen.lock().unwrap();
    let text = String::from_utf8_lossy(&seen);
    for part in text.split("\u{1b}[").skip(1) {
        let Some((numbers, _)) = part.split_once('m') else { continue };
        if !numbers.chars().all(|c| c.is_ascii_digit() || c == ';') {
            continue;
        }
        let colour = |n: &str| matches!(n.parse::<u32>(), Ok(30..=38 | 40..=48 | 90..=97 | 100..=107));
        assert!(!numbers.split(';').any(colour), "{numbers}");
    }
}

/// The time until the terminal answers is in the top line of a wide one; the answer is no key, and an idle console asks nothing.
#[test]
fn how_far_away_the_terminal_is() {
    let mut session = Session::start(&[], false);
    session.wait_for("NEEDS YOU");
    session.resize(120, 30);
    session.types("2");
    session.wait_for_bytes("\u{1b}[6n");
    session.types("\u{1b}[7;1R");
    let until = Instant::now() + Duration::from_secs(10);
    while !session.screen_of(120, 30).contains("| rtt ") {
        assert!(Instant::now() < until, "no round trip in\n{}", session.screen_of(120, 30));
        std::thread::sleep(Duration::from_millis(20));
    }
    session.types("3j");
    session.types("1qy");
    assert_eq!(session.ended(), 0);
    let seen = session.seen.lock().unwrap();
    assert_eq!(String::from_utf8_lossy(&seen).matches("\u{1b}[6n").count(), 1, "it is asked seldom");
}
