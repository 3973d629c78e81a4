//! Each preset of keys, walked: what a person on call does in at most five keys (moves aside), and which keys the screen names.

use super::{home::NOW, screens::stage};

const SMALL: (u16, u16) = (80, 24);

/// A task of a person on call, the keys in the presets `vim`, `arrows` and `k9s`, and what is
/// then on the screen or wanted. `~` in front: it is what the console wants done.
const TASKS: &[(&str, [&str; 3], &str)] = &[
    ("the log line of the newest failure", ["Enter ]", "Enter ]", "Enter ]"], "ERROR DataLoader worker"),
    ("why a queued task waits", ["2 j b", "2 Down F4", "2 j b"], "waits for the tasks above it"),
    ("clear a failed task with its downstream", ["C", "F5", "C"], "--downstream"),
    ("retry one mapped index", ["R", "F6", "R"], "Retry train_with_hp[3]"),
    ("mark a task success", ["Enter M s", "Enter M s", "Enter M s"], "Mark train_with_hp[3]"),
    ("backfill five days", ["2 B", "2 B", "2 B"], "backfill create"),
    ("pause a DAG", ["2 P", "2 F8", "2 P"], "~dags pause churn_train"),
    (
        "read an XCom and compare it with the run before",
        ["2 Enter j j x =", "2 Enter Down Down x =", "2 Enter j j x ="],
        "BEFORE",
    ),
    ("compare two tries", ["Enter =", "Enter =", "Enter ="], "the last time it worked"),
    ("who cleared this and when", ["Enter g a", "Enter g a", "Enter g a"], "lee"),
    ("a pod's events", ["Enter e", "Enter e", "Enter e"], "pod"),
    ("stop a running task", ["2 j Enter K", "2 Down Enter F9", "2 j Enter K"], "Stop 1 running task instance"),
];

#[test]
fn what_a_person_on_call_does_takes_at_most_five_keys_in_each() {
    for (name, keys, fact) in TASKS {
        for (preset, keys) in ["vim", "arrows", "k9s"].into_iter().zip(keys) {
            let (_dir, mut stage) = stage(SMALL);
            stage.keymap(Some(preset), None).unwrap().keys(keys);
            let moves = |key: &&str| ["j", "Down"].contains(key);
            assert!(keys.split(' ').filter(|k| !moves(k)).count() <= 5, "{name} in {preset}");
            let (text, wanted) = (stage.text(), stage.wanted.join("\n"));
            match fact.strip_prefix('~') {
                Some(fact) => assert!(wanted.contains(fact), "{name} in {preset}: {wanted}"),
                None => assert!(text.contains(fact) || wanted.contains(fact), "{name} in {preset}: {wanted}\n{text}"),
            }
        }
    }
}

#[test]
fn hints_help_palette_and_messages_name_the_key_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.toml");
    let own =
        "[keys]\nlog = \"%\"\nclear = \"F5\"\nfreeze = \"^\"\nup_one = \"Q\"\nblockers = \"\\\\\"\nundo = \"Y\"\n";
    std::fs::write(&file, own).unwrap();
    let (_dir, mut stage) = stage(SMALL);
    stage.keymap(None, Some(&file)).unwrap();
    let hints = |text: &str| text.lines().last().unwrap().to_owned();
    let text = stage.text();
    assert!(hints(&text).contains("%:log") && hints(&text).contains("F5:clear"), "{text}");
    assert!(stage.keys("Enter").text().contains("[% log]"), "{}", stage.text());
    assert!(stage.text().contains("\\ why"), "{}", stage.text());
    assert!(stage.keys("^").text().contains("FROZEN (^)"), "{}", stage.text());
    assert!(
        stage.keys("^ ?").type_text("freeze").text().contains("^                freeze the screen"),
        "{}",
        stage.text()
    );
    let text = stage.keys("Esc :").type_text("clear, so").text();
    assert!(text.contains("F5"), "{text}");
    stage.keys("Esc");
    assert!(stage.keys("z").text().contains("z means nothing here"), "{}", stage.text());
    let text = stage.resize(50, 10).text();
    assert!(text.contains("Q: up or quit"), "{text}");
    let _ = NOW;
}

#[test]
fn each_preset_names_its_own_keys() {
    for (preset, parts) in [
        ("vim", &["o:log", "C:clear", "R:retry"][..]),
        ("arrows", &["F2:log", "F5:clear", "F6:retry"]),
        ("k9s", &["l:log", "C:clear", "R:retry"]),
    ] {
        let (_dir, mut stage) = stage(SMALL);
        let text = stage.keymap(Some(preset), None).unwrap().text();
        let hints = text.lines().last().unwrap();
        for part in parts {
            assert!(hints.contains(part), "{preset}: {hints}");
        }
        // Whoever doesn't know the keys finds them.
        assert!(hints.contains("?:help"), "{preset}: {hints}");
        assert!(stage.keys("F1").text().contains("help: triage"), "{preset}");
    }
}
