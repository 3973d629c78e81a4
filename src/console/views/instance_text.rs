//! Texts about one task instance: details, inputs, XComs, and why it isn't running.

use serde_json::Value;

use crate::{
    console::{
        keymap::Action,
        pods::{self, PodNow},
        state::State,
        theme::Role,
        update::count,
        widgets::text,
    },
    model::{Task, TiState, TriggerRule},
    store::screens::{
        changes::{Changes, MOST_RUNS},
        instance::InstanceDetail,
        label,
    },
};

use super::parts;

type Lines = Vec<(String, Role)>;

/// What it is doing, in one sentence.
pub fn now(state: &State, d: &InstanceDetail) -> String {
    let wake = d.row.wake_at.map(|at| text::until(at, state.now));
    let since = |t: Option<i64>| t.map(|t| format!(" for {}", text::age(t, state.now))).unwrap_or_default();
    if let Some(pod) = d.pods.last().filter(|p| p.try_number == d.row.try_number && !d.row.state.is_finished())
        && matches!(pods::now(pod), PodNow::Wanted | PodNow::Pending | PodNow::Running | PodNow::Silent)
    {
        let why = pod.why.as_ref().map(|why| format!(": {}", text::clean(why))).unwrap_or_default();
        return format!("{}, pod {} is {} (e){why}", d.row.state, pod.name, pods::word(pod));
    }
    let why_key = why_key(state);
    match (d.row.state, wake) {
        (TiState::Running, _) => {
            let seconds = d.row.seconds(state.now).unwrap_or(0.0);
            let usual = match (d.pace.p50(), d.pace.p95()) {
                (_, Some(p95)) if d.pace.is_long(seconds) => format!(", longer than p95 {}", text::duration(p95)),
                (Some(p50), _) => format!(", usually {}", text::duration(p50)),
                _ => String::new(),
            };
            let long = d.row.start.map(|s| format!(" for {}", text::since(s, state.now))).unwrap_or_default();
            format!("running{long}{usual} (pid {})", d.place.1.unwrap_or(0))
        }
        (TiState::UpForRetry, Some(w)) => format!("waits for its next try, in {w}"),
        (TiState::UpForReschedule, Some(w)) => format!("sensor, looks again in {w}"),
        (TiState::Deferred, Some(w)) => format!("deferred, at most {w} more"),
        (TiState::Queued, _) => format!("queued{}", since(d.waits.1)),
        (TiState::Scheduled, _) => format!("ready{}, waits for a slot of pool {}", since(d.waits.0), d.row.pool),
        (TiState::None, _) if d.row.paused => {
            format!("waits: the DAG is paused ({} resumes it)", state.keymap.short(Action::Pause))
        }
        (TiState::None, _) if d.run_state == "queued" => format!("waits: its run hasn't started{why_key}"),
        (TiState::None, _) if d.upstream.is_empty() => format!("isn't scheduled yet{why_key}"),
        (TiState::None, _) => format!("waits for the tasks above it{why_key}"),
        (s, _) => s.to_string(),
    }
}

/// What else points at the cause: that it was the same before, and the first of what changed since it worked.
pub fn hint(d: &InstanceDetail) -> Option<String> {
    let again = match d.same_before {
        0 => None,
        n => Some(format!("the same in {} runs in a row", n + 1)),
    };
    let changed = d.changes.as_ref().and_then(|c| {
        let mut likely = c.changes.iter().filter(|c| c.likely);
        let version = likely.clone().find(|c| c.what.starts_with("DAG version"));
        // What is about the task says more than the number of the version.
        let first = likely.find(|c| !c.what.starts_with("DAG version")).or(version)?;
        let worked = c.worked.as_ref()?;
        let what = first.what.trim_start_matches("this task's ");
        Some(format!("since {} {what} (b)", text::run_id(&worked.run_id)))
    });
    let all: Vec<String> = again.into_iter().chain(changed).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// `3 after 5m00, x2 each time, at most 1h00`.
fn retries(task: &Task) -> String {
    if task.retries == 0 {
        return "0".into();
    }
    let mut text = format!("{} after {}", task.retries, text::duration(task.retry_delay));
    if task.retry_exponential_backoff > 1.0 {
        text.push_str(&format!(", about x{} each time", task.retry_exponential_backoff));
    }
    if let Some(most) = task.max_retry_delay {
        text.push_str(&format!(", at most {}", text::duration(most)));
    }
    text
}

/// Row, tries, events.
pub fn details(state: &State, d: &InstanceDetail) -> Lines {
    let r = &d.row;
    let mut out: Lines = Vec::new();
    let mut say = |name: &str, value: String| out.push((format!("{name:<18}{value}"), Role::Text));
    let time = |t: Option<i64>| t.map_or_else(|| "-".into(), |t| text::time(t, "%Y-%m-%d %H:%M:%S%.3f"));
    say("dag, run", format!("{}  {}", r.ti.run.dag_id, r.ti.run.run_id));
    say("run state", d.run_state.clone());
    say("state", r.state.to_string());
    say("operator", r.operator.clone());
    say("try", format!("{} of {}", r.try_number, r.max_tries + 1));
    say(
        "pool",
        format!(
            "{} ({})  weight {}",
            r.pool,
            count(usize::try_from(d.pool_slots).unwrap_or(0), "slot"),
            d.priority_weight
        ),
    );
    say("ready, queued", format!("{}  {}", time(d.waits.0), time(d.waits.1)));
    say("started, ended", format!("{}  {}", time(r.start), time(r.end)));
    if !d.pace.last.is_empty() {
        say("usually", parts::usual(&d.pace));
    }
    say("logical date", time(r.logical_date));
    if let Some(host) = &d.place.0 {
        say("host, pid", format!("{host} {}", d.place.1.map(|p| p.to_string()).unwrap_or_default()));
    }
    if let Some(id) = &d.place.2 {
        say("outside", id.clone());
    }
    if let Some(note) = &r.note {
        say("note", note.clone());
    }
    if let Some(task) = &d.task {
        say("trigger rule", task.trigger_rule.to_string());
        say("retries", retries(task));
        say("owner", task.owner.clone());
        say("line in the file", task.line.to_string());
    }
    out.push((String::new(), Role::Text));
    out.push(("TRIES".into(), Role::Title));
    for t in &d.tries {
        let took = t.start.map(|s| text::duration((t.end.unwrap_or(state.now) - s) as f64 / 1e6)).unwrap_or_default();
        let code = t.exit_code.map(|c| format!(" exit {c}")).unwrap_or_default();
        let why = t.why.as_deref().filter(|_| t.state != TiState::Success).unwrap_or("");
        let role = if t.state == TiState::Success { Role::Text } else { Role::Bad };
        out.push((format!("{} {} {} {took}{code}  {why}", t.number, t.state, time(t.start)), role));
    }
    out.push((String::new(), Role::Text));
    out.push(("EVENTS, newest first".into(), Role::Title));
    for e in &d.events {
        let who = e.who.as_ref().map(|w| format!(" by {w}")).unwrap_or_default();
        out.push((format!("{} {}{who}  {}", time(Some(e.at)), e.kind, e.text), Role::Text));
    }
    out
}

/// Rendered fields.
pub fn inputs(d: &InstanceDetail) -> Lines {
    let Some(text) = &d.rendered else {
        return vec![("nothing was rendered yet; templates are rendered when a try starts".into(), Role::Dim)];
    };
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(text) else {
        return vec![(text.clone(), Role::Text)];
    };
    let mut out = Lines::new();
    for (name, value) in fields {
        out.push((name, Role::Title));
        json(&value, &mut out);
    }
    out
}

/// A value, over several lines if it has them.
pub fn json(value: &Value, out: &mut Lines) {
    let text = match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    out.extend(text.lines().map(|l| (format!("  {l}"), Role::Text)));
}

/// What it pushed.
pub fn xcoms(state: &State, d: &InstanceDetail) -> Lines {
    if d.xcoms.is_empty() {
        return vec![("it pushed nothing".into(), Role::Dim)];
    }
    let mut out = Lines::new();
    for x in &d.xcoms {
        let at = text::age(x.at, state.now);
        out.push((format!("{}  {}  {at} ago  from {}", x.key, text::bytes(x.bytes), x.source), Role::Title));
        match serde_json::from_str(&x.value) {
            Ok(value) => json(&value, &mut out),
            Err(_) => out.push((format!("  {}", x.value), Role::Text)),
        }
    }
    out
}

/// When it last worked, and what changed since.
fn changed(state: &State, changes: &Changes) -> Lines {
    let mut out: Lines = vec![(String::new(), Role::Text)];
    let Some(worked) = &changes.worked else {
        let text = match changes.before {
            0 => "It has no earlier run to compare with.".into(),
            1 => "It never worked: not in the one run before this one.".into(),
            n if n < MOST_RUNS => format!("It never worked: in none of the {n} runs before this one."),
            n => format!("It didn't work in the {n} runs before this one."),
        };
        out.push((text, Role::Text));
        return out;
    };
    let age = text::age(worked.at, state.now);
    out.push((
        format!("CHANGED SINCE IT LAST WORKED ({age} ago, {}; = compares)", text::run_id(&worked.run_id)),
        Role::Title,
    ));
    if changes.changes.is_empty() {
        out.push(("Nothing that dagdeck knows of: same code, conf, variables, connections, pools.".into(), Role::Text));
    }
    for c in &changes.changes {
        let when = c.at.map(|at| format!("{:>4} ago  ", text::age(at, state.now))).unwrap_or_else(|| " ".repeat(10));
        out.push((
            format!("{} {when}{}", if c.likely { "!" } else { " " }, c.what),
            if c.likely { Role::Warn } else { Role::Dim },
        ));
    }
    out
}

/// What keeps it from running: as the scheduler says, which knows; without one what the store tells.
fn reasons(state: &State, d: &InstanceDetail) -> Lines {
    let bad = |text: String| (text, Role::Bad);
    if let Some((_, Some(answer))) = &state.screen().explained {
        let all = answer.as_array().into_iter().flatten().map(|reason| {
            let text = reason["reason"].as_str().unwrap_or_default();
            let until = reason["until"].as_str().map(|u| format!(" (until {u})")).unwrap_or_default();
            bad(format!("{text}{until}"))
        });
        return all.collect();
    }
    match (d.row.paused, d.run_state.as_str()) {
        (true, _) => vec![bad("the DAG is paused".into())],
        (false, "queued") => vec![bad("The run is queued; a scheduler would say what it waits for.".into())],
        _ => Vec::new(),
    }
}

/// ` (b: why)`: where more is said.
fn why_key(state: &State) -> String {
    format!(" ({}: why)", state.keymap.short(Action::Blockers))
}

/// How it ended, and why where that is known; a success needs no cause.
fn ended(state: TiState, why: Option<&str>) -> String {
    let how = match state {
        TiState::Success => "It ended well".to_owned(),
        TiState::Skipped => "It was skipped".to_owned(),
        state => format!("It ended {state}"),
    };
    match (why, state) {
        (Some(why), _) => format!("{how}: {why}"),
        (None, TiState::Success) => format!("{how}."),
        (None, TiState::Skipped) => format!("{how}; nobody said why."),
        (None, _) => format!("{how}: no cause was stored"),
    }
}

/// What the store tells about why it isn't running, or why it ended.
pub fn why(state: &State, d: &InstanceDetail) -> Lines {
    let r = &d.row;
    let mut out = Lines::new();
    if r.state.is_finished() {
        out.push((ended(r.state, r.why.as_deref()), Role::Title));
    } else {
        let title = now(state, d).replace(&why_key(state), "");
        // What the title says isn't said again.
        let more: Lines = reasons(state, d).into_iter().filter(|(text, _)| !title.contains(text.as_str())).collect();
        out.push((title, Role::Title));
        out.extend(more);
        if let Some(task) = d.task.as_ref().filter(|_| r.state == TiState::UpForRetry) {
            let left = (r.max_tries + 1).saturating_sub(r.try_number);
            out.push((format!("{left} of {} tries are left; retries {}", r.max_tries + 1, retries(task)), Role::Text));
        }
    }
    let rule = d.task.as_ref().map_or(TriggerRule::AllSuccess, |t| t.trigger_rule);
    if !d.upstream.is_empty() {
        out.push((String::new(), Role::Text));
        out.push((format!("ABOVE IT (trigger rule {rule})"), Role::Title));
        let mut sorted: Vec<_> = d.upstream.iter().collect();
        // What holds it back comes first.
        sorted.sort_by_key(|(_, _, s)| (*s == TiState::Success, s.is_finished()));
        for (task, index, s) in sorted.into_iter().take(100) {
            let role = match s {
                TiState::Success => Role::Good,
                s if s.is_failure() => Role::Bad,
                s if s.is_finished() => Role::Dim,
                _ => Role::Warn,
            };
            out.push((format!("{} {:<16} {}", s.letter(), s.as_str(), label(task, *index)), role));
        }
    }
    if let Some(p) = &d.pool {
        out.push((String::new(), Role::Text));
        let slots = if p.slots < 0 { "any number".into() } else { p.slots.to_string() };
        let full = p.slots >= 0 && p.running + p.queued + d.pool_slots > p.slots && !r.state.is_finished();
        let role = if full { Role::Bad } else { Role::Text };
        let line = format!(
            "POOL {}: {slots} slots, {} running, {} queued, {} waited for; it takes {}",
            p.name, p.running, p.queued, p.waiting, d.pool_slots
        );
        out.push((line, role));
    }
    if !d.holders.is_empty() {
        out.push(("WHO HOLDS ITS SLOTS, AND WHO WAITS".into(), Role::Title));
        let mut others = d.holders.iter().filter(|h| h.ti != d.row.ti).peekable();
        match others.peek() {
            Some(_) => out.extend(super::settings::holders(state, others)),
            None => out.push(("nobody else holds a slot or waits for one".into(), Role::Dim)),
        }
        out.extend(d.frees.as_ref().map(|(at, name)| match *at > state.now {
            true => (format!("a slot is likely to be free in {}: {name}", text::until(*at, state.now)), Role::Text),
            false => (format!("a slot should be free by now: {name} takes longer than usual"), Role::Warn),
        }));
    }
    if let Some(changes) = &d.changes {
        out.extend(changed(state, changes));
    }
    if let Some(task) = &d.task {
        if task.depends_on_past {
            out.push(("It depends on its own success in the run before (depends_on_past).".into(), Role::Warn));
        }
        for (name, limit) in [
            ("max_active_tis_per_dag", task.max_active_tis_per_dag),
            ("max_active_tis_per_dagrun", task.max_active_tis_per_dagrun),
        ] {
            if let Some(n) = limit {
                out.push((format!("{name} is {n}."), Role::Text));
            }
        }
    }
    out
}
