//! Contexts: names for homes, in the user's `config.toml`.

use std::path::PathBuf;

use super::nearest;
use crate::{
    config::broken_toml,
    error::{Error, Result},
};

/// The home that `[contexts.NAME]` names.
///
/// # Errors
/// `Usage` if there is no such context or it names no home.
pub fn home(name: &str) -> Result<PathBuf> {
    let file = file().ok_or_else(|| Error::usage("--context needs HOME or XDG_CONFIG_HOME to find config.toml"))?;
    let text = std::fs::read_to_string(&file)
        .map_err(|e| Error::usage(format!("--context {name}: {} can't be read", file.display())).because(e))?;
    let table: toml::Table = toml::from_str(&text).map_err(|e| broken_toml(&file, &text, &e))?;
    let contexts = table.get("contexts").and_then(toml::Value::as_table);
    let Some(context) = contexts.and_then(|c| c.get(name)) else {
        let known: Vec<String> = contexts.map(|c| c.keys().cloned().collect()).unwrap_or_default();
        let none = format!("write [contexts.{name}] with home = \"..\" into it");
        return Err(Error::usage(format!("{} has no context {name:?}", file.display()))
            .hint(nearest::hint(name, &known, &none)));
    };
    let home = context.get("home").and_then(toml::Value::as_str).ok_or_else(|| {
        Error::usage(format!("[contexts.{name}] in {} has no home", file.display())).hint("add home = \"/path\"")
    })?;
    match home.strip_prefix("~/").zip(std::env::var_os("HOME")) {
        Some((rest, user)) => Ok(PathBuf::from(user).join(rest)),
        None => Ok(home.into()),
    }
}

/// The user's `keys.toml`: keys of the console.
pub fn keys_file() -> Option<PathBuf> {
    file().map(|f| f.with_file_name("keys.toml"))
}

/// The user's `config.toml`.
pub fn file() -> Option<PathBuf> {
    let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let folder = folder.or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".config")));
    folder.map(|f| f.join("dagdeck/config.toml"))
}
