//! Screens at 80x24 and 160x45: the keys that lead there, and the frame.

use dagdeck::console::Stage;
use tempfile::TempDir;

use super::home::{NOW, build};

pub fn stage(size: (u16, u16)) -> (TempDir, Stage) {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let stage = Stage::new(dir.path().to_owned(), size, NOW, true).unwrap();
    (dir, stage)
}

/// The frame after some keys, at both sizes.
fn frames(name: &str, keys: &str) {
    for size in [(80, 24), (160, 45)] {
        let (dir, mut stage) = stage(size);
        stage.keys(keys);
        // The folder's name is another one each time, and of one length.
        let folder = dir.path().file_name().unwrap().to_str().unwrap();
        let text = stage.text().replace(folder, &"~".repeat(folder.len()));
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), text);
    }
}

#[test]
fn triage() {
    frames("triage", "");
}

#[test]
fn dags() {
    frames("dags", "2");
}

#[test]
fn runs() {
    frames("runs", "3");
}

#[test]
fn instances() {
    frames("instances", "4");
}

#[test]
fn grid_with_unfolded_indexes() {
    frames("grid", "2 Enter j j j j Enter ]");
}

#[test]
fn gantt() {
    frames("gantt", "2 Enter v t G k k Enter j j j j");
}

#[test]
fn graph_with_a_folded_group() {
    frames("graph", "2 Enter v d k k -");
}

#[test]
fn details_of_a_dag() {
    frames("about", "2 d");
}

#[test]
fn assets() {
    frames("assets", "7");
}

#[test]
fn logs_of_all_indexes() {
    frames("logs", "2 Enter j j j j o");
}

#[test]
fn log_of_the_failed_try() {
    frames("log", "Enter");
}

#[test]
fn why() {
    frames("why", "2 j Enter j b");
}

#[test]
fn details() {
    frames("details", "Enter d");
}

#[test]
fn inputs() {
    frames("inputs", "Enter i");
}

#[test]
fn xcom() {
    frames("xcom", "2 Enter v t x Esc G");
}

#[test]
fn xcom_compared() {
    frames("xcom_compared", "2 Enter v t x Esc = G");
}

#[test]
fn why_failed_and_what_changed() {
    frames("changes", "Enter b");
}

#[test]
fn two_tries() {
    frames("compare", "Enter =");
}

#[test]
fn audit() {
    frames("audit", "9");
}

#[test]
fn settings() {
    frames("settings", "8");
}

#[test]
fn backfill_form() {
    frames("backfill", "2 B");
}

#[test]
fn versions() {
    frames("versions", "2 v h");
}

#[test]
fn source() {
    frames("source", "2 v h j Enter");
}

#[test]
fn calendar() {
    frames("calendar", "2 v c");
}

#[test]
fn edit_form() {
    frames("edit_connection", "8 j j E");
}

#[test]
fn clear_form() {
    for size in [(80, 24), (160, 45)] {
        let (_dir, mut stage) = stage(size);
        stage.keys("Enter C");
        let asked: u64 = stage.wanted[0].split(':').next().unwrap().parse().unwrap();
        let ti = |task: &str, index: i32, from: &str, reason: &str| {
            serde_json::json!({"dag_id": "churn_train", "dag_run_id": "scheduled__2026-11-16T02:00:00+00:00",
                "task_id": task, "map_index": index, "from": from, "to": null, "reason": reason})
        };
        stage.answer(
            asked,
            serde_json::json!({"plan_id": "p1", "applied": false, "task_instances": [
                ti("deploy", -1, "upstream_failed", "downstream"), ti("train_with_hp", 3, "failed", "selected")],
                "dag_runs": [{"dag_run_id": "scheduled__2026-11-16T02:00:00+00:00", "from": "failed", "to": "queued"}],
                "effects": ["3 XComs are deleted"]}),
        );
        insta::assert_snapshot!(format!("clear_{}x{}", size.0, size.1), stage.text());
    }
}

#[test]
fn the_plan_is_seen_on_the_smallest_terminal() {
    let (_dir, mut stage) = stage((60, 16));
    stage.keys("Enter C");
    let asked: u64 = stage.wanted[0].split(':').next().unwrap().parse().unwrap();
    let run = "scheduled__2026-11-16T02:00:00+00:00";
    let planned: Vec<_> = (0..6)
        .map(|n| {
            serde_json::json!({"dag_id": "churn_train", "dag_run_id": run, "task_id": format!("t{n}"), "map_index": -1,
                "from": "failed", "to": null, "reason": "selected"})
        })
        .collect();
    let effects = ["3 XComs are deleted", "2 pods that were kept are deleted", "a version of a model stays"];
    let plan = serde_json::json!({"plan_id": "p1", "applied": false, "task_instances": planned, "dag_runs": [],
        "effects": effects});
    stage.answer(asked, plan);
    let text = stage.text();
    insta::assert_snapshot!("clear_60x16", text);
    for part in ["6 task instances", "F -> .  t0", "F -> .  t1", "more (PgDn)", "[ Clear 6 ]"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    // All of it is reached.
    let text = stage.keys("PgDn PgDn").text();
    assert!(text.contains("t5") && text.contains("a version of a model stays"), "{text}");
}

#[test]
fn trigger_form() {
    frames("trigger", "2 T Down Down Down Space");
}

#[test]
fn help() {
    frames("help", "2 ?");
}

#[test]
fn palette() {
    for size in [(80, 24), (160, 45)] {
        let (_dir, mut stage) = stage(size);
        stage.keys(":").type_text("churn");
        insta::assert_snapshot!(format!("palette_{}x{}", size.0, size.1), stage.text());
        stage.keys("Enter");
        assert!(stage.text().contains("churn_train > grid"), "{}", stage.text());
    }
}

#[test]
fn system() {
    let (dir, mut stage) = stage((80, 24));
    let text = stage.keys("0").text();
    for part in ["SCHEDULER", "default_pool", "128", "IMPORT ERROR", "lee", &dir.path().display().to_string()] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn the_first_frame_comes_without_a_scheduler() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let options = dagdeck::console::Options { home: dir.path().to_owned(), ..Default::default() };
    let took = dagdeck::console::first_frame(&options, (80, 24)).unwrap();
    println!("first frame after {took:?}");
}

#[test]
fn too_small() {
    let (_dir, mut stage) = stage((80, 24));
    stage.resize(50, 12);
    insta::assert_snapshot!("too_small", stage.text());
    stage.resize(80, 24);
    assert!(stage.text().contains("NEEDS YOU"));
}

#[test]
fn pictures_are_whole() {
    let (_dir, stage) = stage((80, 24));
    let svg = dagdeck::console::frame_svg(&stage.frame());
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && svg.contains("out of memory"));
}
