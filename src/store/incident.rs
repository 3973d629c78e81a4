//! What people say about groups of equal failures: acknowledged, silenced, claimed, noted.

use rusqlite::{Transaction, params};

use super::failed;
use crate::{clock, error::Result, protocol::IncidentChange};

/// Writes what somebody says about a group.
pub fn change(tx: &Transaction<'_>, fingerprint: &str, who: &str, change: &IncidentChange) -> Result<()> {
    let now = clock::now().as_microsecond();
    let done = match change {
        IncidentChange::Acknowledge { note } => tx.execute(
            "INSERT OR REPLACE INTO acknowledged (fingerprint, who, at, note) VALUES (?1, ?2, ?3, ?4)",
            params![fingerprint, who, now, note],
        ),
        IncidentChange::Silence { until } => tx.execute(
            "INSERT INTO incident (fingerprint, silenced_by, silenced_until) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET silenced_by = excluded.silenced_by, silenced_until = excluded.silenced_until",
            params![fingerprint, who, until.map(|t| t.as_microsecond())],
        ),
        IncidentChange::Claim { by } => tx.execute(
            "INSERT INTO incident (fingerprint, claimed_by, claimed_at) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET claimed_by = excluded.claimed_by, claimed_at = excluded.claimed_at",
            params![fingerprint, by, by.as_ref().map(|_| now)],
        ),
        IncidentChange::Note { text } => tx.execute(
            "INSERT INTO incident (fingerprint, note, noted_by, noted_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET note = excluded.note, noted_by = excluded.noted_by, noted_at = excluded.noted_at",
            params![fingerprint, Some(text).filter(|t| !t.is_empty()), who, now],
        ),
    };
    done.map_err(|e| failed("cannot write the incident", e))?;
    Ok(())
}
