//! What the author's callbacks are told of a pod, and when (the provider's `callbacks=`, 10.25.0). One that raises fails the task.

use std::time::Duration;

use super::{Api, Care, Seat, Verdict};
use crate::{
    clock,
    executor::kubernetes::{End, glance},
    model::{
        Cause, CauseKind,
        time::{plus_seconds, seconds_between},
    },
};

/// Seconds that a call may take where the task has no limit.
const FOR_EVER: f64 = 1e9;

impl Care {
    /// The pod is there.
    pub(super) async fn told_of_creation(&mut self, api: &Api, seat: &mut Seat) -> Option<Verdict> {
        self.tell(api, seat, "on_pod_creation").await
    }

    /// Its containers have ended, and their output is in the log; its result isn't read yet.
    pub(super) async fn told_of_end(&mut self, api: &Api, seat: &mut Seat) -> Option<Verdict> {
        for method in ["on_pod_completion", "on_pod_teardown"] {
            let raised = self.tell(api, seat, method).await;
            if raised.is_some() {
                return raised;
            }
        }
        None
    }

    /// It is deleted, or stays. Its task has ended by now: what is raised is only logged.
    pub(super) async fn told_of_cleanup(&mut self) {
        let Some(calls) = self.calls.clone().filter(|_| self.has_succeeded && !self.dropped.get()) else { return };
        let pod = self.now();
        if let Err(cause) = calls.tell("on_pod_cleanup", pod.as_deref()).await {
            self.say("error", &cause.summary);
        }
    }

    /// True once it has left `Pending`, unless it failed before its containers began.
    pub(super) fn has_started(&self) -> bool {
        let Some(pod) = self.now() else { return false };
        let begun = pod["status"]["containerStatuses"].is_array();
        match glance::phase(&pod) {
            "Pending" | "Unknown" | "" => false,
            "Failed" => begun,
            _ => true,
        }
    }

    /// Has a method called, within the task's own limit; how the task ends if it raises.
    pub(super) async fn tell(&mut self, api: &Api, seat: &mut Seat, method: &'static str) -> Option<Verdict> {
        let calls = self.calls.clone().filter(|_| !self.dropped.get())?;
        let pod = self.now().filter(|_| !self.is_gone());
        let (answer, told) = tokio::sync::oneshot::channel();
        let asked = tokio::task::spawn_local(async move {
            let _ = answer.send(calls.tell(method, pod.as_deref()).await);
        });
        let until = self.job.until.unwrap_or_else(|| plus_seconds(clock::now(), FOR_EVER));
        let left = Duration::from_secs_f64(seconds_between(clock::now(), until).clamp(0.0, FOR_EVER));
        if tokio::time::timeout(left, self.while_watching(api, seat, asked)).await.is_err() {
            let text = format!("execution_timeout of {} s ran out in {method} of callbacks=", self.job.timeout);
            let cause = Cause::new(CauseKind::Timeout, text).exception("AirflowTaskTimeout");
            return Some(Verdict { is_timeout: true, ..Verdict::failed(cause) });
        }
        match told.await {
            Ok(Err(cause)) if !self.dropped.get() => Some(Verdict::failed(cause)),
            _ => None,
        }
    }
}

impl Verdict {
    /// It failed, and has no result.
    pub(super) fn failed(cause: Cause) -> Self {
        Self { end: End::Failed(cause), xcom: None, is_timeout: false, is_told: false, may_have_begun: false }
    }
}
