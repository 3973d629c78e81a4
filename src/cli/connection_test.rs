//! `connections test`: whether what a connection names can be reached.

use std::{
    net::{TcpStream, ToSocketAddrs},
    path::Path,
    time::Duration,
};

use serde_json::{Value, json};

use super::{nearest, shell::Shell};
use crate::{
    error::{Error, Result},
    secrets,
    store::pages,
};

/// Ports of types whose connections may leave theirs out.
const PORTS: &[(&str, u16)] = &[
    ("http", 80),
    ("https", 443),
    ("postgres", 5432),
    ("mysql", 3306),
    ("mssql", 1433),
    ("oracle", 1521),
    ("redis", 6379),
    ("mongo", 27017),
    ("elasticsearch", 9200),
    ("ssh", 22),
    ("sftp", 22),
    ("ftp", 21),
    ("smtp", 25),
    ("imap", 143),
    ("trino", 8080),
    ("presto", 8080),
    ("kafka", 9092),
];

const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the verb; its exit code: 0 if it was reached.
///
/// # Errors
/// `NotFound` for an unknown connection, `Refused` where `[core] test_connection` forbids it or there is nothing to reach.
pub fn run(conn_id: &str, shell: &mut Shell) -> Result<i32> {
    let allowed = shell.place()?.settings.text("core", "test_connection").to_owned();
    if !allowed.eq_ignore_ascii_case("enabled") {
        return Err(Error::refused(format!("connections are not tested: [core] test_connection is {allowed}"))
            .hint("`dagdeck config list --section core` shows where that is said; set it to Enabled"));
    }
    let conn = shell.store()?;
    let Some(found) = secrets::connection(&conn, conn_id)? else {
        let known: Vec<String> = pages::connection::list(&conn, None)?
            .iter()
            .filter_map(|row| row["connection_id"].as_str().map(str::to_owned))
            .collect();
        return Err(Error::not_found(format!("there is no connection {conn_id:?}")).hint(nearest::hint(
            conn_id,
            &known,
            "none is stored, and no AIRFLOW_CONN_* variable names it",
        )));
    };
    let (status, message) = match tried(&found)? {
        Ok(message) => (true, message),
        Err(message) => (false, message),
    };
    shell.show(&json!({"connection_id": conn_id, "status": status, "message": message}))?;
    Ok(i32::from(!status))
}

/// What came of it, as a sentence.
fn tried(connection: &Value) -> Result<std::result::Result<String, String>> {
    let text = |name: &str| connection[name].as_str().unwrap_or("").to_owned();
    let kind = text("conn_type");
    if kind == "fs" {
        let extra: Value = serde_json::from_str(&text("extra")).unwrap_or_default();
        let path = extra["path"].as_str().unwrap_or("/");
        let is_there = Path::new(path).is_dir();
        return Ok(if is_there { Ok(format!("{path} is a folder")) } else { Err(format!("{path} is no folder")) });
    }
    let host = text("host");
    let (scheme, host) =
        host.split_once("://").map_or((text("schema"), host.clone()), |(s, rest)| (s.into(), rest.into()));
    let host = host.split('/').next().unwrap_or("");
    let (host, port_of_host) = match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') => (name, port.parse().ok()),
        _ => (host, None),
    };
    let usual = |kind: &str| PORTS.iter().find(|(name, _)| *name == kind).map(|(_, port)| *port);
    let port = connection["port"].as_u64().and_then(|n| u16::try_from(n).ok());
    let port =
        port.or(port_of_host).or_else(|| if kind == "http" { usual(&scheme) } else { None }).or_else(|| usual(&kind));
    match (host.is_empty(), port) {
        (false, Some(port)) => Ok(reach(host, port)),
        _ => Err(Error::refused(format!("a connection of type {kind} without host and port can't be tested"))
            .hint("a host and port are reached over TCP; fs is looked at; other services have no test yet")),
    }
}

fn reach(host: &str, port: u16) -> std::result::Result<String, String> {
    let failed = |why: std::io::Error| format!("{host}:{port} can't be reached: {why}");
    let mut last = format!("{host} has no address");
    for address in (host, port).to_socket_addrs().map_err(failed)? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Ok(format!("{host}:{port} answers; login and password were not tried")),
            Err(why) => last = failed(why),
        }
    }
    Err(last)
}
