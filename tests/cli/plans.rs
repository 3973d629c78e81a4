//! Acts and their plans: what is shown, what asks, what is applied; and exit codes.

use super::home::Home;

#[test]
fn clear_shows_its_plan_and_applies_it_with_yes() {
    let home = Home::with_runs();
    let plan = home.run("tasks clear churn --run-id done --task-id gate -d --dry-run -o json");
    assert_eq!(plan.code, 0, "{plan:?}");
    let plan = plan.json();
    assert_eq!(plan["applied"], false);
    let ids: Vec<&str> =
        plan["task_instances"].as_array().unwrap().iter().map(|i| i["task_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["gate", "notify", "train", "train"]);
    assert_eq!(home.run("tasks state churn done gate").out, "failed\n");
    // Nobody to ask: nothing happens.
    let refused = home.run("tasks clear churn --run-id done --task-id gate -o json");
    assert_eq!((refused.code, refused.json()["applied"].clone()), (1, false.into()));
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    assert_eq!(home.run("tasks state churn done gate").out, "failed\n");
    let done = home.run("tasks clear churn --run-id done --task-id gate -y -o json");
    assert_eq!((done.code, done.json()["applied"].clone()), (0, true.into()));
    assert_eq!(home.run("tasks state churn done gate").out, "none\n");
    assert_eq!(home.run("runs show churn done -o json").json()["dag_run"]["state"], "queued");
    let audit = home.run("audit list --where action:clear -o json").json();
    assert_eq!(audit.as_array().unwrap().len(), 1);
    // What is below the cleared task was cleared too; the row says so.
    assert_eq!(home.run("tasks clear churn --run-id done --task-id gate -d -y").code, 0);
    let audit = home.run("audit list --where action:clear -o json").json();
    let tasks = audit[0]["task_ids"].as_array().unwrap();
    assert!(["gate", "notify", "train[1]"].iter().all(|t| tasks.contains(&(*t).into())), "{audit}");
}

#[test]
fn runs_are_marked_cleared_and_deleted() {
    let home = Home::with_runs();
    let set = home.run("runs set-state churn next failed -y -o json");
    assert_eq!((set.code, set.json()["dag_runs"][0]["dag_run_id"].clone()), (0, "next".into()), "{set:?}");
    assert_eq!(home.run("runs set-state churn next running -y").code, 2);
    let cleared = home.run("runs clear churn done --only-failed --dry-run -o json").json();
    assert_eq!(cleared["task_instances"].as_array().unwrap().len(), 2);
    assert_eq!(home.run("runs note churn done all~good").code, 0);
    assert_eq!(home.run("runs show churn done -o json").json()["dag_run"]["note"], "all good");
    assert_eq!(home.run("runs delete churn done -y").code, 0);
    assert_eq!(home.run("runs show churn done").code, 1);
}

#[test]
fn tasks_are_marked() {
    let home = Home::with_runs();
    let marked = home.run("tasks mark churn done gate success -y -o json");
    assert_eq!(marked.code, 0, "{marked:?}");
    assert_eq!(home.run("tasks state churn done gate").out, "success\n");
    assert_eq!(home.run("tasks mark churn done gate running -y").code, 2);
    assert_eq!(home.run("tasks mark churn done nothing success -y").code, 1);
}

#[test]
fn dags_are_paused_triggered_and_deleted() {
    let home = Home::with_runs();
    assert_eq!(home.run("dags pause churn -o json").json()[0]["is_paused"], true);
    let run = home.run("dags trigger churn -r mine -c {\"epochs\":4} -o json");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.json()["dag_run_id"], "mine");
    assert_eq!(run.json()["conf"]["epochs"], 4);
    assert!(run.err.contains("paused"), "{}", run.err);
    let refused = home.run("dags trigger churn -c {\"epochs\":\"many\"}");
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{refused:?}");
    assert!(refused.err.contains("epochs"), "{}", refused.err);
    assert_eq!(home.run("dags trigger churn -c [1]").code, 2);
    assert_eq!(home.run("dags unpause churn -o json").json()[0]["is_paused"], false);
    let active = home.run("dags delete churn --dry-run");
    assert_eq!(active.code, 1);
    assert!(active.err.contains("end it first"), "{}", active.err);
    for run in ["next", "mine"] {
        assert_eq!(home.run(&format!("runs set-state churn {run} failed -y")).code, 0);
    }
    let plan = home.run("dags delete churn -o json --dry-run").json();
    assert_eq!(plan["dag_runs"].as_array().unwrap().len(), 3);
    assert_eq!(home.run("dags delete churn").code, 1);
}

#[test]
fn what_needs_a_scheduler_says_so() {
    let home = Home::with_runs();
    for line in ["dags trigger churn --wait", "tasks stop churn next gate", "scheduler status", "scheduler stop"] {
        let ran = home.run(line);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{line}: {ran:?}");
        assert!(ran.err.contains("dagdeck scheduler start"), "{line}: {}", ran.err);
    }
    assert_eq!(home.run("runs list churn -o json").json().as_array().unwrap().len(), 2, "nothing was triggered");
}

#[test]
fn people_say_things_about_groups_of_failures() {
    let home = Home::with_runs();
    let groups = home.run("incident list --since 9999d -o json").json();
    let first = &groups[0];
    let print = first["fingerprint"].as_str().unwrap().to_owned();
    assert_eq!((first["dag_id"].as_str(), first["count"].as_u64()), (Some("churn"), Some(1)), "{groups}");
    let part = &print[..print.len().min(6)];
    let said = home.run(&format!("incident claim {part} --to ana -o json")).json();
    assert_eq!(said["claimed_by"], "ana");
    let said = home.run(&format!("incident silence {part} --for 2h -o json")).json();
    assert!(said["silenced_until"].as_str().is_some_and(|t| t.ends_with('Z')), "{said}");
    home.run(&format!("incident note {part} looking -o json"));
    let said = home.run(&format!("incident ack {part} -o json")).json();
    assert_eq!((said["note"].as_str(), said["acknowledged_by"].is_string()), (Some("looking"), true), "{said}");
    let said = home.run(&format!("incident silence {part} --off -o json")).json();
    assert!(said["silenced_until"].is_null(), "{said}");
    let said = home.run(&format!("incident claim {part} --release -o json")).json();
    assert!(said["claimed_by"].is_null(), "{said}");
    let audit = home.run("audit list -o json").json();
    let actions: Vec<&str> = audit.as_array().unwrap().iter().filter_map(|a| a["action"].as_str()).take(6).collect();
    assert_eq!(actions, ["release", "unsilence", "acknowledge", "incident_note", "silence", "claim"]);
    assert_eq!(home.run("incident claim zzzz").code, 1);
    assert_eq!(home.run(&format!("incident silence {part} --for soon")).code, 2);
}

#[test]
fn later_verbs_say_not_yet() {
    let home = Home::empty();
    for line in ["notify test x", "secrets rotate-key"] {
        let ran = home.run(line);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{line}: {ran:?}");
        assert!(ran.err.contains("not yet in this version"), "{line}: {}", ran.err);
    }
}
