//! A tiny row store that applies changes as the real one does: guarded by the state that each expects.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use dagdeck::{
    model::{
        Change, Dag, DagRun, DagVersionId, NewRun, Pool, RunId, RunState, RunType, Task, TaskInstance, TiKey, TiState,
        TriggeredBy,
    },
    scheduler::{DagFacts, Limits, LoadedRun, PastRun, Report, RunFacts, RunSpec, World, new_run},
};
use jiff::Timestamp;
use serde_json::json;

/// Seconds since the epoch.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A task: id, ids above, further fields as JSON.
pub fn task(id: &str, up: &[&str], extra: serde_json::Value) -> Task {
    let mut value = json!({"task_id": id, "operator": "BashOperator", "upstream_task_ids": up});
    value.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap_or_default());
    serde_json::from_value(value).unwrap()
}

/// A DAG of tasks, with further fields as JSON.
pub fn dag(tasks: Vec<Task>, extra: serde_json::Value) -> Arc<Dag> {
    let mut value = json!({"dag_id": "d"});
    value.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap_or_default());
    let mut dag: Dag = serde_json::from_value(value).unwrap();
    dag.tasks = tasks.into_iter().map(|t| (t.task_id.clone(), t)).collect();
    dag.link();
    Arc::new(dag)
}

/// The rows of a home.
#[derive(Default, Clone)]
pub struct Rows {
    pub runs: BTreeMap<RunId, DagRun>,
    pub instances: BTreeMap<TiKey, TaskInstance>,
    pub facts: HashMap<RunId, RunFacts>,
    pub paused: Vec<Arc<str>>,
    next: i64,
}

impl Rows {
    pub fn insert(&mut self, new: NewRun) -> RunId {
        self.next += 1;
        let id = RunId(self.next);
        self.runs.insert(id, DagRun { id, ..new.run });
        for mut row in new.instances {
            row.key.run = id;
            self.instances.insert(row.key.clone(), row);
        }
        id
    }
    pub fn of(&self, run: RunId) -> Vec<TaskInstance> {
        self.instances.values().filter(|row| row.key.run == run).cloned().collect()
    }
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Ti(change) => {
                    let stored = self.instances.get_mut(change.key()).expect("a row to change");
                    assert_eq!(stored.state, change.from, "{}", change.key());
                    *stored = change.row.clone();
                    if change.row.state.is_finished() && change.row.state != TiState::Success {
                        assert!(
                            change.cause.is_some() || change.from == change.row.state,
                            "{} has no cause",
                            change.key()
                        );
                    }
                }
                Change::Run(change) => {
                    let stored = self.runs.get_mut(&change.row.id).expect("a run to change");
                    assert_eq!(stored.state, change.from);
                    *stored = change.row.clone();
                }
                Change::Expand { run, task_id, replaces_unmapped, rows } => {
                    if *replaces_unmapped {
                        let gone = self.instances.remove(&TiKey::new(*run, task_id.clone(), -1));
                        assert_eq!(gone.expect("an unmapped row").state, TiState::None);
                    }
                    for row in rows {
                        assert!(self.instances.insert(row.key.clone(), row.clone()).is_none());
                    }
                }
                Change::PauseDag { dag_id, .. } => self.paused.push(dag_id.clone()),
            }
        }
    }
}

/// A world with its rows.
pub struct Home {
    pub world: World,
    pub rows: Rows,
    pub dags: HashMap<RunId, Arc<Dag>>,
    pub limits: Limits,
    pub pools: Vec<Pool>,
    pub known: Vec<Arc<Dag>>,
    pub now: i64,
}

impl Home {
    pub fn new() -> Self {
        let limits = Limits::default();
        let pool =
            Pool { name: "default_pool".into(), slots: 128, description: String::new(), include_deferred: false };
        let mut home = Self {
            world: World::new(limits.clone()),
            rows: Rows::default(),
            dags: HashMap::new(),
            limits,
            pools: vec![pool],
            known: Vec::new(),
            now: 1_000_000,
        };
        home.reload();
        home
    }

    pub fn add_dag(&mut self, dag: &Arc<Dag>) {
        self.known.push(dag.clone());
        self.world.set_dag(facts(dag, false));
    }

    /// A manual run at `at`, loaded.
    pub fn trigger(&mut self, dag: &Arc<Dag>, logical: Option<i64>) -> RunId {
        self.trigger_after(dag, logical, RunFacts::default())
    }

    pub fn trigger_after(&mut self, dag: &Arc<Dag>, logical: Option<i64>, facts: RunFacts) -> RunId {
        let new = new_run(dag, DagVersionId(1), spec(logical.map(at), at(self.now)), at(self.now));
        let id = self.rows.insert(new);
        self.dags.insert(id, dag.clone());
        self.rows.facts.insert(id, facts);
        self.load(id);
        id
    }

    pub fn load(&mut self, id: RunId) {
        let facts = self.rows.facts.get(&id).cloned().unwrap_or_default();
        self.world.load_run(self.rows.runs[&id].clone(), self.dags[&id].clone(), self.rows.of(id), facts);
    }

    /// A run as commands get it.
    pub fn loaded(&self, id: RunId) -> LoadedRun {
        LoadedRun { run: self.rows.runs[&id].clone(), dag: self.dags[&id].clone(), rows: self.rows.of(id) }
    }

    /// As after a crash: everything is read from the rows.
    pub fn reload(&mut self) {
        self.world = World::new(self.limits.clone());
        for pool in &self.pools {
            self.world.set_pool(pool.clone());
        }
        for dag in &self.known {
            self.world.set_dag(facts(dag, self.rows.paused.contains(&dag.dag_id)));
        }
        let active: Vec<RunId> = self.rows.runs.values().filter(|r| !r.state.is_finished()).map(|r| r.id).collect();
        for id in active {
            self.load(id);
        }
    }

    pub fn advance(&mut self) -> Vec<Change> {
        let changes = self.world.advance(at(self.now));
        self.rows.apply(&changes);
        changes
    }

    pub fn report(&mut self, key: &TiKey, report: Report) -> Vec<Change> {
        let Some(row) = self.world.instance(key) else { return Vec::new() };
        // What the store keeps besides rows.
        let facts = self.rows.facts.entry(key.run).or_default();
        match &report {
            Report::Pushed { length } => {
                let lengths = facts.mapped_lengths.entry(key.task_id.clone()).or_default();
                lengths.insert(key.map_index, length.unwrap_or(1));
            }
            Report::Skips { decision, .. } => {
                facts.skip_decisions.insert((key.task_id.clone(), key.map_index), decision.clone());
            }
            _ => {}
        }
        let changes = self.world.report(key, row.epoch, report, at(self.now));
        self.rows.apply(&changes);
        changes
    }

    pub fn key(&self, run: RunId, text: &str) -> TiKey {
        match text.split_once('[') {
            Some((id, index)) => TiKey::new(run, id, index.trim_end_matches(']').parse().unwrap()),
            None => TiKey::new(run, text, -1),
        }
    }

    pub fn start(&mut self, run: RunId, text: &str) {
        let at = at(self.now);
        let key = self.key(run, text);
        self.report(&key, Report::Started { pid: Some(1), hostname: "here".into(), at });
    }
    pub fn succeed(&mut self, run: RunId, text: &str) {
        let end = at(self.now);
        let key = self.key(run, text);
        self.report(&key, Report::Success { start: None, end });
    }
    pub fn fail(&mut self, run: RunId, text: &str) {
        let end = at(self.now);
        let key = self.key(run, text);
        self.report(&key, failed(end));
    }
    pub fn skip(&mut self, run: RunId, text: &str) {
        let end = at(self.now);
        let key = self.key(run, text);
        let cause = dagdeck::model::Cause::new(dagdeck::model::CauseKind::Skip, "it said so");
        self.report(&key, Report::Skipped { cause, end });
    }
    pub fn push(&mut self, run: RunId, text: &str, length: usize) {
        let key = self.key(run, text);
        self.report(&key, Report::Pushed { length: Some(length) });
    }

    pub fn state(&self, run: RunId, text: &str) -> TiState {
        self.rows.instances[&self.key(run, text)].state
    }
    pub fn run_state(&self, run: RunId) -> RunState {
        self.rows.runs[&run].state
    }
    /// Keys of queued and running instances, in order.
    pub fn active(&self) -> Vec<TiKey> {
        self.rows.instances.values().filter(|row| row.state.is_active()).map(|row| row.key.clone()).collect()
    }
    /// `a=success b=none`.
    pub fn states(&self, run: RunId) -> String {
        let of = self.rows.of(run);
        of.iter().map(|row| format!("{}={}", row.key, row.state)).collect::<Vec<_>>().join(" ")
    }
}

pub fn failed(end: Timestamp) -> Report {
    let cause = dagdeck::model::Cause::new(dagdeck::model::CauseKind::ExitCode, "exit code 1");
    Report::Failed { cause, retryable: true, retry_delay: None, start: None, end }
}

pub fn facts(dag: &Arc<Dag>, is_paused: bool) -> DagFacts {
    DagFacts {
        dag: dag.clone(),
        version: DagVersionId(1),
        is_paused,
        has_import_errors: false,
        last_automated: None,
        recent: BTreeMap::new(),
    }
}

/// A run to look back on, of which nothing is known but that it is in memory.
pub fn past(run: RunId) -> PastRun {
    PastRun { run, states: HashMap::new(), ran_before: HashSet::new(), not_begun: HashSet::new() }
}

pub fn spec(logical_date: Option<Timestamp>, run_after: Timestamp) -> RunSpec {
    RunSpec {
        run_id: format!("manual__{run_after}").into(),
        run_type: RunType::Manual,
        triggered_by: TriggeredBy::Cli,
        logical_date,
        partition_key: None,
        partition_date: None,
        data_interval: None,
        run_after,
        conf: json!({}),
        note: None,
    }
}
