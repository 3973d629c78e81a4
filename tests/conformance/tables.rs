//! The recording's tables, each with what compares it.

use serde_json::Value;

use super::{corpus::Corpus, expected, imports, names, operations, pods, score::Score};

/// Compares a table: the number of its rows, and a line for each that differs.
type Reader = fn(&Corpus, &Value) -> (usize, Vec<String>);

/// Tables by name; `NAME_2` is a table like `NAME`. One that isn't here is an error.
const READERS: &[(&str, Reader)] = &[
    ("import_results", imports::differences),
    ("imports", |_, table| names::differences(table)),
    ("kpo_manifests", |_, table| pods::differences(table)),
    ("operations_backfill", operations::differences),
    ("operations_clear_and_mark", operations::differences),
    ("operations_mark_queued", operations::differences),
    ("retry_delays", |_, table| crate::scheduler::delays::differences(table)),
    ("scheduling", |_, table| crate::timetable::differences(table)),
];

/// Compares all tables that are there.
pub fn compare(corpus: &Corpus, score: &mut Score) {
    for name in corpus.tables() {
        let kind = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
        let reader = READERS.iter().find(|(known, _)| *known == kind).map(|(_, reader)| reader);
        match (expected::later_table(&name), reader, corpus.table(&name)) {
            (Some(why), ..) => score.skip(&name, why),
            (None, Some(reader), Some(table)) => {
                let (rows, mut wrong) = reader(corpus, &table);
                wrong.retain(|line| !expected::row_on_purpose(kind, line));
                score.table(&name, rows, wrong);
            }
            _ => score.table(&name, 1, vec!["nobody knows how to compare this table".to_owned()]),
        }
    }
}
