//! What is seen of a job: its object, what the cluster says about it, and all its pods when the watches don't tell.

use std::rc::Rc;

use serde_json::{Value, json};

use super::{
    super::{
        Report, glance,
        things::{Things, patiently},
    },
    JobCare, verdict,
};
use crate::model::PodEvent;

impl JobCare {
    /// Takes a newer object of the job; another job's is ignored.
    pub(super) fn see(&mut self, job: Value) {
        if glance::uid(&job) != self.uid {
            return;
        }
        let version = glance::version;
        let is_older = self.seen.as_deref().and_then(version).zip(version(&job)).is_some_and(|(a, b)| b < a);
        if is_older {
            return;
        }
        self.seen = Some(Rc::new(job));
        self.show();
    }

    /// Tells what is seen of the job, if that is something else.
    pub(super) fn show(&mut self) {
        let Some(job) = &self.seen else { return };
        let why = self
            .members
            .values()
            .rev()
            .find_map(|member| member.why(&self.seat.facts.borrow()))
            .or_else(|| self.said.clone());
        let sight = verdict::sight(job, why);
        if sight != self.sight {
            self.ground.teller.tell(Report::Seen { id: self.ground.work.pod.id, sight: Box::new(sight.clone()) });
            self.sight = sight;
        }
    }

    /// Looks at the job itself.
    pub(super) async fn look_at_job(&mut self) {
        let (jobs, name) = (self.jobs.clone(), self.name.clone());
        let asking = patiently(async || jobs.get(&name).await);
        match self.ground.while_listening(asking).await {
            Ok(job) if glance::uid(&job) == self.uid => self.see(job),
            Err(trouble) if !trouble.is_missing() => {}
            _ => {
                if self.seen.is_none() {
                    let status = self.ground.work.pod.sight.status.clone();
                    self.seen =
                        Some(Rc::new(json!({"metadata": {"name": self.name, "uid": self.uid}, "status": status})));
                }
                self.is_gone = true;
            }
        }
    }

    /// Looks at the job, and at what the cluster says of it while it has no pod.
    pub(super) async fn look(&mut self) {
        self.look_at_job().await;
        if !self.is_over() && self.members.is_empty() {
            self.past_events().await;
        }
    }

    /// What was said about the job itself while nobody listened.
    pub(super) async fn past_events(&mut self) {
        for event in self.api.events(&self.name).await.unwrap_or_default() {
            if event["involvedObject"]["uid"] == self.uid.as_str() {
                self.take_own_event(glance::event(&event));
            }
        }
    }

    /// Something was said about the job itself. What troubles it counts until something good is said.
    pub(super) fn take_own_event(&mut self, event: PodEvent) {
        let seen = self.events.insert(event.uid.clone(), event.count);
        if seen.is_some_and(|count| count >= event.count) {
            return;
        }
        let said = (event.level == "Warning").then(|| format!("{}: {}", event.reason, event.message));
        if let Some(said) = said.as_ref().filter(|said| self.said.as_ref() != Some(said)) {
            self.ground.say("warning", &format!("Job Event: {said}"));
        }
        self.said = said;
        self.ground.teller.tell(Report::Event { id: self.ground.work.pod.id, event: Box::new(event) });
        self.show();
    }

    /// Looks at the job and at all its pods, whatever the watches have shown.
    pub(super) async fn refresh(&mut self) {
        if !self.is_gone {
            self.look_at_job().await;
        }
        let (pods, selector) =
            (Things::pods(&self.api, &self.ground.work.pod.namespace), format!("job-name={}", self.name));
        let asking = patiently(async || pods.list(&selector).await);
        let Ok(list) = self.ground.while_listening(asking).await else { return };
        let there: Vec<Value> = list["items"].as_array().cloned().unwrap_or_default();
        for member in self.members.values().filter(|m| !there.iter().any(|pod| glance::uid(pod) == m.uid)) {
            member.lose();
        }
        for pod in there {
            self.take_pod(&Rc::new(pod), false);
        }
    }
}
