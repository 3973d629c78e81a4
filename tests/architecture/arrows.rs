//! Which room names which.

use super::source::{Finding, Source};

/// Rooms in the order of `src/lib.rs`.
pub fn rooms(sources: &[Source]) -> Vec<String> {
    let map = sources.iter().find(|s| s.file == "src/lib.rs").expect("src/lib.rs is the map");
    let paths = map.paths();
    let named = paths.windows(2).filter(|two| two[0].parts == ["mod"]);
    named.map(|two| two[1].parts[0].clone()).collect()
}

/// Rooms that a file names, with the line.
fn named(source: &Source, rooms: &[String]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for path in source.paths() {
        let ups = path.parts.iter().take_while(|p| *p == "super").count();
        let after_root = match path.parts.first().map(String::as_str) {
            Some("crate") => path.parts.get(1),
            Some("super") if ups >= source.depth() => path.parts.get(ups),
            _ => None,
        };
        if let Some(room) = after_root.filter(|name| rooms.contains(name)) {
            found.push((path.line, room.clone()));
        }
    }
    found
}

/// Arrows that don't point upward, rooms that are not on the map.
pub fn upward(sources: &[Source]) -> Vec<Finding> {
    let rooms = rooms(sources);
    let place = |room: &str| rooms.iter().position(|r| r == room);
    let mut findings = Vec::new();
    for source in sources.iter().filter(|s| s.is_rust()) {
        let Some(room) = source.room() else { continue };
        let Some(own) = place(room) else {
            findings.push(source.finding(1, format!("room `{room}` is not in src/lib.rs")));
            continue;
        };
        for (line, other) in named(source, &rooms) {
            if place(&other).is_some_and(|p| p > own) {
                findings.push(source.finding(line, format!("`{room}` names `{other}`, which is below it")));
            }
        }
    }
    findings
}

/// Arrows from some rooms to one that they must not name.
pub fn never(sources: &[Source], from: &[&str], to: &str) -> Vec<Finding> {
    let rooms = rooms(sources);
    let mut findings = Vec::new();
    for source in sources.iter().filter(|s| s.is_rust() && s.room().is_some_and(|r| from.contains(&r))) {
        let lines = named(source, &rooms).into_iter().filter(|(_, other)| other == to);
        findings.extend(lines.map(|(line, _)| source.finding(line, format!("names `{to}`"))));
    }
    findings
}
