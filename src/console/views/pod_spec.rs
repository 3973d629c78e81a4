//! What was sent of a pod as YAML, and how that differs from the pods of the last success and of the try before. Secrets are
//! masked.

use ratatui::buffer::Buffer;

use crate::{
    console::{
        keymap::Action,
        layout::Layout,
        query::PodShown,
        state::State,
        theme::Role,
        update::count,
        widgets::{paint, text},
    },
    store::screens::pod::{PodDetail, SpecDiff},
};

use super::parts;

/// Title line.
pub fn title(state: &State, shown: &PodShown, differs: bool) -> String {
    let (diff_key, spec_key) = (state.keymap.short(Action::PodDiff), state.keymap.short(Action::PodSpec));
    match (parts_of(&shown.detail).as_slice(), differs) {
        (_, false) => format!("what was sent, secrets masked ({diff_key}: what differs from the last success)"),
        ([], true) => format!("no success before it to compare with ({spec_key}: what was sent)"),
        ([(diff, base)], true) => format!(
            "{} from pod {} of {}, try {}, {base} ({spec_key}: what was sent)",
            count(diff.count(), "difference"),
            diff.pod,
            text::run_id(&diff.run.run_id),
            diff.try_number
        ),
        (all, true) => {
            let all: Vec<String> = all.iter().map(|(d, base)| format!("{} from {base}", d.count())).collect();
            format!("differences: {} ({spec_key}: what was sent)", all.join(", "))
        }
    }
}

/// What a pod is compared with, and what that is: the last success, the try before.
pub fn parts_of(d: &PodDetail) -> Vec<(&SpecDiff, String)> {
    let mut all = Vec::new();
    if let Some(diff) = &d.diff {
        all.push((diff, "the last success".to_owned()));
    }
    if let Some(diff) = d.try_diff.as_ref().filter(|diff| d.diff.as_ref().is_none_or(|last| last.pod != diff.pod)) {
        all.push((diff, format!("try {}", diff.try_number)));
    }
    all
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
    let (all, mut out) = (parts_of(&shown.detail), Vec::new());
    for (diff, base) in &all {
        if all.len() > 1 {
            let of = format!("against {base}: pod {} of {}", diff.pod, text::run_id(&diff.run.run_id));
            out.push((of, Role::Dim));
        }
        fields(diff, &mut out);
    }
    out
}

fn fields(diff: &SpecDiff, out: &mut Vec<(String, Role)>) {
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
    if diff.count() == 0 {
        out.push(("Nothing differs but names and times.".into(), Role::Good));
    }
}
