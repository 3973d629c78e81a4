//! What real Airflow did with probe DAG files, against what dagdeck does with the same files. The recording is a folder
//! named by `DAGDECK_CONFORMANCE`, or `../shared/conformance`; without one nothing is tested.
//!
//! `DAGDECK_CONFORMANCE_ONLY=a,b` runs only these DAGs, `DAGDECK_CONFORMANCE_DIFFERENCES=N` prints at most N of each.

mod compare;
mod definitions;
mod expected;
mod golden;
mod home;
mod imports;
mod limits;
mod meant;
mod operations;
mod runs;

use std::{collections::BTreeMap, time::Duration};

use golden::{Corpus, Golden};
use home::{Home, Schedules};

/// Differences per golden; an empty list is a golden that is equal.
type Score = BTreeMap<String, Vec<String>>;

#[test]
fn probe_dags_do_what_they_did_in_airflow() {
    let Some(corpus) = Corpus::find() else { return };
    let mut score = Score::new();
    let (triggered, scheduled): (Vec<Golden>, Vec<Golden>) =
        corpus.goldens().into_iter().filter(|g| expected::later(&g.dag_id).is_none()).partition(Golden::is_triggered);
    // Both at once: most of the time is spent waiting for the probes' own pauses.
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| run_triggered(&corpus, &triggered));
        let second = scope.spawn(|| run_scheduled(&corpus, &scheduled));
        (first.join().unwrap(), second.join().unwrap())
    });
    score.extend(first);
    score.extend(second);
    report(&score);
    let broken: Vec<&String> = score.iter().filter(|(_, found)| !found.is_empty()).map(|(id, _)| id).collect();
    let unexpected: Vec<_> = broken.iter().filter(|id| expected::known(id).is_none()).collect();
    assert!(unexpected.is_empty(), "not as recorded: {unexpected:?}");
}

/// The DAGs that were triggered by hand, all in one scheduler that creates no runs itself.
fn run_triggered(corpus: &Corpus, goldens: &[Golden]) -> Score {
    if goldens.is_empty() {
        return Score::new();
    }
    let home = Home::start(&corpus.dags(), Schedules::Off);
    let mut score: Score = goldens.iter().map(|g| (g.dag_id.clone(), definitions::differences(&home, g))).collect();
    for golden in goldens {
        if let Err(why) = runs::trigger(&home, golden) {
            score.entry(golden.dag_id.clone()).or_default().push(why);
        }
    }
    runs::wait(&home, goldens, Duration::from_secs(110));
    for golden in goldens {
        let found = score.entry(golden.dag_id.clone()).or_default();
        found.extend(runs::differences(&home, golden));
        found.extend(limits::differences(&home, golden));
        found.extend(meant::differences(&home, golden));
    }
    score
}

/// The DAGs that the scheduler created the runs of.
fn run_scheduled(corpus: &Corpus, goldens: &[Golden]) -> Score {
    if goldens.is_empty() {
        return Score::new();
    }
    // Only their file: the other probes have nothing to do here.
    let folder = tempfile::tempdir().unwrap();
    for name in ["cc_scheduled.py", "cc_lib.py"] {
        std::fs::copy(corpus.dags().join(name), folder.path().join(name)).unwrap();
    }
    let home = Home::start(folder.path(), Schedules::On);
    let mut score: Score = goldens.iter().map(|g| (g.dag_id.clone(), definitions::differences(&home, g))).collect();
    for golden in goldens {
        home.json(&["dags", "unpause", &golden.dag_id]);
    }
    runs::wait(&home, goldens, Duration::from_secs(60));
    for golden in goldens {
        score.entry(golden.dag_id.clone()).or_default().extend(runs::differences(&home, golden));
    }
    score
}

fn report(score: &Score) {
    let limit = std::env::var("DAGDECK_CONFORMANCE_DIFFERENCES").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    for (dag_id, found) in score.iter().filter(|(_, found)| !found.is_empty()) {
        let known = expected::known(dag_id).map(|why| format!(" ({why})")).unwrap_or_default();
        println!("{dag_id}: {} differences{known}", found.len());
        found.iter().take(limit).for_each(|line| println!("    {line}"));
    }
    let equal = score.values().filter(|found| found.is_empty()).count();
    println!("{equal} of {} goldens equal", score.len());
    for (dag_id, why) in expected::LATER {
        println!("left out: {dag_id}: {why}");
    }
}
