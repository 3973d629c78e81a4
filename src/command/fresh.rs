//! Before an act on a DAG: its file is parsed if it is new or changed.

use std::path::PathBuf;

use crate::{
    clock,
    config::Place,
    error::Result,
    processor::{self, Parser},
    protocol::Command,
    store::{self, Store},
};

/// The DAG that an act is about, if its definition matters to it.
fn dag_of(command: &Command) -> Option<&str> {
    match command {
        Command::Trigger { dag_id, .. } => Some(dag_id),
        Command::Clear { selection, .. } | Command::Mark { selection, .. } => Some(&selection.dag_id),
        Command::CreateBackfill { request, .. } => Some(&request.dag_id),
        Command::SavePlan { planned, .. } => dag_of(planned),
        Command::SetPaused { dag_ids, .. } => dag_ids.first().map(String::as_str),
        _ => None,
    }
}

/// Files to be parsed before an act: the DAG's own if it changed, or everything new if the DAG isn't known. `None`: nothing.
pub fn stale_files(place: &Place, command: &Command) -> Result<Option<Vec<PathBuf>>> {
    let new_ones = matches!(command, Command::Materialize { .. } | Command::UpdateAsset { .. });
    let Some(dag_id) = dag_of(command).or(new_ones.then_some("")) else { return Ok(None) };
    let Some(db) = Store::open_reader(&place.db())? else {
        return Ok(Some(processor::find_files(&place.dags_folder, &place.settings)));
    };
    let files = store::dag::files(&db)?;
    if let Some(dag) = store::dag::get(&db, dag_id)?.filter(|d| !d.is_stale) {
        let row = files.iter().find(|(path, ..)| *path == dag.dag.fileloc);
        let path = PathBuf::from(&dag.dag.fileloc);
        let same = match (row, processor::stamp(&path, &place.settings)) {
            (Some((_, _, mtime, size)), Ok(now)) => (*mtime, *size) == now,
            // A file that is gone can't be parsed; the act goes on with what is stored.
            (_, Err(_)) => true,
            (None, Ok(_)) => false,
        };
        return Ok((!same).then(|| vec![path]));
    }
    let changed = processor::scan(&place.dags_folder, &files, &place.settings).changed;
    Ok((!changed.is_empty()).then_some(changed))
}

/// Parses and stores stale files here, when no scheduler does it.
pub fn parse_stale(place: &Place, store: &mut Store, command: &Command) -> Result<()> {
    let Some(files) = stale_files(place, command)? else { return Ok(()) };
    let parser = Parser::new(place)?;
    for file in files.iter().filter_map(|file| parser.parse(file)) {
        register(place, store, &file)?;
    }
    Ok(())
}

/// Stores a parsed file; a DAG id that another file uses becomes an error of this one. Returns the DAGs whose row changed.
pub fn register(place: &Place, store: &mut Store, file: &store::dag::ParsedFile) -> Result<Vec<std::sync::Arc<str>>> {
    let paused = place.settings.flag("core", "dags_are_paused_at_creation");
    let stored = store.transaction(|tx| store::dag::register(tx, file, paused, clock::now()));
    let Err(e) = stored else { return stored };
    if e.kind != crate::error::Kind::Refused {
        return Err(e);
    }
    let line = file.dags.iter().find(|d| e.message.contains(&*d.dag.dag_id)).map_or(0, |d| d.dag.line);
    let mut file = store::dag::ParsedFile { dags: Vec::new(), ..file.clone() };
    file.diagnostics.push(crate::model::Diagnostic {
        severity: crate::model::Severity::Error,
        file: file.fileloc.clone(),
        line,
        column: 0,
        message: e.message,
        hint: e.hint,
        stack_trace: None,
    });
    store.transaction(|tx| store::dag::register(tx, &file, paused, clock::now()))
}
