//! What the author's own code is told of a pod (`callbacks=`, `log_formatter=`): a process of the task hears each call through
//! the engine, and the care goes on with its answer. The pod doesn't depend on that process: without it, nothing is called.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use serde_json::{Value, json};
use tokio::sync::{mpsc::UnboundedReceiver, oneshot, watch};

use super::{Report, Teller, podlog::PodLog};
use crate::model::{Cause, CauseKind, PodId};

/// A call's number, and what came of it (`protocol` of [`Calls::ask`]).
pub type Answered = (u64, Value);

/// One pod's calls.
pub struct Calls {
    id: PodId,
    teller: Teller,
    log: Rc<RefCell<PodLog>>,
    next: Cell<u64>,
    open: RefCell<HashMap<u64, oneshot::Sender<Value>>>,
    is_gone: Cell<bool>,
    /// Nobody wants to see lines.
    is_deaf: Cell<bool>,
    /// What a call raised while lines were copied.
    failed: watch::Sender<Option<Cause>>,
}

/// A line of a container, before it is in the log.
pub struct Line {
    /// When, as the cluster wrote it.
    pub time: String,
    /// Text.
    pub text: String,
}

impl Calls {
    /// Of a pod; `answers` come from the engine.
    pub fn new(
        id: PodId,
        teller: Teller,
        log: Rc<RefCell<PodLog>>,
        mut answers: UnboundedReceiver<Answered>,
    ) -> Rc<Self> {
        let calls = Rc::new(Self {
            id,
            teller,
            log,
            next: Cell::new(1),
            open: RefCell::default(),
            is_gone: Cell::new(false),
            is_deaf: Cell::new(false),
            failed: watch::channel(None).0,
        });
        let waiting = Rc::downgrade(&calls);
        tokio::task::spawn_local(async move {
            while let Some((n, answer)) = answers.recv().await {
                let Some(calls) = waiting.upgrade() else { return };
                let asked = calls.open.borrow_mut().remove(&n);
                if let Some(asked) = asked {
                    let _ = asked.send(answer);
                }
            }
        });
        calls
    }

    /// Has one made, and waits for its answer: `{}`, `{"texts": [..]}` (`"deaf": true`: no more of them is wanted), `{"error": {"exception", "summary"}}`, or
    /// `{"gone": true}` if the process is.
    async fn ask(&self, mut what: Value) -> Value {
        if self.is_gone.get() {
            return Value::Null;
        }
        let n = self.next.replace(self.next.get() + 1);
        what["n"] = n.into();
        let (tell, told) = oneshot::channel();
        self.open.borrow_mut().insert(n, tell);
        self.teller.tell(Report::Call { id: self.id, n, what: Box::new(what) });
        let Ok(answer) = told.await else {
            // The engine is gone, and this thread with it.
            return std::future::pending().await;
        };
        if answer["gone"] == true && !self.is_gone.replace(true) {
            let text =
                "the process that calls callbacks= and log_formatter= is gone: the pod goes on, nothing is called";
            self.log.borrow_mut().say("warning", text);
        }
        answer
    }

    /// Calls a method of the callbacks about the pod; `None`: there is none any more.
    ///
    /// # Errors
    /// What it raised.
    pub async fn tell(&self, method: &str, pod: Option<&Value>) -> Result<(), Cause> {
        let answer = self.ask(json!({"call": method, "pod": pod})).await;
        raised(method, &answer).map_or(Ok(()), Err)
    }

    /// The same about one of the pods of a job.
    ///
    /// # Errors
    /// What it raised.
    pub async fn tell_of(&self, method: &str, uid: &str, pod: &Value) -> Result<(), Cause> {
        let answer = self.ask(json!({"call": method, "pod": pod, "of": uid})).await;
        raised(method, &answer).map_or(Ok(()), Err)
    }

    /// Says that the client is there, before anything else is said of a job's pods.
    pub fn begin(self: &Rc<Self>) {
        let calls = self.clone();
        tokio::task::spawn_local(async move {
            if let Err(cause) = calls.tell("on_sync_client_creation", None).await {
                calls.failed.send_replace(Some(cause));
            }
        });
    }

    /// Shows lines to `progress_callback` and `log_formatter`; what is to be written in place of each, where that differs.
    /// `of`: which pod of a job, and that pod when its first lines are shown.
    pub async fn lines(
        &self,
        container: &str,
        of: Option<(&str, Option<&Value>)>,
        lines: &[Line],
    ) -> Vec<Option<String>> {
        if self.is_deaf.get() {
            return lines.iter().map(|_| None).collect();
        }
        let sent: Vec<Value> = lines.iter().map(|line| json!([line.time, line.text])).collect();
        let mut what = json!({"call": "lines", "container": container, "lines": sent});
        if let Some((uid, pod)) = of {
            (what["of"], what["pod"]) = (json!(uid), json!(pod));
        }
        let mut answer = self.ask(what).await;
        self.is_deaf.set(answer["deaf"] == true);
        if let Some(cause) = raised("progress_callback", &answer) {
            self.failed.send_replace(Some(cause));
        }
        let texts = answer["texts"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let mut texts = texts.into_iter().map(|text| text.as_str().map(str::to_string));
        lines.iter().map(|_| texts.next().flatten()).collect()
    }

    /// What a call raised while lines were copied.
    pub fn failed(&self) -> watch::Receiver<Option<Cause>> {
        self.failed.subscribe()
    }
}

fn raised(method: &str, answer: &Value) -> Option<Cause> {
    let error = answer.get("error")?;
    let text = |name: &str| error[name].as_str().unwrap_or_default();
    let method = error["method"].as_str().unwrap_or(method);
    let cause = Cause::new(CauseKind::Exception, format!("{method} of callbacks=: {}", text("summary")));
    Some(cause.exception(text("exception")))
}
