//! What becomes of a job's pods at its end, and of a job that nobody waits for any more.

use std::{rc::Rc, time::Duration};

use super::{
    super::{
        End, WorkNews,
        api::Trouble,
        find, glance,
        hub::News,
        things::{Removal, Things, patiently},
    },
    JobCare, Stir,
    member::{self, Member},
};
use crate::operators::kubernetes_pod::OnFinish;

impl JobCare {
    /// A job that ended stays, as in Airflow; its pods go as `on_finish_action` says.
    pub(super) async fn tidy(&mut self) {
        let namespace = self.ground.work.pod.namespace.clone();
        let pods = Things::pods(&self.api, &namespace);
        let conduct = self.ground.work.conduct.clone();
        for (uid, member) in &self.members {
            if member.is_gone() {
                continue;
            }
            let (pod, name) = (member.now(), member.name.clone());
            let succeeded = glance::phase(&pod) == "Succeeded"
                || glance::terminated(&pod, &conduct.base).is_some_and(|end| end.exit_code == 0);
            let is_deleted = match conduct.on_finish {
                OnFinish::DeletePod => true,
                OnFinish::DeleteSucceededPod => succeeded,
                OnFinish::DeleteActivePod => !glance::is_over(&pod),
                OnFinish::KeepPod => false,
            };
            let done = match is_deleted {
                true => {
                    let how = Removal { uid: Some(uid), grace: conduct.grace, propagation: None };
                    patiently(async || pods.delete(&name, how).await).await
                }
                false => patiently(async || find::mark_checked(&self.api, &name).await).await,
            };
            if let Err(trouble) = done
                && !trouble.is_missing()
                && !is_another(&trouble)
            {
                let what = if is_deleted { "deleted" } else { "marked as checked" };
                self.ground.say("warning", &format!("pod {name} can't be {what}: {trouble}"));
            }
            self.ground.tell(WorkNews::Left { uid: uid.clone(), is_gone: is_deleted });
        }
    }

    /// The author's own code is told of each pod that succeeded, now that it is gone or stays on purpose. The task has ended: what
    /// is raised is only logged, as in Airflow.
    pub(super) async fn told_of_cleanup(&mut self) {
        let Some(calls) = self.calls.clone().filter(|_| !self.ground.dropped.get()) else { return };
        let conduct = &self.ground.work.conduct;
        let ended_well = |member: &&Member| member.end(conduct) == End::Success;
        // Those that were gone before this scheduler came are judged by what was seen of them last.
        let known = self.ground.work.members.iter().filter_map(|pod| Some((pod.uid.clone()?, glance::last_seen(pod))));
        let unseen = known.filter(|(uid, pod)| {
            !self.members.contains_key(uid) && member::end(pod, true, &[], conduct) == End::Success
        });
        let mut pods: Vec<_> = unseen.map(|(uid, pod)| (uid, Rc::new(pod))).collect();
        pods.extend(self.members.values().filter(ended_well).map(|m| (m.uid.clone(), m.now())));
        for (uid, pod) in pods {
            if let Err(cause) = self.ground.while_listening(calls.tell_of("on_pod_cleanup", &uid, &pod)).await {
                self.ground.say("warning", &format!("pod {}: {}", glance::name(&pod), cause.summary));
            }
        }
    }

    /// Nobody waits for it: it is deleted, then its pods, which may have been left to themselves; until both are gone something
    /// of them may run.
    pub(super) async fn remove(&mut self) {
        let conduct = self.ground.work.conduct.clone();
        if !self.is_gone {
            self.ground.say("info", &format!("job {} is deleted: its task was ended", self.name));
        }
        let how = Removal {
            uid: Some(&self.uid.clone()),
            grace: conduct.grace,
            propagation: Some(&self.duty.propagation.clone()),
        };
        let (jobs, name) = (self.jobs.clone(), self.name.clone());
        let mut is_refused = false;
        if let Err(trouble) = self.ground.while_listening(patiently(async || jobs.delete(&name, how).await)).await
            && !trouble.is_missing()
            && !is_another(&trouble)
        {
            self.ground.say("error", &format!("job {name} can't be deleted: {trouble}"));
            is_refused = true;
        }
        if conduct.keep_on_kill {
            self.ground.say("info", "its pods are left to the job (on_kill_action=keep_pod)");
        }
        let mut pause = 0.5;
        loop {
            let pods = if conduct.keep_on_kill { Vec::new() } else { self.remove_pods().await };
            let there = jobs.get(&name).await;
            let is_there = !is_refused && there.as_ref().is_ok_and(|job| glance::uid(job) == self.uid)
                || there.is_err_and(|trouble| trouble.is_away());
            if pods.is_empty() && !is_there {
                return;
            }
            match self.stir(pause).await {
                Stir::News(News::Pod(pod, gone)) => self.take_pod(&pod, gone),
                Stir::Order(None) => std::future::pending::<()>().await,
                _ => {}
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            pause = f64::min(pause * 1.5, 10.0);
        }
    }

    /// Asks for the deletion of the pods that are left; names of those that are there.
    async fn remove_pods(&self) -> Vec<String> {
        let pods = Things::pods(&self.api, &self.ground.work.pod.namespace);
        let selector = format!("job-name={}", self.name);
        let Ok(list) = patiently(async || pods.list(&selector).await).await else { return Vec::new() };
        let mut left = Vec::new();
        for pod in list["items"].as_array().into_iter().flatten().filter(|pod| self.is_own(pod)) {
            let name = glance::name(pod);
            if !pod["metadata"]["deletionTimestamp"].is_string() {
                let grace = self.ground.work.conduct.grace.filter(|_| !glance::is_over(pod));
                let how = Removal { uid: Some(glance::uid(pod)), grace, propagation: None };
                if let Err(trouble) = pods.delete(name, how).await
                    && !trouble.is_missing()
                    && !trouble.is_away()
                    && !is_another(&trouble)
                {
                    self.ground.say("error", &format!("pod {name} can't be deleted: {trouble}"));
                    continue;
                }
            }
            left.push(name.to_string());
        }
        left
    }
}

/// True if the name belongs to another object by now.
fn is_another(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Refused { code: 409, .. })
}
