//! Acts of the console while the scheduler or the console is killed: each is wholly done, once, or not at all, and the audit log
//! says which.
//!
//! A scheduler is killed at named points, not after pauses: in the middle of the transaction of the act (when all is written but
//! the commit: a trigger of the store makes the row of the audit log take for ever), and as soon as the store shows that it is done.
//! An act that is held is killed in the same ways a second time, when it becomes due.

use std::{
    path::Path,
    process::Child,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    acts::{ACTS, Act, CLEAR, DAYS, QUIET, RIGHT, STILL, TAKE_BACK},
    terminal::Terminal,
};
use crate::support::{Home, files::kill};

/// A home with eight runs that failed, a paused DAG each for what would run, a pool, and a variable.
fn home() -> Home {
    let home = Home::with_files(&[("still.toml", STILL), ("days.toml", DAYS), ("quiet.toml", QUIET)]);
    home.start();
    for run in 1..=8 {
        home.run(&["dags", "trigger", "still", "-r", &format!("r{run}")]).ok();
    }
    home.until("the ends of all runs", || {
        (ask(&home, "SELECT count(*) FROM dag_run WHERE state = 'failed'") == 8).then_some(())
    });
    home.run(&["dags", "pause", "still"]).ok();
    home.run(&["pools", "set", "gpu", "4"]).ok();
    home.run(&["variables", "set", "gate", "1"]).ok();
    let db = store(&home);
    // A product of a thousand rows with themselves, six times, is never counted.
    db.execute_batch(
        "CREATE TABLE many AS WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) SELECT i FROM n",
    )
    .unwrap();
    home
}

fn store(home: &Home) -> Connection {
    let db = Connection::open(home.path().join("dagdeck.db")).unwrap();
    db.busy_timeout(crate::support::home::LIMIT).unwrap();
    db
}

fn ask(home: &Home, sql: &str) -> i64 {
    store(home).query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Everything that acts change, but for the plans and the audit log.
fn facts(home: &Home) -> Vec<String> {
    let db = store(home);
    let mut all = Vec::new();
    for sql in [
        "SELECT dag_id || ' paused ' || is_paused FROM dag ORDER BY 1",
        "SELECT dag_id || ' ' || run_id || ' ' || state || ' ' || clear_number FROM dag_run ORDER BY id",
        "SELECT run || ' ' || task_id || ' ' || state || ' ' || try_number || ' of ' || max_tries FROM task_instance ORDER BY 1",
        "SELECT name || ' ' || slots FROM pool ORDER BY 1",
        "SELECT key || ' = ' || value FROM variable ORDER BY 1",
        "SELECT run || ' ' || task_id || ' ' || key || ' = ' || value FROM xcom ORDER BY 1",
        "SELECT 'backfill ' || id FROM backfill",
    ] {
        let mut rows = db.prepare(sql).unwrap();
        all.extend(rows.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap));
    }
    all
}

/// Rows of the audit log that say that an action was done.
fn audited(home: &Home, action: &str) -> i64 {
    let sql = "SELECT count(*) FROM audit WHERE action = ?1 AND result = 'ok'";
    store(home).query_row(sql, [action], |row| row.get(0)).unwrap()
}

fn open(home: &Home, at: &str) -> Terminal {
    let (place, dags) = (home.path(), home.dags().to_owned());
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (place, dags) = (text(&place), text(&dags));
    let mut words = vec!["--home", &place, "--dags-folder", &dags];
    if !at.is_empty() {
        words.extend(["open", at]);
    }
    let terminal = Terminal::start(&words, &[]);
    terminal.wait_for("sched ok");
    terminal.wait_for("?:help");
    terminal
}

/// Does all of an act but its last keys.
fn begin(terminal: &mut Terminal, act: &Act) {
    let mut opened = Instant::now();
    for (keys, shown) in act.steps {
        // A form takes no keys that could have been meant for what was there before it.
        if *keys == RIGHT || keys.starts_with('\x15') {
            std::thread::sleep(FORM_IS_DEAF.saturating_sub(opened.elapsed()));
        }
        terminal.types(keys);
        terminal.wait_for(shown);
        opened = Instant::now();
    }
}

/// How long a form takes no keys after it has opened.
const FORM_IS_DEAF: Duration = Duration::from_millis(260);

/// From now on the scheduler stays in the transaction of this action for ever.
fn hang(home: &Home, action: &str) {
    let sql = format!(
        "CREATE TRIGGER hang AFTER INSERT ON audit WHEN NEW.action = '{action}'
         BEGIN SELECT count(a.i + b.i + c.i) FROM many a, many b, many c, many d, many e, many f; END"
    );
    store(home).execute_batch(&sql).unwrap();
}

/// Waits until somebody is in the middle of a transaction, and kills the scheduler there.
fn kill_hanging(home: &Home, scheduler: i32) {
    let db = Connection::open(home.path().join("dagdeck.db")).unwrap();
    db.busy_timeout(Duration::ZERO).unwrap();
    let began = Instant::now();
    // Every other transaction is over long before.
    let mut free = Instant::now();
    while free.elapsed() < Duration::from_secs(1) {
        assert!(began.elapsed() < crate::support::home::LIMIT, "the act never came");
        if db.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
            free = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    kill(scheduler);
    store(home).execute_batch("DROP TRIGGER hang").unwrap();
}

/// A scheduler that isn't waited for: it may hang before it answers.
fn spawn(home: &Home) -> Child {
    home.command(&["scheduler", "run"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the store says so.
fn await_done(home: &Home, what: &str, is_done: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_done() {
        assert!(began.elapsed() < crate::support::home::LIMIT, "{what} was never done: {:#?}", facts(home));
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The scheduler is killed in the middle of an act, and once it is done.
fn with_kills_of_the_scheduler(home: &Home, act: &Act, terminal: &mut Terminal) {
    let name = act.name;
    let is_done = || ask(home, act.done);
    let (before, audit) = (facts(home), audited(home, act.action));

    // In the middle: nothing of it is there, and the audit log says nothing.
    begin(terminal, act);
    hang(home, if act.is_held { "plan_hold" } else { act.action });
    terminal.types(act.last);
    kill_hanging(home, home.scheduler());
    terminal.wait_for("NO SCHED");
    home.start();
    terminal.wait_for("sched ok");
    assert_eq!(facts(home), before, "{name}: killed in the middle");
    assert_eq!((is_done(), audited(home, act.action) - audit), (0, 0), "{name}: killed in the middle");
    assert_eq!(ask(home, HELD), 0, "{name}: killed in the middle");

    // The form is still there, with what was typed: it is left, and the act begun anew.
    if !act.steps.is_empty() {
        terminal.types("\x1b");
        terminal.wait_for("?:help");
    }
    begin(terminal, act);
    terminal.types(act.last);
    if act.is_held {
        await_done(home, name, || ask(home, HELD) == act.plans);
        home.kill_scheduler();
        assert_eq!((facts(home) == before, ask(home, HELD)), (true, act.plans), "{name}: held");
        // When its time has come, in the middle of it.
        store(home).execute("UPDATE plan SET due_at = 1 WHERE state = 'held'", []).unwrap();
        hang(home, act.action);
        let mut scheduler = spawn(home);
        kill_hanging(home, scheduler.id() as i32);
        scheduler.wait().unwrap();
        assert_eq!((facts(home) == before, ask(home, HELD)), (true, act.plans), "{name}: due, killed in the middle");
        home.start();
    }
    await_done(home, name, || is_done() == 1);
    // As soon as it is done (of several plans perhaps only some are noted by then): once, and not again.
    home.kill_scheduler();
    home.start();
    await_done(home, name, || audited(home, act.action) - audit == act.plans);
    let after = facts(home);
    home.kill_scheduler();
    home.start();
    assert_eq!((facts(home), is_done()), (after, 1), "{name}: killed once it was done");
    assert_eq!(audited(home, act.action) - audit, act.plans, "{name}: {:#?}", facts(home));
    assert_eq!(ask(home, "SELECT count(*) FROM plan WHERE state IN ('held', 'saved', 'refused')"), 0, "{name}");
    terminal.wait_for("sched ok");
}

const HELD: &str = "SELECT count(*) FROM plan WHERE state = 'held'";

/// What is held becomes due at once; a scheduler is started, which does it.
fn make_due(home: &Home) {
    store(home).execute("UPDATE plan SET due_at = 1 WHERE state = 'held'", []).unwrap();
    home.start();
    await_done(home, "what was held", || ask(home, HELD) == 0);
}

/// Kills the console: no hang-up that it could hear of.
fn end(mut terminal: Terminal) {
    kill(terminal.child.process_id().unwrap() as i32);
    terminal.child.wait().unwrap();
}

/// Does something with every act, in several homes at once: most of the time each waits for a process to start.
fn with_each_act(check: impl Fn(&Home, &Act) + Sync) {
    std::thread::scope(|scope| {
        for some in ACTS.chunks(3) {
            scope.spawn(|| {
                let home = home();
                some.iter().for_each(|act| check(&home, act));
            });
        }
    });
}

#[test]
fn an_act_is_done_once_or_not_at_all_whenever_the_scheduler_is_killed() {
    with_each_act(|home, act| {
        let mut terminal = open(home, act.at);
        with_kills_of_the_scheduler(home, act, &mut terminal);
        end(terminal);
    });
}

/// `U` of what the same console did before, once it isn't held any more.
#[test]
fn what_is_taken_back_is_so_once_or_not_at_all() {
    let home = home();
    let clear = Act { at: "still/r7/bad", ..CLEAR };
    let mut terminal = open(&home, clear.at);
    begin(&mut terminal, &clear);
    terminal.types(clear.last);
    // It can take back only what it was told of.
    terminal.wait_for("held for 10 s, then done");
    home.kill_scheduler();
    terminal.wait_for("NO SCHED");
    make_due(&home);
    terminal.wait_for("sched ok");
    // What is held is thrown away by `U`, what was done is taken back: the console must know that it was done.
    await_done(&home, "that the console forgets what was held", || !terminal.screen().contains("undoes"));
    with_kills_of_the_scheduler(&home, &TAKE_BACK, &mut terminal);
    end(terminal);
}

/// The console is killed once it has asked for the act, while the scheduler doesn't listen.
fn with_kills_of_the_console(home: &Home, act: &Act) {
    let name = act.name;
    let (before, audit) = (facts(home), audited(home, act.action));
    let mut terminal = open(home, act.at);
    begin(&mut terminal, act);
    let scheduler = rustix::process::Pid::from_raw(home.scheduler()).unwrap();
    rustix::process::kill_process(scheduler, rustix::process::Signal::STOP).unwrap();
    terminal.types(act.last);
    if !act.steps.is_empty() {
        terminal.wait_for("sent ..");
    }
    end(terminal);
    rustix::process::kill_process(scheduler, rustix::process::Signal::CONT).unwrap();
    // It answers the second time once it has done what it found the first time.
    for _ in 0..2 {
        home.run(&["scheduler", "status"]).ok();
    }
    if ask(home, HELD) > 0 {
        home.kill_scheduler();
        make_due(home);
    }
    let found = (ask(home, act.done), audited(home, act.action) - audit);
    let is_whole = found == (1, act.plans) || found == (0, 0) && facts(home) == before;
    assert!(is_whole, "{name}: done and noted {found:?}, {:#?}", facts(home));
}

#[test]
fn an_act_is_done_once_or_not_at_all_whenever_the_console_is_killed() {
    with_each_act(with_kills_of_the_console);
}

/// Who looks at what is told without a console, too.
#[test]
fn consoles_are_in_the_status() {
    let home = Home::with_files(&[("quiet.toml", QUIET)]);
    home.start();
    home.run(&["dags", "list"]).ok();
    let terminal = open(&home, "quiet");
    let consoles = home.until("the console in the status", || {
        let status = home.run(&["scheduler", "status", "-o", "json"]).ok().json();
        status["consoles"].as_array().filter(|all| !all.is_empty()).cloned()
    });
    assert!(consoles[0]["at"].as_str().unwrap().starts_with("quiet"), "{consoles:?}");
    let screen = home.run(&["screen", "system"]).ok().out;
    assert!(screen.contains(&home.scheduler().to_string()) && !screen.contains("none runs"), "{screen}");
    end(terminal);
}

/// Of the plans of one form only some arrived before the scheduler was killed: none of them is done.
#[test]
fn a_form_of_several_plans_is_done_as_a_whole_or_not_at_all() {
    let home = home();
    let before = facts(&home);
    let act = ACTS.iter().find(|act| act.plans > 1).unwrap();
    let mut terminal = open(&home, act.at);
    begin(&mut terminal, act);
    // The fourth of eight is never written.
    store(&home)
        .execute_batch(
            "CREATE TRIGGER hang AFTER INSERT ON audit WHEN NEW.action = 'plan_hold' AND (SELECT count(*) FROM plan) > 3
             BEGIN SELECT count(a.i + b.i + c.i) FROM many a, many b, many c, many d, many e, many f; END",
        )
        .unwrap();
    terminal.types(act.last);
    kill_hanging(&home, home.scheduler());
    terminal.wait_for("the scheduler went away before it answered");
    end(terminal);
    assert_eq!(ask(&home, HELD), 3);
    make_due(&home);
    assert_eq!((facts(&home), audited(&home, act.action)), (before, 0));
    let plans = home.run(&["plans", "list", "-o", "json"]).ok().json();
    let reasons: Vec<&str> = plans.as_array().unwrap().iter().filter_map(|p| p["result"].as_str()).collect();
    assert_eq!(reasons, ["only 3 of the 8 plans of this act arrived, so none of them is applied"; 3]);
}
