//! `connections`: list, get, add, delete, import, export; secrets are printed only with `--reveal`, which is audited.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{
    connection_test,
    in_use::{self, Insist},
    mask::Mask,
    nearest,
    shell::{Shell, quote},
    variable::{read_object, write_file},
};
use crate::{
    error::{Error, Result},
    protocol::Command,
    secrets,
    store::{pages, screens::settings},
};

/// Verbs of `connections`.
#[derive(Debug, Subcommand)]
pub enum ConnectionVerb {
    /// All connections of the store
    #[command(after_help = "Example:\n  dagdeck connections list")]
    List {
        /// Only this id
        #[arg(long, value_name = "ID", hide = true)]
        conn_id: Option<String>,
        /// Print secrets; written to the audit log
        #[arg(long)]
        reveal: bool,
    },
    /// One connection
    #[command(after_help = "Example:\n  dagdeck connections get lake -o json")]
    Get {
        /// Id
        conn_id: String,
        /// Print secrets; written to the audit log
        #[arg(long)]
        reveal: bool,
    },
    /// Create a connection
    #[command(after_help = "Example:\n  dagdeck connections add lake --conn-uri 'http://user:pass@host:8080/path'\n  \
        dagdeck connections add db --conn-json '{\"conn_type\": \"postgres\", \"host\": \"db\", \"port\": 5432}'")]
    Add(Box<Add>),
    /// Delete a connection; says which DAGs name it
    #[command(after_help = "Example:\n  dagdeck connections delete lake")]
    Delete {
        /// Id
        conn_id: String,
        /// Whether to ask
        #[command(flatten)]
        insist: Insist,
    },
    /// Whether what a connection names can be reached
    #[command(
        long_about = "Whether what a connection names can be reached: its host and port over TCP, or its folder (fs). Login and \
                      password are not tried. Exit code 1 if it can't. [core] test_connection = Disabled forbids it.",
        after_help = "Example:\n  dagdeck connections test lake"
    )]
    Test {
        /// Id
        conn_id: String,
    },
    /// Create the connections of a JSON file
    #[command(after_help = "Example:\n  dagdeck connections import connections.json --overwrite")]
    Import {
        /// {"ID": "URI", "OTHER": {"conn_type": "http", "host": ".."}}
        file: PathBuf,
        /// Change those that exist
        #[arg(long)]
        overwrite: bool,
    },
    /// Write all connections, with their secrets, to a JSON file (- is stdout); written to the audit log
    #[command(after_help = "Example:\n  dagdeck connections export connections.json")]
    Export {
        /// File
        file: PathBuf,
    },
}

/// A new connection, as one text or field by field.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// Id
    conn_id: String,
    /// type://login:password@host:port/schema?key=value
    #[arg(long, value_name = "URI", conflicts_with_all = ["conn_json", "conn_type"])]
    conn_uri: Option<String>,
    /// JSON with conn_type, host, login, password, port, schema, extra, description
    #[arg(long, value_name = "JSON", conflicts_with = "conn_type")]
    conn_json: Option<String>,
    /// Type
    #[arg(long, value_name = "TYPE", required_unless_present_any = ["conn_uri", "conn_json"])]
    conn_type: Option<String>,
    /// Host
    #[arg(long, value_name = "HOST")]
    conn_host: Option<String>,
    /// Login
    #[arg(long, value_name = "LOGIN")]
    conn_login: Option<String>,
    /// Password
    #[arg(long, value_name = "PASSWORD")]
    conn_password: Option<String>,
    /// Port
    #[arg(long, value_name = "PORT")]
    conn_port: Option<u16>,
    /// Schema
    #[arg(long, value_name = "SCHEMA")]
    conn_schema: Option<String>,
    /// Extra, JSON
    #[arg(long, value_name = "JSON")]
    conn_extra: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    conn_description: Option<String>,
}

/// Fields of a stored connection that the export holds, in Airflow's order.
const FIELDS: [&str; 8] = ["conn_type", "description", "login", "password", "host", "port", "schema", "extra"];

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: ConnectionVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        ConnectionVerb::List { conn_id, reveal } => {
            let mut rows = pages::connection::list(&shell.store()?, conn_id.as_deref())?;
            show_or_hide(&mut rows, reveal, conn_id.as_deref().unwrap_or("*"), shell)?;
            shell.show_rows(rows, &["connection_id", "conn_type", "host", "port", "schema", "login", "description"])?;
        }
        ConnectionVerb::Get { conn_id, reveal } => {
            let mut rows = vec![one(&conn_id, shell)?];
            show_or_hide(&mut rows, reveal, &conn_id, shell)?;
            rows[0]["used_by"] = settings::dags_naming(&shell.store()?, &conn_id)?.into();
            shell.show(&rows[0])?;
        }
        ConnectionVerb::Add(add) => create(*add, shell)?,
        ConnectionVerb::Delete { conn_id, insist } => {
            one(&conn_id, shell)?;
            in_use::named("connection", &conn_id, insist, shell)?;
            shell.submit(Command::DeleteConnection { conn_id: conn_id.clone() })?;
            shell.show(&json!({"connection_id": conn_id, "deleted": true}))?;
        }
        ConnectionVerb::Test { conn_id } => return connection_test::run(&conn_id, shell),
        ConnectionVerb::Import { file, overwrite } => import(&file, overwrite, shell)?,
        ConnectionVerb::Export { file } => {
            let rows = pages::connection::list(&shell.store()?, None)?;
            let all: Map<String, Value> = rows
                .iter()
                .map(|row| {
                    let fields = FIELDS.iter().map(|f| ((*f).to_owned(), row[*f].clone())).collect();
                    (row["connection_id"].as_str().unwrap_or("").to_owned(), Value::Object(fields))
                })
                .collect();
            shell.submit(Command::Audit { action: "connections.export".into(), target: "*".into() })?;
            write_file(&file, &Value::Object(all), true, shell)?;
        }
    }
    Ok(0)
}

/// A connection by its id, from the environment or the store.
fn one(conn_id: &str, shell: &Shell) -> Result<Value> {
    let conn = shell.store()?;
    if let Some(row) = pages::connection::list(&conn, Some(conn_id))?.into_iter().next() {
        return Ok(row);
    }
    if let Some(mut fields) = secrets::connection(&conn, conn_id)? {
        fields["connection_id"] = conn_id.into();
        return Ok(fields);
    }
    let all = pages::connection::list(&conn, None)?;
    let known: Vec<String> = all.iter().filter_map(|c| c["connection_id"].as_str().map(Into::into)).collect();
    Err(Error::not_found(format!("there is no connection {conn_id:?}")).hint(nearest::hint(
        conn_id,
        &known,
        "none is set; `dagdeck connections add` makes one",
    )))
}

fn show_or_hide(rows: &mut [Value], reveal: bool, target: &str, shell: &Shell) -> Result<()> {
    if reveal {
        shell.submit(Command::Audit { action: "connections.reveal".into(), target: target.into() })?;
        return Ok(());
    }
    let mask = Mask::of_settings(&shell.place()?.settings);
    for row in rows {
        if row["password"].as_str().is_some_and(|p| !p.is_empty()) {
            row["password"] = "***".into();
        }
        if let Some(mut extra) = row["extra"].as_str().and_then(|e| serde_json::from_str::<Value>(e).ok()) {
            mask.hide_under_names(&mut extra);
            row["extra"] = extra.to_string().into();
        }
    }
    Ok(())
}

fn create(add: Add, shell: &mut Shell) -> Result<()> {
    let id = add.conn_id;
    let fields = match (&add.conn_uri, &add.conn_json) {
        (Some(text), _) | (None, Some(text)) => fields(&id, text)?,
        (None, None) => json!({
            "conn_type": add.conn_type, "host": add.conn_host, "login": add.conn_login, "password": add.conn_password,
            "port": add.conn_port, "schema": add.conn_schema, "extra": add.conn_extra,
            "description": add.conn_description,
        }),
    };
    // The audit log keeps what was done, not the secret.
    shell.command_line = format!("dagdeck connections add {} --conn-uri '***'", quote(&id));
    shell.submit(Command::SetConnection { conn_id: id.clone(), fields, create_only: true })?;
    let mut rows = vec![one(&id, shell)?];
    show_or_hide(&mut rows, false, &id, shell)?;
    shell.show(&rows[0])
}

fn fields(conn_id: &str, text: &str) -> Result<Value> {
    let mut fields = secrets::from_text(conn_id, text)?;
    if fields["conn_type"].as_str().is_none_or(str::is_empty) {
        return Err(Error::refused(format!("connection {conn_id} has no conn_type")));
    }
    if let Some(map) = fields.as_object_mut() {
        map.shift_remove("conn_id");
    }
    Ok(fields)
}

fn import(file: &std::path::Path, overwrite: bool, shell: &mut Shell) -> Result<()> {
    // All are read before the first is written.
    let mut all = Vec::new();
    for (id, entry) in read_object(file)? {
        let text = entry.as_str().map_or_else(|| entry.to_string(), ToOwned::to_owned);
        let fields = fields(&id, &text)?;
        all.push((id, fields));
    }
    let known: Vec<Value> = match shell.store() {
        Ok(conn) => pages::connection::list(&conn, None)?,
        Err(_) => Vec::new(),
    };
    let (mut imported, mut skipped) = (0, 0);
    for (conn_id, fields) in all {
        if !overwrite && known.iter().any(|row| row["connection_id"] == conn_id.as_str()) {
            shell.say(&format!("connection {conn_id} exists and was left alone; --overwrite changes it"))?;
            skipped += 1;
            continue;
        }
        shell.submit(Command::SetConnection { conn_id, fields, create_only: false })?;
        imported += 1;
    }
    shell.show(&json!({"imported": imported, "skipped": skipped}))
}
