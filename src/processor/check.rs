//! `dags check`: parses files without a home, and says which of them would never be loaded.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Parser, error, find_files, scan};
use crate::{
    config::Place,
    dagfile::Parsed,
    error::{Error, Result},
    model::{Diagnostic, Severity},
    store,
};

/// Parses files (of a folder all that would be found there) without a home. A file that was named and that the scheduler would
/// never load has a warning with the reason.
///
/// # Errors
/// `NotFound` for a path that isn't there.
pub fn check(paths: &[PathBuf], place: &Place) -> Result<Vec<(PathBuf, Parsed)>> {
    let parser = Parser::without_home(&place.settings)?;
    let mut all = Vec::new();
    for path in paths {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        if !path.exists() {
            return Err(Error::not_found(format!("there is no file or folder {}", path.display())));
        }
        if path.is_dir() {
            let files = find_files(&path, &place.settings);
            all.extend(files.into_iter().filter_map(|file| Some((file.clone(), parsed(&parser, &file)?))));
        } else {
            let found = named(&parser, &path, place);
            all.push((path, found));
        }
    }
    tell_of_equal_ids(&mut all);
    Ok(all)
}

fn parsed(parser: &Parser, file: &Path) -> Option<Parsed> {
    let parsed = parser.parse(file)?;
    Some(Parsed { dags: parsed.dags.into_iter().map(|d| d.dag).collect(), diagnostics: parsed.diagnostics })
}

/// A file that somebody named.
fn named(parser: &Parser, file: &Path, place: &Place) -> Parsed {
    let warning = |(message, hint): (String, String)| Diagnostic {
        severity: Severity::Warning,
        ..error(file, 0, message, Some(hint))
    };
    let reason = scan::never_loaded(file, &place.dags_folder, &place.settings);
    // Of which kind it would be, nobody knows.
    if let Some(reason) = reason.clone().filter(|_| !scan::is_candidate(&file.to_string_lossy())) {
        return Parsed { dags: Vec::new(), diagnostics: vec![warning(reason)] };
    }
    let no_words = || match file.extension().is_some_and(|e| e == "toml") {
        true => ("it isn't taken for a DAG file: it has neither [dag] nor [tasks", "a DAG file in TOML has both"),
        false => (
            "it isn't taken for a DAG file: the words `airflow` and `dag` (or `asset`) aren't both in it",
            "[core] dag_discovery_safe_mode = false has every file imported",
        ),
    };
    let Some(mut found) = parsed(parser, file) else {
        let (message, hint) = no_words();
        return Parsed { dags: Vec::new(), diagnostics: vec![warning((message.into(), hint.into()))] };
    };
    found.diagnostics.extend(reason.map(warning));
    found
}

/// A DAG id that an earlier file has, too, is an error of the later one, as when the files are stored.
fn tell_of_equal_ids(all: &mut [(PathBuf, Parsed)]) {
    let mut first: HashMap<Arc<str>, PathBuf> = HashMap::new();
    for (file, parsed) in all {
        for dag in &parsed.dags {
            let owner = first.entry(dag.dag_id.clone()).or_insert_with(|| file.clone());
            if owner != file {
                let e = store::dag::used_twice(&dag.dag_id, &owner.to_string_lossy(), &file.to_string_lossy());
                parsed.diagnostics.push(error(file, dag.line, e.message, e.hint));
            }
        }
    }
}
