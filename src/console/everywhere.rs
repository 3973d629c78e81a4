//! What every screen shows: acts that are held, how clusters are, backfills that are under way.

use rusqlite::Connection;

use crate::{
    error::Result,
    model::ClusterHealth,
    store::{
        pod::{Owners, owners},
        screens::{
            Micros,
            backfills::{self, Held, Underway},
            pods::{self, Clusters},
        },
    },
};

/// What every screen shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Everywhere {
    /// Acts that are held for a moment.
    pub held: Vec<Held>,
    /// How clusters are; `None`: none is known.
    pub clusters: Option<Health>,
    /// Backfills that have not ended.
    pub backfills: Vec<Underway>,
    /// Of the plans that were asked for: those that could not be applied, and why.
    pub refused: Vec<(String, String)>,
    /// Which tasks ever had a pod.
    pub pod_owners: Owners,
}

/// How clusters are, in a word for the top line.
#[derive(Debug, Clone, PartialEq)]
pub enum Health {
    /// They answer.
    Ok,
    /// One is away since then.
    Away(Micros),
    /// Something may not be read.
    Forbidden,
}

/// Reads it; `plans` are those whose end somebody waits for.
///
/// # Errors
/// If the store can't be read.
pub fn load(conn: &Connection, plans: &[String]) -> Result<Everywhere> {
    Ok(Everywhere {
        held: backfills::held(conn)?,
        clusters: health(&pods::clusters(conn)?),
        backfills: backfills::running(conn)?,
        refused: backfills::refused(conn, plans)?,
        pod_owners: owners(conn)?,
    })
}

/// What dagdeck can't do without may not be read. Metrics, quotas and nodes are for people's sake only.
pub fn is_blind(health: &ClusterHealth) -> bool {
    health.state == "forbidden" && matches!(health.what.as_str(), "pods" | "events")
}

fn health(clusters: &Clusters) -> Option<Health> {
    // Events come back later than pods do, and nothing waits for them.
    let is_away = |h: &&ClusterHealth| h.state == "away" && h.what != "events";
    let away = clusters.health.iter().filter(is_away).map(|h| h.since.as_microsecond()).min();
    match away {
        _ if clusters.health.is_empty() => None,
        Some(since) => Some(Health::Away(since)),
        None if clusters.health.iter().any(is_blind) => Some(Health::Forbidden),
        None => Some(Health::Ok),
    }
}
