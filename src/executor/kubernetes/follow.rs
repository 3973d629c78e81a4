//! Copies one container's output into the task's log while it is written, over any number of interruptions.

use std::{cell::RefCell, future::Future, rc::Rc, time::Duration};

use futures_util::{AsyncBufRead, AsyncBufReadExt};
use serde_json::Value;
use tokio::sync::watch;

use super::{
    api::{Api, Trouble},
    calls::{Calls, Line},
    glance,
    podlog::{Mark, PodLog},
};

/// Longest piece of a line; a longer line becomes several.
const LONGEST: usize = 64 * 1024;
/// How long after a container's end its output may still come.
const LATE: Duration = Duration::from_secs(120);

/// What is copied.
pub struct Follow {
    /// Requests.
    pub api: Api,
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// What its lines stand under in the log: the container's name, unless several pods write there.
    pub label: String,
    /// Log.
    pub log: Rc<RefCell<PodLog>>,
    /// The pod's newest object, and whether it is gone.
    pub seen: watch::Receiver<(Option<Rc<Value>>, bool)>,
    /// Whoever sees each line before it is in the log.
    pub calls: Option<Rc<Calls>>,
    /// UID, if it is one of several pods of which that one is told.
    pub uid: Option<String>,
}

impl Follow {
    /// Copies until the container has ended and nothing more comes, or the pod is gone.
    pub async fn run(mut self) {
        if !self.begun().await {
            return;
        }
        let (mut pause, mut half) = (Duration::from_millis(100), Vec::new());
        loop {
            let mut mark = self.log.borrow_mut().mark(&self.label);
            let had = mark.last;
            let opened = self.api.log(&self.pod, &self.container, mark.since(), true).await;
            match opened {
                Ok(stream) => {
                    pause = Duration::from_millis(100);
                    let whole = self.copy(stream, &mut mark, had.is_some(), &mut half).await;
                    self.log.borrow_mut().flush();
                    if whole && self.has_ended() {
                        return;
                    }
                }
                Err(trouble) => {
                    // A container whose end the kubelet only guesses (evicted, its node lost) has no output any more (400).
                    let refused = matches!(trouble, Trouble::Refused { code, .. } if code != 401);
                    if self.is_gone() || (refused && self.has_ended()) {
                        let text = format!("[{}] its last lines may be missing here: {trouble}", self.container);
                        self.log.borrow_mut().say("warning", &text);
                        return;
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    /// Waits until the container has begun; false if it never will.
    async fn begun(&mut self) -> bool {
        loop {
            let (begun, over) = {
                let seen = self.seen.borrow_and_update();
                let pod = seen.0.as_deref();
                let begun = pod.is_some_and(|pod| glance::has_begun(pod, &self.container));
                (begun, seen.1 || pod.is_some_and(glance::is_over))
            };
            if begun || over {
                return begun;
            }
            if self.seen.changed().await.is_err() {
                return false;
            }
        }
    }

    fn is_gone(&self) -> bool {
        self.seen.borrow().1
    }

    fn has_ended(&self) -> bool {
        let seen = self.seen.borrow();
        let ended = |pod: &Rc<Value>| glance::is_over(pod) || glance::terminated(pod, &self.container).is_some();
        seen.1 || seen.0.as_ref().is_some_and(ended)
    }

    /// Copies a stream to its end. True if it came to a proper end.
    async fn copy(
        &mut self,
        stream: impl AsyncBufRead,
        mark: &mut Mark,
        may_have_gap: bool,
        half: &mut Vec<u8>,
    ) -> bool {
        let mut stream = std::pin::pin!(stream);
        let mut line: Vec<u8> = Vec::new();
        let mut time = String::new();
        let (mut is_first, mut is_start) = (true, true);
        let (mut shown, mut is_known) = (Vec::new(), false);
        loop {
            let chunk = {
                let filled = stream.fill_buf();
                match self.unless_late(filled).await {
                    Some(Ok(chunk)) => chunk.to_vec(),
                    Some(Err(_)) => return false,
                    None => return true,
                }
            };
            if chunk.is_empty() {
                // A stream may be ended in the middle of a line: only what comes twice so is all there is.
                if !line.is_empty() && line != *half {
                    *half = line;
                    return false;
                }
                if !line.is_empty() {
                    self.take(&line, &mut time, is_start, mark, &mut shown);
                    self.show(&mut shown, &mut is_known).await;
                }
                return true;
            }
            for piece in chunk.split_inclusive(|b| *b == b'\n') {
                line.extend_from_slice(piece);
                let is_whole = piece.ends_with(b"\n");
                if is_whole || line.len() >= LONGEST {
                    if is_first && may_have_gap && !self.joins(&line, mark) {
                        let text = format!(
                            "[{}] lines may be missing here: the output was rotated away meanwhile",
                            self.container
                        );
                        self.log.borrow_mut().say("warning", &text);
                    }
                    is_first = false;
                    self.take(&line, &mut time, is_start, mark, &mut shown);
                    line.clear();
                    is_start = is_whole;
                }
            }
            stream.as_mut().consume(chunk.len());
            self.show(&mut shown, &mut is_known).await;
            self.log.borrow_mut().flush();
        }
    }

    /// True if the first line after an interruption is one that was there before it.
    fn joins(&self, line: &[u8], mark: &Mark) -> bool {
        let text = String::from_utf8_lossy(line);
        let at: Option<jiff::Timestamp> = text.split(' ').next().and_then(|t| t.trim().parse().ok());
        at.zip(mark.last).is_some_and(|(at, last)| at <= last)
    }

    /// A future's result, unless the container ended so long ago that nothing will come; `None` then.
    async fn unless_late<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut seen = self.seen.clone();
        let mut work = std::pin::pin!(work);
        loop {
            let ended = self.has_ended();
            let late = async { if ended { tokio::time::sleep(LATE).await } else { std::future::pending().await } };
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                () = late => return None,
                changed = seen.changed(), if !ended => {
                    if changed.is_err() {
                        return Some(work.await);
                    }
                }
            }
        }
    }

    /// One line, or a piece of one: `time text`.
    fn take(&self, line: &[u8], time: &mut String, is_start: bool, mark: &mut Mark, shown: &mut Vec<Line>) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\n', '\r']);
        let (stamp, rest) = text.split_once(' ').unwrap_or((text, ""));
        let has_time = is_start && stamp.parse::<jiff::Timestamp>().is_ok();
        if is_start && !has_time {
            // The container's lines all have their time: this is what the kubelet says when it can't read them.
            let words = format!("[{}] lines may be missing here: {text}", self.container);
            return self.log.borrow_mut().say("warning", &words);
        }
        let rest = if has_time {
            *time = stamp.to_string();
            rest
        } else {
            text
        };
        let mut log = self.log.borrow_mut();
        if self.calls.is_none() {
            log.line(&self.label, time, rest, mark);
        } else if log.is_new(&self.label, time, rest, mark) {
            shown.push(Line { time: time.clone(), text: rest.to_string() });
        }
    }

    /// Has new lines seen, and writes them.
    async fn show(&self, lines: &mut Vec<Line>, is_known: &mut bool) {
        let Some(calls) = self.calls.as_ref().filter(|_| !lines.is_empty()) else { return };
        let pod = self.seen.borrow().0.clone().filter(|_| !std::mem::replace(is_known, true));
        let of = self.uid.as_deref().map(|uid| (uid, pod.as_deref()));
        let texts = calls.lines(&self.container, of, lines).await;
        let mut log = self.log.borrow_mut();
        for (line, text) in lines.drain(..).zip(texts) {
            log.formatted(&self.label, &line.time, &line.text, text);
        }
    }
}
