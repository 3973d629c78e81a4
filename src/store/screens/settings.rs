//! Pools with who holds their slots, connections and variables with the DAGs that name them.

use rusqlite::Connection;

use crate::error::Result;

use super::{
    Micros,
    instances::{self, TiRow},
    rows,
    system::{PoolUse, pools},
};

/// Longest value of a variable that is read.
const LONGEST: i64 = 10_000;

/// A connection without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionRow {
    /// Id.
    pub conn_id: String,
    /// Kind.
    pub conn_type: String,
    /// Machine.
    pub host: String,
    /// Port.
    pub port: Option<i64>,
    /// Name to log in with.
    pub login: String,
    /// It has a password.
    pub has_password: bool,
    /// Database, bucket, ..
    pub schema: String,
    /// What it is for.
    pub description: String,
    /// When it was changed.
    pub changed: Micros,
    /// DAGs whose file names it.
    pub used: Vec<String>,
}

/// A variable.
#[derive(Debug, Clone, PartialEq)]
pub struct VariableRow {
    /// Key.
    pub key: String,
    /// Value as stored.
    pub value: String,
    /// What it is for.
    pub description: String,
    /// When it was changed.
    pub changed: Micros,
    /// DAGs whose file names it.
    pub used: Vec<String>,
}

/// The screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Pools.
    pub pools: Vec<PoolUse>,
    /// DAGs with a task in each of these pools, as far as it isn't the default pool.
    pub pool_dags: Vec<Vec<String>>,
    /// Who holds slots or waits for them, by pool.
    pub holders: Vec<TiRow>,
    /// Connections.
    pub connections: Vec<ConnectionRow>,
    /// Variables.
    pub variables: Vec<VariableRow>,
}

/// Reads the screen.
pub fn load(conn: &Connection) -> Result<Settings> {
    let sources = sources(conn)?;
    let used = |name: &str| naming(&sources, name);
    let mut connections = rows(
        conn,
        "SELECT conn_id, conn_type, coalesce(host, ''), port, coalesce(login, ''), coalesce(password, '') <> '',
            coalesce(schema, ''), coalesce(description, ''), changed_at FROM connection ORDER BY conn_id",
        [],
        |r| {
            Ok(ConnectionRow {
                conn_id: r.get(0)?,
                conn_type: r.get(1)?,
                host: r.get(2)?,
                port: r.get(3)?,
                login: r.get(4)?,
                has_password: r.get(5)?,
                schema: r.get(6)?,
                description: r.get(7)?,
                changed: r.get(8)?,
                used: Vec::new(),
            })
        },
    )?;
    let mut variables = rows(
        conn,
        "SELECT key, substr(value, 1, ?1), coalesce(description, ''), changed_at FROM variable ORDER BY key",
        [LONGEST],
        |r| {
            Ok(VariableRow {
                key: r.get(0)?,
                value: r.get(1)?,
                description: r.get(2)?,
                changed: r.get(3)?,
                used: Vec::new(),
            })
        },
    )?;
    connections.iter_mut().for_each(|c| c.used = used(&c.conn_id));
    variables.iter_mut().for_each(|v| v.used = used(&v.key));
    let pools = pools(conn)?;
    let pool_dags = pools.iter().map(|p| dags_of_pool(conn, &p.name)).collect::<Result<_>>()?;
    Ok(Settings { pools, pool_dags, holders: holders(conn, None)?, connections, variables })
}

/// DAGs with the text of their files.
fn sources(conn: &Connection) -> Result<Vec<(String, String)>> {
    let sql = "SELECT d.dag_id, v.source FROM dag d JOIN dag_version v ON v.id = d.version_id WHERE d.is_stale = 0 ORDER BY d.dag_id";
    rows(conn, sql, [], |r| Ok((r.get(0)?, r.get(1)?)))
}

fn naming(sources: &[(String, String)], name: &str) -> Vec<String> {
    sources.iter().filter(|(_, source)| names(source, name)).map(|(dag, _)| dag.clone()).collect()
}

/// DAGs whose file has a name as a whole word: of a variable, or of a connection.
///
/// # Errors
/// `System` if the store can't be read.
pub fn dags_naming(conn: &Connection, name: &str) -> Result<Vec<String>> {
    Ok(naming(&sources(conn)?, name))
}

/// DAGs whose definition has a task in a pool. Of the default pool it would be nearly all of them.
///
/// # Errors
/// `System` if the store can't be read.
pub fn dags_of_pool(conn: &Connection, pool: &str) -> Result<Vec<String>> {
    if pool == crate::model::pool::DEFAULT_POOL {
        return Ok(Vec::new());
    }
    let written = format!("\"pool\":{}", serde_json::Value::from(pool));
    rows(
        conn,
        "SELECT d.dag_id FROM dag d JOIN dag_version v ON v.id = d.version_id
         WHERE d.is_stale = 0 AND instr(v.definition, ?1) > 0 ORDER BY d.dag_id",
        [written],
        |r| r.get(0),
    )
}

/// Whether a text has a name as a whole word.
fn names(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(word) && !after.is_some_and(word)
    })
}

/// Who holds or waits for slots, of one pool or of all: holders first, longest first.
pub fn holders(conn: &Connection, pool: Option<&str>) -> Result<Vec<TiRow>> {
    let sql = format!(
        "{} FROM task_instance t INDEXED BY task_instance_busy CROSS JOIN dag_run r ON r.id = t.run {}
         WHERE {} AND t.state IN ('running', 'restarting', 'queued', 'scheduled', 'deferred')
           AND (?1 IS NULL OR t.pool = ?1)
         ORDER BY t.pool, t.state = 'scheduled', t.state = 'queued', coalesce(t.start_date, t.queued_when, t.scheduled_when)
         LIMIT 500",
        instances::SELECT,
        instances::JOINS,
        instances::BUSY
    );
    rows(conn, &sql, [pool], instances::make)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_whole_word() {
        assert!(names("Variable.get('gate')", "gate"));
        assert!(!names("aggregate", "gate") && !names("gate_min", "gate"));
    }
}
