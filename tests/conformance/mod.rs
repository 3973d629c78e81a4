//! What real Airflow did with DAG files, against what dagdeck does with the same files. The recording is the folder
//! `recording` beside this file, or the one that `DAGDECK_CONFORMANCE` names: any in the same format.
//!
//! Without further words only what is quick runs. `DAGDECK_CONFORMANCE_ALL=1` runs everything, as a recording named by
//! `DAGDECK_CONFORMANCE` always does. `DAGDECK_CONFORMANCE_WHEELS` names a folder with unpacked wheels of Airflow, whose
//! example DAGs are then run too. `DAGDECK_CONFORMANCE_ONLY=a,b` runs only these DAGs (`tables` stands for the tables),
//! `DAGDECK_CONFORMANCE_DIFFERENCES=N` prints at most N differences of each.

mod answers;
mod assets;
mod compare;
pub mod corpus;
mod definitions;
mod document;
mod expected;
mod fields;
mod groups;
mod home;
mod imports;
mod limits;
mod meant;
mod names;
mod operations;
mod pods;
mod requests;
mod runs;
mod score;
mod tables;

use corpus::{Corpus, Golden};
use score::Score;

#[test]
fn everything_is_as_recorded() {
    let corpus = Corpus::find();
    let only = std::env::var("DAGDECK_CONFORMANCE_ONLY").ok();
    let is_wanted = |name: &str| only.as_ref().is_none_or(|list| list.split(',').any(|one| one == name));
    let mut score = Score::default();
    let mut goldens: Vec<Golden> = corpus.goldens();
    goldens.retain(|golden| is_wanted(&golden.dag_id) && is_tried(&corpus, golden, &mut score));
    for group in groups::of(goldens) {
        score.add(group.run(&corpus));
    }
    if is_wanted("tables") {
        tables::compare(&corpus, &mut score);
    }
    score.report();
    assert!(score.is_equal(), "not as recorded: {:?}", score.broken());
}

/// The DAG can be tried here; otherwise the score says why not.
fn is_tried(corpus: &Corpus, golden: &Golden, score: &mut Score) -> bool {
    let unknown = fields::unknown(golden);
    if !unknown.is_empty() {
        score.dag(&golden.dag_id, unknown);
        return false;
    }
    let why_not = if let Some(why) = expected::later(&golden.dag_id) {
        why.to_owned()
    } else if expected::is_slow(&golden.dag_id) && !Corpus::is_whole() {
        "it takes long; DAGDECK_CONFORMANCE_ALL=1 runs it".to_owned()
    } else {
        match (golden.file(), golden.path_in_wheel(), corpus.wheels()) {
            (Some(file), ..) if corpus.dags().join(file).exists() => return true,
            (Some(file), ..) => format!("{file} is not in the recording"),
            (None, Some(_), None) => "DAGDECK_CONFORMANCE_WHEELS names no folder with unpacked wheels".to_owned(),
            (None, Some(path), Some(wheels)) if wheels.join(path).exists() => return true,
            (None, Some(path), Some(_)) => format!("{path} is not in the wheels"),
            (None, None, _) => "its source names no file".to_owned(),
        }
    };
    score.skip(&golden.dag_id, &why_not);
    false
}
