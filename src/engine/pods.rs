//! Tasks whose work is a pod: no process and no worker slot here. The thread of `executor::kubernetes` takes care of the pods;
//! what it says is committed here, and what can't be taken back is done only after that.

use std::{collections::HashMap, os::fd::BorrowedFd, path::PathBuf, time::Duration};

use serde_json::{Value, json};

use super::{
    adopt::failed,
    core::{Engine, Write},
    pod_manifest,
    render::{self, Problem},
};
use crate::{
    clock,
    error::{Result, say},
    executor::kubernetes::{Access, End, Ended, Job, Kubernetes, OWNER, Report as Said, Request, WATCHED},
    model::{
        Cause, CauseKind, Dag, DagRun, Pod, PodId, PodKind, PodSight, PodStage, PodWrite, Task, TaskInstance, TiKey,
        TiState, quantity, time::plus_seconds,
    },
    operators::{Arguments, kubernetes_pod::Conduct},
    protocol::agent::ToAgent,
    python::PodHook,
    scheduler::Report,
    secrets, store,
    store::xcom::RETURN_VALUE,
};

/// A pod with which something is still to be done.
pub(super) struct Kept {
    pub(super) key: TiKey,
    pub(super) try_number: u32,
    epoch: u32,
    deferrable: bool,
    /// A process of the task waits for it: it ends the task, not the pod.
    pub(super) in_python: bool,
    /// The question of that process, once it is asked by it in this scheduler's life.
    pub(super) asked: Option<u64>,
    namespace: String,
    /// How its task ended, until that counts.
    pub(super) ended: Option<Box<Ended>>,
    /// Nothing is left to be done with the pod itself; whether it is gone.
    pub(super) tidied: Option<bool>,
    /// Its end counts: only the pod itself is left.
    pub(super) is_over: bool,
    /// Why it was ended from outside.
    pub(super) killed: Option<Cause>,
    /// It is a worker of the Kubernetes executor.
    pub(super) is_worker: bool,
}

/// All pods of the home's tasks with which something is still to be done, and the thread that takes care of them.
#[derive(Default)]
pub struct Pods {
    thread: Option<Kubernetes>,
    pub(super) all: HashMap<PodId, Kept>,
    last_id: Option<i64>,
    /// What the thread is told after the next commit.
    pub(super) to_send: Vec<Request>,
    /// The process of the author's `pod_mutation_hook`.
    pub(super) hook: Option<PodHook>,
}

impl Pods {
    /// Readable when the thread has said something; `None` before the first pod.
    pub fn wake(&self) -> Option<BorrowedFd<'_>> {
        self.thread.as_ref().map(Kubernetes::wake)
    }
    /// The pod of a try.
    pub(super) fn of_try(&self, key: &TiKey, try_number: u32) -> Option<PodId> {
        let mut all = self.all.iter().filter(|(_, kept)| kept.key == *key && kept.try_number == try_number);
        all.find(|(_, kept)| kept.killed.is_none() && !kept.is_over).map(|(id, _)| *id)
    }
    /// True if an instance has a pod whose end doesn't count yet.
    pub fn lives(&self, key: &TiKey) -> bool {
        self.all.values().any(|kept| kept.key == *key && !kept.is_over && kept.killed.is_none())
    }
    /// True if a pod of another try of the instance may still be there.
    pub fn earlier_lives(&self, key: &TiKey, try_number: u32) -> bool {
        self.all
            .values()
            .any(|kept| kept.key == *key && (kept.try_number != try_number || kept.killed.is_some() || kept.is_over))
    }
    /// True if a queued instance goes on behind its pod: what it pushed stays.
    pub fn resumes(&self, key: &TiKey, try_number: u32) -> bool {
        self.of_try(key, try_number).is_some()
    }
}

impl Engine {
    /// Goes on with a try that has its pod already. False if it has none.
    pub(super) fn resume_pod(&mut self, key: &TiKey, epoch: u32, try_number: u32) -> bool {
        let Some(id) = self.pods.of_try(key, try_number) else { return false };
        let Some(kept) = self.pods.all.get_mut(&id) else { return false };
        kept.epoch = epoch;
        if kept.ended.is_some() {
            self.begin_here(key, epoch);
            self.finish_pod(id);
        }
        true
    }

    /// Stores the pod of a try; it is created after the commit.
    pub(super) fn begin_pod(
        &mut self,
        key: &TiKey,
        epoch: u32,
        (dag, task, run, row): (&std::sync::Arc<Dag>, &Task, &DagRun, &TaskInstance),
        rendered: indexmap::IndexMap<String, Value>,
    ) {
        self.begin_here(key, epoch);
        match self.want_pod(key, epoch, (dag, task, run, row), rendered, None) {
            Ok(()) => self.call_task_back(key, epoch, "on_execute_callback", ""),
            Err(problem) => self.report(key, epoch, failed(problem.cause(), true)),
        }
    }

    /// Stores a pod; `asked` is the question of the task's process that will wait for it.
    pub(super) fn want_pod(
        &mut self,
        key: &TiKey,
        epoch: u32,
        (dag, task, run, row): (&std::sync::Arc<Dag>, &Task, &DagRun, &TaskInstance),
        rendered: indexmap::IndexMap<String, Value>,
        asked: Option<u64>,
    ) -> std::result::Result<(), Problem> {
        let mut made = self.made_of(dag, task, run, row, rendered)?;
        let args = Arguments::new(task, &made.arguments);
        let wrong = |message: String| Cause::new(CauseKind::Value, message).exception("AirflowException");
        let mut conduct = Conduct::of(&args, made.pod.selector.clone()).map_err(wrong)?;
        conduct.in_python = asked.is_some();
        conduct.deferrable &= asked.is_none();
        // Who it belongs to, in full (labels are cut), and unlike any other pod's.
        let owner = json!({
            "dag_id": &*run.dag_id, "run_id": &*run.run_id, "task_id": &*key.task_id, "map_index": key.map_index,
            "try_number": row.try_number, "id": uuid::Uuid::new_v4().to_string(),
        });
        let metadata = &mut made.pod.manifest["metadata"];
        if !metadata["annotations"].is_object() {
            metadata["annotations"] = json!({});
        }
        metadata["annotations"][OWNER] = owner.to_string().into();
        // Watches find our pods by this label, whatever the author's hook made of it.
        if metadata["labels"][WATCHED].is_null() {
            metadata["labels"][WATCHED] = json!("3.3.2");
        }
        let text = |name: &str| made.pod.manifest["metadata"][name].as_str().unwrap_or_default().to_string();
        let pod = Pod {
            id: self.next_pod().map_err(|e| wrong(e.to_string()))?,
            key: key.clone(),
            dag_id: run.dag_id.to_string(),
            run_id: run.run_id.to_string(),
            try_number: row.try_number,
            epoch,
            kind: PodKind::Operator,
            stage: PodStage::Wanted,
            access: serde_json::to_value(&made.access).unwrap_or_default(),
            namespace: text("namespace"),
            name: text("name"),
            uid: None,
            manifest: made.pod.manifest.clone(),
            conduct: serde_json::to_value(&conduct).unwrap_or_default(),
            sight: PodSight::default(),
            result: Value::Null,
        };
        self.writes.push(Write::Pod(Box::new(PodWrite::Add(Box::new(pod.clone())))));
        self.keep(&pod, &conduct, asked);
        let began = self.world.instance(key).and_then(|row| row.start_date).unwrap_or_else(clock::now);
        let job = Job {
            log: PathBuf::from(self.log_path(run, &task.task_id, key.map_index, row.try_number)),
            // A process of the task has its own clock.
            until: task.execution_timeout.filter(|_| asked.is_none()).map(|seconds| plus_seconds(began, seconds)),
            timeout: task.execution_timeout.unwrap_or_default(),
            cluster: made.cluster,
            is_new: true,
            warnings: made.pod.warnings,
            unwanted: false,
            conduct,
            pod,
            worker: None,
        };
        self.pods.to_send.push(Request::Care(Box::new(job)));
        Ok(())
    }

    /// The pod (and job) of a task's rendered arguments, after the author's hook.
    pub(super) fn made_of(
        &mut self,
        dag: &std::sync::Arc<Dag>,
        task: &Task,
        run: &DagRun,
        row: &TaskInstance,
        rendered: indexmap::IndexMap<String, Value>,
    ) -> std::result::Result<pod_manifest::Prepared, Problem> {
        let interpreter = self.interpreter(&dag.fileloc);
        let place = render::Place { dag, run, row, settings: &self.place.settings, db: &self.reader };
        let (kept, home, side) = (&mut self.pods.hook, &self.place, &self.parser.side);
        let mut hook = |pod| PodHook::apply(kept, home, &interpreter, side, pod);
        pod_manifest::from_arguments(&place, &self.place.dags_folder, task, rendered, &mut hook)
    }

    fn next_pod(&mut self) -> Result<PodId> {
        let last = match self.pods.last_id {
            Some(last) => last,
            None => store::pod::last_id(self.store.reader())?,
        };
        self.pods.last_id = Some(last + 1);
        Ok(PodId(last + 1))
    }

    fn keep(&mut self, pod: &Pod, conduct: &Conduct, asked: Option<u64>) {
        let kept = Kept {
            key: pod.key.clone(),
            try_number: pod.try_number,
            epoch: pod.epoch,
            deferrable: conduct.deferrable,
            in_python: conduct.in_python,
            asked,
            namespace: pod.namespace.clone(),
            ended: None,
            tidied: None,
            is_over: false,
            killed: None,
            is_worker: pod.kind == PodKind::Worker,
        };
        self.pods.all.insert(pod.id, kept);
    }

    /// Tells the thread what may be done now that everything is committed; starts it for the first pod.
    pub(super) fn send_to_pods(&mut self) {
        if self.pods.to_send.is_empty() {
            return;
        }
        if self.pods.thread.is_none() {
            let often = self.place.settings.number("kubernetes_executor", "metrics_interval").unwrap_or(15.0);
            match Kubernetes::start(Duration::try_from_secs_f64(often).unwrap_or_default()) {
                Ok(thread) => self.pods.thread = Some(thread),
                Err(e) => return say(format_args!("scheduler: {e}")),
            }
        }
        if let Some(thread) = &self.pods.thread {
            self.pods.to_send.drain(..).for_each(|request| thread.send(request));
        }
    }

    /// Takes in what the thread says.
    pub(super) fn hear_pods(&mut self) {
        let said = self.pods.thread.as_ref().map(Kubernetes::take).unwrap_or_default();
        for report in said {
            match report {
                Said::Created { id, name, uid } => self.pod_created(id, name, uid),
                Said::Seen { id, sight } => {
                    self.see_worker(id, &sight);
                    self.write_pod(PodWrite::Seen { id, sight });
                }
                Said::Event { id, event } => self.write_pod(PodWrite::Event { id, event }),
                Said::Health(health) => {
                    if health.state != "ok" {
                        let (what, cluster, namespace) = (&health.what, &health.cluster, &health.namespace);
                        say(format_args!("scheduler: {what} of {namespace} in {cluster}: {}", health.message));
                    }
                    self.write_pod(PodWrite::Health(health));
                }
                Said::Learnt(write) => self.write_pod(*write),
                Said::Ended { id, result } => self.pod_ended(id, result),
                Said::Heard(id, line) => self.hear_agent(id, &line),
                Said::Left(id, messages) => self.take_left(id, messages),
                Said::Done { id, is_gone } => self.pod_done(id, is_gone),
            }
        }
    }

    fn write_pod(&mut self, write: PodWrite) {
        self.writes.push(Write::Pod(Box::new(write)));
    }

    fn pod_created(&mut self, id: PodId, name: String, uid: String) {
        self.write_pod(PodWrite::Created { id, name: name.clone(), uid });
        let Some(kept) = self.pods.all.get(&id) else { return };
        let (key, epoch, deferrable, namespace) =
            (kept.key.clone(), kept.epoch, kept.deferrable, kept.namespace.clone());
        let is_worker = kept.is_worker;
        if kept.killed.is_some() || !self.is_current(&key, epoch) {
            return;
        }
        self.report(&key, epoch, Report::ExternalId(name.clone()));
        if is_worker {
            return;
        }
        self.push(&key, epoch, "pod_name", json!(name));
        self.push(&key, epoch, "pod_namespace", json!(namespace));
        if deferrable {
            let (state, end) = (TiState::Deferred, clock::now());
            self.report(&key, epoch, Report::Deferred { state, until: None, end });
        }
    }

    /// A pod's end is known. A deferred task waits for its slots first; its end is kept with the pod.
    fn pod_ended(&mut self, id: PodId, mut result: Box<Ended>) {
        if let End::Failed(cause) = &mut result.end
            && cause.kind == CauseKind::OomKilled
        {
            self.name_last_use(id, cause);
        }
        let Some(kept) = self.pods.all.get_mut(&id) else { return };
        if kept.killed.is_some() || kept.is_over {
            return;
        }
        if kept.is_worker {
            self.worker_ended(id, *result);
            return;
        }
        let (key, epoch) = (kept.key.clone(), kept.epoch);
        let document = serde_json::to_value(&result).unwrap_or_default();
        kept.ended = Some(result);
        self.write_pod(PodWrite::Ended { id, result: document });
        // The pod itself isn't needed any more once that is committed.
        self.pods.to_send.push(Request::Committed(id));
        if self.pods.all.get(&id).is_some_and(|kept| kept.in_python) {
            self.answer_pod(id);
        } else if self.is_deferred(&key, epoch) {
            self.report(&key, epoch, Report::Resume);
        } else {
            self.finish_pod(id);
        }
    }

    /// A container that used too much memory: how much it used when that was asked last. Equal failures stay one group.
    fn name_last_use(&self, id: PodId, cause: &mut Cause) {
        let reader = self.store.reader();
        let Ok(Some(pod)) = store::pod::get(reader, id) else { return };
        let used = store::pod_usage::of_pod(reader, id).unwrap_or_default();
        if let Some(used) = used.into_iter().find(|used| pod.conduct["base"] == used.container.as_str()) {
            let (last, peak) = (quantity::bytes(used.memory.last), quantity::bytes(used.memory.peak));
            cause.summary += &format!("; last known use {last}, highest {peak}");
        }
    }

    /// The end of a pod counts for its task.
    fn finish_pod(&mut self, id: PodId) {
        let Some(kept) = self.pods.all.get_mut(&id) else { return };
        let Some(ended) = kept.ended.take() else { return };
        kept.is_over = true;
        let (key, epoch) = (kept.key.clone(), kept.epoch);
        if let Some(is_gone) = kept.tidied {
            self.pod_done(id, is_gone);
        }
        if !self.is_current(&key, epoch) {
            return;
        }
        if let Some((value, source)) = ended.xcom {
            self.push_result(&key, epoch, value, &source);
        }
        let end = ended.at;
        let (report, callback, error) = match ended.end {
            End::Success => (Report::Success { start: None, end }, Some("on_success_callback"), String::new()),
            End::Skipped(cause) => {
                let error = cause.summary.clone();
                (Report::Skipped { cause, end }, Some("on_skipped_callback"), error)
            }
            End::Failed(cause) => {
                let error = cause.summary.clone();
                // The engine has these called for whatever ended without its own report.
                let by_itself = super::callbacks::is_unreported(cause.kind);
                let report = Report::Failed { cause, retryable: true, retry_delay: None, start: None, end };
                self.report(&key, epoch, report);
                let state = self.world.instance(&key).map(|row| row.state);
                let callback = match state {
                    Some(TiState::UpForRetry) => "on_retry_callback",
                    Some(TiState::Failed) => "on_failure_callback",
                    _ => return,
                };
                if !by_itself {
                    self.call_task_back(&key, epoch, callback, &error);
                }
                return;
            }
        };
        self.report(&key, epoch, report);
        if let Some(callback) = callback {
            self.call_task_back(&key, epoch, callback, &error);
        }
    }

    fn push_result(&mut self, key: &TiKey, epoch: u32, value: Value, source: &str) {
        let length = value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len));
        let fans_out = self
            .world
            .dag_of(key.run)
            .and_then(|dag| dag.tasks.get(&key.task_id))
            .is_some_and(|task| task.multiple_outputs);
        if fans_out && let Some(map) = value.as_object() {
            for (name, part) in map.clone() {
                self.push(key, epoch, &name, part);
            }
        }
        self.report(key, epoch, Report::Pushed { length });
        let (key, name, source) = (key.clone(), RETURN_VALUE.to_string(), format!("pod:{source}"));
        self.writes.push(Write::SourcedXcom { key, name, value, source, length });
    }

    /// Nothing is left to be done with a pod.
    pub(super) fn pod_done(&mut self, id: PodId, is_gone: bool) {
        // Its end is kept with it until that counts.
        if let Some(kept) = self.pods.all.get_mut(&id).filter(|kept| kept.ended.is_some()) {
            kept.tidied = Some(is_gone);
            return;
        }
        self.write_pod(PodWrite::Done { id, gone_at: is_gone.then(clock::now) });
        self.workers.talks.remove(&id);
        let Some(kept) = self.pods.all.remove(&id) else { return };
        if let Some(cause) = kept.killed.filter(|_| !kept.in_python) {
            self.report(&kept.key, kept.epoch, failed(cause, false));
        }
        self.to_start.append(&mut self.tries.held);
    }

    /// Ends the pod of an instance, if it has one whose end doesn't count yet. True if it had.
    pub(super) fn kill_pod(&mut self, key: &TiKey, cause: &Cause) -> bool {
        let (mut found, mut tidied) = (false, Vec::new());
        for (id, kept) in &mut self.pods.all {
            if kept.key != *key || kept.is_over || kept.killed.is_some() {
                continue;
            }
            found = true;
            if kept.ended.is_some() {
                // It has ended, and only waited for its slots.
                kept.ended = None;
                kept.is_over = true;
                tidied.extend(kept.tidied.map(|is_gone| (*id, is_gone)));
            } else {
                kept.killed = Some(cause.clone());
                self.pods.to_send.push(Request::Drop(*id));
            }
        }
        for (id, is_gone) in tidied {
            self.pod_done(id, is_gone);
        }
        found
    }

    /// The end of a worker's task is committed with what follows from it; its pod may go after that.
    pub(super) fn worker_is_over(&mut self, id: PodId, result: Value) {
        if let Some(kept) = self.pods.all.get_mut(&id) {
            kept.is_over = true;
        }
        self.write_pod(PodWrite::Ended { id, result });
        self.pods.to_send.push(Request::Committed(id));
    }

    /// True if nobody ended the pod's task from outside.
    pub(super) fn is_wanted(&self, id: PodId) -> bool {
        self.pods.all.get(&id).is_some_and(|kept| kept.killed.is_none())
    }

    /// Tells the agent in a worker pod.
    pub(super) fn tell_agent(&self, id: PodId, message: &ToAgent) {
        if let Some(thread) = &self.pods.thread {
            thread.send(Request::Tell(id, message.line()));
        }
    }

    /// Stores a worker's pod; it is created after the commit.
    pub(super) fn add_worker(&mut self, mut job: Job) -> Result<()> {
        job.pod.id = self.next_pod()?;
        self.writes.push(Write::Pod(Box::new(PodWrite::Add(Box::new(job.pod.clone())))));
        self.keep(&job.pod, &job.conduct, None);
        self.begin_talk(&job.pod);
        self.pods.to_send.push(Request::Care(Box::new(job)));
        Ok(())
    }

    /// Takes up the pods of an earlier scheduler's life.
    pub(super) fn adopt_pods(&mut self) -> Result<()> {
        for pod in store::pod::open(self.store.reader())? {
            let place = format!("{} in {}", pod.name, pod.namespace);
            if let Err(e) = self.adopt_pod(pod) {
                say(format_args!("scheduler: pod {place}: {e}"));
            }
        }
        self.send_to_pods();
        Ok(())
    }

    /// A person has pods deleted that were kept, or gives up pods that may still run.
    pub(super) fn tidy_pods(&mut self, condemned: &[PodId], given_up: &[PodId]) -> Result<()> {
        for id in condemned {
            if let Some(pod) = store::pod::get(self.store.reader(), *id)? {
                self.adopt_pod(pod)?;
            }
        }
        self.pods.to_send.extend(given_up.iter().map(|id| Request::GiveUp(*id)));
        Ok(())
    }

    fn adopt_pod(&mut self, mut pod: Pod) -> Result<()> {
        let read = |e: serde_json::Error| crate::error::Error::system("its row can't be read", e);
        let access: Access = serde_json::from_value(pod.access.clone()).map_err(read)?;
        let conduct: Conduct = serde_json::from_value(pod.conduct.clone()).map_err(read)?;
        let connection = match &access.conn_id {
            Some(id) => secrets::connection(self.store.reader(), id)?,
            None => None,
        };
        let (cluster, _) = access.resolve(connection.as_ref())?;
        let is_worker = pod.kind == PodKind::Worker;
        let same = |row: &&TaskInstance| row.try_number == pod.try_number && (!is_worker || row.epoch == pod.epoch);
        let row = self.world.instance(&pod.key).filter(same).cloned();
        let goes_on = row.as_ref().filter(|row| {
            matches!(row.state, TiState::Queued | TiState::Running | TiState::Deferred | TiState::Scheduled)
        });
        self.keep(&pod, &conduct, None);
        let worker = if is_worker { Some(self.worker_again(&mut pod)) } else { None };
        let ended: Option<Ended> = serde_json::from_value(pod.result.clone()).ok();
        if let Some(kept) = self.pods.all.get_mut(&pod.id) {
            kept.epoch = row.as_ref().map_or(pod.epoch, |row| row.epoch);
            match (goes_on, pod.stage) {
                (_, PodStage::Ended) if is_worker => kept.is_over = true,
                (Some(_), PodStage::Ended) => kept.ended = ended.map(Box::new),
                (None, PodStage::Ended) => kept.is_over = true,
                (Some(_), _) => {}
                (None, _) => {
                    kept.killed = Some(Cause::new(CauseKind::Killed, "cleared, marked or deleted by a person"));
                }
            }
        }
        let unwanted = goes_on.is_none() && pod.stage != PodStage::Ended;
        let task = self.world.dag_of(pod.key.run).and_then(|dag| dag.tasks.get(&pod.key.task_id));
        let limit = task.and_then(|task| task.execution_timeout).filter(|_| !conduct.in_python);
        let began = row.as_ref().and_then(|row| row.start_date).unwrap_or_else(clock::now);
        let log = crate::tasklog::file(
            &self.place.logs(),
            &pod.dag_id,
            &pod.run_id,
            &pod.key.task_id,
            pod.key.map_index,
            pod.try_number,
        );
        let job = Job {
            log,
            until: limit.filter(|_| !is_worker).map(|seconds| plus_seconds(began, seconds)),
            timeout: limit.unwrap_or_default(),
            cluster,
            is_new: false,
            warnings: Vec::new(),
            unwanted,
            conduct,
            pod,
            worker,
        };
        self.pods.to_send.push(Request::Care(Box::new(job)));
        Ok(())
    }
}
