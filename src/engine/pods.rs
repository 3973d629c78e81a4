//! Tasks whose work is a pod: no process and no worker slot here. The thread of `executor::kubernetes` takes care of the pods;
//! what it says is committed here, and what can't be taken back is done only after that.

use std::{
    collections::{BTreeMap, HashMap},
    os::fd::BorrowedFd,
    path::PathBuf,
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    adopt::failed,
    core::{Engine, Write},
    pod_calls::Listener,
    pod_manifest,
    render::{self, Problem},
};
use crate::{
    clock,
    error::{Result, say},
    executor::kubernetes::{Ended, Job, Kubernetes, OWNER, Report as Said, Request, WATCHED, cluster::Cluster},
    model::{
        Cause, CauseKind, Dag, DagRun, Pod, PodId, PodKind, PodSight, PodStage, PodWrite, Task, TaskInstance, TiKey,
        TiState, WatchNow, time::plus_seconds,
    },
    operators::{Arguments, kubernetes_pod::Conduct},
    protocol::agent::ToAgent,
    python::PodHook,
    scheduler::Report,
    store,
};

/// A pod with which something is still to be done.
pub(super) struct Kept {
    pub(super) key: TiKey,
    pub(super) try_number: u32,
    pub(super) epoch: u32,
    deferrable: bool,
    /// A process of the task waits for it: it ends the task, not the pod.
    pub(super) in_python: bool,
    /// The question of that process, once it is asked by it in this scheduler's life.
    pub(super) asked: Option<u64>,
    pub(super) namespace: String,
    /// The process that is told of it.
    pub(super) listener: Option<Listener>,
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
    /// It is a job.
    pub(super) is_job: bool,
    /// Rows of the pods that a job made, by UID.
    pub(super) members: HashMap<String, PodId>,
}

impl Kept {
    /// It isn't to be created yet: the author's own code hasn't seen it.
    pub(super) fn is_draft(&self) -> bool {
        self.listener.as_ref().is_some_and(|listener| listener.draft.is_some())
    }
}

/// All pods of the home's tasks with which something is still to be done, and the thread that takes care of them.
#[derive(Default)]
pub struct Pods {
    pub(super) thread: Option<Kubernetes>,
    pub(super) all: HashMap<PodId, Kept>,
    last_id: Option<i64>,
    /// How watches go on, by cluster and namespace.
    pub(super) watches: BTreeMap<(String, String), WatchNow>,
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
            Ok(listens) => {
                if listens {
                    self.begin_listener(key, epoch);
                }
                self.call_task_back(key, epoch, "on_execute_callback", "");
            }
            Err(problem) => self.report(key, epoch, failed(problem.cause(), true)),
        }
    }

    /// The care for what a task has just asked for and isn't there yet: a pod, a job or an errand.
    pub(super) fn first_care(
        &self,
        task: &Task,
        run: &DagRun,
        pod: Pod,
        conduct: Conduct,
        (cluster, warnings): (Cluster, Vec<String>),
    ) -> Job {
        let began = self.world.instance(&pod.key).and_then(|row| row.start_date).unwrap_or_else(clock::now);
        Job {
            log: PathBuf::from(self.log_path(run, &task.task_id, pod.key.map_index, pod.try_number)),
            // A process of the task has its own clock.
            until: task.execution_timeout.filter(|_| !conduct.in_python).map(|seconds| plus_seconds(began, seconds)),
            timeout: task.execution_timeout.unwrap_or_default(),
            cluster,
            is_new: true,
            others: Vec::new(),
            members: Vec::new(),
            warnings,
            unwanted: false,
            conduct,
            pod,
            worker: None,
        }
    }

    /// Stores a pod; `asked` is the question of the task's process that will wait for it, and whether it is to be told of it.
    /// True if a process is told.
    pub(super) fn want_pod(
        &mut self,
        key: &TiKey,
        epoch: u32,
        (dag, task, run, row): (&std::sync::Arc<Dag>, &Task, &DagRun, &TaskInstance),
        rendered: indexmap::IndexMap<String, Value>,
        asked: Option<(u64, bool)>,
    ) -> std::result::Result<bool, Problem> {
        let made = self.made_of(dag, task, run, row, rendered)?;
        let args = Arguments::new(task, &made.arguments);
        let wrong = |message: String| Cause::new(CauseKind::Value, message).exception("AirflowException");
        let mut conduct = Conduct::of(&args, made.pod.selector.clone()).map_err(wrong)?;
        conduct.in_python = asked.is_some();
        conduct.deferrable &= asked.is_none();
        conduct.listens = asked.map_or(conduct.listens, |(_, listens)| listens);
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
        let mut pod = pod;
        if !conduct.listens {
            own(&mut pod, &self.home_mark());
        }
        self.writes.push(Write::Pod(Box::new(PodWrite::Add(Box::new(pod.clone())))));
        self.keep(&pod, &conduct, asked.map(|(id, _)| id));
        let job = self.first_care(task, run, pod, conduct, (made.cluster, made.pod.warnings));
        let listens = job.conduct.listens;
        match self.pods.all.get_mut(&job.pod.id).filter(|_| listens) {
            Some(kept) => {
                let mut listener = Listener::new(key, epoch, kept.in_python);
                let (id, ask) = (job.pod.id, kept.asked);
                listener.draft = Some(Box::new(job));
                kept.listener = Some(listener);
                if let Some(ask) = ask {
                    self.pod_called(id, ask, &Value::Null);
                }
            }
            None => self.pods.to_send.push(Request::Care(Box::new(job))),
        }
        Ok(listens)
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
        let place = render::Place { dag, run, row, settings: &self.place.settings, db: &self.reader, is_draft: false };
        let (kept, home, side) = (&mut self.pods.hook, &self.place, &self.parser.side);
        let mut hook = |pod| PodHook::apply(kept, home, &interpreter, side, pod);
        pod_manifest::from_arguments(&place, &self.place.dags_folder, task, rendered, &mut hook)
    }

    pub(super) fn next_pod(&mut self) -> Result<PodId> {
        let last = match self.pods.last_id {
            Some(last) => last,
            None => store::pod::last_id(self.store.reader())?,
        };
        self.pods.last_id = Some(last + 1);
        Ok(PodId(last + 1))
    }

    pub(super) fn keep(&mut self, pod: &Pod, conduct: &Conduct, asked: Option<u64>) {
        let kept = Kept {
            key: pod.key.clone(),
            try_number: pod.try_number,
            epoch: pod.epoch,
            deferrable: conduct.deferrable,
            in_python: conduct.in_python,
            asked,
            namespace: pod.namespace.clone(),
            listener: None,
            ended: None,
            tidied: None,
            is_over: false,
            killed: None,
            is_worker: pod.kind == PodKind::Worker,
            is_job: pod.kind == PodKind::Job,
            members: HashMap::new(),
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
                    // What else may not be read is no reason to worry: `pods health` names it.
                    if health.state != "ok" && matches!(health.what.as_str(), "pods" | "events" | "requests") {
                        let (what, cluster, namespace) = (&health.what, &health.cluster, &health.namespace);
                        say(format_args!("scheduler: {what} of {namespace} in {cluster}: {}", health.message));
                    }
                    self.write_pod(PodWrite::Health(health));
                }
                Said::Learnt(write) => self.write_pod(*write),
                Said::Watching(now) => {
                    let place = (now.cluster.clone(), now.namespace.clone());
                    match now.is_over {
                        true => self.pods.watches.remove(&place),
                        false => self.pods.watches.insert(place, now),
                    };
                }
                Said::Ended { id, result } => self.pod_ended(id, result),
                Said::Work(id, news) => self.hear_work(id, news),
                Said::Strays { cluster, namespace, found } => self.judge_strays(&cluster, &namespace, found),
                Said::Heard(id, line) => self.hear_agent(id, &line),
                Said::Call { id, n, what } => self.want_call(id, n, *what),
                Said::Left(id, messages) => self.take_left(id, messages),
                Said::Done { id, is_gone } => self.pod_done(id, is_gone),
            }
        }
    }

    pub(super) fn write_pod(&mut self, write: PodWrite) {
        self.writes.push(Write::Pod(Box::new(write)));
    }

    fn pod_created(&mut self, id: PodId, name: String, uid: String) {
        self.write_pod(PodWrite::Created { id, name: name.clone(), uid });
        let Some(kept) = self.pods.all.get(&id) else { return };
        let (key, epoch, deferrable, namespace) =
            (kept.key.clone(), kept.epoch, kept.deferrable, kept.namespace.clone());
        let (is_worker, is_job) = (kept.is_worker, kept.is_job);
        if kept.killed.is_some() || !self.is_current(&key, epoch) {
            return;
        }
        self.report(&key, epoch, Report::ExternalId(name.clone()));
        if is_worker {
            return;
        }
        let what = if is_job { "job" } else { "pod" };
        self.push(&key, epoch, &format!("{what}_name"), json!(name));
        self.push(&key, epoch, &format!("{what}_namespace"), json!(namespace));
        if deferrable {
            let (state, end) = (TiState::Deferred, clock::now());
            self.report(&key, epoch, Report::Deferred { state, until: None, end });
        }
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
}

/// Says in a pod who it belongs to, in full (labels are cut), unlike any other pod's, and with the mark of the home; its row follows its manifest. A
/// pod without that is not to be created yet.
pub(super) fn own(pod: &mut Pod, home: &str) {
    let owner = json!({
        "dag_id": pod.dag_id, "run_id": pod.run_id, "task_id": &*pod.key.task_id, "map_index": pod.key.map_index,
        "try_number": pod.try_number, "id": uuid::Uuid::new_v4().to_string(), "home": home,
        "durable": pod.conduct["durable"], "keep_on_kill": pod.conduct["keep_on_kill"],
    });
    let metadata = &mut pod.manifest["metadata"];
    for kind in ["labels", "annotations"] {
        if !metadata[kind].is_object() {
            metadata[kind] = json!({});
        }
    }
    metadata["annotations"][OWNER] = owner.to_string().into();
    // Watches find our pods by this label, whatever the author's hook made of it.
    if metadata["labels"][WATCHED].is_null() {
        metadata["labels"][WATCHED] = json!("3.3.2");
    }
    let text = |name: &str| metadata[name].as_str().unwrap_or_default().to_string();
    (pod.name, pod.namespace) = (text("name"), text("namespace"));
}
