//! What is done in a cluster at once for a task: a job deleted or changed, objects created or deleted. Done again after a restart
//! in such a way that it counts once.

use std::{cell::Cell, rc::Rc, time::Duration};

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc::UnboundedReceiver, watch};

use super::{
    End, Job, Report, Teller, WorkNews,
    api::{Answer, Api, Trouble},
    care::Order,
    glance,
    ground::Ground,
    hub::Hub,
    job::condition,
    judge, pod_command,
    podlog::PodLog,
    things::{Made, Removal, Things, patiently},
};
use crate::{
    clock,
    model::{Cause, CauseKind, PodId, PodStage, time::seconds_between},
    operators::kubernetes_pod::{Errand, as_python},
};

/// A limit that nobody reaches.
const FOR_EVER: f64 = 1e8;
/// Seconds that deleted objects get (the provider's body of a deletion).
const GRACE: u32 = 5;

/// One errand under way.
struct Doing {
    api: Api,
    namespace: String,
    name: String,
    manifest: Value,
    is_new: bool,
    pushes: bool,
    notes: Value,
    log: Rc<std::cell::RefCell<PodLog>>,
    dropped: Rc<Cell<bool>>,
    id: PodId,
    teller: Teller,
    /// Notes that were told are stored.
    is_stored: watch::Receiver<bool>,
}

/// How it ended: what is returned, or why it failed.
type Done = Result<Option<Value>, Cause>;

/// Does it, and says how it ended.
pub async fn run(work: Job, hub: Rc<Hub>, teller: Teller, orders: UnboundedReceiver<Order>) {
    let Some(mut ground) = Ground::open(work, teller, orders) else { return };
    if ground.work.pod.stage == PodStage::Ended || ground.dropped.get() {
        return ground.done(true);
    }
    let errand: Errand = match serde_json::from_value(ground.work.pod.conduct["duty"].clone()) {
        Ok(errand) => errand,
        Err(e) => {
            let text = format!("what is to be done can't be read: {e}");
            return ground.fail(Cause::new(CauseKind::Start, text)).await;
        }
    };
    let Some(api) = ground.connected(&hub).await else { return };
    let (stored, is_stored) = watch::channel(false);
    let pod = &ground.work.pod;
    let doing = Doing {
        api,
        namespace: pod.namespace.clone(),
        name: pod.name.clone(),
        manifest: pod.manifest.clone(),
        is_new: ground.work.is_new,
        pushes: ground.work.conduct.do_xcom_push,
        notes: pod.result.clone(),
        log: ground.log.clone(),
        dropped: ground.dropped.clone(),
        id: pod.id,
        teller: ground.teller.clone(),
        is_stored,
    };
    let left = ground.work.until.map_or(FOR_EVER, |until| seconds_between(clock::now(), until).max(0.0));
    let late = tokio::time::sleep(Duration::from_secs_f64(left));
    let done = {
        let mut doing = std::pin::pin!(doing.perform(&errand));
        let mut late = std::pin::pin!(late);
        loop {
            tokio::select! {
                biased;
                order = ground.orders.recv() => match order {
                    Some(Order::Committed) => { stored.send_replace(true); }
                    Some(Order::GiveUp) => {}
                    Some(Order::Drop) => {
                        ground.dropped.set(true);
                        break None;
                    }
                    None => std::future::pending::<()>().await,
                },
                done = &mut doing => break Some(done),
                () = &mut late => {
                    let text = format!("execution_timeout of {} s ran out", ground.work.timeout);
                    break Some(Err(Cause::new(CauseKind::Timeout, text).exception("AirflowTaskTimeout")));
                }
            }
        }
    };
    if let Some(done) = done {
        let push = ground.work.conduct.do_xcom_push;
        match done {
            Ok(value) => ground.end(End::Success, value.filter(|_| push).map(|value| (value, "api"))),
            Err(cause) => ground.end(End::Failed(cause), None),
        }
        ground.await_commit(0).await;
    }
    ground.done(true);
}

impl Doing {
    async fn perform(mut self, errand: &Errand) -> Done {
        match errand {
            Errand::DeleteJob { only, wait, poll_interval } => {
                self.delete_job(only.as_deref(), *wait, *poll_interval).await
            }
            Errand::PatchJob => self.patch_job().await,
            Errand::Create => self.create().await,
            Errand::Delete { custom } => self.delete(*custom).await,
            Errand::Exec { container, most } => self.exec(container.as_deref(), *most).await,
        }
    }

    fn say(&self, level: &str, text: &str) {
        self.log.borrow_mut().say(level, text);
    }

    /// Deletes a job, with its pods: the API server alone would leave them running without it.
    async fn delete_job(&self, only: Option<&str>, wait: bool, poll_interval: f64) -> Done {
        let (jobs, name) = (Things::jobs(&self.api, &self.namespace), &self.name);
        let missing = || {
            self.say("info", &format!("The Kubernetes job {name} does not exist."));
            Ok(None)
        };
        let end = loop {
            match patiently(async || jobs.get(name).await).await {
                Ok(job) => match condition(&job) {
                    None if wait => {}
                    end => break end,
                },
                Err(trouble) if trouble.is_missing() => return missing(),
                Err(trouble) => return Err(refused(&trouble)),
            }
            self.say("info", &format!("The job '{name}' is incomplete. Sleeping for {poll_interval} sec."));
            tokio::time::sleep(Duration::from_secs_f64(poll_interval)).await;
        };
        let is_so = |status: &str| end.as_ref().is_some_and(|end| end.is_complete == (status == "Complete"));
        if let Some(status) = only.filter(|status| !is_so(status)) {
            let text = format!("Deletion of the job {name} was skipped due to settings of on_status={status}");
            self.say("info", &text);
            return Ok(None);
        }
        self.say("info", &format!("Deleting kubernetes Job: {name}"));
        let how = Removal { propagation: Some("Background"), ..Removal::default() };
        match patiently(async || jobs.delete(name, how).await).await {
            Ok(()) => {
                self.say("info", "Kubernetes job was deleted.");
                Ok(None)
            }
            Err(trouble) if trouble.is_missing() => missing(),
            Err(trouble) => Err(refused(&trouble)),
        }
    }

    async fn patch_job(&self) -> Done {
        let jobs = Things::jobs(&self.api, &self.namespace);
        self.say("info", &format!("Updating existing Job: {}", self.name));
        let job = patiently(async || jobs.patch(&self.name, &self.manifest).await).await.map_err(|e| refused(&e))?;
        self.say("info", "Job was updated.");
        Ok(Some(as_python(&job, "V1Job")))
    }

    /// Every object is tried, whatever became of the one before.
    async fn create(&self) -> Done {
        self.say("info", "Starting resource creation");
        let mut failures = Vec::new();
        for object in self.objects() {
            let what = format!("{} {}", object["kind"].as_str().unwrap_or("?"), glance::name(object));
            let made = match self.things(object).await {
                Ok(things) => things.make(object, !self.is_new, || self.dropped.get()).await,
                Err(trouble) => Made::Refused(trouble),
            };
            match made {
                Made::There(_) => self.say("info", &format!("{what} was created")),
                Made::Refused(trouble) => failures.push((what, trouble)),
                Made::Unwanted => return Ok(None),
            }
        }
        self.outcome(&failures, "FailToCreateError")?;
        self.say("info", "Resource was created");
        Ok(None)
    }

    /// What is to be deleted is noted before: what a later scheduler doesn't find any more was then deleted by us.
    async fn delete(&mut self, custom: bool) -> Done {
        let mut noted = self.notes["uids"].as_object().cloned();
        if noted.is_none() {
            let uids = self.uids().await;
            self.teller.tell(Report::Work(self.id, WorkNews::Noted(json!({"uids": uids}))));
            let _ = self.is_stored.wait_for(|is_stored| *is_stored).await;
            noted = Some(uids);
        }
        let noted = noted.unwrap_or_default();
        let mut failures = Vec::new();
        for (index, object) in self.objects().iter().enumerate() {
            let name = glance::name(object);
            let what = format!("{} {name}", object["kind"].as_str().unwrap_or("?"));
            let uid = noted.get(&index.to_string()).and_then(Value::as_str);
            let grace = Some(GRACE).filter(|_| !custom);
            let how = Removal { uid, grace, propagation: Some("Background") };
            let done = match self.things(object).await {
                Ok(things) => patiently(async || things.delete(name, how).await).await,
                Err(trouble) => Err(trouble),
            };
            match done {
                Err(trouble) if !(trouble.is_missing() && uid.is_some()) => failures.push((what, trouble)),
                _ => self.say("info", &format!("{what} was deleted")),
            }
        }
        self.outcome(&failures, "FailToDeleteError").map(|()| None)
    }

    /// UIDs of the objects that there are, by their places.
    async fn uids(&self) -> Map<String, Value> {
        let mut uids = Map::new();
        for (index, object) in self.objects().iter().enumerate() {
            let Ok(things) = self.things(object).await else { continue };
            if let Ok(found) = patiently(async || things.get(glance::name(object)).await).await {
                uids.insert(index.to_string(), found["metadata"]["uid"].clone());
            }
        }
        uids
    }

    /// Runs a command in a pod of somebody's. What it did before dagdeck was ended can't be told: that is a failure.
    async fn exec(&self, container: Option<&str>, most: usize) -> Done {
        if !self.is_new {
            let text = format!("dagdeck ended while a command ran in pod {}: what came of it isn't known", self.name);
            return Err(Cause::new(CauseKind::RunnerKilled, text).exception("AirflowException"));
        }
        let command: Vec<&str> = self.manifest.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let place = pod_command::Place { api: &self.api, namespace: &self.namespace, pod: &self.name };
        let wrong = |text: String| Cause::new(CauseKind::Pod, text).exception("RuntimeError");
        let container = patiently(async || self.api.get(&self.name).await)
            .await
            .map_err(|e| format!("Unable to read pod {}/{}: {e}", self.namespace, self.name))
            .and_then(|pod| pod_command::container(&pod, container))
            .map_err(wrong)?;
        let text = format!("Executing command in container {container} of pod {}/{}", self.namespace, self.name);
        self.say("info", &text);
        let push = self.pushes;
        let say = |stream: &str, line: &str| self.say("info", &format!("[{stream}] {line}"));
        match pod_command::run(&place, &container, &command, push.then_some(most), &say).await {
            Ok(output) => Ok(output.map(Value::String)),
            Err((text, code)) => {
                let cause = wrong(text);
                Err(match code {
                    Some(code) => Cause { kind: CauseKind::ExitCode, ..cause }.exit_code(code),
                    None => cause,
                })
            }
        }
    }

    fn objects(&self) -> &[Value] {
        self.manifest.as_array().map_or(&[], Vec::as_slice)
    }

    async fn things(&self, object: &Value) -> Answer<Things> {
        patiently(async || Things::of(&self.api, object, &self.namespace).await).await
    }

    fn outcome(&self, failures: &[(String, Trouble)], exception: &str) -> Result<(), Cause> {
        let Some((_, first)) = failures.first() else { return Ok(()) };
        for (what, trouble) in failures {
            self.say("error", &format!("{what}: {trouble}"));
        }
        let all: Vec<String> =
            failures.iter().map(|(what, trouble)| format!("{what}: {}", server_said(trouble))).collect();
        Err(Cause::new(judge::not_created(first).kind, all.join("; ")).exception(exception))
    }
}

/// The API server's refusal in the words of Python's client.
fn server_said(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Refused { reason, message, .. } => format!("Error from server ({reason}): {message}"),
        Trouble::Away(_) | Trouble::Busy(_) => trouble.to_string(),
    }
}

fn refused(trouble: &Trouble) -> Cause {
    Cause::new(judge::not_created(trouble).kind, server_said(trouble)).exception("ApiException")
}
