//! The conversation with the agents in the worker pods of the Kubernetes executor.
//!
//! What an agent says is taken in like what a supervisor says. It is acknowledged after the commit, so that the agent forgets
//! nothing that a killed scheduler could have forgotten.

use std::{collections::HashMap, path::PathBuf, process::ExitStatus};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{core::Engine, worker_pods::Inside};
use crate::{
    clock,
    error::say,
    executor::{
        kubernetes::{End, Ended, glance},
        worker::{code::Packed, pod, settings::WorkerSettings},
    },
    model::{Cause, CauseKind, Pod, PodId, PodSight, PodStage, PodWrite, TiKey, TiState},
    operators::kubernetes_pod::Conduct,
    protocol::{
        Outcome, OutcomeKind, Say,
        agent::{self, AgentEnd, AgentStart, FromAgent, ToAgent},
        spawn::Shell,
        task,
    },
    runner::verdict,
    scheduler::Report,
    store::{self, pod::FAILED_LAUNCH, xcom::RETURN_VALUE},
};

/// Mark in the notes of a worker pod whose agent was, or will be, told to start the task.
const ORDERED: &str = "ordered";

/// What is known of the agents.
#[derive(Debug, Default)]
pub struct Workers {
    /// Whose pods they are, and what is acknowledged to them.
    pub talks: HashMap<PodId, Talk>,
    /// Told after the next commit.
    acks: Vec<(PodId, u32)>,
    /// Those that are told to start their task after the next commit.
    orders: Vec<PodId>,
    /// Questions that wait until the store can be written.
    unanswered: Vec<(PodId, u64, Value)>,
    /// The Python side, and the folders with DAG files and plugins.
    pub side: Packed,
    /// See `side`.
    pub folders: HashMap<PathBuf, Packed>,
}

/// The conversation with one agent.
#[derive(Debug, Clone)]
pub struct Talk {
    key: TiKey,
    epoch: u32,
    /// Name of the pod, which is its host name.
    host: String,
    /// An agent runs in it; else a shell command.
    has_agent: bool,
    /// Exit codes with which a shell command skips its task.
    skips: Vec<i32>,
    /// Its task's code may have begun: the order is committed before it is given. A shell command's is its pod.
    is_ordered: bool,
    /// When its task's process began.
    started: Option<Timestamp>,
    /// What is said from now on is acknowledged with the outcome.
    holds: bool,
    /// Its outcome was taken in.
    is_over: bool,
}

impl Talk {
    /// The conversation that begins with a pod.
    pub fn new(pod: &Pod) -> Self {
        let conduct: Option<Conduct> = serde_json::from_value(pod.conduct.clone()).ok();
        let codes = conduct.map(|conduct| conduct.skip_on_exit_code).unwrap_or_default();
        let has_agent = pod::has_agent(&pod.manifest);
        Self {
            key: pod.key.clone(),
            epoch: pod.epoch,
            host: pod.name.clone(),
            has_agent,
            is_ordered: !has_agent || pod.result[ORDERED] == true,
            skips: codes.into_iter().map(|code| code as i32).collect(),
            started: None,
            holds: false,
            is_over: pod.stage == PodStage::Ended,
        }
    }
}

/// What a success will mean is kept in memory until then: such a message must come again after a restart.
fn counts_with_the_outcome(say: &Value) -> bool {
    match task::kind(say) {
        "SkipDownstreamTasks" | "SetOutletEvents" => true,
        "SetXCom" => say.get("key").and_then(Value::as_str) == Some(RETURN_VALUE),
        _ => false,
    }
}

impl Workers {
    /// The worker in which a try runs.
    pub fn pod_of(&self, key: &TiKey, epoch: u32) -> Option<PodId> {
        self.talks.iter().find(|(_, talk)| talk.epoch == epoch && talk.key == *key).map(|(id, _)| *id)
    }
}

impl Engine {
    /// A line of an agent.
    pub(super) fn hear_agent(&mut self, id: PodId, line: &[u8]) {
        let Some(talk) = self.workers.talks.get(&id).cloned().filter(|_| self.is_wanted(id)) else { return };
        let (key, epoch) = (talk.key, talk.epoch);
        match agent::read(line) {
            Ok(FromAgent::Hello { waiting: true }) if self.is_current(&key, epoch) => self.order_start(id),
            Ok(FromAgent::Hello { .. } | FromAgent::Pong) => {}
            Ok(FromAgent::Started { at, pid }) => {
                if let Some(talk) = self.workers.talks.get_mut(&id) {
                    talk.started = Some(at);
                }
                let started = Report::Started { pid: Some(pid).filter(|p| *p > 0), hostname: talk.host, at };
                self.report(&key, epoch, started);
            }
            Ok(FromAgent::Say(said)) => self.take_agent_say(id, &key, epoch, said),
            Ok(FromAgent::Ask { id: number, body }) => {
                // It may ask for what was said a moment ago. While nothing can be written it waits.
                if !self.is_current(&key, epoch) {
                    return;
                }
                if self.commit() {
                    self.answer_agent(id, number, body);
                } else {
                    self.workers.unanswered.push((id, number, body));
                }
            }
            Ok(FromAgent::Ended { n, end }) => self.take_agent_end(id, n, *end),
            Err(why) => say(format_args!("scheduler: the agent of {key} said what can't be read: {why}")),
        }
    }

    /// Has a task started, once that it may run is committed: a pod that goes before it could say that its task has begun
    /// has used its try then, also for a scheduler that knows nothing else of it.
    fn order_start(&mut self, id: PodId) {
        if let Some(talk) = self.workers.talks.get_mut(&id) {
            talk.is_ordered = true;
        }
        self.write_pod(PodWrite::Noted { id, notes: json!({ORDERED: true}) });
        self.workers.orders.push(id);
    }

    /// After a commit: what was ordered is told.
    fn give_orders(&mut self) {
        for id in std::mem::take(&mut self.workers.orders) {
            let Some(Talk { key, epoch, .. }) = self.workers.talks.get(&id).cloned() else { continue };
            if !self.is_wanted(id) || !self.is_current(&key, epoch) {
                continue;
            }
            match self.agent_start(&key) {
                Some(start) => self.tell_agent(id, &ToAgent::Start(Box::new(start))),
                None => say(format_args!("scheduler: {key} has a pod, and no task any more")),
            }
        }
    }

    fn take_agent_say(&mut self, id: PodId, key: &TiKey, epoch: u32, said: Say) {
        // What a cleared or marked try still says doesn't count, and needn't come again.
        if self.is_current(key, epoch) {
            self.take_says(key, epoch, std::slice::from_ref(&said));
        }
        let Some(talk) = self.workers.talks.get_mut(&id) else { return };
        talk.holds |= counts_with_the_outcome(&said.body);
        if !talk.holds {
            self.workers.acks.push((id, said.n));
        }
    }

    /// The task's process has ended.
    fn take_agent_end(&mut self, id: PodId, n: u32, end: AgentEnd) {
        let Some(talk) = self.workers.talks.get(&id).filter(|talk| !talk.is_over) else {
            self.workers.acks.push((id, n));
            return;
        };
        let (key, epoch) = (talk.key.clone(), talk.epoch);
        let asked = self.to_kill.get(&(key.clone(), epoch)).cloned();
        // Someone ended the pod: its own end, which comes soon, says who (evicted, deleted, its node drained).
        if end.is_of_pod() && asked.is_none() {
            return;
        }
        self.workers.acks.push((id, n));
        let limit = self.time_limit(&key);
        let kind = outcome_of(&end, asked, limit);
        self.end_worker(id, (end.start_date, end.end_date, end.pid), Vec::new(), kind);
    }

    /// The outcome of a worker's try, once.
    fn end_worker(
        &mut self,
        id: PodId,
        (start_date, end_date, pid): (Timestamp, Timestamp, u32),
        says: Vec<Say>,
        kind: OutcomeKind,
    ) {
        let Some(talk) = self.workers.talks.get_mut(&id) else { return };
        if std::mem::replace(&mut talk.is_over, true) {
            return;
        }
        let (key, epoch) = (talk.key.clone(), talk.epoch);
        let try_number = self.world.instance(&key).map_or(1, |row| row.try_number);
        self.worker_is_over(id, Value::Null);
        self.take_outcome(Outcome { key, try_number, epoch, start_date, end_date, pid, says, kind });
    }

    /// What an ended pod left behind that nobody had fetched.
    pub(super) fn take_left(&mut self, id: PodId, left: Vec<FromAgent>) {
        let Some(Talk { key, epoch, .. }) = self.workers.talks.get(&id).cloned().filter(|_| self.is_wanted(id)) else {
            return;
        };
        for message in left {
            match message {
                FromAgent::Say(said) => self.take_agent_say(id, &key, epoch, said),
                FromAgent::Ended { n, end } => self.take_agent_end(id, n, *end),
                _ => {}
            }
        }
    }

    /// A worker pod has ended and its agent, if there is one, left no outcome: what the container's end means.
    pub(super) fn worker_ended(&mut self, id: PodId, ended: Ended) {
        let Some(talk) = self.workers.talks.get(&id).cloned() else { return };
        let may_have_begun = talk.started.is_some() || (talk.is_ordered && ended.may_have_begun);
        if !may_have_begun && !talk.is_over && self.launch_again(id, &talk, &ended.end) {
            return;
        }
        let start = talk.started.unwrap_or(ended.at);
        let mut says = Vec::new();
        let shell = self.shell_of(&talk.key, talk.skips).filter(|_| !talk.has_agent);
        let last_line = ended.xcom.as_ref().and_then(|(value, _)| value.as_str()).unwrap_or("");
        let code = match &ended.end {
            End::Success => Some(0),
            End::Failed(cause) if cause.kind == CauseKind::ExitCode => cause.exit_code,
            _ => None,
        };
        let kind = match (shell, code, ended.end) {
            (Some(shell), Some(code), _) => verdict::of_shell(&shell, status(code), last_line, &mut says),
            (_, _, End::Skipped(cause)) => OutcomeKind::Skipped { cause },
            (_, _, End::Failed(cause)) => OutcomeKind::Failed { cause, retryable: true, retry_delay: None },
            (_, _, End::Success) => {
                let cause = Cause::new(CauseKind::Pod, "the worker pod ended well, and nobody said what its task did");
                OutcomeKind::Failed { cause, retryable: true, retry_delay: None }
            }
        };
        self.end_worker(id, (start, ended.at, 0), says, kind);
    }

    /// A pod that failed before its task's process began is made again, without using a try, as often as
    /// `pod_launch_failure_retries` says (-1: always), unless its container ended for a reason of
    /// `pod_launch_failure_excluded_container_reasons`. How often that was is stored with the pods.
    fn launch_again(&mut self, id: PodId, talk: &Talk, end: &End) -> bool {
        let End::Failed(cause) = end else { return false };
        let queued = self.world.instance(&talk.key).is_some_and(|row| row.state == TiState::Queued);
        if !queued || !self.is_current(&talk.key, talk.epoch) {
            return false;
        }
        let Ok(settings) = WorkerSettings::read(&self.place.settings) else { return false };
        // What was seen of it last may be written with this.
        self.commit();
        let reader = self.store.reader();
        let pod = store::pod::get(reader, id).ok().flatten();
        let reason = pod.and_then(|pod| glance::failed_reason(&pod.sight.status));
        let Ok(count) = store::pod::failed_launches(reader, &talk.key, talk.epoch, None) else { return false };
        if !settings.launches_again(count, reason.as_deref()) {
            return false;
        }
        let (pod, why, number) = (&talk.host, &cause.summary, count + 1);
        let most = settings.launch_failure_retries.map_or_else(String::new, |most| format!(" of {most}"));
        let text = format!("pod {pod} did not start ({why}): made again without using a try, {number}{most}");
        say(format_args!("scheduler: {}: {text}", talk.key));
        self.write_pod(PodWrite::Relaunched { id, at: clock::now(), text });
        if let Some(talk) = self.workers.talks.get_mut(&id) {
            talk.is_over = true;
        }
        self.worker_is_over(id, json!({FAILED_LAUNCH: cause}));
        self.to_start.push((talk.key.clone(), talk.epoch));
        true
    }

    /// How the end of a shell task's process becomes an outcome.
    fn shell_of(&self, key: &TiKey, skips: Vec<i32>) -> Option<Shell> {
        let dag = self.world.dag_of(key.run)?;
        let task = dag.tasks.get(&key.task_id)?;
        Some(Shell {
            skip_on_exit_code: skips,
            push_last_line: task.do_xcom_push,
            what: super::start::BASH_COMMAND.into(),
        })
    }

    /// A worker that runs a shell command has no agent that says when it began.
    pub(super) fn see_worker(&mut self, id: PodId, sight: &PodSight) {
        let Some(talk) = self.workers.talks.get_mut(&id).filter(|talk| !talk.has_agent && talk.started.is_none())
        else {
            return;
        };
        let Some(at) = sight.started_at else { return };
        talk.started = Some(at);
        let (key, epoch, hostname) = (talk.key.clone(), talk.epoch, talk.host.clone());
        self.report(&key, epoch, Report::Started { pid: None, hostname, at });
    }

    fn answer_agent(&mut self, id: PodId, number: u64, body: Value) {
        let Some(Talk { key, epoch, .. }) = self.workers.talks.get(&id).cloned() else { return };
        let Some(answer) = self.answer_or_wait(&key, epoch, number, &body) else { return };
        if self.stuck.is_some() {
            // What it asked for had to be written, and couldn't be.
            self.workers.unanswered.push((id, number, body));
        } else {
            self.tell_agent(id, &ToAgent::Answer { id: number, body: answer });
        }
    }

    /// Answers what was asked while nothing could be written.
    pub(super) fn answer_agents_late(&mut self) {
        if self.workers.unanswered.is_empty() || !self.commit() {
            return;
        }
        for (id, number, body) in std::mem::take(&mut self.workers.unanswered) {
            self.answer_agent(id, number, body);
        }
    }

    /// After a commit: agents may forget what is in it.
    pub(super) fn acknowledge(&mut self) {
        for (id, n) in std::mem::take(&mut self.workers.acks) {
            self.tell_agent(id, &ToAgent::Ack(n));
        }
        self.give_orders();
    }

    fn time_limit(&self, key: &TiKey) -> Option<f64> {
        self.world.dag_of(key.run)?.tasks.get(&key.task_id)?.execution_timeout
    }

    /// What an agent needs to start its task.
    fn agent_start(&mut self, key: &TiKey) -> Option<AgentStart> {
        let (row, run, dag) = (self.world.instance(key)?, self.world.run(key.run)?, self.world.dag_of(key.run)?);
        let (row, run, dag) = (row.clone(), run.clone(), dag.clone());
        let task = dag.tasks.get(&key.task_id).cloned()?;
        let spec = self.python_spec(&dag, &task, &run, &row);
        let result_hold = WorkerSettings::read(&self.place.settings).map_or(3600.0, |s| s.result_hold);
        let inside = Inside::of(self);
        Some(inside.start(spec, &self.place.settings, result_hold))
    }
}

/// From how a task's process in a pod ended to the outcome of its try.
fn outcome_of(end: &AgentEnd, asked: Option<Cause>, limit: Option<f64>) -> OutcomeKind {
    let failed = |cause| OutcomeKind::Failed { cause, retryable: true, retry_delay: None };
    if end.end.is_none() && end.timed_out {
        let text = format!("execution_timeout of {} s was reached", limit.unwrap_or_default());
        return failed(Cause::new(CauseKind::Timeout, text).exception("AirflowTaskTimeout"));
    }
    if let Some(cause) = asked.filter(|_| end.is_of_pod()) {
        return failed(cause);
    }
    if let Some(limit) = end.oom_limit.filter(|_| end.end.is_none()) {
        let text = format!(
            "OOMKilled: the task's process was killed for using more memory than its container's limit of {} MiB",
            limit >> 20
        );
        return failed(Cause::new(CauseKind::OomKilled, text).exit_code(end.status));
    }
    verdict::of_python(end.end.as_ref(), status(end.status), &end.last_line)
}

/// An exit code, or minus a signal's number, as the system tells it.
fn status(code: i32) -> ExitStatus {
    use std::os::unix::process::ExitStatusExt;
    ExitStatus::from_raw(if code < 0 { -code & 0x7f } else { (code & 0xff) << 8 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(extra: Value) -> AgentEnd {
        let mut all = json!({"status": 0, "start_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-01T00:00:01Z"});
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn outcomes_are_those_of_a_local_process() {
        assert_eq!(outcome_of(&end(json!({"end": {"type": "SucceedTask"}})), None, None), OutcomeKind::Success);
        let kind_of = |extra, asked, limit| match outcome_of(&end(extra), asked, limit) {
            OutcomeKind::Failed { cause, .. } => (cause.kind, cause.exit_code),
            other => panic!("{other:?}"),
        };
        assert_eq!(kind_of(json!({"status": 3}), None, None), (CauseKind::ExitCode, Some(3)));
        assert_eq!(kind_of(json!({"status": -9}), None, None), (CauseKind::Signal, Some(-9)));
        assert_eq!(kind_of(json!({"status": -15, "timed_out": true}), None, Some(2.0)).0, CauseKind::Timeout);
        assert_eq!(kind_of(json!({"status": -9, "oom_limit": 1 << 26}), None, None).0, CauseKind::OomKilled);
        let asked = Cause::new(CauseKind::Killed, "marked");
        assert_eq!(kind_of(json!({"status": 143, "told_to_end": true}), Some(asked), None).0, CauseKind::Killed);
        let said = json!({"status": 0, "end": {"type": "TaskState", "state": "failed", "cause": {"summary": "x", "exception": "ValueError"}}});
        assert_eq!(kind_of(said, None, None).0, CauseKind::Exception);
    }

    #[test]
    fn what_memory_alone_keeps_is_acknowledged_with_the_outcome() {
        assert!(counts_with_the_outcome(&json!({"type": "SetXCom", "key": "return_value"})));
        assert!(!counts_with_the_outcome(&json!({"type": "SetXCom", "key": "other"})));
        assert!(counts_with_the_outcome(&json!({"type": "SetOutletEvents"})));
    }
}
