//! Draws findings with the lines they are about, for terminals.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use crate::model::{Diagnostic, Severity};

/// All findings as text, in the manner of rustc. `text` is the file's text; without colours.
pub fn explain(diagnostics: &[Diagnostic], text: &str) -> String {
    let renderer = Renderer::plain().decor_style(DecorStyle::Ascii);
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
    let mut out = String::new();
    for d in diagnostics {
        let level = match d.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(d.message.as_str());
        let mut group = match span(d, text, &starts) {
            Some(span) => title.element(
                Snippet::source(text).path(d.file.as_str()).fold(true).annotation(AnnotationKind::Primary.span(span)),
            ),
            None => Group::with_title(title).element(annotate_snippets::Origin::path(d.file.as_str())),
        };
        if let Some(hint) = &d.hint {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
}

/// The word at the finding's place, or the whole line if it has no column.
fn span(d: &Diagnostic, text: &str, starts: &[usize]) -> Option<std::ops::Range<usize>> {
    let start = *starts.get((d.line as usize).checked_sub(1)?)?;
    let line = text[start..].lines().next().unwrap_or("");
    if d.column == 0 {
        let indent = line.len() - line.trim_start().len();
        return Some(start + indent..start + line.len().max(indent));
    }
    let (at, _) = line.char_indices().nth(d.column as usize - 1).unwrap_or((line.len(), ' '));
    let rest = &line[at..];
    let length = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].find(quote).map_or(rest.len(), |i| i + 2),
        _ => rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.')).unwrap_or(rest.len()),
    };
    // Something must be underlined, also at the end of a line.
    let end = (start + at + length.max(rest.chars().next().map_or(0, char::len_utf8))).min(text.len());
    Some(start + at..end)
}
