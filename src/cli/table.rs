//! Documents as text for people (aligned) and for `cut` and `awk` (tab-separated).

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Aligned columns with a header; fitted into `width` by shortening the widest columns.
pub fn aligned(rows: &[Value], columns: &[&str], width: Option<usize>) -> String {
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|c| cell(&row[*c], true)).collect()).collect();
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(i, name)| cells.iter().map(|row| row[i].width()).max().unwrap_or(0).max(name.width()))
        .collect();
    if let Some(width) = width {
        fit(&mut widths, width);
    }
    let mut text = String::new();
    let header: Vec<String> = columns.iter().map(|c| c.to_uppercase()).collect();
    line(&header, &widths, &mut text);
    for row in &cells {
        line(row, &widths, &mut text);
    }
    text
}

/// A header line and one line per row, tab-separated.
pub fn plain(rows: &[Value], columns: &[&str]) -> String {
    let mut text = columns.join("\t");
    text.push('\n');
    for row in rows {
        let cells: Vec<String> = columns.iter().map(|c| cell(&row[*c], false)).collect();
        text.push_str(&cells.join("\t"));
        text.push('\n');
    }
    text
}

/// One document as lines of a field and its value.
pub fn fields(document: &Value, align: bool) -> String {
    let Some(fields) = document.as_object() else { return format!("{}\n", cell(document, align)) };
    let width = if align { fields.keys().map(|k| k.width()).max().unwrap_or(0) + 2 } else { 0 };
    let mut text = String::new();
    for (key, value) in fields {
        let value = cell(value, align);
        if align {
            text.push_str(format!("{key:<width$}{value}").trim_end());
        } else {
            text.push_str(&format!("{key}\t{value}"));
        }
        text.push('\n');
    }
    text
}

/// One value on one line.
pub fn cell(value: &Value, for_people: bool) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) if for_people => short_time(text).unwrap_or_else(|| text.clone()),
        Value::String(text) => text.clone(),
        Value::Bool(flag) if for_people => if *flag { "yes" } else { "no" }.into(),
        Value::Number(number) if for_people && number.is_f64() => {
            number.as_f64().map(|n| format!("{n:.3}")).unwrap_or_default()
        }
        Value::Array(items) if for_people && items.iter().all(|i| i.is_string() || i.is_number()) => {
            items.iter().map(|i| cell(i, true)).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    // One row is one line, whatever a log or a note contains; control characters never reach a terminal.
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// People don't read microseconds.
fn short_time(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.')?;
    let is_time = text.len() == 27 && whole.len() == 19 && fraction.ends_with('Z') && text.as_bytes()[10] == b'T';
    is_time.then(|| format!("{whole}Z"))
}

/// Shortens the widest columns until all fit, none below 8.
fn fit(widths: &mut [usize], total: usize) {
    let gaps = 2 * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > total {
        let Some(widest) = widths.iter_mut().max() else { return };
        if *widest <= 8 {
            return;
        }
        *widest -= 1;
    }
}

fn line(cells: &[String], widths: &[usize], text: &mut String) {
    let start = text.len();
    for (cell, width) in cells.iter().zip(widths) {
        let shown = shorten(cell, *width);
        text.push_str(&shown);
        text.extend(std::iter::repeat_n(' ', width.saturating_sub(shown.width()) + 2));
    }
    text.truncate(start + text[start..].trim_end().len());
    text.push('\n');
}

fn shorten(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.into();
    }
    let mut shown = String::new();
    let mut used = 0;
    for c in cell.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > width {
            break;
        }
        used += w;
        shown.push(c);
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_align_and_fit() {
        let rows = [json!({"id": "a", "when": "2026-01-01T00:00:00.123456Z", "text": "x\ny"}), json!({"id": "longer"})];
        let expected = "ID      WHEN                  TEXT\na       2026-01-01T00:00:00Z  x y\nlonger\n";
        assert_eq!(aligned(&rows, &["id", "when", "text"], None), expected);
        let narrow = aligned(&rows, &["id", "when", "text"], Some(30));
        assert!(narrow.lines().all(|l| l.width() <= 30), "{narrow}");
        assert_eq!(plain(&rows[..1], &["id", "when"]), "id\twhen\na\t2026-01-01T00:00:00.123456Z\n");
    }
}
