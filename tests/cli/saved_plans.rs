//! Saved and held plans: kept, shown, applied while they hold, thrown away.

use serde_json::Value;

use super::home::Home;

fn save(home: &Home, line: &str) -> String {
    let saved = home.run(&format!("{line} --dry-run --save -o json"));
    assert_eq!(saved.code, 0, "{saved:?}");
    assert_eq!((&saved.json()["applied"], &saved.json()["state"]), (&false.into(), &"saved".into()));
    assert!(saved.err.contains("plans apply"), "{}", saved.err);
    saved.json()["plan_id"].as_str().unwrap().to_owned()
}

fn state(home: &Home, id: &str) -> Value {
    home.run(&format!("plans show {id} -o json")).json()["state"].clone()
}

#[test]
fn a_saved_plan_is_shown_and_applied_as_it_is() {
    let home = Home::with_runs();
    let id = save(&home, "tasks clear churn --run-id done --task-id gate");
    assert_eq!(home.run("tasks state churn done gate").out, "failed\n");
    // Equal plans have equal ids, and the plan that is only shown is the one that is saved.
    let shown = home.run("tasks clear churn --run-id done --task-id gate --dry-run -o json").json();
    assert_eq!(shown["plan_id"], id.as_str());
    let listed = home.run("plans list -o json").json();
    assert_eq!((&listed[0]["plan_id"], &listed[0]["state"]), (&id.as_str().into(), &"saved".into()));
    assert!(listed[0]["command"].as_str().unwrap().contains("dagdeck"), "{listed}");
    let document = home.run(&format!("plans show {id} -o json")).json();
    assert_eq!(document["task_instances"], shown["task_instances"]);
    let done = home.run(&format!("plans apply {id} -o json"));
    assert_eq!((done.code, &done.json()["applied"]), (0, &true.into()), "{done:?}");
    assert_eq!(home.run("tasks state churn done gate").out, "none\n");
    assert_eq!(state(&home, &id), "applied");
    let again = home.run(&format!("plans apply {id}"));
    assert_eq!(again.code, 1);
    assert!(again.err.contains("applied already"), "{}", again.err);
    let audit = home.run("audit list -o json").json();
    let actions: Vec<&str> = audit.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    for action in ["plan_save", "plan_apply", "clear"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}

#[test]
fn a_plan_that_no_longer_holds_says_what_changed() {
    let home = Home::with_runs();
    let id = save(&home, "tasks clear churn --run-id done --task-id gate");
    assert_eq!(home.run("tasks mark churn done gate success -y").code, 0);
    let refused = home.run(&format!("plans apply {id}"));
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("has changed"), "{}", refused.err);
    assert!(refused.err.contains("gate of run done is failed"), "{}", refused.err);
    assert!(refused.err.contains("gate of run done is success"), "{}", refused.err);
    assert_eq!(home.run("tasks state churn done gate").out, "success\n");
    assert_eq!(home.run(&format!("plans discard {id}")).code, 0);
    assert_eq!(state(&home, &id), "discarded");
    // Its audit row says what the plan was about.
    let audit = home.run("audit list --where action:plan_discard -o json").json();
    let about = ["dag_id", "dag_run_ids", "task_ids"].map(|name| audit[0][name].clone());
    assert_eq!(about, [serde_json::json!("churn"), serde_json::json!(["done"]), serde_json::json!(["gate"])]);
    assert_eq!(home.run(&format!("plans apply {id}")).code, 1);
    assert_eq!(home.run("plans apply nothing").code, 1);
}

#[test]
fn what_became_of_equal_plans_stays_readable() {
    let home = Home::with_runs();
    let line = "tasks clear churn --run-id done --task-id gate";
    let first = save(&home, line);
    // Saved again it is the same one; held, it is another, and undoing that takes nothing from the first.
    assert_eq!(save(&home, line), first);
    let held = home.run(&format!("{line} -y --hold 60 -o json")).json()["plan_id"].as_str().unwrap().to_owned();
    assert_eq!(held, format!("{first}-2"));
    assert_eq!(home.run(&format!("plans discard {held}")).code, 0);
    let second = save(&home, line);
    assert_eq!(second, first);
    assert_eq!((state(&home, &first), state(&home, &held)), ("saved".into(), "discarded".into()));
    assert_eq!(home.run(&format!("plans apply {first}")).code, 0);
    assert_eq!((state(&home, &first), state(&home, &held)), ("applied".into(), "discarded".into()));
    assert_eq!(home.run("plans list -o json").json().as_array().unwrap().len(), 2);
}

#[test]
fn an_applied_plan_is_taken_back_while_nothing_has_happened() {
    let home = Home::with_runs();
    let before = home.run("tasks states-for-dag-run churn done -o json").json();
    let run_state = |home: &Home| home.run("runs show churn done -o json").json()["dag_run"]["state"].clone();
    let of_run = run_state(&home);
    let id = save(&home, "tasks clear churn --run-id done --task-id gate --downstream");
    let early = home.run(&format!("plans revert {id} -y"));
    assert!(early.code == 1 && early.err.contains("saved, not applied"), "{early:?}");
    assert_eq!(home.run(&format!("plans apply {id}")).code, 0);
    assert_eq!(home.run("tasks state churn done gate").out, "none\n");
    let shown = home.run(&format!("plans revert {id} --dry-run -o json")).json();
    assert_eq!(shown["task_instances"][0]["to"], "failed", "{shown}");
    assert_eq!(home.run("tasks state churn done gate").out, "none\n");
    assert_eq!(home.run(&format!("plans revert {id} -y")).code, 0);
    let states = |rows: &Value| -> Vec<Value> { rows.as_array().unwrap().iter().map(|r| r["state"].clone()).collect() };
    let after = home.run("tasks states-for-dag-run churn done -o json").json();
    assert_eq!(states(&after), states(&before));
    assert_eq!(run_state(&home), of_run);
    // Marked by somebody since: it stays.
    let id = save(&home, "tasks clear churn --run-id done --task-id gate");
    assert_eq!(home.run(&format!("plans apply {id}")).code, 0);
    assert_eq!(home.run("tasks mark churn done gate success -y").code, 0);
    let refused = home.run(&format!("plans revert {id} --dry-run"));
    assert!(refused.code == 1 && refused.err.contains("nothing of plan"), "{refused:?}");
    assert!(refused.err.contains("gate of run done went on since and stays success"), "{refused:?}");
    // A backfill that was begun is cancelled; what is deleted is gone.
    let id = save(&home, "backfill create --dag-id churn --from-date 2026-01-01 --to-date 2026-01-03");
    assert_eq!(home.run(&format!("plans apply {id}")).code, 0);
    assert_eq!(home.run(&format!("plans revert {id} -y")).code, 0);
    let backfills = home.run("backfill list -o json").json();
    assert!(backfills[0]["completed_at"].is_string(), "{backfills}");
    let id = save(&home, "runs delete churn done");
    assert_eq!(home.run(&format!("plans apply {id}")).code, 0);
    let gone = home.run(&format!("plans revert {id} -y"));
    assert!(gone.code == 1 && gone.err.contains("nothing takes back"), "{gone:?}");
}

#[test]
fn the_plans_of_one_act_are_taken_back_together() {
    let home = Home::with_runs();
    let all_states = || {
        let of = |run: &str| home.run(&format!("tasks states-for-dag-run churn {run} -o plain")).out;
        let states = |text: String| {
            text.lines().map(|l| l.split('\t').take(3).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        let run = home.run("runs show churn done -o json").json()["dag_run"]["state"].clone();
        (states(of("done")), states(of("next")), run)
    };
    let before = all_states();
    let ids = [
        save(&home, "tasks mark churn done gate success"),
        save(&home, "tasks mark churn next notify skipped"),
        save(&home, "runs delete churn done"),
    ];
    // The console says of plans which act of a person made them.
    let db = rusqlite::Connection::open(home.path().join("dagdeck.db")).unwrap();
    db.execute("UPDATE plan SET act = 'form-1'", []).unwrap();
    for id in &ids[..2] {
        let applied = home.run(&format!("plans apply {id}"));
        assert_eq!(applied.code, 0, "{applied:?}");
    }
    let shown = home.run(&format!("plans revert {} --dry-run -o json", ids[0])).json();
    let rows = shown["task_instances"].as_array().unwrap();
    assert!(["gate", "notify"].iter().all(|task| rows.iter().any(|row| row["task_id"] == *task)), "{shown}");
    let why = format!("plan {} isn't taken back: it is saved", ids[2]);
    assert!(shown["effects"].as_array().unwrap().iter().any(|e| *e == why.as_str()), "{shown}");
    assert_eq!(home.run(&format!("plans revert {} -y", ids[1])).code, 0);
    assert_eq!(all_states(), before);
    let again = home.run(&format!("plans revert {} -y", ids[0]));
    assert!(again.code == 1 && again.err.contains("nothing of the act"), "{again:?}");
    assert!(again.err.contains("everything is as it was"), "{again:?}");
}

#[test]
fn every_plan_can_be_saved() {
    let home = Home::with_runs();
    for line in [
        "tasks mark churn done gate success",
        "runs clear churn done --only-failed",
        "runs set-state churn next failed",
        "runs delete churn done",
        "backfill create --dag-id churn --from-date 2026-01-01 --to-date 2026-01-03",
    ] {
        save(&home, line);
    }
    assert_eq!(home.run("plans list -o json").json().as_array().unwrap().len(), 5);
    // A DAG with an active run isn't deleted.
    assert_eq!(home.run("dags delete churn --save").code, 1);
    assert_eq!(home.run("runs set-state churn next failed -y").code, 0);
    let id = save(&home, "dags delete churn");
    assert_eq!(home.run(&format!("plans apply {id}")).code, 0);
    assert_eq!(home.run("runs list -o json").json(), serde_json::json!([]));
    assert_eq!(home.run("tasks clear churn --run-id done --task-id notify -f --save").code, 1, "nothing to save");
}

#[test]
fn a_held_act_waits_and_can_be_undone() {
    let home = Home::with_runs();
    let held = home.run("tasks clear churn --run-id done --task-id gate --hold 60 -y -o json");
    assert_eq!((held.code, &held.json()["applied"]), (0, &false.into()), "{held:?}");
    assert!(held.err.contains("held for 60 s") && held.err.contains("no scheduler"), "{}", held.err);
    let listed = home.run("plans list -o json").json();
    assert_eq!(listed[0]["state"], "held");
    assert!(listed[0]["due_at"].is_string());
    assert_eq!(home.run("tasks state churn done gate").out, "failed\n");
    let id = listed[0]["plan_id"].as_str().unwrap();
    assert_eq!(home.run(&format!("plans discard {id}")).code, 0);
    assert_eq!(home.run("tasks clear churn --run-id done --hold -1 -y").code, 2);
    assert_eq!(home.run("tasks clear churn --run-id done --hold=-1 -y").code, 1);
}

#[test]
fn what_one_plan_of_an_act_did_is_no_change_for_the_next() {
    let home = Home::with_runs();
    let state = |task: &str| home.run(&format!("tasks state churn done {task}")).out.trim().to_owned();
    let db = rusqlite::Connection::open(home.path().join("dagdeck.db")).unwrap();
    // Both are about `gate`; the first one also sets back what failed below it, which the second marks.
    let both = |to: &str, act: &str| {
        let ids = [
            save(&home, &format!("tasks mark churn done gate {to}")),
            save(&home, &format!("tasks mark churn done gate {to} --downstream")),
        ];
        db.execute("UPDATE plan SET act = ?1 WHERE state = 'saved'", [act]).unwrap();
        ids
    };
    let ids = both("success", "form-1");
    for id in &ids {
        let applied = home.run(&format!("plans apply {id}"));
        assert_eq!(applied.code, 0, "{applied:?}");
    }
    assert_eq!((state("gate").as_str(), state("notify").as_str()), ("success", "success"));
    // What the second one did is what was left of it.
    let second = home.run(&format!("plans show {} -o json", ids[1])).json();
    let rows = second["task_instances"].as_array().unwrap();
    assert!(rows.len() == 1 && rows[0]["task_id"] == "notify", "{second}");
    assert_eq!(home.run(&format!("plans revert {} -y", ids[0])).code, 0);
    assert_eq!(state("gate"), "failed");
    // Somebody else's change is one as before.
    let ids = both("skipped", "form-2");
    assert_eq!(home.run(&format!("plans apply {}", ids[0])).code, 0);
    assert_eq!(home.run("tasks mark churn done train:0 failed -y").code, 0);
    let refused = home.run(&format!("plans apply {}", ids[1]));
    assert!(refused.code == 1 && refused.err.contains("has changed"), "{refused:?}");
}

#[test]
fn what_writes_one_thing_is_saved_held_and_taken_back() {
    let home = Home::with_runs();
    let xcom = || home.run("xcoms get churn done gate --key ok").out.trim().to_owned();
    assert_eq!(home.run("xcoms set churn done gate --key ok 1").code, 0);
    let newest = || home.run("plans list -o json").json()[0]["plan_id"].as_str().unwrap().to_owned();
    // Held: nothing is written yet, and it can be thrown away.
    let held = home.run("xcoms set --hold 60 churn done gate --key ok 2");
    assert!(held.code == 0 && held.err.contains("held for 60 s"), "{held:?}");
    assert_eq!(xcom(), "1");
    assert_eq!(home.run(&format!("plans discard {}", newest())).code, 0);
    // Saved, and written since: it isn't what the plan was made for.
    assert_eq!(home.run("xcoms set --save churn done gate --key ok 3").code, 0);
    let id = newest();
    assert_eq!(home.run("xcoms set churn done gate --key ok 4").code, 0);
    let refused = home.run(&format!("plans apply {id}"));
    assert!(refused.code == 1 && refused.err.contains("has changed"), "{refused:?}");
    // Applied, then taken back: the value that was there, or none.
    for (verb, after, before) in
        [("set --save churn done gate --key ok 5", "5", "4"), ("delete --save churn done gate --key ok", "", "4")]
    {
        assert_eq!(home.run(&format!("xcoms {verb}")).code, 0);
        let id = newest();
        assert_eq!(home.run(&format!("plans apply {id}")).code, 0);
        assert_eq!(xcom(), after);
        assert_eq!(home.run(&format!("plans revert {id} -y")).code, 0, "{verb}");
        assert_eq!(xcom(), before, "{verb}");
    }
    assert_eq!(home.run("xcoms set --save churn done gate --key ok 6").code, 0);
    let id = newest();
    assert_eq!(home.run(&format!("plans apply {id}")).code, 0);
    assert_eq!(home.run("xcoms set churn done gate --key ok 7").code, 0);
    let refused = home.run(&format!("plans revert {id} -y"));
    assert!(refused.code == 1 && refused.err.contains("isn't what that plan left"), "{refused:?}");
    // An update of an asset that others are told of isn't.
    let db = rusqlite::Connection::open(home.path().join("dagdeck.db")).unwrap();
    db.execute("INSERT INTO asset VALUES (900, 'model', 'model:x', 'model', '{}', 1, 0, 0)", []).unwrap();
    let events = || home.run("assets events model:x -o json").json().as_array().unwrap().len();
    assert_eq!(home.run("assets update --save model:x --extra {\"alias\":\"champion\"}").code, 0);
    let id = newest();
    assert_eq!(events(), 0);
    assert_eq!(home.run(&format!("plans apply {id}")).code, 0);
    assert_eq!(events(), 1);
    let refused = home.run(&format!("plans revert {id} -y"));
    assert!(refused.code == 1 && refused.err.contains("were told"), "{refused:?}");
}

/// As the console's forms show them for the shell.
#[test]
fn every_verb_with_a_plan_can_be_held() {
    let home = Home::with_runs();
    let verbs = [
        "tasks mark churn done notify success",
        "runs set-state churn done success",
        "runs clear churn done",
        "runs delete churn done",
        "backfill create --dag-id churn --from-date 2026-03-01 --to-date 2026-03-02",
    ];
    let runs = home.run("runs list -o json").json();
    for verb in verbs {
        let held = home.run(&format!("{verb} --hold 60 -y -o json"));
        assert_eq!(held.code, 0, "{verb}: {held:?}");
        assert_eq!(held.json()["applied"], false, "{verb}");
        let id = home.run("plans list -o json").json()[0]["plan_id"].as_str().unwrap().to_owned();
        assert_eq!(home.run("plans list -o json").json()[0]["state"], "held", "{verb}");
        assert_eq!(home.run(&format!("plans discard {id}")).code, 0, "{verb}");
    }
    assert_eq!(home.run("runs list -o json").json(), runs);
}

#[test]
fn old_runs_are_cleaned_by_a_plan() {
    let home = Home::with_runs();
    let plan = home.run("db clean --clean-before-timestamp 2026-03-03 --dry-run -o json").json();
    assert_eq!(plan["dag_runs"][0]["dag_run_id"], "done", "{plan}");
    assert!(plan["plan_id"].is_string());
    let id = save(&home, "db clean --clean-before-timestamp 2026-03-03");
    assert_eq!(home.run(&format!("plans apply {id}")).code, 0);
    assert_eq!(home.run("runs show churn done").code, 1);
}
