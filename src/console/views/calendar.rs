//! The runs of a DAG by day: weeks beside each other, the newest at the right.

use jiff::{ToSpan, civil::Weekday};
use ratatui::buffer::Buffer;

use crate::{
    console::{
        layout::Layout,
        state::State,
        theme::Role,
        update::count,
        widgets::{
            paint::{self, Pen},
            text,
        },
    },
    store::screens::calendar::{Calendar, Day, day},
};

use super::parts;

const NAMES: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

/// Weeks that fit.
pub fn weeks(columns: u16) -> usize {
    (columns.saturating_sub(6) / 2) as usize
}

/// The day under the cursor.
pub fn chosen(state: &State) -> jiff::civil::Date {
    let screen = state.screen();
    let today = day(state.now);
    let monday = today - i64::from(today.weekday().since(Weekday::Monday)).days();
    monday - (7 * screen.week as i64).days() + (screen.cursor as i64).days()
}

/// Draws it.
pub fn draw(state: &State, c: &Calendar, layout: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let screen = state.screen();
    let shown = weeks(layout.list.width);
    let today = day(state.now);
    let monday = today - i64::from(today.weekday().since(Weekday::Monday)).days();
    // Older weeks scroll in when the cursor goes there.
    let newest = screen.week.saturating_sub(shown.saturating_sub(1));
    paint::row(buf, layout.columns, 0, "", theme.role(Role::Title));
    let mut month = 0;
    for column in 0..shown {
        let back = newest + shown - 1 - column;
        let first = monday - (7 * back as i64).days();
        let x = layout.list.x + 5 + 2 * column as u16;
        if first.month() != month {
            month = first.month();
            let name = first.strftime(if month == 1 { "%Y" } else { "%b" }).to_string();
            paint::put(buf, x, layout.columns.y, &name, 4, theme.role(Role::Title));
        }
        for (at, _) in NAMES.iter().enumerate() {
            let date = first + (at as i64).days();
            let y = layout.list.y + at as u16;
            let on = screen.week == back && screen.cursor == at;
            let (letter, style) = match c.days.get(&date) {
                Some(d) => (d.state().letter(), theme.run(d.state())),
                None if date > today => (' ', theme.role(Role::Dim)),
                None => ('.', theme.role(Role::Dim)),
            };
            let style = if on { style.patch(theme.role(Role::Cursor)) } else { style };
            paint::put(buf, x, y, &letter.to_string(), 1, style);
        }
    }
    for (at, name) in NAMES.iter().enumerate() {
        let mut pen = Pen::new(buf, layout.list, at as u16);
        let cursor = if screen.cursor == at { ">" } else { " " };
        pen.text(cursor, theme.role(Role::Key)).text(&format!(" {name}"), theme.role(Role::Title));
    }
    if let Some(area) = layout.preview {
        let date = chosen(state);
        let inside = parts::preview_inside(state, buf, area, &date.strftime("%A %Y-%m-%d").to_string());
        parts::lines(state, buf, inside, &about(c, date));
    }
}

fn about(c: &Calendar, date: jiff::civil::Date) -> Vec<(String, Role)> {
    let words = |d: &Day| {
        let some = [(d.failed, "failed"), (d.active, "not ended"), (d.runs - d.failed - d.active, "worked")];
        some.iter().filter(|(n, _)| *n > 0).map(|(n, w)| format!("{n} {w}")).collect::<Vec<_>>().join(", ")
    };
    let mut out = match c.days.get(&date) {
        Some(d) => vec![(format!("{}: {}  (Enter lists them)", count(d.runs as usize, "run"), words(d)), Role::Text)],
        None => vec![("no run".into(), Role::Dim)],
    };
    let (mut all, mut bad, mut failed_days) = (0, 0, Vec::new());
    for (date, d) in &c.days {
        all += d.runs;
        bad += d.failed;
        if d.failed > 0 {
            failed_days.push(date.to_string());
        }
    }
    out.push((
        format!("{} on {} in two years, {bad} failed", count(all as usize, "run"), count(c.days.len(), "day")),
        Role::Text,
    ));
    if !failed_days.is_empty() {
        failed_days.reverse();
        failed_days.truncate(20);
        out.push((text::clip(&format!("last failed days: {}", failed_days.join(" ")), 400), Role::Bad));
    }
    out
}
