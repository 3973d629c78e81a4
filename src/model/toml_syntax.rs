//! What is wrong with the syntax of a TOML text: where the mistake was made, and what to write instead.
//!
//! The parser says what it expected where it stumbled, and goes on. What it says then may be about a place far below (a list that
//! isn't closed takes the next section for a value) or about nothing at all. So each mistake is told once, at its beginning,
//! and nothing is told of lines that another mistake has swallowed.

use toml::de::{DeTable, Error};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Byte where it begins.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// All mistakes of a text, in their order.
pub fn faults(text: &str) -> Vec<Fault> {
    explained(text, DeTable::parse_recoverable(text).1)
}

/// What the parser found, as mistakes of the author.
pub fn explained(text: &str, mut found: Vec<Error>) -> Vec<Fault> {
    let start = |e: &Error| e.span().map_or(0, |span| span.start.min(text.len()));
    found.sort_by_key(start);
    let mut faults: Vec<Fault> = Vec::new();
    let mut last_line = None;
    let mut twice = false;
    for error in &found {
        let at = start(error);
        let line = line_start(text, at);
        if last_line == Some(line) {
            continue;
        }
        let is_twice = error.message().starts_with("duplicate key");
        let is_section = line_at(text, at).trim_start().starts_with('[');
        // The keys of a section that is there twice are, too.
        if is_twice && !is_section && twice && !text[faults.last().map_or(0, |f| f.at)..line].contains("\n[") {
            continue;
        }
        twice = is_twice && (is_section || twice);
        last_line = Some(line);
        let (fault, swallows) = fault(text, at, error.message());
        faults.push(fault);
        if swallows {
            break;
        }
    }
    faults
}

/// Line and column of a byte, from 1; the column counts characters.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let at = at.min(text.len());
    let start = line_start(text, at);
    (text[..start].matches('\n').count() + 1, text.get(start..at).map_or(0, |t| t.chars().count()) + 1)
}

/// One mistake, and whether the lines below it were read as a part of it.
fn fault(text: &str, at: usize, said: &str) -> (Fault, bool) {
    let open = Open::at(text, at);
    let line = line_at(text, at);
    let new = |at: usize, message: String, hint: &str| Fault { at, message, hint: Some(hint.into()) };
    let is_of_text = said.contains("basic string") || said.contains("literal string, expected `'`");
    if let Some((begin, quote)) = open.text.filter(|_| is_of_text) {
        let several = quote.len() == 3;
        let hint = format!("add {quote} at its end");
        let more = if several { "" } else { "; a text of several lines stands between \"\"\" and \"\"\"" };
        return (new(begin, "the text that begins here isn't closed".into(), &format!("{hint}{more}")), several);
    }
    if let Some((begin, bracket)) = open.brackets.last().copied() {
        let rest = text[at..].trim_start_matches([' ', '\t']);
        let is_over = rest.is_empty() || rest.starts_with(['\n', '\r']) || rest.starts_with(']') && bracket == '{';
        let is_below = line_start(text, begin) < line_start(text, at) && (is_header(line) || is_assignment(line));
        if is_below || is_over && !said.starts_with("missing comma") || said.starts_with("unclosed") {
            let (what, close) = if bracket == '[' { ("list", ']') } else { ("table", '}') };
            let begins = format!("the {what} that begins here isn't closed");
            return (new(begin, begins, &format!("add `{close}` at its end")), is_below || rest.is_empty());
        }
    }
    if line.matches('"').count() % 2 == 1 && !line.contains(['\'', '\\', '#']) && open.text.is_none() && is_value(said)
    {
        return (new(at, "a quote is missing in this line".into(), "a text stands between two of \""), false);
    }
    if is_value(said) {
        let (message, hint) = value_fault(line, word_at(text, at));
        return (new(at, message, &hint), false);
    }
    (structural(text, at, said, line), false)
}

/// Mistakes of keys, sections and escapes.
fn structural(text: &str, at: usize, said: &str, line: &str) -> Fault {
    let trimmed = line.split(" #").next().unwrap_or("").trim();
    let (message, hint) = if said.starts_with("duplicate key") {
        twice(text, at, trimmed)
    } else if said.starts_with("unclosed table") || said.starts_with("unclosed array table") {
        let name = trimmed.trim_matches(['[', ']']);
        let (open, close) = if trimmed.starts_with("[[") { ("[[", "]]") } else { ("[", "]") };
        ("this line begins a section and doesn't close its name".into(), format!("write `{open}{name}{close}`"))
    } else if trimmed.ends_with(']') && !trimmed.contains(['[', '=', '"']) {
        (
            "the name of a section stands between two brackets".into(),
            format!("write `[{}]`", trimmed.trim_end_matches(']')),
        )
    } else if let Some((key, value)) = trimmed.split_once(':').filter(|(key, _)| !key.contains(['=', '"', '\'', '['])) {
        let value = value.trim();
        let value = if value.is_empty() { ".." } else { value };
        ("a key and its value are joined by `=`, not by `:`".into(), format!("write `{} = {value}`", key.trim()))
    } else if said.starts_with("key with no value") {
        (format!("`{trimmed}` has no value"), format!("write `{} = ..`", word_of(trimmed)))
    } else if said.contains("escape") || said.contains("unicode value") {
        let hint =
            "write two backslashes for one, or the text between single quotes, where a backslash is nothing special";
        ("a backslash begins an escape sequence, and there is none like this".into(), hint.into())
    } else if said.starts_with("extra `=`") {
        ("one `=` is too much".into(), "write `key = value`".into())
    } else if said.starts_with("unexpected key or value") {
        let hint = "write one `key = value` a line; a comment begins with `#`";
        ("something stands behind what ends here".into(), hint.into())
    } else if said.starts_with("missing comma") {
        ("a comma is missing between two values".into(), "write `,` between them".into())
    } else if said.starts_with("invalid unquoted key") || said.starts_with("unquoted keys") {
        let hint = "a key has letters, digits, `-` and `_`; put any other one into quotes";
        ("this isn't a key".into(), hint.into())
    } else {
        return Fault { at, message: format!("TOML: {said}"), hint: None };
    };
    Fault { at, message, hint: Some(hint) }
}

/// Whether the parser complained of a value.
fn is_value(said: &str) -> bool {
    ["string values", "missing opening quote", "invalid boolean", "invalid float", "invalid integer", "invalid literal"]
        .iter()
        .any(|what| said.starts_with(what))
        || said.starts_with("missing comma between array")
        || said.starts_with("unexpected leading zero")
        || said.starts_with("invalid mantissa")
}

/// What is wrong with a value, by how it looks.
fn value_fault(line: &str, word: &str) -> (String, String) {
    let is_fine = |text: &str| toml::from_str::<toml::Table>(&format!("x = {text}")).is_ok();
    let key = line.split('=').next().unwrap_or("").trim();
    let lower = word.to_lowercase();
    if word.is_empty() {
        (format!("`{key}` has no value"), "write one after `=`: \"text\", 2, true or [\"a\", \"b\"]".into())
    } else if lower == "true" || lower == "false" {
        (format!("`{word}` isn't a boolean of TOML"), format!("write `{lower}`"))
    } else if ["none", "null", "nil"].contains(&lower.as_str()) {
        (format!("TOML has no `{word}`"), "leave the line out".into())
    } else if word.starts_with(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{ab}']) {
        let inside = word.trim_matches(|c: char| !c.is_ascii() || c == '"');
        ("a text stands between straight quotes".into(), format!("write `\"{inside}\"`"))
    } else if word.starts_with('(') {
        ("TOML has no tuples".into(), "write a list: [\"a\", \"b\"]".into())
    } else if word.ends_with(';') && is_fine(word.trim_end_matches(';')) {
        ("a line of TOML doesn't end with `;`".into(), "leave it out".into())
    } else if let Some((value, comment)) = word.split_once("//").filter(|(value, _)| is_fine(value)) {
        ("a comment begins with `#`".into(), format!("write `{} #{comment}`", value.trim()))
    } else if is_fine(word) && !word.starts_with(['"', '\'']) {
        ("a comma is missing before this value".into(), "write `,` between two values".into())
    } else if word.starts_with(['"', '\'']) {
        ("a comma is missing before this text".into(), "write `,` between two values".into())
    } else {
        let inside = word.trim_end_matches('"');
        let quote = if inside.contains('"') { '\'' } else { '"' };
        (format!("`{inside}` is neither a number nor a text between quotes"), format!("write {quote}{inside}{quote}"))
    }
}

/// A key or section that is there twice, with its first place.
fn twice(text: &str, at: usize, line: &str) -> (String, String) {
    let line_of = |at: usize| place(text, at).0;
    if line.starts_with('[') {
        let first =
            lines(text).find(|(start, other)| *start < at && other.split('#').next().unwrap_or("").trim() == line);
        let first = first.map(|(start, _)| format!(", first in line {}", line_of(start))).unwrap_or_default();
        return (format!("duplicate key: `{line}` is there twice{first}"), "give one of them another name".into());
    }
    let key = line.split('=').next().unwrap_or("").trim();
    let section =
        lines(text).filter(|(start, other)| *start < at && is_header(other)).last().map_or(0, |(start, _)| start);
    let same = |other: &str| other.split_once('=').is_some_and(|(name, _)| name.trim() == key);
    let first = lines(text).find(|(start, other)| *start >= section && *start < line_start(text, at) && same(other));
    let first = first.map(|(start, _)| format!(", first in line {}", line_of(start))).unwrap_or_default();
    (format!("duplicate key: `{key}` is set twice{first}"), "leave one of them out".into())
}

/// Lines with the byte of their beginning.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    })
}

fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1)
}

fn line_at(text: &str, at: usize) -> &str {
    text[line_start(text, at)..].lines().next().unwrap_or("")
}

fn word_of(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or("")
}

/// The value at a byte: up to the end of its line, or what separates it.
fn word_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or("").lines().next().unwrap_or("");
    let rest = rest.split(" #").next().unwrap_or("");
    let ends: &[char] = if rest.starts_with('(') { &[] } else { &[',', ']', '}'] };
    rest.split(ends).next().unwrap_or("").trim()
}

/// `[section]` alone in its line.
fn is_header(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or("").trim();
    let inner = line.trim_start_matches('[').trim_end_matches(']');
    line.starts_with('[')
        && line.ends_with(']')
        && inner.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && !inner.contains(['[', ']', '=', ','])
}

/// `key = ..`.
fn is_assignment(line: &str) -> bool {
    line.split_once('=').is_some_and(|(key, _)| {
        let key = key.trim();
        !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    })
}

/// What is open before a byte.
#[derive(Default)]
struct Open {
    /// Where the text begins that the byte is in, and its quote.
    text: Option<(usize, &'static str)>,
    /// Lists and tables around it, outermost first.
    brackets: Vec<(usize, char)>,
}

impl Open {
    fn at(text: &str, end: usize) -> Self {
        let bytes = text.as_bytes();
        let mut open = Self::default();
        let mut at = 0;
        while at < end {
            let rest = &text.as_bytes()[at..];
            let step = match open.text {
                Some((_, quote)) if rest.starts_with(quote.as_bytes()) => {
                    open.text = None;
                    quote.len()
                }
                Some((_, quote)) if bytes[at] == b'\\' && quote.starts_with('"') => 2,
                Some((_, quote)) => {
                    if bytes[at] == b'\n' && quote.len() == 1 {
                        open.text = None;
                    }
                    1
                }
                None => open.outside(text, at),
            };
            at += step;
        }
        open
    }

    /// One step outside of texts; how many bytes it was.
    fn outside(&mut self, text: &str, at: usize) -> usize {
        let rest = &text.as_bytes()[at..];
        for quote in ["\"\"\"", "'''", "\"", "'"] {
            if rest.starts_with(quote.as_bytes()) {
                self.text = Some((at, quote));
                return quote.len();
            }
        }
        match rest[0] {
            b'#' => return rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()).max(1),
            // The name of a section ends with its line.
            b'[' if self.brackets.is_empty() && text[line_start(text, at)..at].trim().is_empty() => {
                return rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()).max(1);
            }
            bracket @ (b'[' | b'{') => self.brackets.push((at, char::from(bracket))),
            b']' | b'}' => drop(self.brackets.pop()),
            _ => {}
        }
        1
    }
}

#[cfg(test)]
mod tests;
