//! The program in a real terminal, pushed: a storm of sizes, every screen and form, its scheduler killed while somebody looks.

use std::{io::Write, time::Duration};

use portable_pty::PtySize;

use super::{home::build, terminal::Session, themes::SCREENS};

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

#[test]
fn a_storm_of_sizes_ends_in_a_whole_screen() {
    let mut session = Session::start(&[], false);
    session.wait_for("NEEDS YOU");
    for n in 0..120_u16 {
        session.master.as_ref().unwrap().resize(size(3 + n * 7 % 70, 8 + n * 37 % 260)).unwrap();
        if n % 5 == 0 {
            session.keys.write_all(b"j2k1").unwrap();
        }
    }
    session.master.as_ref().unwrap().resize(size(24, 80)).unwrap();
    session.keys.write_all(b"1gg").unwrap();
    session.wait_for("train_with_hp[3] killed by SIGKILL");
    let screen = session.screen();
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines[0].contains("triage") && lines.last().unwrap().contains("?:help"), "{screen}");
    session.keys.write_all(b"1qy").unwrap();
    assert_eq!(session.ended(), 0);
}

/// The bytes that a terminal sends for a key.
fn bytes(key: &str) -> Vec<u8> {
    match key {
        "Enter" => b"\r".to_vec(),
        "Esc" => b"\x1b".to_vec(),
        other => other.as_bytes().to_vec(),
    }
}

#[test]
fn every_screen_and_form_opens_and_closes() {
    let home = tempfile::tempdir().unwrap();
    build(home.path());
    let mut session = Session::of(home, &[], false);
    let place = session.home.path().to_owned();
    session.wait_for("sched ok");
    session.wait_for("NEEDS YOU");
    for (name, keys) in SCREENS.iter().filter(|(name, _)| *name != "quit") {
        for key in keys.split_whitespace() {
            session.keys.write_all(&bytes(key)).unwrap();
            // A terminal sends Escape alone only if nothing follows at once; forms drop what is typed before they open.
            std::thread::sleep(Duration::from_millis(if key == "Esc" { 120 } else { 15 }));
        }
        for _ in 0..3 {
            session.keys.write_all(b"\x1b").unwrap();
            std::thread::sleep(Duration::from_millis(120));
        }
        session.keys.write_all(b"91").unwrap();
        session.wait_for("NEEDS YOU");
        assert!(session.child.try_wait().unwrap().is_none(), "{name}: {}", session.screen());
    }
    assert!(!String::from_utf8_lossy(&session.seen.lock().unwrap()).contains("panicked"));
    session.keys.write_all(b"1qy").unwrap();
    assert_eq!(session.ended(), 0);
    session.dagdeck(&place, &["scheduler", "stop"]);
}

#[test]
fn a_scheduler_that_is_killed_takes_no_screen_away() {
    let home = tempfile::tempdir().unwrap();
    build(home.path());
    let mut session = Session::of(home, &[], false);
    let place = session.home.path().to_owned();
    session.wait_for("sched ok");
    session.keys.write_all(b"3").unwrap();
    session.wait_for("11-15 02:18");
    let status = session.dagdeck(&place, &["scheduler", "status", "-o", "json"]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let pid = rustix::process::Pid::from_raw(status["pid"].as_i64().unwrap() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    session.wait_for("NO SCHED");
    assert!(session.screen().contains("11-15 02:18"), "{}", session.screen());
    // Looking works, acting says why not.
    session.keys.write_all(b"2").unwrap();
    session.wait_for("churn_train");
    session.keys.write_all(b"P").unwrap();
    session.wait_for("no scheduler");
    session.keys.write_all(b"1qy").unwrap();
    assert_eq!(session.ended(), 0);
    session.dagdeck(&place, &["scheduler", "stop"]);
}
