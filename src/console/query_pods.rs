//! What is asked about pods and clusters, as it is shown.

use rusqlite::Connection;

use crate::{
    config,
    error::Result,
    model::{ClusterHealth, yaml},
    secrets::mask::Mask,
    store::screens::{
        pod::PodDetail,
        pods::{self, Clusters},
    },
};

use super::query::{Health, PodShown};

/// A pod with its siblings; what may be secret is masked.
pub fn shown(conn: &Connection, mut detail: PodDetail) -> Result<PodShown> {
    // The store lies in the home, as do the settings that tell what is secret.
    let home = conn.path().and_then(|path| std::path::Path::new(path).parent()).map(std::path::Path::to_owned);
    let settings = config::Settings::load(&home.unwrap_or_default().join("dagdeck.toml"), std::env::vars())?;
    let mask = Mask::load(conn, &settings)?;
    mask.hide_in_manifest(&mut detail.manifest);
    for change in detail.diff.iter_mut().flat_map(|d| &mut d.changes) {
        let sides = [&change.before, &change.after];
        let has_secret = sides.into_iter().flatten().any(|text| mask.hide_text(text).is_some());
        if mask.is_sensitive(&change.name) || has_secret {
            change.mask();
        }
    }
    let hides = |h: &ClusterHealth| is_blind(h) && h.what == "events" && h.namespace == detail.row.namespace;
    let events_hidden = pods::clusters(conn)?.health.iter().any(hides);
    let (all, yaml) = (pods::of_instance(conn, &detail.row.ti)?, yaml::emit(&detail.manifest));
    Ok(PodShown { all, yaml, events_hidden, detail })
}

/// What dagdeck can't do without may not be read. Metrics, quotas and nodes are for people's sake only.
pub fn is_blind(health: &ClusterHealth) -> bool {
    health.state == "forbidden" && matches!(health.what.as_str(), "pods" | "events")
}

/// How clusters are, in a word; `None`: none is known.
pub fn health(clusters: &Clusters) -> Option<Health> {
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
