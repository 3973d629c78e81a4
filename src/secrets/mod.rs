//! Where variables and connections come from: the environment first, then the store. And connection URIs.

pub mod mask;
mod uri;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{error::Result, store};

pub use uri::from_uri;

/// Value of a variable: `AIRFLOW_VAR_<KEY>`, else the store.
pub fn variable(db: &Connection, key: &str) -> Result<Option<String>> {
    match std::env::var(format!("AIRFLOW_VAR_{}", key.to_uppercase())) {
        Ok(value) => Ok(Some(value)),
        Err(_) => store::variable::get(db, key),
    }
}

/// A connection as `{conn_id, conn_type, host, login, password, port, schema, extra, description}`:
/// `AIRFLOW_CONN_<ID>` (URI or JSON), else the store.
pub fn connection(db: &Connection, conn_id: &str) -> Result<Option<Value>> {
    match std::env::var(format!("AIRFLOW_CONN_{}", conn_id.to_uppercase())) {
        Ok(text) => from_text(conn_id, &text).map(Some),
        Err(_) => store::connection::get(db, conn_id),
    }
}

/// A connection from the text of an environment variable: JSON if it starts with `{`, else a URI.
pub fn from_text(conn_id: &str, text: &str) -> Result<Value> {
    let mut fields = if text.trim_start().starts_with('{') {
        serde_json::from_str::<Value>(text).map_err(|e| {
            crate::error::Error::refused(format!("connection {conn_id}: the JSON cannot be read")).because(e)
        })?
    } else {
        from_uri(text)
            .map_err(|e| e.hint(format!("connection {conn_id}: type://login:password@host:port/schema?key=value")))?
    };
    for key in ["conn_type", "host", "login", "password", "port", "schema", "extra", "description"] {
        if fields.get(key).is_none() {
            fields[key] = Value::Null;
        }
    }
    if let Some(extra) = fields.get("extra").filter(|e| e.is_object()) {
        fields["extra"] = json!(extra.to_string());
    }
    fields["conn_id"] = json!(conn_id);
    Ok(fields)
}

/// Parts of a name that make a value a secret (Airflow's list).
const SENSITIVE: &[&str] = &[
    "access_key",
    "access_token",
    "api_key",
    "apikey",
    "auth_header",
    "authorization",
    "bearer",
    "connection_string",
    "dsn",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "proxy",
    "proxies",
    "secret",
    "service_account",
    "service_key",
    "token",
    "keyfile_dict",
    "webhook_url",
];

/// True if a variable or extra field with this name is masked. `more`: `[core] sensitive_var_conn_names`.
pub fn is_sensitive(name: &str, more: &str) -> bool {
    let name = name.to_lowercase();
    SENSITIVE.iter().any(|part| name.contains(part))
        || more.split(',').map(str::trim).any(|part| !part.is_empty() && name.contains(&part.to_lowercase()))
}
