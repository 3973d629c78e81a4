//! docs/COMPATIBILITY.md: what the recording holds, which `everything_is_as_recorded` compares, and what differs and why.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use super::{
    corpus::{Corpus, Golden},
    expected::{EXPECTED, later, later_name, later_table},
    fields::LEFT_OUT,
};

const HEAD: &str = "# Compatibility with Airflow

<!-- Made from tests/conformance/recording and expected.toml: UPDATE_DOCS=1 cargo test --test main conformance::document -->

dagdeck runs the DAG files below as real Airflow 3.3.2 ran them: scheduler, runners and Python of the real program, compared field by field with
what was recorded of Airflow (states, tries, run state and type, data intervals, XComs, rendered fields, exceptions, callbacks, refused
triggers, and the DAGs themselves). `DAGDECK_CONFORMANCE_ALL=1 cargo test --test main everything_is_as_recorded` does it and fails on every difference that isn't
listed here; without the variable, what takes long is left out. `DAGDECK_CONFORMANCE` names the folder of another recording in the same
format, `DAGDECK_CONFORMANCE_WHEELS` a folder with the unpacked wheels of Airflow, whose example DAGs are run too.
";

fn text(corpus: &Corpus) -> String {
    let goldens: Vec<Golden> = corpus.goldens();
    let (left_out, compared): (Vec<&Golden>, Vec<&Golden>) = goldens.iter().partition(|g| later(&g.dag_id).is_some());
    let mut out = HEAD.to_owned();
    let count = |g: &Golden| {
        let of_run = |run: &serde_json::Value| run["task_instances"].as_array().map_or(0, Vec::len);
        (1, g.runs().len(), g.runs().iter().map(of_run).sum::<usize>())
    };
    let mut files: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    for golden in &compared {
        let file = golden.file().map(|f| format!("`{f}`")).or_else(|| golden.path_in_wheel().map(folder));
        let row = files.entry(file.unwrap_or_default()).or_default();
        let (dags, runs, instances) = count(golden);
        *row = (row.0 + dags, row.1 + runs, row.2 + instances);
    }
    out.push_str("\n## Equal\n\n| file | DAGs | runs | task instances |\n|---|---:|---:|---:|\n");
    for (file, (dags, runs, instances)) in &files {
        let _ = writeln!(out, "| {file} | {dags} | {runs} | {instances} |");
    }
    out.push_str("\n| table | rows |\n|---|---:|\n");
    for name in corpus.tables().iter().filter(|name| later_table(name).is_none()) {
        let table = corpus.table(name).unwrap_or_default();
        let rows = table["rows"].as_array().or(table["steps"].as_array()).map_or(0, Vec::len);
        let _ = writeln!(out, "| {name} | {rows} |");
    }
    out.push_str("\n## Different on purpose\n\n| where | why |\n|---|---|\n");
    for row in &EXPECTED.differs {
        let _ = writeln!(out, "| `{}`: {} | {} |", row.dag, row.places(), row.why);
    }
    for row in &EXPECTED.machine {
        let of = row.dag.as_ref().map_or_else(|| "any DAG".to_owned(), |dag| format!("`{dag}`"));
        let ends: Vec<String> = row.ends.iter().map(|end| format!("`..{end}`")).collect();
        let _ = writeln!(out, "| {of}: {} are of the same type, whatever they say | {} |", ends.join(", "), row.why);
    }
    for row in &EXPECTED.chance {
        let _ = writeln!(out, "| `{}`: {} | by chance: {} |", row.dag, row.places(), row.why);
    }
    for row in &EXPECTED.rows {
        let _ = writeln!(out, "| table {}: {} | {} |", row.table, row.names.join(", "), row.why);
    }
    for row in &EXPECTED.accepted {
        let _ = writeln!(out, "| `{}` is accepted with a warning; Airflow 3 refuses it | {} |", row.file, row.why);
    }
    out.push_str("\nNot compared:\n\n");
    for (field, why) in LEFT_OUT {
        let _ = writeln!(out, "- `{field}`: {why}");
    }
    if !left_out.is_empty() || corpus.tables().iter().any(|name| later_table(name).is_some()) {
        out.push_str("\n## Not yet\n\n| what | waits for |\n|---|---|\n");
        let dags = left_out.iter().filter_map(|g| Some((g.dag_id.clone(), later(&g.dag_id)?)));
        let tables = corpus.tables().into_iter().filter_map(|name| later_table(&name).map(|why| (name, why)));
        let names = imported(corpus).into_iter().filter_map(|name| later_name(&name).map(|why| (name, why)));
        for (name, why) in dags.chain(tables).chain(names) {
            let _ = writeln!(out, "| `{name}` | {why} |");
        }
    }
    out
}

/// Names of the table of imports.
fn imported(corpus: &Corpus) -> Vec<String> {
    let table = corpus.table("imports").unwrap_or_default();
    table["rows"].as_array().into_iter().flatten().filter_map(|row| row["import"].as_str().map(str::to_owned)).collect()
}

/// The folder of a wheel's example.
fn folder(path: &str) -> String {
    format!("examples in `{}`", path.rsplit_once('/').map_or(path, |(folder, _)| folder))
}

#[test]
fn the_compatibility_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/COMPATIBILITY.md");
    let wanted = text(&Corpus::own());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "UPDATE_DOCS=1 cargo test --test main conformance::document writes docs/COMPATIBILITY.md anew"
    );
}
