//! Tasks whose work in a cluster is no pod of their own: jobs, and what is done at once. They have rows, orders and ends as pods
//! have (`engine/pods`), and are taken care of by the same thread.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{
    adopt::failed,
    core::{Engine, Write},
    pod_calls::Listener,
    pod_manifest::{self, Work},
    render::{self, Problem},
};
use crate::{
    clock,
    error::say,
    executor::kubernetes::{OWNER, Request, WATCHED, WorkNews},
    model::{
        Cause, CauseKind, Dag, DagRun, Pod, PodId, PodKind, PodSight, PodStage, PodWrite, Task, TaskInstance, TiKey,
    },
    operators::{self, kubernetes_pod::AIRFLOW_VERSION},
    python::PodHook,
    store,
};

/// What a task is in its run.
type Whole<'a> = (&'a std::sync::Arc<Dag>, &'a Task, &'a DagRun, &'a TaskInstance);

/// True if a task's work is a job, or something that is done at once.
pub(super) fn is_work(task: &Task) -> bool {
    operators::makes_job(task) || operators::errand_of(task).is_some()
}

impl Engine {
    /// Stores the work of a try; it begins after the commit.
    pub(super) fn begin_work(&mut self, key: &TiKey, epoch: u32, whole: Whole<'_>, rendered: IndexMap<String, Value>) {
        self.begin_here(key, epoch);
        match self.want_work(key, epoch, whole, rendered, None) {
            Ok(listens) => {
                if listens {
                    self.begin_listener(key, epoch);
                }
                self.call_task_back(key, epoch, "on_execute_callback", "");
            }
            Err(problem) => self.report(key, epoch, failed(problem.cause(), true)),
        }
    }

    /// Stores a job or an errand; `asked` is the question of the task's process that will wait for it, and whether it is to be
    /// told of the job's pods. True if a process is told.
    pub(super) fn want_work(
        &mut self,
        key: &TiKey,
        epoch: u32,
        (dag, task, run, row): Whole<'_>,
        rendered: IndexMap<String, Value>,
        asked: Option<(u64, bool)>,
    ) -> Result<bool, Problem> {
        let mut made = self.work_of((dag, task, run, row), rendered)?;
        made.conduct.in_python = asked.is_some();
        // Who doesn't wait for a job looks at none of its pods.
        let listens = asked.map_or(made.conduct.listens, |(_, listens)| listens) && made.duty["wait"] == true;
        made.conduct.listens = listens;
        made.conduct.deferrable &= asked.is_none();
        let owner = json!({
            "dag_id": &*run.dag_id, "run_id": &*run.run_id, "task_id": &*key.task_id, "map_index": key.map_index,
            "try_number": row.try_number, "id": uuid::Uuid::new_v4().to_string(), "home": self.home_mark(),
            "keep_on_kill": made.conduct.keep_on_kill,
        });
        sign(&mut made, &owner.to_string());
        let mut conduct = serde_json::to_value(&made.conduct).unwrap_or_default();
        conduct["duty"] = made.duty;
        let id = self
            .next_pod()
            .map_err(|e| Problem::Wrong(Cause::new(CauseKind::Start, e.to_string()).exception("AirflowException")))?;
        let pod = Pod {
            id,
            key: key.clone(),
            dag_id: run.dag_id.to_string(),
            run_id: run.run_id.to_string(),
            try_number: row.try_number,
            epoch,
            kind: made.kind,
            stage: PodStage::Wanted,
            access: serde_json::to_value(&made.access).unwrap_or_default(),
            namespace: made.namespace,
            name: made.name,
            uid: None,
            manifest: made.manifest,
            conduct,
            sight: PodSight::default(),
            result: Value::Null,
        };
        self.writes.push(Write::Pod(Box::new(PodWrite::Add(Box::new(pod.clone())))));
        self.keep(&pod, &made.conduct, asked.map(|(ask, _)| ask));
        if let Some(kept) = self.pods.all.get_mut(&id).filter(|_| listens) {
            kept.listener = Some(Listener::new(key, epoch, kept.in_python));
            if let Some((ask, _)) = asked {
                self.pod_called(id, ask, &Value::Null);
            }
        }
        let job = self.first_care(task, run, pod, made.conduct, (made.cluster, made.warnings));
        self.pods.to_send.push(Request::Care(Box::new(job)));
        Ok(listens)
    }

    /// The job or errand of a task's rendered arguments, after the author's hook for pods.
    fn work_of(
        &mut self,
        (dag, task, run, row): Whole<'_>,
        rendered: IndexMap<String, Value>,
    ) -> Result<Work, Problem> {
        let interpreter = self.interpreter(&dag.fileloc);
        let place = render::Place { dag, run, row, settings: &self.place.settings, db: &self.reader, is_draft: false };
        let (kept, home, side) = (&mut self.pods.hook, &self.place, &self.parser.side);
        let mut hook = |pod| PodHook::apply(kept, home, &interpreter, side, pod);
        pod_manifest::work(&place, &self.place.dags_folder, task, rendered, &mut hook)
    }

    /// Takes in what the thread says of a job or an errand besides what it says of every pod.
    pub(super) fn hear_work(&mut self, id: PodId, news: WorkNews) {
        let Some(kept) = self.pods.all.get(&id) else { return };
        match news {
            WorkNews::Xcom(name, value) => {
                let (key, epoch) = (kept.key.clone(), kept.epoch);
                if kept.killed.is_none() && self.is_current(&key, epoch) {
                    self.push(&key, epoch, &name, value);
                }
            }
            WorkNews::Noted(notes) => {
                self.write_pod(PodWrite::Noted { id, notes });
                self.pods.to_send.push(Request::Committed(id));
            }
            WorkNews::Pod { uid, name, manifest } => self.add_member(id, uid, name, *manifest),
            WorkNews::Seen(uid, sight) => {
                if let Some(id) = kept.members.get(&uid).copied() {
                    self.write_pod(PodWrite::Seen { id, sight });
                }
            }
            WorkNews::Event(uid, event) => {
                if let Some(id) = kept.members.get(&uid).copied() {
                    self.write_pod(PodWrite::Event { id, event });
                }
            }
            WorkNews::Used(uid, samples) => {
                if let Some(id) = kept.members.get(&uid).copied() {
                    self.write_pod(PodWrite::Used { id, samples });
                }
            }
            WorkNews::Left { uid, is_gone } => {
                let member = self.pods.all.get_mut(&id).and_then(|kept| kept.members.remove(&uid));
                if let Some(id) = member {
                    self.write_pod(PodWrite::Done { id, gone_at: is_gone.then(clock::now) });
                }
            }
        }
    }

    /// A pod that a job made gets a row of its own.
    fn add_member(&mut self, of: PodId, uid: String, name: String, manifest: Value) {
        if self.pods.all.get(&of).is_none_or(|kept| kept.members.contains_key(&uid)) {
            return;
        }
        let found = store::pod::get(self.store.reader(), of);
        let (Ok(Some(job)), Ok(id)) = (found, self.next_pod()) else {
            return say(format_args!("scheduler: pod {name} can't be noted: the row of its job can't be read"));
        };
        if let Some(kept) = self.pods.all.get_mut(&of) {
            kept.members.insert(uid.clone(), id);
        }
        // The author's own code is told of it by its job.
        let mut conduct = job.conduct.clone();
        conduct["listens"] = false.into();
        let member = Pod {
            id,
            kind: PodKind::JobPod,
            stage: PodStage::Created,
            name,
            uid: Some(uid),
            manifest,
            conduct,
            sight: PodSight::default(),
            result: Value::Null,
            ..job
        };
        self.write_pod(PodWrite::Add(Box::new(member)));
    }

    /// Nobody looks at the pods of a job any more.
    pub(super) fn members_done(&mut self, of: PodId) {
        let members = self.pods.all.get_mut(&of).map(|kept| std::mem::take(&mut kept.members)).unwrap_or_default();
        for id in members.into_values() {
            self.write_pod(PodWrite::Done { id, gone_at: None });
        }
    }

    /// True if a row is that of a job's pod, which its job takes care of.
    pub(super) fn is_member(&mut self, pod: &Pod) -> bool {
        if pod.kind != PodKind::JobPod || pod.stage == PodStage::Ended {
            return false;
        }
        let of_same =
            |kept: &&mut super::pods::Kept| kept.is_job && kept.key == pod.key && kept.try_number == pod.try_number;
        match (self.pods.all.values_mut().find(of_same), &pod.uid) {
            (Some(job), Some(uid)) => {
                job.members.insert(uid.clone(), pod.id);
            }
            _ => self.write_pod(PodWrite::Done { id: pod.id, gone_at: None }),
        }
        true
    }
}

/// Marks what is to be created as this try's: who it belongs to in full, unlike any other's.
fn sign(made: &mut Work, owner: &str) {
    let annotate = |object: &mut Value| {
        if !object["metadata"]["annotations"].is_object() {
            object["metadata"]["annotations"] = json!({});
        }
        object["metadata"]["annotations"][OWNER] = owner.into();
    };
    match (made.kind, &mut made.manifest) {
        (PodKind::Job, job) => {
            annotate(job);
            // Watches find jobs and their pods by this label.
            for path in ["/metadata", "/spec/template/metadata"] {
                let Some(metadata) = job.pointer_mut(path) else { continue };
                if !metadata["labels"].is_object() {
                    metadata["labels"] = json!({});
                }
                if metadata["labels"][WATCHED].is_null() {
                    metadata["labels"][WATCHED] = AIRFLOW_VERSION.into();
                }
            }
        }
        (_, Value::Array(objects)) if made.duty == "create" => objects.iter_mut().for_each(annotate),
        _ => {}
    }
}
