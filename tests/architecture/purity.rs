//! What pure rooms must not know.

use super::source::{Finding, PathInCode, Source};

const PURE: &[&str] = &["model", "protocol", "timetable", "dagfile", "template", "scheduler"];

/// Crates of the world outside.
const CRATES: &[&str] = &[
    "tokio",
    "rusqlite",
    "kube",
    "k8s_openapi",
    "reqwest",
    "rustix",
    "libc",
    "crossterm",
    "rand",
    "fastrand",
    "getrandom",
    "tempfile",
];

/// Parts of the standard library that reach the world outside.
const STD: &[&str] = &["fs", "process", "env", "net", "thread", "os", "io"];

/// Locks, wherever they come from. (`LazyLock` and `OnceLock` hold constants that are computed once.)
const LOCKS: &[&str] = &["Mutex", "RwLock", "Condvar", "Barrier"];

/// Clocks and chance.
const MOMENTS: &[&str] = &["Instant", "SystemTime", "new_v4", "new_v7", "now_v7", "random", "RandomState"];

fn forbidden(path: &PathInCode) -> Option<String> {
    let parts: Vec<&str> = path.parts.iter().map(String::as_str).collect();
    let whole = parts.join("::");
    // A method or a field of something that was handed in is the caller's affair.
    if path.after_dot {
        return None;
    }
    match parts[..] {
        [first, _, ..] if CRATES.contains(&first) => return Some(format!("names `{whole}`")),
        ["std", second, ..] if STD.contains(&second) && whole != "std::io::Write" => {
            return Some(format!("names `{whole}`"));
        }
        ["crate", "clock", ..] => return Some("asks for the time".to_owned()),
        [_, .., "now"] => return Some(format!("asks for the time: `{whole}`")),
        _ => {}
    }
    let part = parts.iter().find(|p| LOCKS.contains(p) || (MOMENTS.contains(p) && parts.len() > 1));
    part.map(|part| format!("`{part}` is a lock, a clock or chance"))
}

/// Impure names in pure rooms.
pub fn findings(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|s| s.is_rust() && s.room().is_some_and(|r| PURE.contains(&r))) {
        let paths = source.paths();
        findings.extend(paths.iter().filter_map(|p| Some(source.finding(p.line, forbidden(p)?))));
    }
    findings
}
