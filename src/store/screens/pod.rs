//! One pod with all that was recorded of it, also when it is gone.

use rusqlite::Connection;
use serde_json::Value;

use super::{
    Micros, RunRef,
    pods::{self, PodRow},
    rows,
};
use crate::{
    error::Result,
    model::{
        Pod, PodEvent, PodId,
        pod_life::{Phase, phases},
        spec_diff::{self, SpecChange},
        usage::{Asked, Usage},
    },
    store,
};

/// Runs whose peaks are looked at.
const RUNS: usize = 20;

/// A container's state.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerRow {
    /// Name.
    pub name: String,
    /// It runs before the others.
    pub is_init: bool,
    /// Image as asked for.
    pub image: String,
    /// Image as it was: its digest. Empty before it is there.
    pub image_id: String,
    /// `waiting`, `running`, `terminated`; empty before the node has said anything.
    pub state: String,
    /// One word: `OOMKilled`, `ImagePullBackOff`.
    pub reason: String,
    /// The node's sentence, or the container's last words.
    pub message: String,
    /// Of one that has ended.
    pub exit_code: Option<i64>,
    /// How often it was started again.
    pub restarts: i64,
    /// Began.
    pub started: Option<Micros>,
    /// Ended.
    pub finished: Option<Micros>,
    /// What it asked for.
    pub asked: Asked,
    /// What it used, where the metrics API said so.
    pub usage: Option<Usage>,
}

/// What a task asks for, and the most that its containers of one name used over the last runs.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskUse {
    /// Container.
    pub container: String,
    /// What its newest pod asked for.
    pub asked: Asked,
    /// Pods that were sampled.
    pub pods: usize,
    /// Most bytes at a time in any of them.
    pub memory_peak: f64,
    /// The middle one of the pods' highest.
    pub memory_median: f64,
    /// Most cores.
    pub cpu_peak: f64,
    /// The middle one.
    pub cpu_median: f64,
    /// Newest sample.
    pub last_at: Micros,
}

/// How a pod's manifest differs from that of an earlier pod of its task and index.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecDiff {
    /// The other pod's name.
    pub pod: String,
    /// Its run.
    pub run: RunRef,
    /// Its try.
    pub try_number: u32,
    /// Digests of the base container's image, if they differ.
    pub digest: Option<(String, String)>,
    /// Fields that differ. Values may be secrets: see [`SpecChange::name`].
    pub changes: Vec<SpecChange>,
}

impl SpecDiff {
    /// How many things differ.
    pub fn count(&self) -> usize {
        self.changes.len() + usize::from(self.digest.is_some())
    }
}

/// A pod.
#[derive(Debug, Clone, PartialEq)]
pub struct PodDetail {
    /// Its row.
    pub row: PodRow,
    /// UID.
    pub uid: Option<String>,
    /// Digest of the base container's image.
    pub image_id: Option<String>,
    /// `Guaranteed`, `Burstable`, `BestEffort`.
    pub qos: String,
    /// What becomes of it when it has ended: `delete_pod`, `keep_pod`, ..
    pub on_finish: String,
    /// Name of its base container.
    pub base: String,
    /// What was sent.
    pub manifest: Value,
    /// Its last `status`.
    pub status: Value,
    /// How its task ended; null until then.
    pub result: Value,
    /// Containers, those that run before the others first.
    pub containers: Vec<ContainerRow>,
    /// Its life.
    pub phases: Vec<Phase>,
    /// What the cluster said, oldest first.
    pub events: Vec<PodEvent>,
    /// What pods of its task used over the last runs.
    pub task_use: Vec<TaskUse>,
    /// Against the last success; `None` if there was none.
    pub diff: Option<SpecDiff>,
    /// Against the try before; `None` if that had no pod.
    pub try_diff: Option<SpecDiff>,
    /// Pods before it for the same try that failed before the task's code ran.
    pub failed_launches: usize,
}

/// Reads a pod; `None` if there is none of that number.
pub fn load(conn: &Connection, id: i64) -> Result<Option<PodDetail>> {
    let sql = format!("{} WHERE p.id = ?1", pods::select());
    let Some(row) = rows(conn, &sql, [id], pods::make)?.into_iter().next() else { return Ok(None) };
    let Some(pod) = store::pod::get(conn, PodId(id))? else { return Ok(None) };
    let events = store::pod::events(conn, pod.id)?;
    let text = |path: &str| pod.conduct.pointer(path).and_then(Value::as_str).unwrap_or_default().to_string();
    Ok(Some(PodDetail {
        uid: pod.uid.clone(),
        image_id: pod.sight.image_id.clone(),
        qos: pod.sight.status["qosClass"].as_str().unwrap_or_default().to_string(),
        on_finish: text("/on_finish"),
        base: text("/base"),
        containers: containers(&pod.manifest, &pod.sight.status, &store::pod_usage::of_pod(conn, pod.id)?),
        phases: phases(&pod.sight, &events),
        task_use: of_task(conn, &pod.dag_id, &pod.key.task_id)?,
        diff: store::pod::last_success(conn, &pod)?.map(|then| against(then, &pod)),
        try_diff: store::pod::of_try_before(conn, &pod)?.map(|then| against(then, &pod)),
        failed_launches: store::pod::failed_launches(conn, &pod.key, pod.epoch, Some(pod.id))?,
        manifest: pod.manifest,
        status: pod.sight.status,
        result: pod.result,
        row,
        events,
    }))
}

/// The newest pod of a name.
pub fn named(conn: &Connection, name: &str) -> Result<Option<i64>> {
    Ok(store::pod::named(conn, name)?.first().map(|pod| pod.id.0))
}

/// Containers as specified, with what their node said of them.
fn containers(manifest: &Value, status: &Value, used: &[Usage]) -> Vec<ContainerRow> {
    let mut asked = Asked::of_manifest(manifest).into_iter();
    let mut all = Vec::new();
    for (list, statuses, is_init) in
        [("initContainers", "initContainerStatuses", true), ("containers", "containerStatuses", false)]
    {
        for spec in manifest["spec"][list].as_array().into_iter().flatten() {
            let name = spec["name"].as_str().unwrap_or("?");
            let of_name = |s: &&Value| s["name"] == name;
            let said = status[statuses].as_array().into_iter().flatten().find(of_name).unwrap_or(&Value::Null);
            let (state, facts) =
                said["state"].as_object().and_then(|s| s.iter().next()).map_or(("", &Value::Null), |(k, v)| (k, v));
            let text = |v: &Value| v.as_str().unwrap_or_default().trim().to_string();
            let time = |v: &Value| v.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond);
            all.push(ContainerRow {
                name: name.into(),
                is_init,
                image: text(&spec["image"]),
                image_id: text(&said["imageID"]),
                state: state.into(),
                reason: text(&facts["reason"]),
                message: text(&facts["message"]),
                exit_code: facts["exitCode"].as_i64(),
                restarts: said["restartCount"].as_i64().unwrap_or(0),
                started: time(&facts["startedAt"]),
                finished: time(&facts["finishedAt"]),
                asked: asked.next().unwrap_or_default(),
                usage: used.iter().find(|u| u.container == name).cloned(),
            });
        }
    }
    all
}

/// What the containers of a task's pods used, over its last runs.
pub fn of_task(conn: &Connection, dag_id: &str, task_id: &str) -> Result<Vec<TaskUse>> {
    let mut found: Vec<(TaskUse, Vec<f64>, Vec<f64>)> = Vec::new();
    for pod in store::pod::sampled(conn, dag_id, task_id, RUNS)? {
        for usage in store::pod_usage::of_pod(conn, pod.id)? {
            let at = match found.iter().position(|(known, ..)| known.container == usage.container) {
                Some(at) => at,
                None => {
                    let asked = Asked::of_manifest(&pod.manifest).into_iter().find(|a| a.container == usage.container);
                    let new = TaskUse {
                        container: usage.container.clone(),
                        asked: asked.unwrap_or_default(),
                        pods: 0,
                        memory_peak: 0.0,
                        memory_median: 0.0,
                        cpu_peak: 0.0,
                        cpu_median: 0.0,
                        last_at: usage.last_at.as_microsecond(),
                    };
                    found.push((new, Vec::new(), Vec::new()));
                    found.len() - 1
                }
            };
            let (known, memory, cpu) = &mut found[at];
            known.pods += 1;
            memory.push(usage.memory.peak);
            cpu.push(usage.cpu.peak);
        }
    }
    Ok(found
        .into_iter()
        .map(|(mut known, memory, cpu)| {
            (known.memory_median, known.memory_peak) = middle_and_peak(memory);
            (known.cpu_median, known.cpu_peak) = middle_and_peak(cpu);
            known
        })
        .collect())
}

fn middle_and_peak(mut all: Vec<f64>) -> (f64, f64) {
    all.sort_by(f64::total_cmp);
    (all.get(all.len() / 2).copied().unwrap_or_default(), all.last().copied().unwrap_or_default())
}

/// What differs between a pod and that of the last success before it; `None` without one.
pub fn diff(conn: &Connection, id: PodId) -> Result<Option<SpecDiff>> {
    let Some(pod) = store::pod::get(conn, id)? else { return Ok(None) };
    Ok(store::pod::last_success(conn, &pod)?.map(|then| against(then, &pod)))
}

fn against(then: Pod, pod: &Pod) -> SpecDiff {
    let digests = then.sight.image_id.clone().zip(pod.sight.image_id.clone());
    SpecDiff {
        digest: digests.filter(|(then, now)| then != now),
        changes: spec_diff::between(&then.manifest, &pod.manifest),
        pod: then.name,
        run: RunRef { id: then.key.run.0, dag_id: then.dag_id, run_id: then.run_id },
        try_number: then.try_number,
    }
}
