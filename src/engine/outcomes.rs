//! What supervisors say: hello, says of the task, outcomes.

use serde_json::Value;

use super::{
    adopt::failed,
    callbacks::is_callback,
    conn::Peer,
    core::{Engine, Write},
};
use crate::{
    error::say,
    model::{Cause, CauseKind, TiKey, TiState},
    protocol::{FromSupervisor, Outcome, OutcomeKind, Say, ToSupervisor, spawn::Refusal, task},
    scheduler::Report,
    store::xcom::RETURN_VALUE,
};

impl Engine {
    /// One message from a supervisor.
    pub(super) fn hear(&mut self, conn: u64, message: FromSupervisor) {
        match message {
            FromSupervisor::Hello { key, epoch, pid, start_date, .. } => {
                self.adopted.remove(&(key.clone(), epoch));
                self.is_heard(&key, epoch);
                if let Some(c) = self.conns.get_mut(&conn) {
                    c.peer = Peer::Supervisor { key: key.clone(), epoch };
                }
                self.supervisors.insert((key.clone(), epoch), conn);
                let hostname = self.hostname.clone();
                self.report(
                    &key,
                    epoch,
                    Report::Started { pid: Some(pid).filter(|p| *p > 0), hostname, at: start_date },
                );
                if let Some(cause) = self.end_of(&key, epoch) {
                    self.send_kill(conn, cause);
                }
            }
            FromSupervisor::Says { says } => {
                // What a cleared or marked try still says doesn't count.
                if let Some((key, epoch)) = self.peer_of(conn)
                    && (self.is_current(&key, epoch) || is_callback(&key))
                {
                    self.take_says(&key, epoch, &says);
                }
            }
            FromSupervisor::Ask { id, body } => {
                if let Some((key, epoch)) = self.peer_of(conn) {
                    // It may ask for what was said a moment ago. While nothing can be written it waits.
                    if self.commit() {
                        self.answer_to(conn, &key, epoch, id, &body);
                    } else {
                        self.unanswered.push((conn, id, body));
                    }
                }
            }
            FromSupervisor::Outcome { outcome } => self.take_outcome(*outcome),
        }
    }

    /// Why a try that says hello is to be ended: someone asked for it, or it was cleared, marked or deleted while no
    /// scheduler could tell it.
    fn end_of(&self, key: &TiKey, epoch: u32) -> Option<Cause> {
        if let Some(cause) = self.to_kill.get(&(key.clone(), epoch)) {
            return Some(cause.clone());
        }
        let restarting = self.world.instance(key).is_some_and(|row| row.state == TiState::Restarting);
        let wanted = self.is_current(key, epoch) && !restarting || is_callback(key);
        (!wanted).then(|| Cause::new(CauseKind::Killed, "cleared, marked or deleted by a person"))
    }

    fn answer_to(&mut self, conn: u64, key: &TiKey, epoch: u32, id: u64, body: &Value) {
        let Some(answer) = self.answer_or_wait(key, epoch, id, body) else { return };
        if self.stuck.is_some() {
            // What it asked for had to be written, and couldn't be.
            self.unanswered.push((conn, id, body.clone()));
        } else if let Some(c) = self.conns.get_mut(&conn) {
            c.send(&ToSupervisor::Answer { id, body: answer });
        }
    }

    /// The answer to a question; none yet if it waits for something to happen in a cluster.
    pub(super) fn answer_or_wait(&mut self, key: &TiKey, epoch: u32, id: u64, body: &Value) -> Option<Value> {
        let mut answer = match task::kind(body) {
            "RunPod" => self.ask_pod(key, epoch, id, body)?,
            "NextPodCall" => self.next_pod_call(key, epoch, id, body)?,
            _ => self.answer(&self.speaks_for(key, epoch), epoch, body),
        };
        answer["id"] = id.into();
        Some(answer)
    }

    /// Answers what was asked while nothing could be written.
    pub(super) fn answer_late(&mut self) {
        if self.unanswered.is_empty() || !self.commit() {
            return;
        }
        for (conn, id, body) in std::mem::take(&mut self.unanswered) {
            if let Some((key, epoch)) = self.peer_of(conn) {
                self.answer_to(conn, &key, epoch, id, &body);
            }
        }
    }

    fn peer_of(&self, conn: u64) -> Option<(TiKey, u32)> {
        match &self.conns.get(&conn)?.peer {
            Peer::Supervisor { key, epoch } => Some((key.clone(), *epoch)),
            _ => None,
        }
    }

    fn send_kill(&mut self, conn: u64, cause: Cause) {
        if let Some(c) = self.conns.get_mut(&conn) {
            c.send(&ToSupervisor::Kill { cause });
        }
    }

    /// Ends a try: by its supervisor, now or when that says hello; a native wait, or what has no process yet, at once.
    pub(super) fn kill(&mut self, key: &TiKey, epoch: u32, cause: Cause) {
        let try_of = (key.clone(), epoch);
        // A process that waits for its pod goes with it.
        if self.kill_pod(key, &cause) && !self.may_live(&try_of) {
            return;
        }
        if self.kill_parked(key) {
            return;
        }
        if self.waits.remove(key) || !self.may_live(&try_of) {
            self.report(key, epoch, failed(cause, false));
            return;
        }
        if let Some(conn) = self.supervisors.get(&try_of) {
            self.send_kill(*conn, cause.clone());
        }
        // Remembered until it is over: its supervisor may be killed before it comes to it.
        self.to_kill.insert(try_of, cause);
    }

    /// What a task said, each number once.
    pub(super) fn take_says(&mut self, key: &TiKey, epoch: u32, says: &[Say]) {
        let taken = self.says_taken.get(key).filter(|(e, _)| *e == epoch).map_or(0, |(_, n)| *n);
        let mut lasts = false;
        let speaks_for = self.speaks_for(key, epoch);
        for say in says {
            let kind = task::kind(&say.body);
            // What a success will mean for assets is only kept in memory until then.
            if say.n > taken || kind == "SetOutletEvents" {
                self.take_say(&speaks_for, epoch, &say.body);
                lasts |= matches!(kind, "PutVariable" | "DeleteVariable") || kind.contains("AssetStateStore");
            }
        }
        if let Some(last) = says.last() {
            let n = last.n.max(taken);
            self.says_taken.insert(key.clone(), (epoch, n));
            // Others may change a variable after this try did: it isn't changed again when the try repeats itself.
            if lasts {
                self.tries.heard.insert((key.clone(), epoch));
                self.writes.push(Write::HeardSay { key: key.clone(), epoch, n });
            }
        }
    }

    fn take_say(&mut self, key: &TiKey, epoch: u32, body: &Value) {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("").to_string();
        match task::kind(body) {
            "SetXCom" => {
                let name = text("key");
                let value = body.get("value").cloned().unwrap_or(Value::Null);
                let length = match body.get("mapped_length").and_then(Value::as_u64) {
                    Some(n) => Some(n as usize),
                    // A shell task's last line, pushed for a mapped task below, has no length: text can't be mapped over.
                    None => value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len)),
                };
                if name == RETURN_VALUE {
                    self.report(key, epoch, Report::Pushed { length });
                }
                self.writes.push(Write::SetXcom { key: key.clone(), name, value, length });
            }
            "DeleteXCom" => self.writes.push(Write::DeleteXcom { key: key.clone(), name: Some(text("key")) }),
            "SetRenderedFields" => {
                let fields = body.get("rendered_fields").cloned().unwrap_or(Value::Null);
                self.writes.push(Write::Rendered { key: key.clone(), fields });
            }
            "SetRenderedMapIndex" => self.report(key, epoch, Report::RenderedMapIndex(text("rendered_map_index"))),
            "SkipDownstreamTasks" => {
                let ids = body.get("tasks").and_then(Value::as_array).cloned().unwrap_or_default();
                let tasks = ids.iter().filter_map(Value::as_str).map(Into::into).collect();
                let decision = body.get("decision").cloned().unwrap_or_else(|| serde_json::json!({"skipped": ids}));
                self.report(key, epoch, Report::Skips { tasks, decision });
            }
            "SetDeadline" => self.take_deadline(key.run, body),
            "CreateHITLDetailPayload" => {
                self.writes.push(Write::HitlRequest(Box::new(super::input::request(key, body))));
            }
            "SetTaskStateStore" => {
                let until = body.get("expires_at").and_then(Value::as_str).and_then(|text| text.parse().ok());
                let value = Some((body.get("value").cloned().unwrap_or(Value::Null), until));
                self.writes.push(Write::TaskState { key: key.clone(), name: Some(text("key")), value });
            }
            "DeleteTaskStateStore" => {
                let name = body.get("key").and_then(Value::as_str).map(str::to_string);
                self.writes.push(Write::TaskState { key: key.clone(), name, value: None });
            }
            "PutVariable" => self.writes.push(Write::Variable {
                key: text("key"),
                value: Some(text("value")),
                description: body.get("description").and_then(Value::as_str).map(str::to_string),
            }),
            "SetOutletEvents" => self.take_outlet_events(key, body),
            kind if kind.contains("AssetStateStore") => self.take_asset_state(kind, body),
            "DeleteVariable" => {
                self.writes.push(Write::Variable { key: text("key"), value: None, description: None });
            }
            other => say(format_args!("scheduler: {key} said {other:?}, which is not known")),
        }
    }

    /// The end of a try. One that is not current any more (cleared, marked) is only tidied up.
    pub(super) fn take_outcome(&mut self, outcome: Outcome) {
        let Outcome { key, epoch, start_date, end_date, pid, says, kind, .. } = outcome;
        let files = self.files(&key, epoch);
        self.forget(&key, epoch);
        if !self.is_current(&key, epoch) {
            if is_callback(&key) {
                self.take_says(&key, epoch, &says);
                self.listener_gone(&key, epoch, Some(&kind));
                self.drop_callback(&key, epoch);
            }
            if self.says_taken.get(&key).is_some_and(|(of, _)| *of == epoch) {
                self.says_taken.remove(&key);
            }
            self.forget_heard(&key, epoch);
            self.settled.push(files);
            return;
        }
        // Hello may have been lost with an earlier scheduler.
        let hostname = self.hostname.clone();
        self.report(&key, epoch, Report::Started { pid: Some(pid).filter(|p| *p > 0), hostname, at: start_date });
        self.take_says(&key, epoch, &says);
        self.says_taken.remove(&key);
        let (start, end) = (Some(start_date), end_date);
        let report = match kind {
            OutcomeKind::Success => Report::Success { start, end },
            OutcomeKind::Skipped { cause } => Report::Skipped { cause, end },
            OutcomeKind::Failed { cause, retryable, retry_delay } => {
                let retryable = retryable && cause.kind != CauseKind::Killed;
                Report::Failed { cause, retryable, retry_delay, start, end }
            }
            OutcomeKind::Reschedule { until } => Report::Reschedule { until, end },
            OutcomeKind::Deferred { trigger } => {
                self.defer(&key, epoch, &trigger, end);
                self.settled.push(files);
                return;
            }
        };
        self.report(&key, epoch, report);
        self.forget_heard(&key, epoch);
        self.settled.push(files);
    }

    /// A connection is gone. A supervisor's that has told no outcome means that its try is over, or that it died.
    pub(super) fn lost(&mut self, conn: u64) {
        let Some(gone) = self.conns.remove(&conn) else { return };
        if !gone.looks.is_empty() {
            self.tell_presence();
        }
        if let Peer::Triggerer { interpreter } = &gone.peer {
            self.lost_triggerer(interpreter);
        }
        let Peer::Supervisor { key, epoch } = gone.peer else { return };
        let try_of = (key.clone(), epoch);
        if self.supervisors.get(&try_of) == Some(&conn) {
            self.supervisors.remove(&try_of);
            self.look_at(&key, epoch);
        }
    }

    /// The spawner refused tries, or is gone.
    pub(super) fn hear_spawner(&mut self) {
        let (lines, alive) = self.spawner.receive();
        for line in lines {
            if let Ok(Refusal { key, epoch, why }) = serde_json::from_slice(&line) {
                self.forget(&key, epoch);
                self.listener_gone(&key, epoch, None);
                self.drop_callback(&key, epoch);
                self.report(&key, epoch, failed(Cause::new(CauseKind::Start, why).exception("OSError"), true));
            }
        }
        if !alive && let Err(e) = self.new_spawner() {
            // Those that were handed over are looked at again, which asks for a spawner again.
            say(format_args!("scheduler: {e}"));
        }
    }
}
