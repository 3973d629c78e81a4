//! DAGs and runs coming into the scheduler's memory: from files, from the store, from timetables.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;

use super::core::{Engine, Write};
use crate::{
    clock, command,
    error::{Kind, Result, say},
    model::{Dag, DagRun, RunId},
    processor,
    scheduler::DagFacts,
    store::{self, load},
    timetable::{Bounds, DataInterval, DueRun, Timetable},
};

/// When a timetable class was asked, and after which run.
pub type Asked = (Option<Timestamp>, Option<Timestamp>);

impl Engine {
    /// Takes DAGs from the store into memory: all, or those named (which leave memory if they became stale).
    pub(super) fn load_dags(&mut self, only: Option<&[Arc<str>]>) -> Result<()> {
        let db = self.store.reader();
        let mut facts = Vec::new();
        let mut gone = Vec::new();
        match only {
            None => facts.extend(store::dag::all(db)?),
            Some(ids) => {
                for id in ids {
                    match store::dag::get(db, id)?.filter(|d| !d.is_stale) {
                        Some(dag) => facts.push(dag),
                        None => gone.push(id.clone()),
                    }
                }
            }
        }
        for dag in facts {
            let id = dag.dag.dag_id.clone();
            if dag.dag.schedule.has_own_timetable() {
                self.own_timetables.entry(id.clone()).or_default();
            }
            let db = self.store.reader();
            let last_automated = load::last_automated(db, &id)?.as_ref().map(as_due);
            let recent = load::recent(db, &id, self.world.most_failures(&dag.dag))?;
            self.world.set_dag(DagFacts {
                dag: dag.dag,
                version: dag.version,
                is_paused: dag.is_paused,
                has_import_errors: dag.has_import_errors,
                last_automated,
                recent,
            });
            self.write_next(&id);
            self.refresh_past(&id)?;
        }
        for id in gone {
            self.world.remove_dag(&id);
        }
        self.changed = true;
        self.run_watchers();
        self.load_asset_queues(None)
    }

    /// Writes a DAG's next run for readers, with the next commit.
    fn write_next(&mut self, dag_id: &Arc<str>) {
        let next = self.world.dag(dag_id).and_then(|facts| next_run(facts, &self.place.settings));
        self.writes.push(Write::NextRun { dag_id: dag_id.clone(), next });
    }

    /// Looks for new, changed and vanished files.
    pub(super) fn scan_files(&mut self) -> Result<()> {
        let known = store::dag::files(self.store.reader())?;
        // First, so that nothing that changes after the look is missed.
        self.watch.folders(&self.place.dags_folder, &self.place.settings);
        let found = processor::scan(&self.place.dags_folder, &known, &self.place.settings);
        for path in found.changed {
            self.parsing.parse(path);
        }
        for path in found.gone {
            match self.store.transaction(|tx| store::dag::forget_file(tx, &path)) {
                Ok(ids) => self.load_dags(Some(&ids))?,
                Err(e) => {
                    self.cannot_write(&e);
                    self.scan_soon();
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes what the dag processor found out.
    pub(super) fn take_parsed(&mut self) -> Result<()> {
        self.parsed.extend(self.parsing.take());
        self.store_parsed()
    }

    /// Stores what was parsed, and answers those who wait for it. What can't be stored now is kept for later.
    pub(super) fn store_parsed(&mut self) -> Result<()> {
        if self.parsed.is_empty() || !self.commit() {
            return Ok(());
        }
        let mut paths: Vec<PathBuf> = Vec::new();
        while let Some((path, file)) = self.parsed.pop_front() {
            if let Some(file) = &file {
                match command::register(&self.place, &mut self.store, file) {
                    Ok(ids) => self.load_dags(Some(&ids))?,
                    Err(e) => {
                        self.parsed.push_front((path, Some(file.clone())));
                        self.cannot_write(&e);
                        break;
                    }
                }
            }
            // Who waits for what is being parsed once more waits for that.
            if !self.parsing.busy.contains(&path) {
                paths.push(path);
            }
        }
        self.answer_parsed(&paths);
        Ok(())
    }

    /// Loads a run from the store, or drops it from memory when it is over or gone.
    pub(super) fn load_run(&mut self, id: RunId) -> Result<()> {
        let db = self.store.reader();
        let Some(run) = store::run::get(db, id)?.filter(|run| !run.state.is_finished()) else {
            self.world.drop_run(id);
            return Ok(());
        };
        let dag = match self.world.dag(&run.dag_id).filter(|facts| facts.version == run.dag_version) {
            Some(facts) => facts.dag.clone(),
            None => store::dag::version(db, run.dag_version)?,
        };
        let dag = run.part_of(dag);
        let backfill = match run.backfill.filter(|place| !self.world.has_backfill(place.id)) {
            Some(place) => store::backfill::facts(db, place.id)?,
            None => None,
        };
        let facts = load::facts(db, &run, &dag, self.catches_up(&dag))?;
        let instances = load::instances(db, id)?;
        if let Some(backfill) = backfill {
            self.world.set_backfill(backfill);
        }
        self.note_deadlines(&run, &dag, clock::now());
        self.world.load_run(run, dag, instances, facts);
        Ok(())
    }

    /// Has files parsed again whose timetable classes have no answer left for the next run.
    pub(super) fn ask_timetables(&mut self, now: Timestamp) {
        for (dag_id, asked) in &mut self.own_timetables {
            let Some(facts) = self.world.dag(dag_id).filter(|_| self.world.must_be_asked(dag_id, now)) else {
                continue;
            };
            let after = facts.last_automated.as_ref().map(|run| run.run_after);
            // A class that raises isn't asked again and again.
            if asked.as_ref() == Some(&(facts.dag.timetable_answers.asked_at, after)) {
                continue;
            }
            *asked = Some((facts.dag.timetable_answers.asked_at, after));
            self.parsing.parse(PathBuf::from(&facts.dag.fileloc));
        }
    }

    fn catches_up(&self, dag: &Dag) -> bool {
        dag.catchup.unwrap_or_else(|| self.place.settings.flag("scheduler", "catchup_by_default"))
    }

    /// After runs of a DAG were made or deleted: which run its active runs look back on.
    pub(super) fn refresh_past(&mut self, dag_id: &str) -> Result<()> {
        let runs: Vec<DagRun> = self.world.runs().filter(|run| &*run.dag_id == dag_id).cloned().collect();
        for run in runs {
            let Some(dag) = self.world.dag_of(run.id).filter(|dag| dag.looks_back()).cloned() else { continue };
            // What is decided and not written yet would be missing in what is read.
            if !self.changes.is_empty() && !self.commit() {
                return Ok(());
            }
            let previous = load::previous(self.store.reader(), &run, &dag, self.catches_up(&dag))?;
            self.world.set_previous(run.id, previous);
        }
        Ok(())
    }

    /// Creates the runs that timetables ask for.
    pub(super) fn create_due_runs(&mut self, now: Timestamp) -> Result<()> {
        if self.stuck.is_some() {
            return Ok(());
        }
        let mut due = self.world.due_runs(now).into_iter();
        while let Some(new) = due.next() {
            let dag_id = new.run.dag_id.clone();
            let follows_assets = new.consumes.is_some();
            // A run that a person made for the same date stands for it.
            match self.store.create_run(new) {
                Ok(created) => {
                    self.load_run(created.run.id)?;
                    self.refresh_past(&dag_id)?;
                }
                Err(e) if e.kind == Kind::Refused => say(format_args!("scheduler: {}", e.message)),
                Err(e) => {
                    self.cannot_write(&e);
                    // Their timetables believe that these runs exist: they are told again what does.
                    let mut ids: Vec<Arc<str>> = due.map(|new| new.run.dag_id.clone()).collect();
                    ids.push(dag_id);
                    ids.dedup();
                    return self.load_dags(Some(&ids));
                }
            }
            if follows_assets {
                // Also when it could not be made: what it was made for still waits.
                self.load_asset_queues(None)?;
            }
            self.write_next(&dag_id);
            self.changed = true;
        }
        Ok(())
    }
}

/// The run that follows another by the timetable, whatever has been created since and whenever the DAG ends.
pub fn run_after(run: &DagRun, dag: &Dag, settings: &crate::config::Settings) -> Option<DueRun> {
    let settings = processor::timetable_settings(settings);
    let timetable = Timetable::of(dag, &settings).ok()?;
    let bounds = Bounds { start_date: dag.start_date, end_date: None, catchup: true };
    timetable.next(Some(&as_due(run)), &bounds, clock::now())
}

/// A run as timetables see it.
fn as_due(run: &DagRun) -> DueRun {
    let interval = run.data_interval_start.zip(run.data_interval_end).map(|(start, end)| DataInterval { start, end });
    DueRun { logical_date: run.logical_date, data_interval: interval, run_after: run.run_after }
}

/// The run that a DAG's timetable would ask for next.
fn next_run(facts: &DagFacts, settings: &crate::config::Settings) -> Option<DueRun> {
    let settings = processor::timetable_settings(settings);
    let dag = &facts.dag;
    let timetable = Timetable::of(dag, &settings).ok()?;
    let catchup = dag.catchup.unwrap_or(settings.catchup_by_default);
    let bounds = Bounds { start_date: dag.start_date, end_date: dag.end_date, catchup };
    timetable.next(facts.last_automated.as_ref(), &bounds, clock::now())
}
