//! Markdown as lines of a terminal: headings, lists, quotes, code and tables; marks inside of lines become roles.

use super::text::{clip, width};
use crate::console::theme::Role;

/// A line in pieces.
pub type Rich = Vec<(String, Role)>;

/// The lines of a text, at most `columns` wide; code and tables are cut, everything else is wrapped.
pub fn lines(source: &str, columns: usize) -> Vec<Rich> {
    let mut out: Vec<Rich> = Vec::new();
    let mut paragraph = String::new();
    let mut code: Option<&str> = None;
    for raw in dedent(source) {
        let line = raw.trim_end();
        let bare = line.trim_start();
        if let Some(fence) = code {
            if bare.starts_with(fence) {
                code = None;
            } else {
                out.push(vec![(clip(&format!("  {line}"), columns), Role::Key)]);
            }
            continue;
        }
        let (item, rest) = marker(line);
        let heading = bare.trim_start_matches('#');
        let level = bare.len() - heading.len();
        let is_rule = bare.len() >= 3 && bare.chars().all(|c| matches!(c, '-' | '*' | '_' | '='));
        let plain = item.is_none() && !(1..=6).contains(&level) && !is_rule && !bare.starts_with(['|', '>']);
        let fence = ["```", "~~~"].into_iter().find(|f| bare.starts_with(f));
        if bare.is_empty() || !plain || fence.is_some() {
            flush(&mut paragraph, "", columns, &mut out);
        }
        match () {
            () if fence.is_some() => code = fence,
            () if bare.is_empty() => {
                if out.last().is_some_and(|l| !l.is_empty()) {
                    out.push(Rich::new());
                }
            }
            () if (1..=6).contains(&level) && heading.starts_with(' ') => {
                out.push(vec![(clip(heading.trim().trim_end_matches('#').trim_end(), columns), Role::Title)]);
            }
            () if is_rule => out.push(vec![("-".repeat(columns.min(60)), Role::Border)]),
            () if bare.starts_with('|') => {
                if !bare.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ')) {
                    out.push(vec![(clip(&bare.trim_matches('|').replace('|', "  "), columns), Role::Text)]);
                }
            }
            () if bare.starts_with('>') => flush(&mut bare[1..].trim().to_owned(), "| ", columns, &mut out),
            () if item.is_some() => {
                let indent = line.len() - bare.len();
                let first = format!("{}{} ", " ".repeat(indent), item.unwrap_or_default());
                flush(&mut rest.to_owned(), &first, columns, &mut out);
            }
            () => {
                if !paragraph.is_empty() {
                    paragraph.push(' ');
                }
                paragraph.push_str(bare);
            }
        }
    }
    flush(&mut paragraph, "", columns, &mut out);
    while out.last().is_some_and(Vec::is_empty) {
        out.pop();
    }
    out
}

/// Docstrings are indented as the code around them; that isn't code of their own.
fn dedent(source: &str) -> Vec<&str> {
    let indent = |l: &&str| l.len() - l.trim_start_matches(' ').len();
    let least = source.lines().skip(1).filter(|l| !l.trim().is_empty()).map(|l| indent(&l)).min().unwrap_or(0);
    source.lines().map(|l| l.get(least.min(indent(&l))..).unwrap_or(l)).collect()
}

/// The mark of a list's item, and what follows it.
fn marker(line: &str) -> (Option<String>, &str) {
    let bare = line.trim_start();
    for mark in ["- [ ] ", "- [x] ", "- ", "* ", "+ "] {
        if let Some(rest) = bare.strip_prefix(mark) {
            let shown = if mark.starts_with("- [") { mark[2..5].to_owned() } else { "-".to_owned() };
            return (Some(shown), rest);
        }
    }
    let digits = bare.len() - bare.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match bare[digits..].strip_prefix(". ").or_else(|| bare[digits..].strip_prefix(") ")) {
        Some(rest) if digits > 0 => (Some(format!("{}.", &bare[..digits])), rest),
        _ => (None, line),
    }
}

/// Wraps a text after a mark; the lines below the first are indented by its width.
fn flush(text: &mut String, first: &str, columns: usize, out: &mut Vec<Rich>) {
    let text = std::mem::take(text);
    if text.is_empty() {
        return;
    }
    let indent = if first == "| " { first.to_owned() } else { " ".repeat(width(first)) };
    let room = columns.saturating_sub(width(first)).max(8);
    let mut line: Rich = Vec::new();
    let mut used = 0;
    let mut lines = Vec::new();
    for (word, role) in words(&text) {
        let word = clip(&word, room);
        if used > 0 && used + 1 + width(&word) > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push((" ".into(), Role::Text));
            used += 1;
        }
        used += width(&word);
        line.push((word, role));
    }
    lines.push(line);
    for (at, mut line) in lines.into_iter().enumerate() {
        let mark = if at == 0 { first } else { &indent };
        if !mark.is_empty() {
            line.insert(0, (mark.to_owned(), Role::Dim));
        }
        out.push(line);
    }
}

/// Words with the role that the marks around them give: `code`, **strong**, *stressed*; links show where they lead.
fn words(text: &str) -> Vec<(String, Role)> {
    let mut out = Vec::new();
    let mut role = Role::Text;
    for word in links(text).split_whitespace() {
        let mut bare = String::new();
        let mut own = role;
        let mut rest = word;
        while let Some(c) = rest.chars().next() {
            let (mark, to) = match () {
                () if rest.starts_with('`') => ("`", Role::Key),
                () if role == Role::Key => ("", role),
                () if rest.starts_with("**") => ("**", Role::Title),
                () if rest.starts_with("__") => ("__", Role::Title),
                // An underscore or a star inside of a word is itself, and so is one that stands alone.
                () if rest.starts_with(['*', '_']) && turns(role, &bare, &rest[1..]) => (&rest[..1], Role::Warn),
                () => ("", role),
            };
            if mark.is_empty() {
                bare.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
            rest = &rest[mark.len()..];
            role = if role == to { Role::Text } else { to };
            own = if role == Role::Text { own } else { role };
        }
        if !bare.is_empty() {
            out.push((bare, own));
        }
    }
    out
}

/// Whether a star or an underscore begins or ends stressed text, by what stands before and after it.
fn turns(role: Role, before: &str, after: &str) -> bool {
    let next = after.chars().next().is_some_and(char::is_alphanumeric);
    if role == Role::Warn { !before.is_empty() && !next } else { before.is_empty() && next }
}

/// `[text](address)` as `text <address>`.
fn links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let link = after.split_once("](").and_then(|(name, more)| Some((name, more.split_once(')')?)));
        match link {
            Some((name, (address, more))) if !name.contains('[') => {
                out.push_str(&format!("{before}{name} <{address}>"));
                rest = more;
            }
            _ => {
                out.push_str(before);
                out.push('[');
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str, columns: usize) -> Vec<String> {
        lines(source, columns).into_iter().map(|l| l.into_iter().map(|(t, _)| t).collect()).collect()
    }

    #[test]
    fn blocks_become_lines() {
        let source = "
            # Churn
            Trains the **model** every week,
            see [the page](https://x.y/z).

            - first point that is long enough to wrap
            2. second

            ```python
            x = 1  # code
            ```
            > quoted

            | a | b |
            |---|---|
            | 1 | 2 |
            ";
        assert_eq!(
            text(source, 30),
            [
                "Churn",
                "Trains the model every week,",
                "see the page <https://x.y/z>.",
                "",
                "- first point that is long",
                "  enough to wrap",
                "2. second",
                "",
                "  x = 1  # code",
                "| quoted",
                "",
                " a    b ",
                " 1    2 "
            ]
        );
    }

    #[test]
    fn marks_inside_of_lines_become_roles() {
        let one = |source: &str| lines(source, 60).remove(0);
        let role = |line: &Rich, word: &str| line.iter().find(|(t, _)| t == word).map(|(_, r)| *r);
        let line = one("run `dag x` **now** or *later*, snake_case_name stays, 2 * 3 too");
        assert_eq!(role(&line, "dag"), Some(Role::Key));
        assert_eq!(role(&line, "now"), Some(Role::Title));
        assert_eq!(role(&line, "snake_case_name"), Some(Role::Text));
        assert_eq!(role(&line, "run"), Some(Role::Text));
        let broken = one("an **open mark and [no link");
        assert!(broken.iter().map(|(t, _)| t.as_str()).collect::<String>().contains("[no link"));
    }
}
