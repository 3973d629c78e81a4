//! The list of pods, with what is known of the clusters that they run in.

use std::cmp::Reverse;

use rusqlite::{Connection, Row};

use super::{
    Micros, TiRef,
    page::{self, Page, Part, Placed, Position, Walk},
    rows, spelled, ti_ref,
};
use crate::{
    error::Result,
    model::{ClusterHealth, PodKind, PodStage, Quota, Traffic},
    store::{
        self,
        pod::{AtWork, CAUSE, IS_ENDING, IS_POD},
    },
};

/// One pod.
#[derive(Debug, Clone, PartialEq)]
pub struct PodRow {
    /// Its number.
    pub id: i64,
    /// For which task instance.
    pub ti: TiRef,
    /// For which try.
    pub try_number: u32,
    /// What for.
    pub kind: PodKind,
    /// How far dagdeck is with it.
    pub stage: PodStage,
    /// It is deleted, or never was.
    pub is_gone: bool,
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Phase as seen last; empty before its creation.
    pub phase: String,
    /// It is called running, though what it was made for has ended.
    pub is_ending: bool,
    /// Node.
    pub node: Option<String>,
    /// Why it waits, in one line.
    pub why: Option<String>,
    /// Why it ended without success, in one line.
    pub cause: Option<String>,
    /// What its first container asks for: `8 cpu, 48Gi memory, 1 nvidia.com/gpu`.
    pub asked: String,
    /// Most memory that one of its containers used at a time, bytes.
    pub memory_peak: Option<f64>,
    /// Most cores.
    pub cpu_peak: Option<f64>,
    /// The API server has it.
    pub created: Option<Micros>,
    /// A node was found.
    pub scheduled: Option<Micros>,
    /// Its images were there.
    pub pulled: Option<Micros>,
    /// The base container began.
    pub started: Option<Micros>,
    /// The base container ended.
    pub ended: Option<Micros>,
    /// Its deletion was asked for.
    pub deleted: Option<Micros>,
    /// How many schedulers that came later took it up.
    pub adopted: i64,
}

impl Placed for PodRow {
    fn position(&self, _: Walk) -> Position {
        let (task_id, map_index) = (self.ti.task_id.clone(), self.ti.map_index);
        Position { at: Reverse(self.id), run: Reverse(self.ti.run.id), task_id, map_index }
    }
}

/// Columns of [`make`].
pub(super) fn select() -> String {
    format!("SELECT {IS_ENDING} AS is_ending, {CAUSE} AS cause, {COLUMNS}")
}

const COLUMNS: &str = "p.id, p.run AS run_row, p.dag_id, p.run_id, p.task_id, p.map_index, p.try_number, \
     p.kind, p.stage, p.stage = 'done' AND (p.deleted_at IS NOT NULL OR p.uid IS NULL) AS is_gone, p.name, p.namespace, \
     p.phase, p.node, p.why, p.manifest -> '$.spec.containers[0].resources' AS resources, \
     (SELECT max(u.memory ->> '$.peak') FROM pod_usage u WHERE u.pod = p.id) AS memory_peak, \
     (SELECT max(u.cpu ->> '$.peak') FROM pod_usage u WHERE u.pod = p.id) AS cpu_peak, \
     (SELECT max(e.last_at) FROM pod_event e WHERE e.pod = p.id AND e.reason = 'Pulled') AS pulled_at, \
     p.created_at, p.scheduled_at, p.started_at, p.ended_at, p.deleted_at, p.adopted FROM pod p";

pub(super) fn make(row: &Row<'_>) -> rusqlite::Result<PodRow> {
    let resources: Option<String> = row.get("resources")?;
    let resources = resources.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let number = |name: &str| row.get::<_, Option<f64>>(name);
    Ok(PodRow {
        id: row.get("id")?,
        ti: ti_ref(row)?,
        try_number: row.get("try_number")?,
        kind: spelled(row, "kind")?,
        stage: spelled(row, "stage")?,
        is_gone: row.get("is_gone")?,
        name: row.get("name")?,
        namespace: row.get("namespace")?,
        phase: row.get("phase")?,
        is_ending: row.get("is_ending")?,
        node: row.get("node")?,
        why: row.get("why")?,
        cause: row.get("cause")?,
        asked: crate::model::usage::Asked::of("", &resources).summary(),
        memory_peak: number("memory_peak")?,
        cpu_peak: number("cpu_peak")?,
        created: row.get("created_at")?,
        scheduled: row.get("scheduled_at")?,
        pulled: row.get("pulled_at")?,
        started: row.get("started_at")?,
        ended: row.get("ended_at")?,
        deleted: row.get("deleted_at")?,
        adopted: row.get("adopted")?,
    })
}

/// A part of the pods that fit, newest first: those that are there or are to come; with `all` also those that are gone.
pub fn list(
    conn: &Connection,
    dag_id: Option<&str>,
    all: bool,
    keep: impl Fn(&PodRow) -> bool,
    part: &Part,
) -> Result<Page<PodRow>> {
    let sql =
        format!("{} WHERE p.id < ?2 AND {} ORDER BY p.id DESC", select(), store::pod::listed(dag_id.is_some(), all));
    let before = part.after.as_ref().map_or(i64::MAX, |p| p.at.0);
    let values = vec![dag_id.map(str::to_owned).into(), before.into()];
    page::read(conn, (&sql, values), Walk::Runs, make, keep, part.limit)
}

/// The pods of a task instance, oldest first.
pub fn of_instance(conn: &Connection, ti: &TiRef) -> Result<Vec<PodRow>> {
    let sql =
        format!("{} WHERE p.run = ?1 AND p.task_id = ?2 AND p.map_index = ?3 AND {IS_POD} ORDER BY p.id", select());
    rows(conn, &sql, (ti.run.id, &ti.task_id, ti.map_index), make)
}

/// All pods of a run, oldest first: what the phases of its timeline are drawn from.
pub fn of_run(conn: &Connection, run: i64) -> Result<Vec<PodRow>> {
    rows(conn, &format!("{} WHERE p.run = ?1 AND {IS_POD} ORDER BY p.id", select()), [run], make)
}

/// A quota's line.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaRow {
    /// Name of the cluster for people.
    pub cluster: String,
    /// Namespace.
    pub namespace: String,
    /// Name, resource, used, hard.
    pub quota: Quota,
    /// Seen then.
    pub at: Micros,
}

/// What is known of the clusters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clusters {
    /// What can be watched or read, and what can't: by cluster, namespace and kind.
    pub health: Vec<ClusterHealth>,
    /// Quotas of the namespaces.
    pub quotas: Vec<QuotaRow>,
    /// Requests so far.
    pub traffic: Vec<Traffic>,
    /// What is at work in them.
    pub work: Vec<AtWork>,
    /// A pod is known, whether or not its cluster is.
    pub had_pods: bool,
}

impl Clusters {
    /// The line that matters most: pods that can't be watched, else events, else requests that wait; `None` if all is well. What else can't be
    /// read (metrics, nodes) matters only where it would be shown.
    pub fn worst(&self) -> Option<&ClusterHealth> {
        let of = |what: &str| self.health.iter().find(|h| h.what == what && h.state != "ok");
        of("pods").or_else(|| of("events")).or_else(|| of("requests"))
    }
}

/// What is known of the clusters that tasks have pods in.
pub fn clusters(conn: &Connection) -> Result<Clusters> {
    let quotas = store::pod_usage::quotas(conn)?.into_iter().map(|(cluster, namespace, at, quota)| QuotaRow {
        cluster,
        namespace,
        quota,
        at: at.as_microsecond(),
    });
    Ok(Clusters {
        health: store::pod::health(conn)?,
        quotas: quotas.collect(),
        traffic: store::pod_usage::traffic(conn)?,
        work: store::pod::at_work(conn)?,
        had_pods: store::pod::last_id(conn)? > 0,
    })
}
