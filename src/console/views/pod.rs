//! One pod: its life, why it waits, what it asked for and used, how it differs from the last success, containers, events.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use serde_json::Value;

use crate::{
    console::{
        items::{Item, Kind},
        layout::Layout,
        pods::{Fact, past_why, word},
        query::PodShown,
        state::State,
        theme::Role,
        update::count,
        widgets::{
            bars::spark,
            paint::{self, Pen},
            text,
        },
    },
    model::{
        PodEvent, quantity,
        usage::{Asked, Usage, asked_and_peak},
    },
    store::screens::pod::{ContainerRow, PodDetail, SpecDiff},
};

use super::{list, parts, pod_spec, pods};

type Lines = Vec<(String, Role)>;

/// The part of a limit from which on little is left of it.
const NEARLY: f64 = 0.95;
/// Columns of a curve.
const CURVE: usize = 40;

/// Title line.
pub fn title(state: &State, shown: &PodShown) -> String {
    let row = &shown.detail.row;
    let base = shown.detail.containers.iter().find(|c| c.name == shown.detail.base);
    let reason = base.map(|c| c.reason.as_str()).filter(|r| !r.is_empty() && *r != "Completed");
    let reason = reason.map(|r| format!(" ({r})")).unwrap_or_default();
    let node = row.node.as_ref().map(|n| format!("  node {n}")).unwrap_or_default();
    let at = shown.all.iter().position(|p| p.id == row.id).unwrap_or(0);
    let others =
        if shown.all.len() > 1 { format!("  pod {} of {} (< >)", at + 1, shown.all.len()) } else { String::new() };
    let ran = row.started.map(|s| row.ended.unwrap_or(state.now) - s);
    let waited = || row.created.filter(|_| row.started.is_none() && row.ended.is_none() && !row.is_gone);
    let ran = match (ran, waited()) {
        (Some(us), _) => format!("  ran {}", pods::span(us)),
        (None, Some(created)) => format!("  for {}", text::age(created, state.now)),
        (None, None) => String::new(),
    };
    let phase = match row.phase.is_empty() {
        true => word(row),
        false if row.is_ending && !row.is_gone => "Ending".into(),
        false => row.phase.clone(),
    };
    let gone = if row.is_gone && !row.phase.is_empty() { ", gone" } else { "" };
    format!("{phase}{reason}{gone}{node}{ran}{others}")
}

/// Draws it.
pub fn draw(state: &State, shown: &PodShown, layout: &Layout, buf: &mut Buffer) {
    let d = &shown.detail;
    let uid = d.uid.as_deref().map(|u| format!("  uid {}", u.get(..8).unwrap_or(u))).unwrap_or_default();
    let qos = if d.qos.is_empty() { String::new() } else { format!("  {}", d.qos) };
    let launches =
        if d.failed_launches > 0 { format!("  {} launches failed before", d.failed_launches) } else { String::new() };
    let adopted = if d.row.adopted > 0 { format!("  adopted {}x", d.row.adopted) } else { String::new() };
    let head = format!(
        "{} of {} {} try {}  {}{uid}{qos}  {}{launches}{adopted}",
        d.row.ti.label(),
        d.row.ti.run.dag_id,
        text::run_id(&d.row.ti.run.run_id),
        d.row.try_number,
        d.row.namespace,
        d.on_finish
    );
    list::draw(state, layout, buf, &head, |pen, item| match &item.kind {
        Kind::PodFact(fact) => {
            let (name, line, role) = fact_line(state, shown, *fact);
            pen.text(&text::fit(name, 6), state.theme.role(Role::Title)).text(&line, state.theme.role(role));
        }
        Kind::Container => container_line(state, d, item, pen),
        Kind::PodEvent => event_line(state, d, item, pen),
        _ => {}
    });
    let (Some(area), Some(item)) = (layout.preview, state.screen().item()) else { return };
    let name = match &item.kind {
        Kind::Container => d.containers.get(item.at).map(|c| format!("container {}", c.name)).unwrap_or_default(),
        Kind::PodEvent => "event".into(),
        Kind::PodFact(Fact::Life) => "life".into(),
        Kind::PodFact(Fact::Why) => "why it waits".into(),
        Kind::PodFact(Fact::Use) => "asked and used".into(),
        Kind::PodFact(Fact::Spec) => "what differs (Enter or =; d: all of it)".into(),
        Kind::PodFact(Fact::End) => "end (Enter: log)".into(),
        _ => String::new(),
    };
    let inside: Rect = parts::preview_inside(state, buf, area, &name);
    parts::lines(state, buf, inside, &about(shown, item));
}

/// A task instance that has no pod.
pub fn none(state: &State, buf: &mut Buffer, area: Rect) {
    let what = "This task instance has no pod: its tries are processes of this machine, its job has made none, or it hasn't begun.\n\
                d shows its tries and events, b why it doesn't run, q goes back.";
    for (y, line) in text::wrap(what, area.width.saturating_sub(4) as usize).iter().enumerate() {
        let style = state.theme.role(Role::Dim);
        paint::put(buf, area.x + 2, area.y + 1 + y as u16, line, area.width as usize - 3, style);
    }
}

fn fact_line(state: &State, shown: &PodShown, fact: Fact) -> (&'static str, String, Role) {
    let d = &shown.detail;
    match fact {
        Fact::Life => {
            let steps = d.phases.iter().filter(|p| !matches!(p.name, "pulling" | "initialized"));
            ("LIFE", pods::life(steps.map(|p| (p.name, p.at.as_microsecond()))), Role::Text)
        }
        Fact::Why => ("WHY", text::clean(&why(state, d)), Role::Warn),
        Fact::End => {
            let (text, is_bad) = ending(&d.result);
            ("END", text, if is_bad { Role::Bad } else { Role::Good })
        }
        Fact::Use => {
            let base = d.containers.iter().find(|c| c.name == d.base).or(d.containers.last());
            ("USE", base.map(used).unwrap_or_default(), Role::Text)
        }
        Fact::Spec => {
            let (text, differs) = difference(d);
            ("SPEC", text, if differs { Role::Warn } else { Role::Dim })
        }
    }
}

/// Why it waits and for how long; of one that runs or has ended, why it waited.
fn why(state: &State, d: &PodDetail) -> String {
    match (&d.row.why, d.row.created) {
        (Some(why), Some(created)) => format!("pending {}: {why}", text::age(created, state.now)),
        (Some(why), None) => why.clone(),
        (None, created) => {
            let span = created.zip(d.row.started).map(|(created, began)| format!(" {}", pods::span(began - created)));
            format!("was pending{}: {}", span.unwrap_or_default(), past_why(d).unwrap_or_default())
        }
    }
}

/// How its task ended, in a sentence; and whether that is bad.
fn ending(result: &Value) -> (String, bool) {
    match &result["end"] {
        Value::String(word) => (word.clone(), word != "success"),
        Value::Object(end) => {
            let (word, cause) = end.iter().next().map_or(("", &Value::Null), |(w, c)| (w.as_str(), c));
            (text::clean(&format!("{word}: {}", cause["summary"].as_str().unwrap_or(""))), word == "failed")
        }
        _ => (text::clean(&result.to_string()), true),
    }
}

/// `memory asked 48Gi, peak 31Gi; cpu asked 8; 1 nvidia.com/gpu`.
fn used(c: &ContainerRow) -> String {
    let usage = c.usage.as_ref();
    let mut words = Vec::new();
    for (resource, peak) in [("memory", usage.map(|u| u.memory.peak)), ("cpu", usage.map(|u| u.cpu.peak))] {
        if let Some(text) = asked_and_peak(resource, c.asked.get(resource).0, peak) {
            words.push(format!("{resource} {text}"));
        }
    }
    for (name, request, limit) in &c.asked.resources {
        if !matches!(name.as_str(), "memory" | "cpu") {
            words.push(format!("{name} {}", request.as_ref().or(limit.as_ref()).map_or("", String::as_str)));
        }
    }
    if words.is_empty() { "asked for nothing; no sample was taken".into() } else { words.join("; ") }
}

/// Against the last success and the try before, in one line; and whether something differs.
fn difference(d: &PodDetail) -> (String, bool) {
    let all = pod_spec::parts_of(d);
    let before = all.iter().map(|(diff, _)| *diff).find(|diff| Some(*diff) != d.diff.as_ref());
    let text = match (&d.diff, before) {
        (None, None) => "no success before it to compare with".into(),
        (None, Some(t)) => format!("no success before it; {} vs try {}", first_of(t, &d.base), t.try_number),
        (Some(diff), Some(t)) => {
            let (last, before) = (first_of(diff, &d.base), first_of(t, &d.base));
            format!("{last} vs last success; {before} vs try {}", t.try_number)
        }
        (Some(diff), None) => {
            let base = format!("last success ({}, try {})", text::run_id(&diff.run.run_id), diff.try_number);
            match diff.count() {
                0 => format!("as at the {base}"),
                _ => format!("{}  against the {base}", first_of(diff, &d.base)),
            }
        }
    };
    (text, all.iter().any(|(diff, _)| diff.count() > 0))
}

/// The first thing that differs, and how many more do.
fn first_of(diff: &SpecDiff, base: &str) -> String {
    match changes(diff, base).as_slice() {
        [] => "nothing".into(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

/// What differs: the ends of the paths, of the base container without its name.
fn changes(diff: &SpecDiff, base: &str) -> Vec<String> {
    let digest = diff.digest.as_ref().map(|(then, now)| format!("image digest: {} -> {}", short(then), short(now)));
    let base = format!("spec.containers[{base}].");
    let fields = diff.changes.iter().map(|c| {
        let line = c.line();
        let short = line.strip_prefix(&base).or_else(|| line.strip_prefix("spec."));
        short.map_or_else(|| line.clone(), str::to_owned)
    });
    digest.into_iter().chain(fields).collect()
}

/// A digest without its repository: `sha256:7ac1f0..`.
fn short(digest: &str) -> String {
    text::clip(digest.rsplit('@').next().unwrap_or(digest), 19)
}

fn container_line(state: &State, d: &PodDetail, item: &Item, pen: &mut Pen<'_>) {
    let Some(c) = d.containers.get(item.at) else { return };
    let theme = &state.theme;
    let dim = theme.role(Role::Dim);
    let style: Style = theme.role(match (c.exit_code, item.problem) {
        (_, true) => Role::Bad,
        (Some(_), _) => Role::Good,
        _ => Role::Text,
    });
    let name = if c.is_init { format!("init:{}", c.name) } else { c.name.clone() };
    let state_word = if c.state.is_empty() { "-" } else { c.state.as_str() };
    let exit = c.exit_code.map(|code| code.to_string()).unwrap_or_default();
    let (memory, is_near) = used_of(c, "memory", c.usage.as_ref().map(|u| u.memory.peak), quantity::bytes);
    let (cpu, _) = used_of(c, "cpu", c.usage.as_ref().map(|u| u.cpu.peak), quantity::cores);
    let others = c.asked.resources.iter().filter(|(name, ..)| !matches!(name.as_str(), "memory" | "cpu"));
    let others: Vec<String> = others
        .map(|(name, request, limit)| {
            let asked = request.as_ref().or(limit.as_ref()).map_or("", String::as_str);
            format!("{asked} {}", name.rsplit('/').next().unwrap_or(name))
        })
        .collect();
    pen.text(&text::fit(&name, 20), parts::body(state)).text(" ", dim);
    pen.text(&text::fit(state_word, 10), style).text(" ", dim);
    pen.text(&text::fit(&c.reason, 9), style).text(" ", dim);
    pen.text(&text::fit_right(&exit, 4), style);
    let restarts = if c.restarts > 0 { Role::Bad } else { Role::Dim };
    pen.text(&text::fit_right(&c.restarts.to_string(), 4), theme.role(restarts)).text("  ", dim);
    pen.text(&text::fit(&cpu, 8), dim);
    pen.text(&text::fit(&memory, 13), theme.role(if is_near { Role::Bad } else { Role::Dim }));
    pen.text(&others.join(" "), dim);
}

/// `31Gi/48Gi`: the highest use, and the limit or else what was asked for; with a `!` where that is nearly the limit.
fn used_of(c: &ContainerRow, resource: &str, peak: Option<f64>, form: fn(f64) -> String) -> (String, bool) {
    let (asked, limit) = c.asked.get(resource);
    let of = limit.or(asked);
    let is_near = limit.and_then(quantity::parse).zip(peak).is_some_and(|(limit, peak)| peak >= NEARLY * limit);
    let mark = if is_near { "!" } else { "" };
    let text = match (peak.map(form), of) {
        (Some(peak), Some(of)) => format!("{peak}/{of}{mark}"),
        (Some(peak), None) => peak,
        (None, Some(of)) => format!("-/{of}"),
        (None, None) => "-".into(),
    };
    (text, is_near)
}

fn event_line(state: &State, d: &PodDetail, item: &Item, pen: &mut Pen<'_>) {
    let Some(e) = d.events.get(item.at) else { return };
    let theme = &state.theme;
    let role = if e.level == "Warning" { Role::Warn } else { Role::Text };
    let at = e.last_at.map(|t| text::time(t.as_microsecond(), "%H:%M:%S")).unwrap_or_default();
    let times = if e.count > 1 { format!(" ({}x)", e.count) } else { String::new() };
    pen.text(&text::fit(&at, 9), theme.role(Role::Dim));
    pen.text(&text::fit(&e.level, 8), theme.role(role));
    pen.text(&text::fit(&e.reason, 18), theme.role(role));
    pen.text(&text::clean(&format!("{}{times}", e.message)), theme.role(role));
}

/// Everything about a line.
pub fn about(shown: &PodShown, item: &Item) -> Lines {
    let d = &shown.detail;
    match &item.kind {
        Kind::Container => d.containers.get(item.at).map(|c| container(d, c)).unwrap_or_default(),
        Kind::PodEvent => d.events.get(item.at).map(event).unwrap_or_default(),
        Kind::PodFact(Fact::Life) => life(d),
        Kind::PodFact(Fact::Why) => {
            vec![(d.row.why.as_deref().or(past_why(d)).unwrap_or_default().to_owned(), Role::Warn)]
        }
        Kind::PodFact(Fact::End) => {
            let (text, is_bad) = ending(&d.result);
            vec![(text, if is_bad { Role::Bad } else { Role::Text })]
        }
        Kind::PodFact(Fact::Use) => uses(d),
        Kind::PodFact(Fact::Spec) => {
            let mut out = vec![(difference(d).0, Role::Dim)];
            for (diff, base) in pod_spec::parts_of(d) {
                out.push((format!("against {base}: {}", count(diff.count(), "difference")), Role::Dim));
                out.extend(changes(diff, &d.base).into_iter().map(|line| (line, Role::Warn)));
            }
            out
        }
        _ => Vec::new(),
    }
}

fn life(d: &PodDetail) -> Lines {
    let mut out = Lines::new();
    let mut before: Option<i64> = None;
    for phase in &d.phases {
        let at = phase.at.as_microsecond();
        let after = before.map(|b| format!("+{}", pods::span(at - b))).unwrap_or_default();
        let line = format!("{} {:>7} {:<12} {}", text::time(at, "%m-%d %H:%M:%S"), after, phase.name, phase.note);
        out.push((line, Role::Text));
        before = Some(at);
    }
    if out.is_empty() {
        out.push(("it isn't created yet".into(), Role::Dim));
    }
    out
}

fn container(d: &PodDetail, c: &ContainerRow) -> Lines {
    let mut out = Lines::new();
    let mut say = |name: &str, value: String, role: Role| {
        if !value.is_empty() {
            out.push((format!("{name:<10}{value}"), role));
        }
    };
    let code = c.exit_code.map(|code| format!(" exit {code}")).unwrap_or_default();
    let restarts = if c.restarts > 0 { format!("  restarted {} times", c.restarts) } else { String::new() };
    let what = if c.is_init {
        "init, "
    } else if c.name == d.base {
        "base, "
    } else {
        ""
    };
    let bad = c.exit_code.is_some_and(|code| code != 0);
    let now = if c.state.is_empty() { "not there yet" } else { &c.state };
    say("state", format!("{what}{now} {}{code}{restarts}", c.reason), if bad { Role::Bad } else { Role::Text });
    say("says", c.message.clone(), Role::Warn);
    say("image", c.image.clone(), Role::Text);
    let digest = c.image_id.rsplit('@').next().unwrap_or("").to_owned();
    say("digest", if digest == c.image { String::new() } else { digest }, Role::Dim);
    let time = |t: Option<i64>| t.map(|t| text::time(t, "%m-%d %H:%M:%S")).unwrap_or_else(|| "-".into());
    if c.started.is_some() {
        say("ran", format!("{} .. {}", time(c.started), time(c.finished)), Role::Text);
    }
    say("use", used(c), Role::Text);
    out.extend(asked(&c.asked));
    out.extend(c.usage.iter().flat_map(curves));
    out
}

/// Requests and limits, one line.
fn asked(asked: &Asked) -> Option<(String, Role)> {
    let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let all: Vec<String> =
        asked.resources.iter().map(|(name, a, b)| format!("{name} {}/{}", side(a), side(b))).collect();
    (!all.is_empty()).then(|| (format!("{:<10}{}", "req/limit", all.join("  ")), Role::Dim))
}

/// What was sampled, with a curve of it.
fn curves(u: &Usage) -> Lines {
    let memory = spark(u.points.iter().map(|p| p.memory), CURVE);
    let cpu = spark(u.points.iter().map(|p| p.cpu), CURVE);
    let (m, c) = (&u.memory, &u.cpu);
    let (b, n) = (quantity::bytes, quantity::cores);
    vec![
        (format!("memory    {memory}  now {} mean {} peak {}", b(m.last), b(m.mean), b(m.peak)), Role::Text),
        (format!("cpu       {cpu}  now {} mean {} peak {}", n(c.last), n(c.mean), n(c.peak)), Role::Text),
    ]
}

fn uses(d: &PodDetail) -> Lines {
    let mut out: Lines = d.containers.iter().map(|c| (format!("{:<14}{}", c.name, used(c)), Role::Text)).collect();
    for task in &d.task_use {
        let asked = task.asked.get("memory").0.map(|a| format!("asked {a}, ")).unwrap_or_default();
        let line = format!(
            "{} over its last {} pods: memory {asked}peak {}, usually {}; cpu peak {}, usually {}",
            task.container,
            task.pods,
            quantity::bytes(task.memory_peak),
            quantity::bytes(task.memory_median),
            quantity::cores(task.cpu_peak),
            quantity::cores(task.cpu_median)
        );
        out.push((line, Role::Dim));
    }
    for usage in d.containers.iter().filter_map(|c| c.usage.as_ref()) {
        out.extend(curves(usage));
    }
    out
}

fn event(e: &PodEvent) -> Lines {
    let time =
        |t: Option<jiff::Timestamp>| t.map(|t| text::time(t.as_microsecond(), "%m-%d %H:%M:%S")).unwrap_or_default();
    let when = match (e.count, time(e.first_at) == time(e.last_at)) {
        (..=1, true) => time(e.last_at),
        (n, _) => format!("{n} times from {} to {}", time(e.first_at), time(e.last_at)),
    };
    let role = if e.level == "Warning" { Role::Warn } else { Role::Text };
    vec![(format!("{} {}  {when}  says {}", e.level, e.reason, e.source), Role::Dim), (e.message.clone(), role)]
}
