//! `version` and `info`: what to look at when something is odd.

use std::{io::IsTerminal, path::Path, process::Command as Process};

use serde_json::{Value, json};

use super::{context, shell::Shell};
use crate::{command, config::Place, error::Result, protocol::Request, store::pages};

/// `version`; its exit code.
///
/// # Errors
/// `System` if it can't be written.
pub fn version(shell: &mut Shell) -> Result<i32> {
    if shell.format().is_document() {
        shell.document(&json!({"version": env!("CARGO_PKG_VERSION")}))?;
    } else {
        shell.line(env!("CARGO_PKG_VERSION"))?;
    }
    Ok(0)
}

/// `info`; its exit code.
///
/// # Errors
/// What reading the settings says; anything else that is wrong is part of the answer.
pub fn run(shell: &mut Shell) -> Result<i32> {
    let place = shell.place()?.clone();
    let scheduler = match command::scheduler_request(&place, Request::Status) {
        Ok(Some(status)) => status,
        Ok(None) => "not running".into(),
        Err(e) => e.to_string().into(),
    };
    let scheduler = if shell.format().is_document() || !scheduler.is_object() {
        scheduler
    } else {
        format!("running, pid {}, since {}", scheduler["pid"], scheduler["since"].as_str().unwrap_or("?")).into()
    };
    let document = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "executable": std::env::current_exe().ok(),
        "home": place.home,
        "dags_folder": place.dags_folder,
        "dags_folder_exists": place.dags_folder.is_dir(),
        "plugins_folder": place.plugins(),
        "logs_folder": place.logs(),
        "settings_file": place.home.join("dagdeck.toml"),
        "settings_without_effect": place.settings.lint().iter().map(|f| format!("{} {}", f.section, f.key)).collect::<Vec<_>>(),
        "user_settings_file": context::file(),
        "store": place.db(),
        "store_size": store_size(&place),
        "schema_version": pages::open_any(&place.db()).and_then(|conn| pages::schema_version(&conn)).ok(),
        "socket": place.socket(),
        "scheduler": scheduler,
        "python": python(&place),
        "terminal": terminal(shell.width),
        "locale": std::env::var("LC_ALL").or_else(|_| std::env::var("LANG")).ok(),
    });
    shell.show_flat(document)?;
    Ok(0)
}

/// Bytes of the database with its write-ahead log, which may hold the most of it; `None` without a database.
fn store_size(place: &Place) -> Option<u64> {
    let bytes = |path: &Path| std::fs::metadata(path).map(|m| m.len()).ok();
    let mut log = place.db().into_os_string();
    log.push("-wal");
    Some(bytes(&place.db())? + bytes(Path::new(&log)).unwrap_or(0))
}

/// Asks the interpreter itself: a path alone doesn't say that it works.
fn python(place: &Place) -> Value {
    let interpreter = place.interpreter(&place.dags_folder);
    let script = "import sys; print(sys.executable); print('.'.join(map(str, sys.version_info[:3])))";
    let answer = Process::new(&interpreter).args(["-I", "-S", "-c", script]).output();
    match answer {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let mut lines = text.lines();
            json!({"interpreter": interpreter, "executable": lines.next(), "version": lines.next()})
        }
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            json!({"interpreter": interpreter, "error": text.lines().last().unwrap_or("it ended without an answer")})
        }
        Err(e) => json!({"interpreter": interpreter, "error": e.to_string()}),
    }
}

fn terminal(width: Option<usize>) -> Value {
    let variable = |name: &str| std::env::var(name).ok();
    json!({
        "stdout_is_terminal": std::io::stdout().is_terminal(),
        "columns": width,
        "term": variable("TERM"),
        "colorterm": variable("COLORTERM"),
        "no_color": variable("NO_COLOR").is_some(),
    })
}
