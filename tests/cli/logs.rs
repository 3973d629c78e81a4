//! `logs`: the right file, filters, masking.

use super::home::Home;

#[test]
fn the_last_try_is_printed_as_text() {
    let home = Home::with_runs();
    let out = home.run("logs churn done gate").out;
    assert!(out.starts_with("[2026-03-02T06:00:01Z] INFO epoch 1 loss 0.5\n"), "{out}");
    assert!(out.ends_with("ERROR Task failed\nValueError: no rows\n"), "{out}");
    assert!(out.contains("password ***") && !out.contains("hunter2"));
    assert_eq!(home.run("logs churn done gate --try 1").out, "INFO first\n");
    assert_eq!(home.run("logs churn gate done --try 1 -o json").out, "{\"level\": \"info\", \"event\": \"first\"}\n");
}

#[test]
fn lines_are_chosen_by_level_and_pattern() {
    let home = Home::with_runs();
    assert_eq!(home.run("logs churn done gate --level warning").out.lines().count(), 3);
    assert_eq!(home.run("logs churn done gate --grep loss.*5").out.lines().count(), 1);
    // As grep: nothing found is exit code 1.
    assert_eq!(home.run("logs churn done gate --grep nowhere").code, 1);
    assert_eq!(home.run("logs churn done gate --grep (").code, 2);
    assert_eq!(home.run("logs churn done gate --level loud").code, 2);
}

#[test]
fn the_end_of_a_log_is_enough() {
    let home = Home::with_runs();
    let all = home.run("logs churn done gate").out;
    let out = home.run("logs churn done gate --tail 1").out;
    assert!(out.ends_with("ERROR Task failed\nValueError: no rows\n") && all.ends_with(&out), "{out}");
    assert_eq!(home.run("logs churn done gate --tail 100").out, all);
    assert_eq!(home.run("logs churn done gate --tail 0").out, "");
    // Of what fits, not of all; and followed from there.
    let warnings = home.run("logs churn done gate --level warning").out;
    assert_eq!(home.run("logs churn done gate --level warning --tail 1").out, out);
    assert_eq!(home.run("logs churn done gate --level warning --tail 9 -f").out, warnings);
    assert_eq!(home.run("logs churn done gate --grep nowhere --tail 1").code, 1);
    assert_eq!(home.run("logs churn done gate --tail some").code, 2);
}

#[test]
fn a_finished_try_is_not_followed_for_ever() {
    let home = Home::with_runs();
    assert_eq!(home.run("logs churn done gate -f").out.lines().count(), 4);
    assert_eq!(home.run("logs churn done notify -f").code, 0);
}

#[test]
fn many_logs_are_searched() {
    let home = Home::with_runs();
    let found = home.run("logs --where dag:churn~state:failed --grep loss|first -o json").json();
    assert_eq!(found.as_array().unwrap().len(), 2);
    assert_eq!((&found[0]["task_id"], &found[0]["try_number"]), (&"gate".into(), &1.into()));
    let text = home.run("logs --where dag:churn --level error").out;
    assert!(text.starts_with("churn done gate try 2: [2026-03-02T06:00:03Z] ERROR Task failed"), "{text}");
    assert_eq!(home.run("logs --where dag:churn --grep nowhere").code, 1);
    assert_eq!(home.run("logs --where dag:churn").code, 2);
}

#[test]
fn a_missing_log_says_why() {
    let home = Home::with_runs();
    let ran = home.run("logs churn done notify");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("its state is upstream_failed"), "{}", ran.err);
    let ran = home.run("logs churn done gate --try 7");
    assert!(ran.err.contains("tries with a log: 1, 2"), "{}", ran.err);
    let ran = home.run("logs churn done train");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--map-index 0..1"), "{}", ran.err);
}
