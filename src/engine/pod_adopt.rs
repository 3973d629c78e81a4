//! Pods of an earlier scheduler's life, and those that a person has tidied up.

use super::core::Engine;
use crate::{
    clock,
    error::{Error, Result, say},
    executor::kubernetes::{Access, Ended, Job, OWNER, Request},
    model::{Cause, CauseKind, Pod, PodId, PodKind, PodStage, PodWrite, TaskInstance, TiState, time::plus_seconds},
    operators::kubernetes_pod::Conduct,
    secrets, store,
};

impl Engine {
    /// Takes up the pods of an earlier scheduler's life.
    pub(super) fn adopt_pods(&mut self) -> Result<()> {
        if let Err(e) = self.store.transaction(store::pod::forget_clusters) {
            say(format_args!("scheduler: {e}"));
        }
        for pod in store::pod::open(self.store.reader())? {
            if self.is_member(&pod) {
                continue;
            }
            let place = format!("{} in {}", pod.name, pod.namespace);
            if pod.stage != PodStage::Wanted {
                self.write_pod(PodWrite::Adopted(pod.id));
            }
            if let Err(e) = self.adopt_pod(pod) {
                say(format_args!("scheduler: pod {place}: {e}"));
            }
        }
        self.survey_clusters()?;
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

    pub(super) fn adopt_pod(&mut self, mut pod: Pod) -> Result<()> {
        let read = |e: serde_json::Error| Error::system("its row can't be read", e);
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
        let listener = conduct.listens.then(|| self.listener_again(&pod.key, pod.epoch, conduct.in_python));
        let worker = if is_worker { Some(self.worker_again(&mut pod)) } else { None };
        let ended: Option<Ended> = serde_json::from_value(pod.result.clone()).ok();
        if let Some(kept) = self.pods.all.get_mut(&pod.id) {
            kept.epoch = row.as_ref().map_or(pod.epoch, |row| row.epoch);
            kept.listener = listener;
            match (goes_on, pod.stage) {
                (_, PodStage::Ended) if is_worker || pod.kind == PodKind::JobPod => kept.is_over = true,
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
        let other = |row: Pod| row.uid.filter(|_| row.id != pod.id);
        let others = match pod.stage {
            PodStage::Wanted => store::pod::at(self.store.reader(), &pod.namespace, &pod.name)?,
            _ => Vec::new(),
        };
        let members = match pod.kind {
            PodKind::Job if conduct.listens => store::pod::of_instance(self.store.reader(), &pod.key)?,
            _ => Vec::new(),
        };
        let is_member = |row: &Pod| row.kind == PodKind::JobPod && row.try_number == pod.try_number;
        let job = Job {
            others: others.into_iter().filter_map(other).collect(),
            members: members.into_iter().filter(is_member).collect(),
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
        let is_draft = job.conduct.listens
            && job.pod.manifest.pointer("/metadata/annotations").is_none_or(|all| all[OWNER].is_null());
        if !is_draft {
            self.pods.to_send.push(Request::Care(Box::new(job)));
        } else if job.unwanted {
            self.pod_done(job.pod.id, true);
        } else if let Some(listener) = self.pods.all.get_mut(&job.pod.id).and_then(|kept| kept.listener.as_mut()) {
            listener.draft = Some(Box::new(job));
        }
        Ok(())
    }
}
