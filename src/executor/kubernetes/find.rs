//! Gets a task's pod: one of an earlier try that still runs, the one that an earlier scheduler made, or a new one. The name
//! was stored before, so a creation whose answer was lost is looked for, and a second one of that name can't be made.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Job,
    api::{Answer, Api, Trouble},
    glance, judge,
};
use crate::{
    model::{Cause, CauseKind, Pod},
    operators::kubernetes_pod::{Conduct, OnFinish},
};

/// Annotation with the identity of the task instance that a pod was made for.
pub const OWNER: &str = "dagdeck/owner";

/// Pods of a task instance that were there before.
enum Earlier {
    /// None that counts.
    None,
    /// One that is taken up.
    One(Value),
    /// Too many.
    Several(Cause),
}

/// What was found or made.
#[derive(Debug)]
pub enum Obtained {
    /// A pod; `true`: of an earlier try.
    Pod(Value, bool),
    /// It was made, and is gone; its UID.
    Gone(String),
    /// There can be none.
    Refused(Cause),
    /// Nobody wants it any more, and there is none.
    Unwanted,
}

/// The same for a pod that an earlier scheduler may have made, and that may be gone by now: the cluster's events tell of it then,
/// for an hour. `warn` is told what can't be known.
pub async fn obtain_again(api: &Api, job: &Job, unwanted: impl Fn() -> bool, warn: &impl Fn(&str)) -> Obtained {
    match at_once(api, &job.pod, &unwanted).await {
        Some(obtained) => return obtained,
        None if unwanted() => return Obtained::Unwanted,
        None => {}
    }
    let mut pause = Pause::default();
    loop {
        match api.events(&job.pod.name).await {
            Ok(events) => match unknown_uid(&events, &job.others) {
                Some(uid) => return Obtained::Gone(uid),
                None => break,
            },
            Err(_) if unwanted() => return Obtained::Unwanted,
            Err(trouble) if trouble.is_away() => pause.wait().await,
            Err(trouble) => {
                let name = &job.pod.name;
                warn(&format!("whether an earlier scheduler made pod {name}, which is gone, isn't known: {trouble}"));
                break;
            }
        }
    }
    create(api, &job.pod, &job.conduct, unwanted).await
}

/// The UID of the pod that events are about, if it isn't one of those that had the name before.
fn unknown_uid(events: &[Value], known: &[String]) -> Option<String> {
    let about = |event: &Value| {
        let of = &event["involvedObject"];
        let uid = of["uid"].as_str().filter(|uid| of["kind"] == "Pod" && !uid.is_empty())?;
        (!known.iter().any(|known| known == uid)).then(|| uid.to_string())
    };
    events.iter().rev().find_map(about)
}

/// Looks for the pods of this task instance, then creates one.
pub async fn obtain(api: &Api, pod: &Pod, conduct: &Conduct, unwanted: impl Fn() -> bool) -> Obtained {
    match at_once(api, pod, &unwanted).await {
        Some(obtained) => obtained,
        None if unwanted() => Obtained::Unwanted,
        None => create(api, pod, conduct, unwanted).await,
    }
}

/// Looks whether the pod is there; `None`: it is not. It may have been created by a scheduler that was killed before it could
/// say so.
async fn at_once(api: &Api, pod: &Pod, unwanted: &impl Fn() -> bool) -> Option<Obtained> {
    let mut pause = Pause::default();
    loop {
        match api.get(&pod.name).await {
            Ok(found) if is_ours(&found, pod) => return Some(Obtained::Pod(found, false)),
            Ok(_) => return None,
            Err(trouble) if trouble.is_missing() => return None,
            Err(trouble) if trouble.is_away() && !unwanted() => pause.wait().await,
            Err(trouble) if trouble.is_away() => return Some(Obtained::Unwanted),
            Err(trouble) => return Some(Obtained::Refused(judge::not_created(&trouble))),
        }
    }
}

/// Creates the pod, unless one of an earlier try is taken up.
pub async fn create(api: &Api, pod: &Pod, conduct: &Conduct, unwanted: impl Fn() -> bool) -> Obtained {
    let mut pause = Pause::default();
    // A worker has no earlier pod.
    while !conduct.selector.is_empty() {
        match earlier(api, pod, conduct).await {
            Ok(Earlier::One(found)) => return Obtained::Pod(found, true),
            Ok(Earlier::Several(cause)) => return Obtained::Refused(cause),
            Ok(Earlier::None) => break,
            Err(_) if unwanted() => return Obtained::Unwanted,
            Err(trouble) if trouble.is_away() => pause.wait().await,
            Err(trouble) => return Obtained::Refused(judge::not_created(&trouble)),
        }
    }
    if unwanted() {
        return Obtained::Unwanted;
    }
    let mut pause = Pause::default();
    loop {
        let trouble = match api.create(&pod.manifest).await {
            Ok(made) => return Obtained::Pod(made, false),
            Err(trouble) => trouble,
        };
        if trouble.is_busy() {
            // It was not: it is asked again in its turn.
            if unwanted() {
                return Obtained::Unwanted;
            }
            continue;
        }
        // It may have been created all the same.
        let look = trouble.is_away() || trouble.is_taken();
        if !look {
            return Obtained::Refused(judge::not_created(&trouble));
        }
        if trouble.is_away() {
            pause.wait().await;
        }
        match resolve(api, pod, &trouble, &unwanted, &mut pause).await {
            Some(obtained) => return obtained,
            None if unwanted() => return Obtained::Unwanted,
            None => {}
        }
    }
}

/// Looks whether the pod is there after a creation without an answer; `None`: it is not.
async fn resolve(
    api: &Api,
    pod: &Pod,
    trouble: &Trouble,
    unwanted: &impl Fn() -> bool,
    pause: &mut Pause,
) -> Option<Obtained> {
    loop {
        match api.get(&pod.name).await {
            Ok(found) if is_ours(&found, pod) => return Some(Obtained::Pod(found, false)),
            // With a random suffix nobody else has the name. Without one, the pod of an earlier try may be on its way out.
            Ok(found) if glance::deletion_asked(&found).is_some() && !unwanted() => pause.wait().await,
            Ok(_) => {
                let text = format!("a pod named {} exists already and isn't this task instance's: {trouble}", pod.name);
                return Some(Obtained::Refused(Cause::new(CauseKind::Admission, text).exception("ApiException")));
            }
            Err(trouble) if trouble.is_missing() => return None,
            Err(trouble) if trouble.is_away() => pause.wait().await,
            Err(trouble) => return Some(Obtained::Refused(judge::not_created(&trouble))),
        }
    }
}

/// The pod of an earlier try that is to be taken up, also one that is over and stays (semantics 12.4). One that doesn't stay is
/// deleted on the way; so are those that run, where they aren't to be taken up.
async fn earlier(api: &Api, pod: &Pod, conduct: &Conduct) -> Answer<Earlier> {
    let list = api.list(&conduct.selector).await?;
    let mut found: Vec<Value> = list["items"].as_array().cloned().unwrap_or_default();
    found.retain(|p| glance::name(p) != pod.name && glance::deletion_asked(p).is_none() && !is_of_another_home(p, pod));
    if !conduct.durable {
        for old in &found {
            mark_checked(api, glance::name(old)).await?;
            if conduct.on_finish == OnFinish::DeletePod {
                delete(api, old).await?;
            }
        }
        return Ok(Earlier::None);
    }
    if found.len() > 1 {
        let text = format!("More than one pod running with labels {}", conduct.selector);
        return Ok(Earlier::Several(Cause::new(CauseKind::Pod, text).exception("FoundMoreThanOnePodFailure")));
    }
    let Some(old) = found.pop() else { return Ok(Earlier::None) };
    let is_deleted = glance::is_over(&old)
        && match conduct.on_finish {
            OnFinish::DeletePod => true,
            OnFinish::DeleteSucceededPod => judge::succeeded(&old, conduct),
            OnFinish::DeleteActivePod | OnFinish::KeepPod => false,
        };
    if is_deleted {
        delete(api, &old).await?;
        return Ok(Earlier::None);
    }
    Ok(Earlier::One(old))
}

async fn delete(api: &Api, pod: &Value) -> Answer<()> {
    api.delete(glance::name(pod), Some(glance::uid(pod)), None).await
}

/// Marks a pod that stays, so that it isn't taken for one that runs.
pub async fn mark_checked(api: &Api, name: &str) -> Answer<()> {
    match api.patch(name, &json!({"metadata": {"labels": {"already_checked": "True"}}})).await {
        Err(trouble) if !trouble.is_missing() => Err(trouble),
        _ => Ok(()),
    }
}

/// True if the scheduler of another home made it: that isn't ours to take up, nor to delete, though its labels are the same.
fn is_of_another_home(found: &Value, pod: &Pod) -> bool {
    let home = |object: &Value| -> Option<Value> {
        let owner = object["metadata"]["annotations"][OWNER].as_str()?;
        serde_json::from_str::<Value>(owner).ok()?.get("home").cloned()
    };
    home(found).is_some_and(|theirs| home(&pod.manifest) != Some(theirs))
}

fn is_ours(found: &Value, pod: &Pod) -> bool {
    let owner = pod.manifest["metadata"]["annotations"][OWNER].as_str();
    owner.is_some() && found["metadata"]["annotations"][OWNER].as_str() == owner
}

/// A growing pause.
pub struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(Duration::from_millis(250))
    }
}

impl Pause {
    /// Waits this long at least, unless that is `over` before.
    pub async fn wait_at_least(&mut self, least: Duration, over: impl Fn() -> bool) {
        let mut left = least.max(self.0);
        self.0 = (self.0 * 2).min(Duration::from_secs(15));
        while !left.is_zero() && !over() {
            let step = left.min(Duration::from_secs(1));
            tokio::time::sleep(step).await;
            left -= step;
        }
    }

    /// Waits.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(Duration::from_secs(15));
    }
}
