//! What somebody runs into who has never seen the program: no Python, a home that can't be used, help asked for in any order.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use crate::support::{Home, home::Ran};

const TOML: &str = "[dag]\nis_paused_upon_creation = false\n[tasks.a]\noperator = \"bash\"\nbash_command = \"true\"\n";
const PYTHON: &str = "from airflow.sdk import dag\n";

fn home() -> Home {
    Home::with_files(&[("one.toml", TOML), ("first.py", PYTHON), ("second.py", PYTHON), ("third.py", PYTHON)])
}

/// Runs the program with an empty PATH.
fn without_python(home: &Home, line: &str) -> Ran {
    let words: Vec<&str> = line.split_whitespace().collect();
    let output = home.command(&words).env("PATH", home.path()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

#[test]
fn that_python_is_missing_is_said_once() {
    let home = home();
    let said = "Python can't be started: PATH has no python3";
    for line in ["dags check", "dags list-import-errors", "dags test first"] {
        let ran = without_python(&home, line);
        let all = [ran.out.as_str(), &ran.err].concat();
        assert_eq!(ran.code, 1, "{line}: {ran:?}");
        assert_eq!(all.matches(said).count(), 1, "{line}: {ran:?}");
        assert!(!all.contains(":0") && all.contains("first.py"), "{line}: {ran:?}");
    }
    let ran = without_python(&home, "dags list");
    assert!(ran.code == 0 && ran.err.contains("3 files can't be read; `dagdeck dags list-import-errors`"), "{ran:?}");
    let ran = without_python(&home, "dags trigger first");
    assert!(ran.code == 1 && ran.err.contains("3 files can't be read"), "{ran:?}");
}

/// What every verb says of a home that can't be used: once, with the reason first and what to do.
fn refused(home: &Home, path: &Path, lines: &[&str], reason: &str) {
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let output = home.command(&words).env("DAGDECK_HOME", path).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {err}");
        let begins = format!("error: home {} {reason}", path.display());
        assert!(err.contains(&begins) && err.contains("hint: "), "{line}: wanted {begins:?}, said {err}");
        let told = err.matches(&format!("home {} ", path.display())).count();
        assert_eq!((err.matches("error: ").count(), told), (1, 1), "{line}: {err}");
    }
}

const READS: [&str; 6] = ["dags list", "runs list", "db check", "pools list", "screen dags", "scheduler start"];
const WRITES: [&str; 6] =
    ["variables set a b", "dags trigger one", "dags pause one", "pools set p 1", "db migrate", "scheduler run"];

#[test]
fn a_home_that_cannot_be_used_says_why() {
    let home = home();
    let place = home.path().join("here");
    fs::write(&place, "").unwrap();
    refused(&home, &place, &[&READS[..], &WRITES].concat(), "is a file, not a folder");
    refused(&home, &place.join("below"), &WRITES, &format!("can't be: {} is a file", place.display()));
    fs::remove_file(&place).unwrap();
    fs::create_dir_all(place.join("dagdeck.db")).unwrap();
    refused(&home, &place, &["runs list", "pools list", "variables set a b"], "has no store: ");
}

/// Rights don't stop the superuser, who may run the tests.
#[test]
fn a_home_without_rights_says_whose_it_is() {
    if rustix::process::geteuid().is_root() {
        eprintln!(
            "skipped: the superuser may do everything; as another user this tests what is said of missing rights"
        );
        return;
    }
    let home = home();
    home.run(&["dags", "list"]).ok();
    let mode = |mode: u32| fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o500);
    refused(&home, &home.path(), &WRITES, "is read-only: it may not be written (owner ");
    home.run(&["dags", "list"]).ok();
    mode(0o000);
    refused(&home, &home.path(), &READS, "can't be re");
    mode(0o700);
}

#[test]
fn a_home_in_a_file_system_that_takes_no_folders_is_named_first() {
    let home = home();
    refused(&home, Path::new("/proc/dagdeck-home"), &["dags list", "dags trigger one"], "can't be made: /proc ");
}

#[test]
fn the_size_of_the_store_counts_its_write_ahead_log() {
    let home = home();
    home.run(&["dags", "list"]).ok();
    // While somebody has the store open, the log stays.
    let db = home.path().join("dagdeck.db");
    let store = rusqlite::Connection::open(&db).unwrap();
    store.execute_batch("CREATE TABLE large (x); INSERT INTO large VALUES (zeroblob(300000));").unwrap();
    let [bytes, log] = [db, home.path().join("dagdeck.db-wal")].map(|path| fs::metadata(path).unwrap().len());
    assert!(log > 300_000, "{log}");
    assert_eq!(home.run(&["info", "-o", "json"]).ok().json()["store_size"], bytes + log);
}

#[test]
fn help_is_given_however_it_is_asked_for() {
    let home = Home::with_files(&[]);
    let usage = |words: &[&str]| {
        let ran = home.run(words).ok();
        ran.out.lines().find(|l| l.starts_with("Usage:")).unwrap_or_else(|| panic!("{words:?}: {ran:?}")).to_owned()
    };
    assert_eq!(usage(&["help", "--help"]), usage(&["help"]));
    assert_eq!(usage(&["help", "-h"]), usage(&["--help"]));
    for same in
        [["help", "dags", "list"], ["dags", "help", "list"], ["dags", "list", "help"], ["dags", "list", "--help"]]
    {
        assert_eq!(usage(&same), "Usage: dagdeck dags list [OPTIONS]", "{same:?}");
    }
    assert_eq!(usage(&["help", "dags", "--help"]), usage(&["dags", "--help"]));
    for group in ["logs", "screen", "open", "completion", "info"] {
        assert_eq!(usage(&[group, "help"]), usage(&[group, "--help"]), "{group}");
    }
    // The environment's home isn't shown as a flag that must be given.
    let ran = home.run(&["pools", "delete"]);
    assert!(ran.code == 2 && ran.err.contains("Usage: dagdeck pools delete <NAME>"), "{ran:?}");
}

#[test]
fn what_is_missing_is_told_with_the_help_of_that_verb() {
    let home = home();
    home.run(&["dags", "list"]).ok();
    let ran = home.run(&["dags", "details"]);
    assert!(ran.code == 2 && ran.err.contains("`dagdeck help dags details` shows what a verb needs"), "{ran:?}");
    home.run(&["dags", "trigger", "one", "-r", "r"]).ok();
    let ran = home.run(&["tasks", "clear", "one", "--run-id", "r", "--task-id", "b", "-y"]);
    assert!(ran.code == 1 && ran.err.contains("DAG one has no task \"b\""), "{ran:?}");
    // A context that is named is meant, whatever home the environment names.
    let ran = home.run(&["--context", "nowhere", "dags", "list"]);
    assert!(ran.code == 2 && ran.err.contains("--context nowhere"), "{ran:?}");
    // In one stream the last word comes last.
    let both = fs::File::create(home.path().join("both")).unwrap();
    let mut command = home.command(&["tasks", "clear", "one", "--run-id", "r", "--dry-run"]);
    command.stdout(both.try_clone().unwrap()).stderr(both).status().unwrap();
    let text = fs::read_to_string(home.path().join("both")).unwrap();
    assert!(text.trim_end().ends_with("plan only, nothing was changed"), "{text}");
}

#[test]
fn a_test_whose_reader_has_gone_ends_without_a_panic() {
    let home = home();
    let output = home.command(&["dags", "test", "one"]).stdout(closed_pipe()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(0) && !err.contains("panicked"), "{err}");
}

/// A pipe that nobody reads.
fn closed_pipe() -> std::process::Stdio {
    let (_, write) = rustix::pipe::pipe().unwrap();
    write.into()
}
