//! Screens about pods, what their keys do and what they refuse.

use dagdeck::console::{Stage, Theme};
use tempfile::TempDir;

use super::{
    home::{NOW, build},
    home_pods,
    themes::fingerprint,
};

/// A console of a home with pods.
pub fn stage(size: (u16, u16)) -> (TempDir, Stage) {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    home_pods::add(dir.path());
    let stage = Stage::new(dir.path().to_owned(), size, NOW, true).unwrap();
    (dir, stage)
}

/// Changes the store.
fn sql(dir: &TempDir, text: &str) {
    rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap().execute_batch(text).unwrap();
}

/// Screens and the keys that lead there.
const SCREENS: &[(&str, &str)] = &[
    ("pods", "6"),
    ("pods_all_by_node", "6 + s s s"),
    ("pod", "e"),
    ("pod_events", "e G"),
    ("pod_spec", "e d"),
    ("pod_diff", "e ="),
    ("pod_pending", "6 Enter"),
    ("pod_gantt", "2 j Enter v t"),
    ("pod_instance", "Enter b"),
    ("no_pod", "3 G Enter e"),
];

#[test]
fn every_screen_at_every_size_in_every_theme() {
    let mut table = String::new();
    for (name, keys) in SCREENS {
        for size in [(60, 16), (80, 24), (160, 45)] {
            let (_dir, mut stage) = stage(size);
            stage.keys(keys);
            let text = stage.text();
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), text);
            table.push_str(&format!("{name} {}x{}", size.0, size.1));
            for theme in Theme::names() {
                stage.theme(theme).unwrap();
                assert_eq!(stage.text(), text, "{name}: {theme} shows other letters");
                table.push_str(&format!(" {theme}={:08x}", fingerprint(&stage.frame())));
            }
            table.push('\n');
        }
    }
    insta::assert_snapshot!("pod_themes", table);
}

#[test]
fn secrets_and_escape_sequences_are_shown_nowhere() {
    for keys in ["e d", "e =", "e G", "e G Enter"] {
        let (_dir, mut stage) = stage((160, 45));
        let text = stage.keys(keys).text();
        assert!(!text.contains("hunter22") && !text.contains('\u{1b}') && !text.contains('\u{7}'), "{text}");
    }
    let (_dir, mut stage) = stage((80, 24));
    assert!(stage.keys("e d").text().contains("'***'") || stage.text().contains("***"), "{}", stage.text());
}

#[test]
fn a_pod_names_what_differs_from_the_last_success() {
    let (_dir, mut stage) = stage((80, 24));
    let text = stage.keys("e").text();
    assert!(text.contains("resources.requests.memory: 64Gi -> 48Gi (and 1 more)"), "{text}");
    assert!(text.contains("memory asked 48Gi, peak 47.8Gi"), "{text}");
    assert!(stage.keys("=").text().contains("+ 48Gi"), "{}", stage.text());
}

#[test]
fn the_list_says_why_a_pod_failed() {
    let (_dir, mut stage) = stage((160, 45));
    let text = stage.keys("6").text();
    let line = text.lines().find(|line| line.contains("k2x9")).unwrap();
    assert!(line.contains("container base was killed"), "{text}");
    let text = stage.keys("/").type_text("cause:memory").keys("Enter").text();
    assert!(text.contains("k2x9"), "{text}");
}

#[test]
fn the_key_to_a_pod_is_named_only_where_there_was_one() {
    for (screen, filter, is_named) in [
        ("2", "churn_train", true),
        ("2", "new_one", false),
        ("2", "late_one", false),
        ("4", "dag:ctr_daily task:load", true),
        ("4", "dag:ctr_daily task:report", false),
        ("4", "dag:late_one task:load", false),
    ] {
        let (_dir, mut stage) = stage((160, 45));
        let text = stage.keys(&format!("{screen} /")).type_text(filter).keys("Enter").text();
        let hints = text.lines().last().unwrap();
        assert!(hints.contains("Enter:open") && hints.contains("e:pod") == is_named, "{filter}: {text}");
    }
    // The grid of a DAG whose tasks are processes.
    let (_dir, mut stage) = stage((160, 45));
    let text = stage.keys("2 /").type_text("late_one").keys("Enter Enter").text();
    assert!(text.contains("late_one >") && !text.lines().last().unwrap().contains("e:pod"), "{text}");
}

#[test]
fn pods_of_a_cluster_that_was_not_asked_are_not_denied() {
    let (dir, mut stage) = stage((160, 45));
    sql(&dir, "DELETE FROM cluster_health; DELETE FROM cluster_traffic");
    let text = stage.changed().keys("6").text();
    assert!(text.contains("no cluster was asked since the scheduler began"), "{text}");
}

#[test]
fn tries_are_a_key_apart() {
    let (_dir, mut stage) = stage((80, 24));
    assert!(stage.keys("e").text().contains("pod churn-train-3-k2x9"), "{}", stage.text());
    assert!(stage.keys("<").text().contains("pod churn-train-3-e5f6"), "{}", stage.text());
    assert!(stage.keys("< <").text().contains("this is its first pod"), "{}", stage.text());
    assert!(stage.keys("> >").text().contains("pod churn-train-3-k2x9"), "{}", stage.text());
    // The pod of the try that the log shows.
    let (_dir, mut stage) = stage_at_log();
    assert!(stage.keys("< e").text().contains("pod 2 of 3"), "{}", stage.text());
}

fn stage_at_log() -> (TempDir, Stage) {
    let (dir, mut stage) = stage((80, 24));
    stage.keys("Enter");
    (dir, stage)
}

#[test]
fn a_run_or_a_mapped_task_leads_to_its_pods() {
    let (_dir, mut stage) = stage((80, 24));
    let text = stage.keys("2 g p").text();
    assert!(text.contains("dag:churn_train") && text.contains("churn-train-3-a1b2"), "{text}");
    assert!(!text.contains("ctr-load"), "{text}");
}

#[test]
fn lists_are_filtered_grouped_and_without_what_is_gone() {
    let (_dir, mut stage) = stage((80, 24));
    let text = stage.keys("6").text();
    assert!(text.contains("ctr-load-p7q8") && text.contains("k2x9") && !text.contains("c3d4"), "{text}");
    let text = stage.keys("+ /").type_text("node:gpu-a100-7 state:gone").keys("Enter").text();
    assert!(
        text.contains("c3d4") && text.contains("e5f6") && !text.contains("k2x9") && !text.contains("ctr-load"),
        "{text}"
    );
    let text = stage.keys("Esc s s").text();
    assert!(text.contains("sorted by DAG") && text.contains("ctr_daily (1)"), "{text}");
    let text = stage.keys("s").text();
    assert!(text.contains("node gpu-a100-9 (1)") && text.contains("no node yet (1)"), "{text}");
}

#[test]
fn a_kept_pod_is_deleted_when_its_name_is_typed() {
    let (_dir, mut stage) = stage((80, 24));
    stage.keys("e D");
    assert!(stage.text().contains("Delete pod churn-train-3-k2x9"), "{}", stage.text());
    let asked: u64 = stage.wanted[0].split(':').next().unwrap().parse().unwrap();
    assert!(stage.wanted[0].ends_with("pods cleanup churn-train-3-k2x9 --dry-run"), "{:?}", stage.wanted);
    let plan =
        serde_json::json!({"task_instances": [], "dag_runs": [], "effects": ["pod churn-train-3-k2x9 is deleted"]});
    stage.answer(asked, plan);
    // Not without the name.
    stage.keys("Tab Tab Enter");
    assert_eq!(stage.wanted.len(), 1, "{:?}", stage.wanted);
    stage.keys("Shift-Tab Shift-Tab").type_text("churn-train-3-k2x9").keys("Tab Right Enter");
    let line = stage.wanted.last().unwrap();
    assert!(line.ends_with("pods cleanup churn-train-3-k2x9 --hold 10 -y"), "{line}");
}

#[test]
fn a_pod_on_a_silent_node_is_given_up_and_a_healthy_one_is_not() {
    let (dir, mut stage) = stage((80, 24));
    stage.keys("6 D");
    assert!(stage.text().contains("its task still waits for it (K stops"), "{}", stage.text());
    sql(
        &dir,
        "UPDATE pod SET phase = 'Running', node = 'n1', why = 'node n1 doesn''t answer: nobody can tell' WHERE id = 5",
    );
    stage.changed().keys("S");
    assert!(stage.text().contains("its node doesn't answer; refused"), "{}", stage.text());
    stage.keys("D");
    assert!(stage.text().contains("Give up pod ctr-load-p7q8"), "{}", stage.text());
    assert!(stage.wanted[0].ends_with("pods cleanup ctr-load-p7q8 --force --dry-run"), "{:?}", stage.wanted);
}

#[test]
fn a_shell_goes_into_the_container_under_the_cursor_if_it_runs() {
    let (dir, mut stage) = stage((80, 24));
    stage.keys("e S");
    assert!(stage.text().contains("pod churn-train-3-k2x9 has ended; refused"), "{}", stage.text());
    stage.keys("6 S");
    assert!(stage.text().contains("doesn't run yet; refused"), "{}", stage.text());
    sql(
        &dir,
        "UPDATE pod SET phase = 'Running', why = NULL, node = 'n1', status = '{\"containerStatuses\": [
            {\"name\": \"base\", \"state\": {\"running\": {}}},
            {\"name\": \"airflow-xcom-sidecar\", \"state\": {\"waiting\": {\"reason\": \"PodInitializing\"}}}]}' WHERE id = 5",
    );
    stage.changed().keys("S");
    assert_eq!(stage.wanted, ["dagdeck pods exec ctr-load-p7q8"]);
    stage.keys("Enter S");
    assert_eq!(stage.wanted[1], "dagdeck pods exec ctr-load-p7q8 -c base");
    stage.keys("j S");
    assert!(stage.text().contains("container airflow-xcom-sidecar is waiting; refused"), "{}", stage.text());
    assert!(stage.keys("@").text().contains("pods exec ctr-load-p7q8 -c base"), "{}", stage.text());
}

#[test]
fn a_cluster_that_is_away_is_seen_on_every_screen() {
    let (dir, mut stage) = stage((80, 24));
    assert!(stage.text().contains("k8s ok"), "{}", stage.text());
    sql(&dir, "UPDATE cluster_health SET state = 'away', message = 'connection refused' WHERE what = 'pods'");
    let text = stage.changed().text();
    assert!(text.contains("K8S AWAY 3h"), "{text}");
    let text = stage.keys("6").text();
    assert!(text.contains("pods AWAY for 3h: connection refused"), "{text}");
    assert!(text.contains("requests.nvidia.com/gpu 8/8 FULL"), "{text}");
}

/// Rights for pods, logs and exec in one namespace are enough: that quotas may not be read is said, and is no alarm.
#[test]
fn a_missing_right_is_said_where_it_matters() {
    let (dir, mut stage) = stage((160, 45));
    sql(&dir, "INSERT INTO cluster_health VALUES ('default', 'ml-training', 'quotas', 'forbidden', 0, 'no')");
    let text = stage.changed().keys("6").text();
    assert!(
        text.contains("| k8s ok |") && text.contains("default/ml-training (no metrics, quotas forbidden)"),
        "{text}"
    );
    sql(&dir, "UPDATE cluster_health SET state = 'forbidden', message = 'cannot watch' WHERE what = 'events'");
    let text = stage.changed().text();
    assert!(text.contains("K8S RIGHT MISSING (6)") && text.contains("events FORBIDDEN: cannot watch"), "{text}");
}
