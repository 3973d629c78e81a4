//! Frames of the console without a terminal: how long drawing takes, how long from a key to the new frame (with what is read
//! from the store), and how many bytes the terminal gets.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use dagdeck::console::{Stage, changed_bytes};

use super::{
    large::{self, NOW},
    numbers::percentile,
};

const SIZE: (u16, u16) = (160, 45);

/// To the log of the task that failed in the newest run with a failure.
const LOG: &str = "2 j Enter ] o";

/// A large home, then each screen with a few hundred keys.
pub fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let began = Instant::now();
    build(dir.path());
    println!(
        "frames 160x45: home with 100,000 runs, 1,000,000 task instances, a log of 1,000,000 lines made in {:.0?}",
        began.elapsed()
    );
    let open = |keys: &str| {
        let mut stage = Stage::new(dir.path().to_owned(), SIZE, NOW, true).unwrap();
        let began = Instant::now();
        stage.keys(keys);
        let _ = stage.frame();
        (stage, began.elapsed())
    };
    for (name, there, keys) in [
        ("triage", "", "j k"),
        ("DAGs", "2", "j k"),
        ("grid of 200 tasks x 60 runs", "2 Enter", "j j j Left Left Right k G g g"),
        ("timeline of 200 tasks", "2 Enter v t", "j j k"),
        ("diagram of 200 tasks", "2 Enter v d", "j j l h k"),
        ("list of 100,000 runs", "3", "j j j PgDn PgDn PgUp k"),
        ("1,000,000 task instances", "4", "j j j PgDn PgDn PgUp k"),
        ("log of 1,000,000 lines", LOG, "k k PgUp PgUp PgDn j g g G"),
    ] {
        let (mut stage, opened) = open(there);
        sample(name, &mut stage, opened, keys);
    }
    let (mut stage, _) = open(LOG);
    assert!(stage.text().contains("line 999999 of a long log"), "{}", stage.text());
    stage.keys("/").type_text("line 17 ");
    let began = Instant::now();
    stage.keys("Enter");
    assert!(stage.text().contains("line 17 of"), "{}", stage.text());
    println!("  search back through the whole log                {:>8.1} ms", millis(began.elapsed()));
    let (mut stage, _) = open("4 /");
    let began = Instant::now();
    stage.type_text("task:t7 dur>1h").keys("Enter");
    println!("  1,000,000 instances by a filter that no index has {:>8.1} ms", millis(began.elapsed()));
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn sample(name: &str, stage: &mut Stage, opened: Duration, keys: &str) {
    let (mut draws, mut waits, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = stage.frame();
    let before = last.clone();
    for key in keys.split(' ').cycle().take(300) {
        let began = Instant::now();
        stage.keys(key);
        let drawing = Instant::now();
        let frame = stage.frame();
        draws.push(millis(drawing.elapsed()));
        waits.push(millis(began.elapsed()));
        bytes.push(changed_bytes(&last, &frame) as f64);
        last = frame;
    }
    let all = changed_bytes(&ratatui::buffer::Buffer::empty(*before.area()), &before);
    println!(
        "  {name:<28} open {:>7.1} ms  draw p50 {:>5.2} p99 {:>5.2} ms  key p50 {:>5.2} p99 {:>6.2} ms  bytes p50 {:>5.0} p99 {:>6.0}  whole {all}",
        millis(opened),
        percentile(&mut draws, 50.0),
        percentile(&mut draws, 99.0),
        percentile(&mut waits, 50.0),
        percentile(&mut waits, 99.0),
        percentile(&mut bytes, 50.0),
        percentile(&mut bytes, 99.0),
    );
}

fn build(home: &Path) {
    // The grid: 200 tasks in 20 chains, 60 runs. The list: 10 tasks, 100,000 runs.
    large::build(home, &[("grid", 200, 60, 10), ("many", 10, 100_000, 10)]);
    let dir = home.join("logs/dag_id=many/run_id=scheduled__5/task_id=t7");
    fs::create_dir_all(&dir).unwrap();
    let mut text = String::new();
    for n in 0..1_000_000 {
        let _ = writeln!(
            text,
            "{{\"timestamp\":\"2026-11-16T02:00:00Z\",\"level\":\"info\",\"event\":\"line {n} of a long log\"}}"
        );
    }
    fs::write(dir.join("attempt=1.log"), text).unwrap();
}
