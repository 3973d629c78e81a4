//! What was sent of a pod as YAML, and how that differs from the pod of the last success. Secrets are masked.

use ratatui::buffer::Buffer;

use crate::console::{
    keymap::Action,
    layout::Layout,
    query::PodShown,
    state::State,
    theme::Role,
    update::count,
    widgets::{paint, text},
};

use super::parts;

/// Title line.
pub fn title(state: &State, shown: &PodShown, differs: bool) -> String {
    let (diff_key, spec_key) = (state.keymap.short(Action::PodDiff), state.keymap.short(Action::PodSpec));
    match (&shown.detail.diff, differs) {
        (_, false) => format!("what was sent, secrets masked ({diff_key}: what differs from the last success)"),
        (None, true) => format!("no success before it to compare with ({spec_key}: what was sent)"),
        (Some(diff), true) => format!(
            "{} from pod {} of {}, try {}, the last success ({spec_key}: what was sent)",
            count(diff.changes.len() + usize::from(diff.digest.is_some()), "difference"),
            diff.pod,
            text::run_id(&diff.run.run_id),
            diff.try_number
        ),
    }
}

/// Draws it.
pub fn draw(state: &State, shown: &PodShown, differs: bool, layout: &Layout, buf: &mut Buffer) {
    let theme = &state.theme;
    let row = &shown.detail.row;
    let head = format!(" {} in {}  {} try {}", row.name, row.namespace, row.ti.label(), row.try_number);
    paint::row(buf, layout.columns, 0, &head, theme.role(Role::Title));
    let lines = lines(shown, differs);
    let height = layout.list.height as usize;
    let top = state.screen().scroll;
    let all = lines.iter().map(|(line, role)| (" ".to_owned(), line.as_str().into(), *role));
    parts::code(state, buf, layout.list, all);
    if lines.len() > height {
        let at = format!(" {}-{} of {} ", top + 1, (top + height).min(lines.len()), lines.len());
        let x = layout.columns.right().saturating_sub(text::width(&at) as u16 + 1);
        paint::put(buf, x, layout.columns.y, &at, at.len(), theme.role(Role::Dim));
    }
}

/// Its lines.
pub fn lines(shown: &PodShown, differs: bool) -> Vec<(String, Role)> {
    if differs { differences(shown) } else { plain(&shown.yaml) }
}

fn plain(yaml: &str) -> Vec<(String, Role)> {
    yaml.lines().map(|line| (text::clean(line), Role::Text)).collect()
}

/// Each difference as the field, what it was and what it is.
fn differences(shown: &PodShown) -> Vec<(String, Role)> {
    let Some(diff) = &shown.detail.diff else { return Vec::new() };
    let mut out = Vec::new();
    let mut say = |path: &str, before: Option<&str>, after: Option<&str>| {
        out.push((path.to_owned(), Role::Title));
        for (sign, side, role) in [('-', before, Role::Bad), ('+', after, Role::Good)] {
            out.push((format!("  {sign} {}", side.map_or_else(|| "(none)".into(), text::clean)), role));
        }
    };
    if let Some((then, now)) = &diff.digest {
        say("image digest", Some(then), Some(now));
    }
    for c in &diff.changes {
        say(&c.path, c.before.as_deref(), c.after.as_deref());
    }
    if out.is_empty() {
        out.push(("Nothing differs but names and times.".into(), Role::Good));
    }
    out
}
