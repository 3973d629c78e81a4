//! A line about the system: how the scheduler is, how large the store, how full the disks, whether clusters answer.

use serde_json::Value;

use super::{system::FULL, table::Cell};
use crate::{
    console::{
        query::Health,
        state::{Link, State},
        theme::Role,
        widgets::text,
    },
    store::screens::system::Size,
};

/// So many seconds late is the scheduler's matter no more.
const LATE: f64 = 5.0;

/// The line: `SYSTEM tick 3ms (p99 11)  db 84MB wal 2MB  disk 41%  k8s ok`; `None` until the scheduler has said how it is, or is
/// known not to be there.
pub fn strip(state: &State, size: &Size) -> Option<Cell> {
    let mut all: Vec<(String, Role)> = vec![("SYSTEM ".into(), Role::Title)];
    all.extend(scheduler(state)?.into_iter().map(|(words, role)| (format!("{words}  "), role)));
    all.push((format!("db {} wal {}  ", text::bytes(size.bytes), text::bytes(size.wal)), Role::Dim));
    let mut disk = |name: &str, used: i64| {
        all.push((format!("{name} {used}%  "), if used >= FULL { Role::Bad } else { Role::Dim }));
    };
    if let Some((used, _)) = size.disk {
        disk("disk", used);
    }
    if let Some(used) = state.status.as_ref().and_then(|s| s["log_disk"]["used_percent"].as_i64()) {
        disk("log disk", used);
    }
    match &state.clusters {
        Some(Health::Ok) => all.push(("k8s ok".into(), Role::Dim)),
        Some(Health::Away(since)) => all.push((format!("k8s away {}", text::age(*since, state.now)), Role::Bad)),
        Some(Health::Forbidden) => all.push(("k8s right missing".into(), Role::Warn)),
        None => {}
    }
    Some(all.into_iter().map(|(words, role)| (words, state.theme.role(role))).collect())
}

fn scheduler(state: &State) -> Option<Vec<(String, Role)>> {
    let Some(status) = state.status.as_ref().filter(|_| state.link == Link::Up) else {
        let is_gone = matches!(state.link, Link::Down { .. }) && !state.starting();
        return is_gone.then(|| vec![("no scheduler".into(), Role::Bad)]);
    };
    Some(loops(status))
}

/// How the scheduler's loop is, as it says itself.
pub fn loops(status: &Value) -> Vec<(String, Role)> {
    let mut all = Vec::new();
    let ms = |seconds: &Value| seconds.as_f64().map(|s| (s * 1000.0).round() as i64);
    if let Some((p50, p99)) = ms(&status["tick"]["p50"]).zip(ms(&status["tick"]["p99"])) {
        all.push((format!("tick {p50}ms (p99 {p99})"), Role::Dim));
    }
    if let Some(lag) = status["lag"].as_f64().filter(|lag| *lag >= LATE) {
        all.push((format!("{} late", text::duration(lag)), Role::Bad));
    }
    if let Some(why) = status["stuck"].as_str() {
        all.push((format!("STUCK: {}", text::clip(&text::clean(why), 40)), Role::Bad));
    }
    all
}
