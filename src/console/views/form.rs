//! A form over the whole screen: fields, plan, the same as a shell command, buttons.

use ratatui::{buffer::Buffer, layout::Rect};
use serde_json::Value;

use crate::{
    console::{
        forms::{ActForm, Control, Field, Preview, Purpose, outlook, shell},
        layout::Layout,
        state::State,
        theme::Role,
        update::count,
        widgets::{
            paint::{self, Pen},
            text,
        },
    },
    model::{RunState, TiState},
};

/// Lines of the plan, below its sum, that are seen on the smallest terminal.
const LEAST_ROWS: usize = 2;

/// Draws it.
pub fn draw(state: &State, form: &ActForm, layout: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let area = Rect { x: 0, y: 1, width: state.size.0, height: state.size.1.saturating_sub(2) };
    paint::clear(buf, area, theme.role(Role::Text));
    paint::put(buf, 1, 1, &form.title, area.width as usize - 2, theme.role(Role::Title));
    let buttons = layout.hints.y.saturating_sub(1);
    let command = command_lines(form, area.width as usize);
    let bottom = buttons.saturating_sub(command.len() as u16 + 1);
    let mut y = 3;
    y = fields(state, form, Rect { y, height: bottom.saturating_sub(y), ..area }, buf) + 1;
    if let Some(why) = &form.mistake {
        for part in text::wrap(why, area.width as usize - 4).iter().take(3) {
            paint::put(buf, 2, y, part, area.width as usize - 3, theme.role(Role::Bad));
            y += 1;
        }
    }
    let (mut lines, mut first_row) = plan(state, form, area.width as usize - 4);
    let wanted = lines.len().min(first_row + LEAST_ROWS + 1);
    // Where the plan has no room, the command gives way, which Ctrl-y copies all the same; then the empty line above the buttons.
    let (command, bottom) = match bottom.saturating_sub(y) as usize {
        room if room >= wanted || !matches!(form.preview, Preview::Plans(_)) => (command, bottom),
        _ if (buttons.saturating_sub(y + 1) as usize) < wanted => (Vec::new(), buttons),
        _ => (Vec::new(), buttons.saturating_sub(1)),
    };
    let room = bottom.saturating_sub(y) as usize;
    if room < wanted && first_row > 1 {
        // What is said about all of them then comes after them.
        let rest = lines.split_off(first_row);
        let about = lines.split_off(1);
        lines.extend(rest);
        lines.extend(about);
        first_row = 1;
    }
    let cursor = form.on_rows().then_some(first_row + form.row);
    let (top, shown) = window(lines.len(), room, form.scroll, cursor);
    for (at, (line, role)) in lines.iter().enumerate().skip(top).take(shown) {
        let on = cursor == Some(at);
        paint::put(buf, 1, y, if on { ">" } else { " " }, 1, theme.role(Role::Key));
        let style = theme.role(if on { Role::Focus } else { *role });
        paint::put(buf, 2, y, line, area.width as usize - 3, style);
        y += 1;
    }
    let below = lines.len().saturating_sub(top + shown);
    if below > 0 && shown < room {
        let more = format!("+{below} more (PgDn)");
        paint::put(buf, 2, y, &more, area.width as usize - 3, theme.role(Role::Dim));
    }
    for (i, line) in command.iter().enumerate() {
        paint::put(buf, 1, bottom + i as u16, line, area.width as usize - 2, theme.role(Role::Dim));
    }
    button_row(state, form, buttons, buf);
}

/// The first line of a plan that is shown and how many are: one fewer than there is room for while more of them follow, which the
/// last line says. The line of the cursor is among them.
fn window(lines: usize, room: usize, scroll: usize, cursor: Option<usize>) -> (usize, usize) {
    let last = lines.saturating_sub(room);
    let most = if room > 1 { room - 1 } else { room };
    let top = cursor.map_or(scroll, |at| scroll.clamp((at + 1).saturating_sub(most.max(1)), at)).min(last);
    (top, if top < last { most } else { room })
}

fn button_row(state: &State, form: &ActForm, y: u16, buf: &mut Buffer) {
    let theme = &state.theme;
    let style = |on| theme.role(if on { Role::Focus } else { Role::Text });
    let label = match &form.preview {
        // What has no instances and runs isn't counted by them.
        Preview::Plans(_) if matches!(form.purpose, Purpose::CleanPod(..)) => form.verb.clone(),
        Preview::Plans(plans) => format!("{} {}", form.verb, instances(plans).len().max(runs(plans))),
        _ => form.verb.clone(),
    };
    let row = Rect { x: 0, y, width: state.size.0, height: 1 };
    let mut pen = Pen::new(buf, row, 0);
    pen.at((state.size.0 / 2).saturating_sub(24));
    let button = |label: &str, on| if on { format!(">[ {label} ]<") } else { format!(" [ {label} ] ") };
    pen.text(&button("Cancel", form.on_cancel()), style(form.on_cancel())).text(" ", theme.role(Role::Text));
    pen.text(&button(&label, form.on_act()), style(form.on_act()));
    if form.has_plan() {
        pen.text(" ", theme.role(Role::Text)).text(&button("Save plan", form.on_save()), style(form.on_save()));
    }
    if !form.sent.is_empty() {
        pen.text("  sent ..", theme.role(Role::Warn));
    } else if let Some(why) = state.no_verbs() {
        pen.text(&format!("  {why}"), theme.role(Role::Bad));
    }
}

/// Toggles share lines; everything else has its own. Gives the line after the last.
fn fields(state: &State, form: &ActForm, area: Rect, buf: &mut Buffer) -> u16 {
    let theme = &state.theme;
    // Toggles, and short choices beside them.
    let is_short = |f: &Field| matches!(f.control, Control::Toggle(_) | Control::Choice(..)) && f.note.is_empty();
    let has_toggle = form.fields.iter().any(|f| matches!(f.control, Control::Toggle(_)));
    let compact = has_toggle && form.fields.iter().all(is_short);
    let mut y = 0;
    if compact {
        let mut pen = Pen::new(buf, area, 0);
        pen.text(" ", theme.role(Role::Text));
        for (i, f) in form.fields.iter().enumerate() {
            let mark = if form.focus == i { ">" } else { " " };
            let label = match &f.control {
                Control::Choice(..) => format!("{mark}{} <{}>", f.label, f.value()),
                _ => format!("{mark}[{}]{}", if f.on() { "x" } else { " " }, f.label),
            };
            let style = theme.role(if form.focus == i { Role::Focus } else { Role::Text });
            if pen.left() <= label.len() + 1 {
                y += 1;
                pen = Pen::new(buf, area, y);
                pen.text(" ", theme.role(Role::Text));
            }
            pen.text(&label, style).text(" ", theme.role(Role::Text));
        }
        return area.y + y + 1;
    }
    // The field with the focus is always in sight.
    let shown: Vec<usize> = (0..form.fields.len()).filter(|i| !form.is_hidden(*i)).collect();
    let height = area.height.saturating_sub(3).max(1) as usize;
    let on_field = shown.iter().position(|i| *i == form.focus);
    let first = on_field.map_or(0, |at| (at + 1).saturating_sub(height));
    let names = form.fields.iter().map(|f| text::width(&f.label)).max().unwrap_or(8).clamp(8, 24);
    for (at, i) in shown.iter().enumerate().skip(first).take(height) {
        one(state, &form.fields[*i], form.focus == *i, names, Rect { y: area.y + y, height: 1, ..area }, buf);
        // There are more of them, up or down.
        let more = match at {
            at if at == first && first > 0 => "^",
            at if at + 1 == first + height && at + 1 < shown.len() => "v",
            _ => "",
        };
        paint::put(buf, area.x, area.y + y, more, 1, theme.role(Role::Dim));
        y += 1;
    }
    area.y + y
}

fn one(state: &State, f: &Field, focus: bool, names: usize, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let plain = theme.role(Role::Text);
    let mut pen = Pen::new(buf, area, 0);
    let name = theme.role(if focus { Role::Key } else { Role::Text });
    pen.text(if focus { " > " } else { "   " }, theme.role(Role::Key)).cell(&f.label, names, name);
    let style = theme.role(if focus { Role::Focus } else { Role::Text });
    let columns = (area.width as usize / 3).max(20);
    match &f.control {
        Control::Toggle(on) => {
            pen.text(if *on { "[x]" } else { "[ ]" }, style).text(if *on { " on " } else { " off " }, plain);
        }
        Control::Choice(all, at) => {
            let value = all.get(*at).map_or("", String::as_str);
            pen.text(&format!("< {value} >"), style)
                .text(&format!(" {} of {} ", at + 1, all.len()), theme.role(Role::Dim));
        }
        Control::Text(input) => {
            let columns = columns.min(pen.left().saturating_sub(4));
            pen.text("[", plain);
            let x = pen.x;
            let cursor = focus.then(|| theme.role(Role::Focus));
            paint::input(buf, x, area.y, input, columns, plain, cursor);
            let mut pen = Pen::new(buf, area, 0);
            pen.at(x + columns as u16).text("] ", plain).text(&f.note, theme.role(Role::Dim));
            return;
        }
    }
    pen.text(&f.note, theme.role(Role::Dim));
}

fn command_lines(form: &ActForm, columns: usize) -> Vec<String> {
    // What is refused here is refused in a shell.
    if matches!(form.preview, Preview::Failed(_)) {
        return Vec::new();
    }
    let commands = match form.commands(false) {
        Ok(commands) => commands,
        Err(_) => return Vec::new(),
    };
    let Some(first) = commands.first() else { return Vec::new() };
    let mut lines = vec!["same from a shell (Ctrl-y copies it):".to_owned()];
    lines.extend(text::wrap(&shell(first), columns.saturating_sub(3)).into_iter().take(3));
    if commands.len() > 1 {
        lines.push(format!(".. and {} more", commands.len() - 1));
    }
    lines
}

fn list<'a>(plans: &'a [Value], key: &'a str) -> impl Iterator<Item = &'a Value> {
    plans.iter().filter_map(move |p| p[key].as_array()).flatten()
}

fn instances(plans: &[Value]) -> Vec<&Value> {
    list(plans, "task_instances").collect()
}

fn runs(plans: &[Value]) -> usize {
    list(plans, "dag_runs").count()
}

fn wrapped(line: &str, columns: usize, role: Role) -> Vec<(String, Role)> {
    text::wrap(line, columns).into_iter().map(|part| (part, role)).collect()
}

/// What follows from the plans, each sentence once: of several plans how many say it.
fn effects(plans: &[Value]) -> Vec<String> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for effect in list(plans, "effects") {
        let text = effect.as_str().map_or_else(|| effect.to_string(), str::to_owned);
        match found.iter_mut().find(|(known, _)| *known == text) {
            Some((_, n)) => *n += 1,
            None => found.push((text, 1)),
        }
    }
    let line = |(text, n): (String, usize)| match n {
        1 if plans.len() > 1 => format!("also, in one of {} runs: {text}", plans.len()),
        1 => format!("also: {text}"),
        n => format!("also, in {n} runs each: {text}"),
    };
    found.into_iter().map(line).collect()
}

/// What would happen, line by line; and which of them is the first task instance.
fn plan(state: &State, form: &ActForm, columns: usize) -> (Vec<(String, Role)>, usize) {
    let plans = match &form.preview {
        Preview::Words(lines) => {
            let more = match &form.purpose {
                Purpose::Trigger(dag) => outlook::trigger_words(form, dag, state.now),
                _ => Vec::new(),
            };
            return (lines.iter().chain(&more).flat_map(|l| wrapped(l, columns, Role::Text)).collect(), 0);
        }
        Preview::Asking => {
            let text = state.no_verbs().unwrap_or_else(|| "asking what would happen ..".into());
            return (vec![(text, Role::Dim)], 0);
        }
        Preview::Failed(e) => {
            let more = [&e.cause, &e.hint].into_iter().flatten().flat_map(|t| wrapped(t, columns, Role::Dim));
            return (wrapped(&e.message, columns, Role::Bad).into_iter().chain(more).collect(), 0);
        }
        Preview::Plans(plans) => plans,
    };
    let all = outlook::rows(form);
    let word =
        |v: &Value| v.as_str().map_or_else(|| if v.is_null() { String::new() } else { v.to_string() }, str::to_owned);
    let n = (count(instances(plans).len(), "task instance"), count(runs(plans), "run"));
    let work: f64 =
        all.iter().filter(|r| r.plan.is_some()).filter_map(|r| outlook::usual(form, &r.task, r.index)).sum();
    let work = if work >= 1.0 { format!(", about {} of work", text::duration(work)) } else { String::new() };
    // What is done with a pod has no instances or runs.
    let counts =
        if matches!(form.purpose, Purpose::CleanPod(..)) { String::new() } else { format!("{}, {}{work}; ", n.0, n.1) };
    let mut out = vec![(format!("{counts}nothing has changed yet"), Role::Title)];
    if matches!(form.purpose, Purpose::Backfill(_)) {
        out.extend(outlook::backfill_words(form, runs(plans), state.now).map(|line| (line, Role::Text)));
        out.extend(calendar(plans, columns).into_iter().map(|line| (line, Role::Text)));
    }
    out.extend(effects(plans).iter().flat_map(|line| wrapped(line, columns, Role::Warn)));
    let first_row = out.len();
    let name_of = |r: &outlook::Row<'_>| {
        if r.index < 0 { r.task.clone() } else { format!("{}[{}]", r.task, r.index) }
    };
    let of = |r: &outlook::Row<'_>, key: &str| r.plan.map(|t| word(&t[key])).unwrap_or_default();
    // Names and reasons take what they need, so that the run is not cut.
    let widest = |text: &dyn Fn(&outlook::Row<'_>) -> String, most: usize| {
        all.iter().map(|r| text::width(&text(r))).max().unwrap_or(0).min(most)
    };
    let runs_take = widest(&|r| text::run_id(&of(r, "dag_run_id")), 40);
    let reasons = widest(&|r| of(r, "reason"), 14);
    let names = widest(&name_of, columns.saturating_sub(runs_take + reasons + 19).max(16));
    for r in &all {
        let Some(t) = r.plan else {
            out.push((format!("-       {} left out, stays as it is", text::fit(&name_of(r), names)), Role::Dim));
            continue;
        };
        let letter =
            |s: &Value| s.as_str().map_or(Some(TiState::None), |s| s.parse().ok()).map_or('?', TiState::letter);
        let run = text::run_id(&word(&t["dag_run_id"]));
        let change = format!("{} -> {}", letter(&t["from"]), letter(&t["to"]));
        let usual = outlook::usual(form, &r.task, r.index).map(|s| format!("  ~{}", text::duration(s)));
        let line = format!(
            "{change}  {} {}  {run}{}",
            text::fit(&name_of(r), names),
            text::fit(&of(r, "reason"), reasons),
            usual.unwrap_or_default()
        );
        out.push((line, Role::Text));
    }
    for r in list(plans, "dag_runs") {
        let from_to = format!("{} -> {}", word(&r["from"]), word(&r["to"]));
        let what = if r["from"].is_null() && r["to"].is_null() { word(&r["reason"]) } else { from_to };
        let name = match (&r["dag_run_id"], &r["logical_date"]) {
            (Value::Null, date) => word(date),
            (id, _) => word(id),
        };
        out.push((format!("run {name}  {what}"), Role::Text));
    }
    if out.len() == 1 {
        out.push(("nothing to do: nothing fits the selection".into(), Role::Warn));
    }
    (out, first_row)
}

/// The days of a backfill in rows of a week: `+` a new run, else the letter of the run that runs again.
fn calendar(plans: &[Value], columns: usize) -> Vec<String> {
    let letter = |r: &Value| match r["from"].as_str() {
        None => '+',
        Some(state) => state.parse::<RunState>().map_or('?', RunState::letter),
    };
    let mut days: Vec<(String, char)> = list(plans, "dag_runs")
        .filter_map(|r| {
            let date = r["logical_date"].as_str().or_else(|| r["dag_run_id"].as_str()?.split("__").nth(1))?;
            Some((date.get(..10)?.to_owned(), letter(r)))
        })
        .collect();
    days.sort();
    days.dedup_by(|a, b| a.0 == b.0);
    let (Some((first, _)), true) = (days.first(), days.len() > 2) else { return Vec::new() };
    let mut out = vec![format!("{} +new, else what runs again: ", first.get(..7).unwrap_or_default())];
    for (date, letter) in &days {
        let day = format!("{}{letter} ", date.get(8..).unwrap_or_default());
        let new_month = date.ends_with("-01") && date != first;
        let line = match out.last_mut().filter(|l| !new_month && text::width(l) + day.len() <= columns) {
            Some(line) => line,
            None => {
                out.push(if new_month { format!("{} ", date.get(..7).unwrap_or_default()) } else { " ".repeat(8) });
                out.last_mut().unwrap_or_else(|| unreachable!("just pushed"))
            }
        };
        line.push_str(&day);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn the_line_of_the_cursor_is_in_the_window() {
        assert_eq!((window(3, 5, 7, None), window(9, 4, 0, None), window(9, 4, 99, None)), ((0, 5), (0, 3), (5, 4)));
        assert_eq!(window(3, 0, 0, Some(1)).1, 0);
        for (lines, room) in [(9, 4), (9, 1), (2, 1), (9, 2), (4, 4)] {
            for at in 0..lines {
                for scroll in 0..lines {
                    let (top, shown) = window(lines, room, scroll, Some(at));
                    assert!((top..top + shown).contains(&at), "{at} of {lines} in {room}: {top} {shown}");
                }
            }
        }
    }
}
