//! `U`: what is held is thrown away, what was applied is taken back, all of a form at once.

use dagdeck::console::Stage;
use serde_json::json;

use super::{home::NOW, screens::stage};

const SMALL: (u16, u16) = (80, 24);

/// The number of a request that was wanted.
fn number(line: &str) -> u64 {
    line.split(':').next().unwrap().parse().unwrap()
}

fn answer_all(stage: &mut Stage, from: usize, answer: impl Fn(usize) -> serde_json::Value) {
    for (at, line) in stage.wanted.clone().iter().enumerate().skip(from) {
        stage.answer(number(line), answer(at));
    }
}

/// A plan that is held for ten seconds, in the store.
fn hold(dir: &tempfile::TempDir, plan_id: &str) -> rusqlite::Connection {
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    db.execute(
        "INSERT INTO plan VALUES (?3, 'held', ?1, 'ana', 'dagdeck tasks clear ..', '{}', '{}', '[]', ?2, NULL, NULL, NULL, NULL)",
        (NOW, NOW + 10_000_000, plan_id),
    )
    .unwrap();
    db
}

/// A console whose clear is held as plan p9.
fn clear_that_is_held() -> (tempfile::TempDir, Stage, rusqlite::Connection) {
    let (dir, mut stage) = stage(SMALL);
    let plan = json!({"task_instances": [{"task_id": "x", "map_index": -1, "from": "failed", "to": null, "reason": "selected"}]});
    stage.keys("Enter C");
    stage.answer(number(&stage.wanted[0]), plan).keys("Right Enter");
    stage.answer(number(&stage.wanted[1]), json!({"plan_id": "p9", "state": "held", "task_instances": []}));
    let db = hold(&dir, "p9");
    stage.changed();
    (dir, stage, db)
}

#[test]
fn what_is_held_is_shown_to_everybody_and_undone() {
    let (dir, mut stage) = stage(SMALL);
    stage.keys("U");
    assert!(stage.text().contains("nothing is held"), "{}", stage.text());
    hold(&dir, "p7");
    stage.changed();
    assert!(stage.text().contains("s by ana (U undoes)"), "{}", stage.text());
    stage.keys("U");
    assert!(stage.wanted[0].ends_with("plans discard p7"), "{:?}", stage.wanted);
}

#[test]
fn what_was_applied_while_u_was_on_its_way_is_taken_back_by_a_plan() {
    let (_dir, mut stage, _db) = clear_that_is_held();
    stage.keys("U");
    assert!(stage.wanted[2].ends_with("plans discard p9"), "{:?}", stage.wanted);
    stage.refuse(number(&stage.wanted[2]), "plan p9 is applied already");
    assert!(stage.wanted[3].ends_with("plans revert p9 --dry-run"), "{:?}", stage.wanted);
}

#[test]
fn what_could_not_be_done_when_its_time_had_come_is_said_until_a_key_is_pressed() {
    let (_dir, mut stage, db) = clear_that_is_held();
    db.execute("UPDATE plan SET state = 'refused', result = 'plan p9 is of yesterday'", []).unwrap();
    let text = stage.changed().text();
    assert!(text.contains("NOT DONE: plan p9 is of yesterday"), "{text}");
    let text = stage.keys("@").text();
    assert!(!text.contains("NOT DONE") && text.contains(" NO dagdeck tasks clear"), "{text}");
    // Nothing is left to be taken back.
    let asked = stage.wanted.len();
    assert!(stage.keys("Esc U").text().contains("nothing is held"), "{}", stage.text());
    assert_eq!(stage.wanted.len(), asked);
}

#[test]
fn what_was_applied_is_taken_back_by_a_plan() {
    let (_dir, mut stage) = stage(SMALL);
    let asked = |line: &String| -> u64 { line.split(':').next().unwrap().parse().unwrap() };
    let plan = serde_json::json!({"task_instances": [{"task_id": "x", "map_index": -1, "from": "failed", "to": null, "reason": "selected"}]});
    stage.keys("Enter C");
    let number = asked(&stage.wanted[0]);
    stage.answer(number, plan.clone()).keys("Right Enter");
    let number = asked(&stage.wanted[1]);
    stage.answer(number, serde_json::json!({"plan_id": "p9", "state": "held", "task_instances": []}));
    // Nobody holds it any more: it was applied.
    stage.changed().keys("U");
    assert!(stage.wanted[2].ends_with("plans revert p9 --dry-run"), "{:?}", stage.wanted);
    let text = stage.text();
    assert!(text.contains("Take back: dagdeck") && text.contains("tasks clear"), "{text}");
    let number = asked(&stage.wanted[2]);
    stage.answer(number, plan).keys("Right Enter");
    assert!(stage.wanted[3].ends_with("plans revert p9 --hold 10 -y"), "{:?}", stage.wanted);
    let number = asked(&stage.wanted[3]);
    stage.answer(number, serde_json::json!({"plan_id": "p10", "state": "held", "task_instances": []}));
    // Once it is taken back there is nothing left.
    stage.changed().keys("U U");
    assert_eq!(stage.wanted.len(), 4, "{:?}", stage.wanted);
}

#[test]
fn all_of_a_form_is_taken_back_at_once() {
    let (_dir, mut stage) = stage(SMALL);
    let plan = |_| {
        json!({"task_instances": [{"task_id": "load", "map_index": -1, "from": "success", "to": "success", "reason": "selected"},
            {"task_id": "after", "map_index": -1, "from": "failed", "to": null, "reason": "downstream"}],
            "dag_runs": [{"dag_run_id": "r", "from": "failed", "to": "queued"}], "effects": ["1 task instance is marked success"]})
    };
    stage.keys("4 /").type_text("dag:embed_refresh task:load").keys("Enter Space Space Space M s");
    assert_eq!(stage.wanted.len(), 3, "{:?}", stage.wanted);
    answer_all(&mut stage, 0, plan);
    let text = stage.text();
    assert!(text.contains("6 task instances, 3 runs; nothing has changed yet"), "{text}");
    assert!(text.contains("also, in 3 runs each: 1 task instance is marked success"), "{text}");
    stage.keys("Tab Enter");
    assert_eq!(stage.wanted.len(), 6, "{:?}", stage.wanted);
    answer_all(&mut stage, 3, |at| {
        let mut document = plan(at);
        document["plan_id"] = format!("p{at}").into();
        document["state"] = "held".into();
        document
    });
    assert!(stage.text().contains("6 task instances, 3 runs"), "{}", stage.text());
    // The ten seconds are over: a plan takes all of it back.
    stage.keys("U");
    // With one plan of the act the scheduler takes back all of them.
    assert!(stage.wanted.len() == 7 && stage.wanted[6].ends_with("plans revert p3 --dry-run"), "{:?}", stage.wanted);
    assert!(stage.text().contains("Take back: dagdeck tasks mark"), "{}", stage.text());
    let mut all = plan(0);
    all["effects"] = json!(["plan p4 isn't taken back: it is refused"]);
    answer_all(&mut stage, 6, |_| all.clone());
    assert!(stage.text().contains("plan p4 isn't taken back: it is refused"), "{}", stage.text());
    stage.keys("Tab Enter");
    assert_eq!(stage.wanted.len(), 8, "{:?}", stage.wanted);
    assert!(stage.wanted[7].ends_with("plans revert p3 --hold 10 -y"), "{:?}", stage.wanted);
}

#[test]
fn what_cannot_be_taken_back_says_why() {
    let (_dir, mut stage) = stage(SMALL);
    stage.keys("Enter M f");
    answer_all(
        &mut stage,
        0,
        |_| json!({"task_instances": [{"task_id": "x", "map_index": -1, "from": null, "to": "failed", "reason": "selected"}]}),
    );
    stage.keys("Tab Enter");
    answer_all(&mut stage, 1, |_| json!({"plan_id": "p9", "state": "held", "task_instances": []}));
    stage.changed().keys("U");
    stage.refuse(number(&stage.wanted[2].clone()), "nothing of plan p9 can be taken back: load has run since");
    let text = stage.text();
    assert!(text.contains("nothing of plan p9 can be taken back: load has run since"), "{text}");
    // Nothing can be sent then.
    stage.keys("Tab Enter");
    assert_eq!(stage.wanted.len(), 3, "{:?}", stage.wanted);
}

#[test]
fn a_held_form_of_somebody_else_is_undone_as_a_whole() {
    let (dir, mut stage) = stage(SMALL);
    for (id, act) in [("p1", Some("ana-1")), ("p2", Some("ana-1")), ("p3", Some("ana-1")), ("alone", None)] {
        rusqlite::Connection::open(dir.path().join("dagdeck.db"))
            .unwrap()
            .execute(
                "INSERT INTO plan VALUES (?1, 'held', ?2, 'ana', 'dagdeck tasks clear ..', '{}', '{}', '[]', ?3, NULL, NULL, ?4, NULL)",
                rusqlite::params![id, NOW, NOW + if act.is_some() { 10_000_000 } else { 9_000_000 }, act],
            )
            .unwrap();
    }
    let text = stage.changed().text();
    assert!(text.contains("by ana, 3 more held (U undoes)"), "{text}");
    stage.keys("U");
    assert_eq!(stage.wanted.len(), 3, "{:?}", stage.wanted);
    for id in ["p1", "p2", "p3"] {
        assert!(stage.wanted.iter().any(|w| w.ends_with(&format!("plans discard {id}"))), "{:?}", stage.wanted);
    }
}
