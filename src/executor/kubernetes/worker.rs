//! What is different about the care of a worker pod of the executor: its code is delivered before it is created, it waits for
//! quota, an agent talks to the scheduler while it runs, and what nobody fetched is read from its log at the end.

use std::{cell::Cell, rc::Rc, time::Duration};

use serde_json::Value;
use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    task::JoinHandle,
};

use super::{
    End, Job, Report, Teller,
    api::Api,
    care::Seen,
    deliver::{Delivery, Needs, Queued},
    find::{self, Obtained, Pause},
    glance, judge, talk, words,
};
use crate::{
    model::{Cause, CauseKind, PodEvent, PodId, PodSight},
    operators::kubernetes_pod::Conduct,
    protocol::agent::{Frames, LastWords},
};

/// How long the outcome of an ended pod is looked for while the API server answers that it can't have the log (yet).
const LOG_PATIENCE: u32 = 8;

/// Gets the pod of a worker. Quota that is used up is waited for, and shown as the reason.
pub async fn obtain(
    job: &Job,
    api: &Api,
    delivery: &Rc<Delivery>,
    needs: &Needs,
    teller: &Teller,
    (dropped, warn): (Rc<Cell<bool>>, &impl Fn(&str)),
) -> Obtained {
    let Some(worker) = &job.worker else { return Obtained::Unwanted };
    let turns = delivery.turns(worker.batch);
    let mut pause = Pause::default();
    let (mut is_new, mut is_first) = (job.is_new, true);
    let mut queued = None;
    loop {
        if dropped.get() && is_new {
            return Obtained::Unwanted;
        }
        let Ok(turn) = turns.acquire().await else { return Obtained::Unwanted };
        let unwanted = || dropped.get();
        let obtained = match needs.deliver().await {
            Err(trouble) if trouble.is_away() => None,
            Err(trouble) => Some(Obtained::Refused(judge::not_created(&trouble))),
            Ok(()) if is_new => Some(find::create(api, &job.pod, &job.conduct, unwanted).await),
            // What this scheduler sends itself it knows the answer of.
            Ok(()) if is_first => Some(find::obtain_again(api, job, unwanted, warn).await),
            Ok(()) => Some(find::obtain(api, &job.pod, &job.conduct, unwanted).await),
        };
        is_first &= obtained.is_none();
        drop(turn);
        // From now on it may be there.
        is_new = false;
        match obtained {
            None => {}
            Some(Obtained::Refused(cause)) if cause.kind == CauseKind::Quota => {
                queued.get_or_insert_with(|| delivery.queue());
                let why = words::of_quota(&cause.summary).or(Some(cause.summary));
                let sight = PodSight { phase: String::new(), why, ..PodSight::default() };
                teller.tell(Report::Seen { id: job.pod.id, sight: Box::new(sight) });
            }
            Some(obtained) => return obtained,
        }
        let least = queued.as_ref().map_or(Duration::ZERO, Queued::pause);
        pause.wait_at_least(least, || dropped.get()).await;
    }
}

/// True for what a kubelet says of a pod whose code isn't there (any more).
pub fn misses_code(event: &PodEvent) -> bool {
    event.reason == "FailedMount"
        && event.message.contains("configmap \"dagdeck-")
        && event.message.contains("not found")
}

/// Why a pending worker will never run, by the reasons that `worker_pod_pending_fatal_container_state_reasons` names.
pub fn hopeless(pod: &Value, fatal: &[String]) -> Option<Cause> {
    for container in glance::all_containers(pod) {
        let waiting = &container["state"]["waiting"];
        let (reason, message) = (waiting["reason"].as_str().unwrap_or(""), waiting["message"].as_str().unwrap_or(""));
        // A node that pulls too much at a time pulls later.
        if fatal.iter().any(|word| word == reason) && !message.contains("pull QPS exceeded") {
            let kind = if reason.contains("Image") { CauseKind::Image } else { CauseKind::Start };
            let name = container["name"].as_str().unwrap_or("?");
            return Some(Cause::new(kind, format!("container {name} cannot start ({reason}): {message}")));
        }
    }
    None
}

/// Talks with the agent from the container's begin on, as long as the task is kept.
pub fn converse(
    job: &Job,
    api: &Api,
    name: &str,
    mut inbox: UnboundedReceiver<String>,
    mut seen: watch::Receiver<Seen>,
    teller: &Teller,
) -> JoinHandle<()> {
    let place = talk::Place { api: api.clone(), pod: name.to_string(), container: job.conduct.base.clone() };
    let (id, teller) = (job.pod.id, teller.clone());
    tokio::task::spawn_local(async move {
        let runs = |seen: &Seen| seen.0.as_deref().is_some_and(|pod| glance::runs(pod, &place.container));
        if seen.wait_for(runs).await.is_ok() {
            talk::converse(&place, &mut inbox, &|line| teller.tell(Report::Heard(id, line))).await;
        }
    })
}

/// What became of a worker pod that has ended.
pub struct Ended {
    /// How, for a worker without an agent, or one whose agent left no outcome.
    pub end: End,
    /// The last line of output, of a worker without an agent.
    pub last_line: Option<String>,
    /// The agent said itself, or has left, how it ended.
    pub is_told: bool,
    /// Its last object, and what its agent left, don't exclude that its task has begun.
    pub may_have_begun: bool,
}

/// Reads what a worker pod left, tells the messages of its agent, and judges.
pub async fn judged(
    job: &Job,
    api: &Api,
    name: &str,
    (pod, gone): (&Value, bool),
    events: &[PodEvent],
    teller: &Teller,
) -> Ended {
    let base = &job.conduct.base;
    // What an exit code means for the task is for the engine to say.
    let plain = Conduct { skip_on_exit_code: Vec::new(), ..job.conduct.clone() };
    let end = judge::end(pod, gone, events, &plain);
    let terminated = glance::terminated(pod, base);
    if job.worker.as_ref().is_none_or(|worker| !worker.has_agent) {
        let last_line = match terminated {
            Some(_) if !gone => last_line(api, name, base).await,
            _ => None,
        };
        return Ended { end, last_line, is_told: false, may_have_begun: glance::has_begun(pod, base) };
    }
    let Some(words) = terminated.as_ref().and_then(|t| LastWords::read(&t.message)) else {
        let text = "the worker's container ended without a word of its agent";
        let end = if end == End::Success { End::Failed(Cause::new(CauseKind::Pod, text)) } else { end };
        return Ended { end, last_line: None, is_told: false, may_have_begun: glance::has_begun(pod, base) };
    };
    if words.status.is_none() {
        // It was told to end before its task had begun.
        let told = || Cause::new(CauseKind::PodDeleted, "the worker pod was told to end before its task was started");
        let cause = judge::outside(pod, gone, events).unwrap_or_else(told);
        return Ended { end: End::Failed(cause), last_line: None, is_told: false, may_have_begun: words.started };
    }
    match left(api, name, base, &words, job.pod.id, teller).await {
        Ok(()) => Ended { end, last_line: None, is_told: true, may_have_begun: true },
        Err(why) => {
            // The log went with the pod: who ended that is the cause, not that it can't be read.
            let gone = gone || matches!(api.get(name).await, Err(trouble) if trouble.is_missing());
            let lost = || Cause::new(CauseKind::Pod, format!("the task's result is lost: {why}"));
            let cause = judge::outside(pod, gone, events).unwrap_or_else(lost);
            Ended { end: End::Failed(cause), last_line: None, is_told: false, may_have_begun: true }
        }
    }
}

/// Tells what the frames in the log hold.
async fn left(
    api: &Api,
    name: &str,
    container: &str,
    words: &LastWords,
    id: PodId,
    teller: &Teller,
) -> Result<(), String> {
    if words.frames == 0 {
        return Ok(());
    }
    let mut pause = Pause::default();
    let mut tries = 0;
    loop {
        // Nothing comes after the frames.
        let why = match api.tail(name, container, i64::from(words.frames)).await {
            Ok(text) => {
                let mut frames = Frames::default();
                for line in text.lines() {
                    // The lines come with the cluster's times or without.
                    let json = line.find('{').map_or("", |at| &line[at..]);
                    if let Ok(line) = serde_json::from_str(json) {
                        frames.take(&line);
                    }
                }
                match frames.messages(words) {
                    Ok(messages) => {
                        teller.tell(Report::Left(id, messages));
                        return Ok(());
                    }
                    Err(why) => why,
                }
            }
            // However long the API server is away, the log waits for it.
            Err(trouble) if trouble.is_away() => {
                pause.wait().await;
                continue;
            }
            Err(trouble) => trouble.to_string(),
        };
        tries += 1;
        if tries >= LOG_PATIENCE {
            return Err(why);
        }
        pause.wait().await;
    }
}

/// The last line of a container's output, without its line's end.
async fn last_line(api: &Api, name: &str, container: &str) -> Option<String> {
    let mut pause = Pause::default();
    loop {
        match api.tail(name, container, 1).await {
            Ok(text) => return Some(text.lines().last().unwrap_or("").trim_end().to_string()),
            Err(trouble) if trouble.is_away() => pause.wait().await,
            Err(_) => return None,
        }
    }
}

/// Ends a conversation: nothing more can come.
pub async fn fall_silent(talk: Option<JoinHandle<()>>) {
    if let Some(talk) = talk {
        // What the agent wrote with its last breath may be on the way.
        tokio::time::sleep(Duration::from_millis(200)).await;
        talk.abort();
    }
}
