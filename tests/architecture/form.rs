//! The outer form of files: where SQL is, first lines, sizes, names, nothing unfinished.

use std::sync::LazyLock;

use regex::Regex;

use super::source::{Finding, Source};

/// Statements, in capitals as this project writes them; plain English has none of these.
static SQL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?s)\bSELECT\b.+\bFROM\b|\bINSERT\s+(OR\s+\w+\s+)?INTO\b|\bREPLACE\s+INTO\b|\bUPDATE\s+\w+\s+SET\b|\bDELETE\s+FROM\b|\b(CREATE|ALTER|DROP)\s+(TABLE|INDEX)\b|\bPRAGMA\s+\w",
    )
    .unwrap()
});

/// Texts that look like SQL in other rooms than `store`.
pub fn sql_outside_the_store(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|s| s.is_rust() && s.room() != Some("store")) {
        for (line, text) in source.texts() {
            if let Some(sql) = SQL.find(&text) {
                let start: String = sql.as_str().chars().take(40).collect();
                findings.push(source.finding(line, format!("SQL: {start}")));
            }
        }
    }
    findings
}

/// Files that don't begin with what they are for.
pub fn first_lines(sources: &[Source]) -> Vec<Finding> {
    let says = |s: &Source| {
        let first = s.text.lines().next().unwrap_or("");
        let rest = if s.is_rust() {
            first.strip_prefix("//! ")
        } else {
            // Programs may begin with their interpreter.
            let first = if first.starts_with("#!") { s.text.lines().nth(1).unwrap_or("") } else { first };
            first.strip_prefix("\"\"\"").or_else(|| first.strip_prefix("r\"\"\""))
        };
        rest.is_some_and(|rest| rest.trim().len() > 4 && !rest.contains("to be written"))
    };
    let broken = sources.iter().filter(|s| !says(s));
    broken.map(|s| s.finding(1, "must begin with one line that says what it is for")).collect()
}

/// Files that are too long, and lists of files that are.
pub fn sizes(sources: &[Source]) -> Vec<Finding> {
    let mut lengths: Vec<(usize, &Source)> =
        sources.iter().map(|s| (s.before_tests().lines().count(), s)).filter(|(n, _)| *n > 0).collect();
    lengths.sort_by_key(|(n, _)| *n);
    let Some((median, middle)) = lengths.get(lengths.len() / 2).copied() else { return Vec::new() };
    let mut findings = Vec::new();
    for (n, s) in lengths.iter().filter(|(n, _)| *n > 600) {
        findings.push(s.finding(601, format!("{n} lines, at most 600")));
    }
    let long: Vec<_> = lengths.iter().filter(|(n, _)| *n > 400).collect();
    if long.len() * 20 > lengths.len() {
        findings
            .extend(long.iter().map(|(n, s)| s.finding(401, format!("{n} lines, and too many files are above 400"))));
    }
    if median > 150 {
        findings.push(middle.finding(151, format!("the median of {} files is {median} lines", lengths.len())));
    }
    findings
}

/// Names that say nothing.
pub fn names(sources: &[Source]) -> Vec<Finding> {
    const BANNED: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "misc"];
    let mut findings = Vec::new();
    for source in sources {
        let stems = source.file.split('/').map(|part| part.split('.').next().unwrap_or(part));
        for stem in stems.filter(|stem| BANNED.contains(stem)) {
            findings.push(source.finding(1, format!("the name `{stem}` says nothing")));
        }
        if !source.is_rust() {
            continue;
        }
        let paths = source.paths();
        for two in paths.windows(2).filter(|two| two[0].parts == ["mod"]) {
            if BANNED.contains(&two[1].parts[0].as_str()) {
                findings.push(source.finding(two[1].line, format!("the name `{}` says nothing", two[1].parts[0])));
            }
        }
    }
    findings
}

/// Places where something is left to be written.
pub fn unfinished(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|s| s.is_rust()) {
        for path in source.paths().iter().filter(|p| p.then == Some('!')) {
            if let Some(last) = path.parts.last().filter(|last| ["todo", "unimplemented"].contains(&last.as_str())) {
                findings.push(source.finding(path.line, format!("`{last}!`")));
            }
        }
    }
    findings
}
