//! Copies one container's output into the task's log while it is written, over any number of interruptions.

use std::{cell::RefCell, future::Future, rc::Rc, time::Duration};

use futures_util::{AsyncBufRead, AsyncBufReadExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use super::{
    api::{Api, Trouble},
    calls::{Calls, Line},
    glance,
    podlog::{Mark, PodLog},
    rotation::Rotation,
};
use crate::clock;

/// Longest piece of a line; a longer line becomes several.
const LONGEST: usize = 64 * 1024;
/// How long after a container's end its output may still come.
const LATE: Duration = Duration::from_secs(120);

/// Lines of the two streams of a container may be out of order by so much; more, and the stream repeats itself.
const DISORDER: SignedDuration = SignedDuration::from_millis(50);

/// Kubelets look for output to rotate every ten seconds.
const ROTATION: SignedDuration = SignedDuration::from_secs(8);

fn is_late(line: Timestamp, began: Timestamp, opened: Timestamp) -> bool {
    line < opened && line.duration_since(began) > ROTATION
}

/// What is known from one stream of a container's output to the next.
#[derive(Default)]
struct SoFar {
    /// The piece of a line with which the last one ended.
    half: Vec<u8>,
    rotation: Rotation,
    /// The stream had a line that comes into the log.
    is_met: bool,
}

/// The time with which a line begins.
fn time_of(line: &[u8]) -> Option<Timestamp> {
    let stamp = line.split(|b| b.is_ascii_whitespace()).next()?;
    std::str::from_utf8(stamp).ok()?.parse().ok()
}

/// True if a line is much older than another one that this stream had first: a kubelet that was behind by two rotations reads a
/// file twice. The output is asked for again then, from where the log ends. Lines up to there don't count, so each stream gets on.
fn repeats(line: &[u8], last: Option<Timestamp>, newest: &mut Option<Timestamp>) -> bool {
    let Some(at) = time_of(line) else { return false };
    if newest.is_some_and(|newest| newest.duration_since(at) > DISORDER) {
        return true;
    }
    if last.is_none_or(|last| at > last) {
        *newest = (*newest).max(Some(at));
    }
    false
}

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
        let (mut pause, mut so_far) = (Duration::from_millis(100), SoFar::default());
        loop {
            let mut mark = self.log.borrow_mut().mark(&self.label);
            let had = mark.last;
            let opened = self.api.log(&self.pod, &self.container, mark.since(), true).await;
            match opened {
                Ok(stream) => {
                    pause = Duration::from_millis(100);
                    so_far.is_met = false;
                    let whole = self.copy(stream, &mut mark, had.is_some(), &mut so_far).await;
                    self.log.borrow_mut().flush();
                    // An API server ends a stream properly also where its own from the kubelet broke: only one that brings
                    // nothing new was the end.
                    let is_new = || self.log.borrow_mut().mark(&self.label).last != had;
                    if whole && self.has_ended() && !is_new() {
                        let is_due = so_far.rotation.is_due(&mut self.log.borrow_mut());
                        if had.is_some() && !so_far.is_met {
                            // Not even the last one that was copied is there any more.
                            self.say_gap("was rotated away meanwhile");
                        } else if is_due {
                            self.look(&mut so_far.rotation).await;
                        }
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
        so_far: &mut SoFar,
    ) -> bool {
        let mut stream = std::pin::pin!(stream);
        let mut line: Vec<u8> = Vec::new();
        let mut time = String::new();
        let (mut is_first, mut is_start, opened) = (true, true, clock::now());
        let (mut shown, mut newest, mut is_known) = (Vec::new(), None, false);
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
                if !line.is_empty() && line != so_far.half {
                    so_far.half = line;
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
                    if is_first && let Some(at) = self.logged_at(&line) {
                        is_first = false;
                        let gap = if may_have_gap {
                            mark.last.is_none_or(|last| at > last).then_some("was rotated away meanwhile")
                        } else {
                            self.begins_late(&line, opened).then_some("may have been rotated away before")
                        };
                        if let Some(gap) = gap {
                            self.say_gap(gap);
                        }
                        so_far.is_met = true;
                    }
                    if is_start && repeats(&line, mark.last, &mut newest) {
                        self.show(&mut shown, &mut is_known).await;
                        return false;
                    }
                    self.take(&line, &mut time, is_start, mark, &mut shown);
                    line.clear();
                    is_start = is_whole;
                }
            }
            stream.as_mut().consume(chunk.len());
            self.show(&mut shown, &mut is_known).await;
            self.log.borrow_mut().flush();
            if so_far.rotation.count(chunk.len()) {
                self.look(&mut so_far.rotation).await;
            }
        }
    }

    /// Looks whether the output was rotated.
    async fn look(&self, rotation: &mut Rotation) {
        let place = (self.pod.as_str(), self.container.as_str(), self.label.as_str());
        if let Some(look) = rotation.look(&self.api, place).await {
            look.note(&self.container, &mut self.log.borrow_mut());
        }
    }

    fn say_gap(&self, what: &str) {
        let text = format!("[{}] lines may be missing here: the output {what}", self.container);
        self.log.borrow_mut().say("warning", &text);
    }

    /// When a line was written, as the log has it; `None` if it doesn't come there.
    fn logged_at(&self, line: &[u8]) -> Option<Timestamp> {
        let text = String::from_utf8_lossy(line);
        let (_, text) = text.trim_end().split_once(' ')?;
        self.log.borrow().time_of(time_of(line)?, text)
    }

    /// True if the first line that anybody copied was there before the stream was opened, though its container had run for so
    /// long by then that there may have been others before it.
    fn begins_late(&self, line: &[u8], opened: Timestamp) -> bool {
        let seen = self.seen.borrow();
        let began = seen.0.as_deref().and_then(|pod| glance::started_at(pod, &self.container));
        time_of(line).zip(began).is_some_and(|(at, began)| is_late(at, began, opened))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_goes_back_repeats_itself_and_what_the_log_has_already_may_be_in_any_order() {
        let line = |seconds: f64| format!("2026-01-01T00:00:{seconds:012.9}Z text").into_bytes();
        let mut newest = None;
        let streams = [(1.0, false), (1.04, false), (1.0, false), (2.0, false), (1.9, true)];
        for (seconds, wanted) in streams {
            assert_eq!(repeats(&line(seconds), None, &mut newest), wanted, "{seconds}");
        }
        let (last, mut newest) = (time_of(&line(5.0)), None);
        for (seconds, wanted) in [(4.5, false), (5.0, false), (4.1, false), (5.1, false), (4.9, true)] {
            assert_eq!(repeats(&line(seconds), last, &mut newest), wanted, "{seconds}");
        }
        let at = |seconds: f64| time_of(&line(seconds)).unwrap();
        // A line that comes after the stream was opened is the first one; so is one of the container's first seconds.
        assert!(!is_late(at(30.0), at(1.0), at(29.0)) && !is_late(at(5.0), at(1.0), at(29.0)));
        assert!(is_late(at(20.0), at(1.0), at(29.0)));
        assert!(!repeats(b"no time at all", last, &mut newest));
    }
}
