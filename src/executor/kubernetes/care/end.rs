//! How a pod's task ended: read, judged, said, and waited for until that is committed.

use serde_json::Value;

use super::{Api, Care, Order, Seat};
use crate::{
    clock,
    executor::kubernetes::{End, Ended, Job, Report, Teller, glance, judge, outcome, worker},
    model::{Cause, CauseKind},
};

impl Care {
    /// Reads what a worker left, and judges.
    pub(super) async fn judged_worker(&mut self, api: &Api) -> Verdict {
        let pod = self.now().unwrap_or_default();
        let seen = (&*pod, self.is_gone());
        self.past_events(api).await;
        let ended = worker::judged(&self.job, api, &self.name, seen, &self.events, &self.teller).await;
        let xcom = ended.last_line.map(|line| (Value::String(line), outcome::STDOUT));
        // What became of a pod that went while nobody watched isn't known.
        let unseen = self.is_gone() && !self.saw_it_go;
        let may_have_begun = ended.may_have_begun || unseen;
        Verdict { end: ended.end, xcom, is_timeout: false, is_told: ended.is_told, may_have_begun }
    }

    /// Reads the result and judges.
    pub(super) async fn judged(&mut self, api: &Api, seat: &mut Seat) -> Verdict {
        if self.job.worker.is_some() {
            return self.judged_worker(api).await;
        }
        let base_ended = self.now().is_some_and(|pod| glance::terminated(&pod, &self.job.conduct.base).is_some());
        let mut found = Ok(outcome::Found::default());
        if self.job.conduct.do_xcom_push && base_ended {
            let (api_of, name, conduct) = (api.clone(), self.name.clone(), self.job.conduct.clone());
            let mut seen = self.seen.subscribe();
            let (tell, told) = tokio::sync::oneshot::channel();
            let read = tokio::task::spawn_local(async move {
                let _ = tell.send(outcome::read(&api_of, &name, &conduct, &mut seen).await);
            });
            self.while_watching(api, seat, read).await;
            found = told.await.unwrap_or_else(|_| Err(Cause::new(CauseKind::Killed, "the task was ended")));
        }
        let pod = self.now().unwrap_or_default();
        let gone = self.is_gone();
        let mut end = judge::end(&pod, gone, &self.events, &self.job.conduct);
        if matches!(end, End::Failed(_)) {
            // The event that says why may not have come yet.
            self.past_events(api).await;
            end = judge::end(&pod, gone, &self.events, &self.job.conduct);
        }
        if let End::Failed(cause) = end {
            end = End::Failed(self.with_last_line(cause, &pod));
        }
        let xcom = match found {
            Ok(found) => {
                if let Some(warning) = found.warning {
                    self.say("warning", &warning);
                }
                found.value
            }
            Err(cause) => {
                if end == End::Success {
                    end = End::Failed(judge::outside(&pod, gone, &self.events).unwrap_or(cause));
                } else {
                    self.say("warning", &cause.summary);
                }
                None
            }
        };
        Verdict { end, xcom, is_timeout: false, is_told: false, may_have_begun: true }
    }

    /// A program that failed, and left no message of its own, is known by the last line that it printed.
    fn with_last_line(&self, cause: Cause, pod: &Value) -> Cause {
        let base = &self.job.conduct.base;
        let is_silent = glance::terminated(pod, base).is_some_and(|t| t.exit_code != 0 && t.message.is_empty());
        if cause.kind != CauseKind::ExitCode || !is_silent {
            return cause;
        }
        let line = self.log.borrow_mut().last_line(base);
        cause.last_line(&line)
    }

    /// Says how it ended, in the log and to the engine.
    pub(super) async fn report_end(&mut self, api: &Api, ended: Verdict) {
        let pod = self.now().unwrap_or_default();
        match &ended.end {
            End::Failed(_) if ended.is_told => {}
            End::Failed(cause) => {
                if self.job.conduct.log_events_on_failure {
                    self.past_events(api).await;
                    self.log_states(&pod);
                }
                if self.job.worker.is_none() {
                    self.say("error", &judge::airflows_message(&pod, &self.job.conduct));
                }
                self.say("error", &cause.summary);
            }
            End::Skipped(cause) => self.say("info", &cause.summary),
            End::Success => {}
        }
        if ended.is_timeout {
            self.must_go = !self.job.conduct.keep_on_kill;
        }
        self.has_succeeded = ended.end == End::Success;
        let xcom = ended.xcom.map(|(value, source)| (value, source.to_string()));
        let (end, may_have_begun) = (ended.end, ended.may_have_begun);
        let result = Box::new(Ended { end, xcom, at: clock::now(), may_have_begun });
        self.teller.tell(Report::Ended { id: self.job.pod.id, result });
    }

    pub(super) fn log_states(&self, pod: &Value) {
        let word = |value: &Value| value.as_str().map_or_else(|| "None".to_string(), str::to_string);
        self.say("info", &format!("Pod phase: {}, reason: {}", glance::phase(pod), word(&pod["status"]["reason"])));
        for container in glance::all_containers(pod) {
            let (state, name) = (&container["state"], word(&container["name"]));
            let of = |kind: &str, part: &str| word(&state[kind][part]);
            let (level, text) = if let Some(code) = state["terminated"]["exitCode"].as_i64() {
                let (reason, message) = (of("terminated", "reason"), of("terminated", "message"));
                let text = format!("state='TERMINATED', reason='{reason}', exit_code={code}, message='{message}'");
                (if code == 0 { "info" } else { "error" }, text)
            } else if state["waiting"].is_object() {
                let (reason, message) = (of("waiting", "reason"), of("waiting", "message"));
                ("warning", format!("state='WAITING', reason='{reason}', message='{message}'"))
            } else {
                ("info", format!("state='RUNNING', started_at={}", of("running", "startedAt")))
            };
            self.say(level, &format!("Container '{name}': {text}"));
        }
        for event in &self.events {
            let level = if event.level == "Warning" { "warning" } else { "info" };
            self.say(level, &format!("Pod Event: {} - {}", event.reason, event.message));
        }
    }

    pub(super) async fn await_commit(&mut self) {
        if self.committed {
            return;
        }
        // A drop after the end changes nothing: what becomes of the pod was decided with it.
        while let Some(order) = self.orders.recv().await {
            if order == Order::Committed || self.dropped.get() {
                return;
            }
            if order == Order::Drop {
                return;
            }
        }
        // The engine is gone: nothing may be deleted.
        std::future::pending::<()>().await;
    }
}

/// How the task ended.
pub(super) struct Verdict {
    pub(super) end: End,
    pub(super) xcom: Option<(Value, &'static str)>,
    pub(super) is_timeout: bool,
    /// The agent has said so already, in the log too.
    pub(super) is_told: bool,
    /// See [`Ended::may_have_begun`].
    pub(super) may_have_begun: bool,
}

/// A task that fails before there is a pod.
pub(super) fn fail(teller: &Teller, job: &Job, cause: Cause) {
    let result = Box::new(Ended { end: End::Failed(cause), xcom: None, at: clock::now(), may_have_begun: false });
    teller.tell(Report::Ended { id: job.pod.id, result });
}
