//! Runs that timetables ask for.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    model::{NewRun, RunType, Schedule, TriggeredBy},
    timetable::{Bounds, DueRun, Timetable, run_id},
};

use super::{
    creation::{RunSpec, new_run},
    world::World,
};

impl World {
    /// Runs that timetables ask for now, each remembered as its DAG's last one. The engine stores them and gives them
    /// back by `load_run`.
    pub fn due_runs(&mut self, now: Timestamp) -> Vec<NewRun> {
        let mut made = Vec::new();
        while let Some((at, dag_id)) = self.due.first().cloned()
            && at <= now
        {
            self.ask_timetable(&dag_id);
        }
        // What isn't asked for want of room in this loop stays for the next.
        let ids: Vec<Arc<str>> = self.unasked.iter().cloned().collect();
        for dag_id in ids {
            if made.len() >= self.limits.max_dagruns_to_create_per_loop {
                break;
            }
            self.unasked.remove(&dag_id);
            self.ask_assets(&dag_id, now, &mut made);
            self.ask(&dag_id, now, &mut made);
        }
        made
    }

    /// The timetable of a DAG may be asked for runs now.
    pub(super) fn may_create(&self, dag_id: &str) -> bool {
        let Some(memory) = self.dags.get(dag_id) else { return false };
        let has_times = memory.timetable.as_ref().is_some_and(Timetable::has_times);
        let allowed = memory.facts.as_ref().is_some_and(|facts| facts.dag.allows(RunType::Scheduled));
        has_times && allowed && self.may_schedule(dag_id) && self.has_room(dag_id)
    }

    /// The scheduler may create runs of a DAG, as far as the DAG's own state goes.
    pub(super) fn may_schedule(&self, dag_id: &str) -> bool {
        let free = self.dag(dag_id).is_some_and(|facts| !facts.is_paused && !facts.has_import_errors);
        free && self.limits.use_job_schedule
    }

    /// Fewer runs of a DAG are active than may be.
    pub(super) fn has_room(&self, dag_id: &str) -> bool {
        let Some(memory) = self.dags.get(dag_id) else { return false };
        memory.facts.as_ref().is_some_and(|facts| memory.active < self.max_active_runs(&facts.dag))
    }

    /// A DAG's timetable was written in Python and must be asked there before its next run is known.
    pub fn must_be_asked(&self, dag_id: &str, now: Timestamp) -> bool {
        let Some(memory) = self.dags.get(dag_id).filter(|_| self.may_create(dag_id)) else { return false };
        let (Some(facts), Some(timetable)) = (&memory.facts, &memory.timetable) else { return false };
        let catchup = facts.dag.catchup.unwrap_or(self.limits.catchup_by_default);
        let bounds = Bounds { start_date: facts.dag.start_date, end_date: facts.dag.end_date, catchup };
        timetable.must_be_asked(facts.last_automated.as_ref(), &bounds, now)
    }

    fn ask(&mut self, dag_id: &Arc<str>, now: Timestamp, made: &mut Vec<NewRun>) {
        if !self.may_create(dag_id) {
            return;
        }
        let limits = &self.limits;
        let Some(memory) = self.dags.get_mut(dag_id) else { return };
        let (Some(facts), Some(timetable)) = (&mut memory.facts, &memory.timetable) else { return };
        let dag = facts.dag.clone();
        let most = dag.max_active_runs.unwrap_or(limits.max_active_runs_per_dag);
        let catchup = dag.catchup.unwrap_or(limits.catchup_by_default);
        let bounds = Bounds { start_date: dag.start_date, end_date: dag.end_date, catchup };
        let mut active = memory.active;
        // At the limit the timetable is asked again when a run ends.
        while active < most {
            let Some(next) = timetable.next(facts.last_automated.as_ref(), &bounds, now) else { return };
            if next.run_after > now {
                memory.due = Some(next.run_after);
                self.due.insert((next.run_after, dag_id.clone()));
                return;
            }
            if made.len() >= limits.max_dagruns_to_create_per_loop {
                self.unasked.insert(dag_id.clone());
                return;
            }
            facts.last_automated = Some(next.clone());
            let partition = timetable.partition(next.run_after);
            made.push(new_run(&dag, facts.version, scheduled(next, &dag.schedule, partition), now));
            active += 1;
        }
        // Whether all of them come back by `load_run` isn't known yet: a run of the same date may be there already.
        self.unasked.insert(dag_id.clone());
    }
}

fn scheduled(due: DueRun, schedule: &Schedule, partition: Option<(String, Timestamp)>) -> RunSpec {
    let mut id = run_id(RunType::Scheduled, due.run_after);
    let (partition_key, partition_date) = partition.unzip();
    if let Some(key) = &partition_key {
        id.push_str(&format!("__{key}__{}", due.run_after.as_microsecond()));
    } else if due.logical_date.is_none() || matches!(schedule, Schedule::Continuous) {
        id.push_str(&format!("_{}", due.run_after.as_microsecond()));
    }
    RunSpec {
        run_id: id.into(),
        run_type: RunType::Scheduled,
        triggered_by: TriggeredBy::Timetable,
        logical_date: due.logical_date,
        data_interval: due.data_interval,
        partition_key,
        partition_date,
        run_after: due.run_after,
        conf: Value::Object(serde_json::Map::new()),
        note: None,
    }
}
