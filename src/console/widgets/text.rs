//! Text for cells: cut by width, cleaned, ages and durations.

use std::{borrow::Cow, cell::Cell};

use jiff::tz::TimeZone;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::store::screens::{Micros, SECOND};

/// Columns a text takes.
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    text.graphemes(true).map(grapheme_width).sum()
}

/// Only letters that every terminal shows in one column.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b))
}

/// Where a text goes on after so many columns: the byte at which, and how many columns of a wide letter stick out before it.
pub fn skip(text: &str, columns: usize) -> (usize, usize) {
    let mut used = 0;
    for (at, g) in text.grapheme_indices(true) {
        if used >= columns {
            return (at, used - columns);
        }
        used += grapheme_width(g);
    }
    (text.len(), 0)
}

/// Byte at which a text is broken so that what is before it fits into so many columns; at least one letter does.
pub fn split(text: &str, columns: usize) -> usize {
    let mut used = 0;
    for (at, g) in text.grapheme_indices(true) {
        used += grapheme_width(g);
        if used > columns && at > 0 {
            return at;
        }
    }
    text.len()
}

/// Rows that a text takes when it is broken anywhere between two graphemes.
pub fn rows(text: &str, columns: usize) -> usize {
    let columns = columns.max(1);
    if is_plain(text) {
        return text.len().div_ceil(columns).max(1);
    }
    let (mut rows, mut used) = (1, 0);
    for w in text.graphemes(true).map(grapheme_width) {
        if used + w > columns {
            (rows, used) = (rows + 1, 0);
        }
        used += w;
    }
    rows
}

fn grapheme_width(g: &str) -> usize {
    if g.chars().next().is_some_and(char::is_control) { 1 } else { UnicodeWidthStr::width(g) }
}

/// The text in at most `columns` columns; what doesn't fit is cut by whole graphemes and shown as `~`.
pub fn clip(text: &str, columns: usize) -> String {
    let text = &*cleaned(text);
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for g in text.graphemes(true) {
        let w = grapheme_width(g);
        if used + w + 1 > columns {
            break;
        }
        used += w;
        out.push_str(g);
    }
    if columns > 0 {
        out.push('~');
    }
    out
}

/// [`clip`], filled with spaces to exactly `columns`.
pub fn fit(text: &str, columns: usize) -> String {
    let mut out = clip(text, columns);
    let used = width(&out);
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    out
}

/// [`fit`] with the text at the right.
pub fn fit_right(text: &str, columns: usize) -> String {
    let out = clip(text, columns);
    let used = width(&out);
    let mut all: String = std::iter::repeat_n(' ', columns.saturating_sub(used)).collect();
    all.push_str(&out);
    all
}

/// What a user wrote can't drive the terminal: control characters become `?`, line ends and tabs a space.
pub fn clean(text: &str) -> String {
    cleaned(text).into_owned()
}

fn cleaned(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return text.into();
    }
    let one = |c: char| match c {
        '\n' | '\t' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => '?',
        c => c,
    };
    text.replace("\r\n", "\n").chars().filter(|c| !is_hidden(*c)).map(one).collect::<String>().into()
}

/// It shows nothing itself, but reorders or hides what is around it, or has another width in each terminal. What joins letters
/// (U+200C, U+200D) isn't meant: words need it.
pub fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A letter of a script that is written from right to left.
pub fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

/// Terminals differ in how wide they show it: letters joined from several, emoji, what is wide only in East Asian fonts.
pub fn is_uncertain(symbol: &str) -> bool {
    if symbol.is_ascii() {
        return false;
    }
    let mut chars = symbol.chars().filter(|c| *c != ISOLATE);
    let first = chars.next();
    chars.next().is_some()
        || first >= Some('\u{1f000}')
        || UnicodeWidthStr::width(symbol) != UnicodeWidthStr::width_cjk(symbol)
}

/// Stands after a word written from right to left, so that a terminal which turns such words round leaves what follows where it
/// is. It takes no column.
pub const ISOLATE: char = '\u{200e}';

/// Words broken into lines of at most `columns`.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(4);
    let mut lines = Vec::new();
    for part in text.lines() {
        let mut line = String::new();
        for word in part.split_inclusive(' ') {
            if width(&line) + width(word.trim_end()) > columns && !line.is_empty() {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            let mut word = word.to_owned();
            while width(word.trim_end()) > columns {
                let room = columns.saturating_sub(width(&line));
                let mut used = 0;
                let fits = |(_, g): &(usize, &str)| {
                    used += grapheme_width(g);
                    used > room
                };
                let end = word.grapheme_indices(true).find(fits).map_or(word.len(), |(at, _)| at);
                // A letter that is wider than what is left of the line begins the next one.
                let end =
                    if end == 0 && line.is_empty() { word.graphemes(true).next().map_or(0, str::len) } else { end };
                line.push_str(&word[..end]);
                word.replace_range(..end, "");
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(&word);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// `40s`, `12m`, `3h`, `6d`; steps of 10 s below a minute, so that an idle screen stays still.
pub fn age(then: Micros, now: Micros) -> String {
    let s = (now - then).max(0) / SECOND;
    match s {
        0..60 => format!("{}s", s / 10 * 10),
        60..3600 => format!("{}m", s / 60),
        3600..86_400 => format!("{}h", s / 3600),
        _ => format!("{}d", s / 86_400),
    }
}

/// Age of what still runs: below a minute as [`duration`] says it, beside which it stands, so that it is never the smaller one.
pub fn since(start: Micros, now: Micros) -> String {
    match now - start {
        took @ 0..60_000_000 => duration(took as f64 / SECOND as f64),
        _ => age(start, now),
    }
}

/// Like [`age`] for what lies ahead, with hours and minutes: `41m`, `19h41`, `4d`; below a minute what it is less than: `<10s`.
pub fn until(then: Micros, now: Micros) -> String {
    let s = (then - now).max(0) / SECOND;
    match s {
        0..60 => format!("<{}s", (s / 10 + 1) * 10),
        60..3600 => format!("{}m", s / 60),
        3600..86_400 => format!("{}h{:02}", s / 3600, s % 3600 / 60),
        _ => format!("{}d", s / 86_400),
    }
}

/// A duration: `0.3s`, `41s`, `21m04`, `2h14`.
pub fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0);
    let whole = s as i64;
    match whole {
        0..10 => format!("{s:.1}s"),
        10..60 => format!("{whole}s"),
        60..3600 => format!("{}m{:02}", whole / 60, whole % 60),
        3600..360_000 => format!("{}h{:02}", whole / 3600, whole % 3600 / 60),
        _ => format!("{}d", whole / 86_400),
    }
}

/// `11-16 02:00`.
pub fn stamp(at: Micros) -> String {
    time(at, "%m-%d %H:%M")
}

/// A run id for narrow places: `scheduled__2026-11-16T02:00:00+00:00` is `11-16 02:00`, other types keep their name.
pub fn run_id(id: &str) -> String {
    let parts = id.split_once("__").and_then(|(kind, date)| {
        // Run ids made by hand or by the console carry a few random letters after the time.
        let end = date.find("+00:00").map_or(date.len(), |i| i + 6);
        Some((kind, date[..end].parse::<jiff::Timestamp>().ok()?))
    });
    match parts {
        // It is a name, and the same for everybody: always in UTC.
        Some(("scheduled", at)) => at.strftime("%m-%d %H:%M").to_string(),
        Some((kind, at)) => format!("{kind} {}", at.strftime("%m-%d %H:%M:%S")),
        None => id.to_owned(),
    }
}

/// An instant by a format of `jiff`, in the zone that [`in_zone`] chose.
pub fn time(at: Micros, format: &str) -> String {
    let Ok(t) = jiff::Timestamp::from_microsecond(at) else { return String::new() };
    if LOCAL.get() {
        t.to_zoned(TimeZone::system()).strftime(format).to_string()
    } else {
        t.strftime(format).to_string()
    }
}

thread_local! {
    /// Times are shown in this machine's zone. A hundred places write times, and one thread draws.
    static LOCAL: Cell<bool> = const { Cell::new(false) };
}

/// From here on this thread writes times in this machine's zone, or in UTC.
pub fn in_zone(local: bool) {
    LOCAL.set(local);
}

/// Name of the zone in which times are written: `UTC`, `CET`.
pub fn zone() -> String {
    if LOCAL.get() { "local".into() } else { "UTC".into() }
}

/// Name of UTC or of this machine's zone at an instant.
pub fn zone_name(local: bool, at: Micros) -> String {
    match jiff::Timestamp::from_microsecond(at) {
        Ok(t) if local => t.to_zoned(TimeZone::system()).strftime("%Z").to_string(),
        _ => "UTC".into(),
    }
}

/// `812B`, `2.1KB`, `84MB`.
pub fn bytes(n: i64) -> String {
    let x = n as f64;
    match n {
        ..1000 => format!("{n}B"),
        1000..10_000 => format!("{:.1}KB", x / 1e3),
        10_000..1_000_000 => format!("{:.0}KB", x / 1e3),
        1_000_000..10_000_000 => format!("{:.1}MB", x / 1e6),
        10_000_000..1_000_000_000 => format!("{:.0}MB", x / 1e6),
        _ => format!("{:.1}GB", x / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_cut_by_grapheme_and_width() {
        assert_eq!(clip("scheduled", 5), "sche~");
        assert_eq!(clip("日本語", 5), "日本~");
        assert_eq!(clip("日本語", 4), "日~");
        assert_eq!(fit("e\u{301}a", 4), "e\u{301}a  ");
        assert_eq!(clip("abc", 0), "");
        assert_eq!(fit_right("ab", 4), "  ab");
    }

    #[test]
    fn ids_cannot_drive_the_terminal() {
        assert_eq!(clip("a\u{1b}[31mb\nc\u{7}", 20), "a?[31mb c?");
        assert_eq!(clean("x\u{202e}y\u{61c}\u{200b}z"), "xyz");
        assert_eq!(clip("a\r\nb\u{2028}c", 20), "a b c");
    }

    #[test]
    fn wide_letters_are_never_cut_in_two() {
        assert_eq!(skip("日本語", 3), ("日本".len(), 1));
        assert_eq!(skip("ab", 1), (1, 0));
        assert_eq!(skip("e\u{301}a", 1), (3, 0));
        // Three columns hold one wide letter each.
        assert_eq!(rows("日本語", 3), 3);
        assert_eq!((rows("abc", 3), rows("abcd", 3), rows("", 3)), (1, 2, 1));
        assert_eq!(wrap("日本語日本語 x", 5), ["日本", "語日", "本語", "x"]);
        assert_eq!(wrap("שלום עולם", 4), ["שלום", "עולם"]);
        for uncertain in ["e\u{301}", "👩\u{200d}🚀", "…", "①"] {
            assert!(is_uncertain(uncertain), "{uncertain}");
        }
        for certain in ["a", "日", "é", "ם\u{200e}"] {
            assert!(!is_uncertain(certain), "{certain}");
        }
    }

    #[test]
    fn times_read_well() {
        assert_eq!(age(0, 59 * SECOND), "50s");
        assert_eq!(age(0, 2 * 86_400 * SECOND), "2d");
        assert_eq!(until(3 * 3600 * SECOND, 0), "3h00");
        let ahead = [0, 2, 10, 59, 60].map(|s| until(s * SECOND, 0));
        assert_eq!(ahead, ["<10s", "<10s", "<20s", "<60s", "1m"]);
        let running = [2, 89, 590, 640].map(|tenths| since(0, tenths * SECOND / 10));
        assert_eq!(running, ["0.2s", "8.9s", "59s", "1m"]);
        assert_eq!(duration(0.31), "0.3s");
        assert_eq!(duration(8042.0), "2h14");
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijkl", 5).concat(), "abcdefghijkl");
        assert!(wrap("abcdefghijkl mno", 5).iter().all(|l| width(l) <= 5));
        assert_eq!(run_id("scheduled__2026-11-16T02:00:00+00:00"), "11-16 02:00");
        assert_eq!(run_id("manual__2026-11-16T02:00:00.123456+00:00"), "manual 11-16 02:00:00");
        assert_eq!(run_id("manual__2026-11-16T02:00:00+00:00_57942d68"), "manual 11-16 02:00:00");
        assert_eq!(run_id("mine"), "mine");
    }
}
