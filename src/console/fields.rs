//! What a filter can ask of a row, and the orders of lists.

use crate::{
    model::{
        Diagnostic, PodEvent,
        filter::{FLAGS, Fields, rank},
    },
    store::screens::{
        Micros,
        assets::AssetRow,
        audit::AuditRow,
        backfills::BackfillRow,
        compare::Pair,
        dags::{DagRow, RunCell},
        instances::TiRow,
        label,
        pod::ContainerRow,
        pods::PodRow,
        runs::RunRow,
        triage::Late,
        xcoms::XcomRow,
    },
};

use super::log::search::Hit;

/// A row's fields, written out.
pub struct Row<'a> {
    texts: Vec<(&'static str, std::borrow::Cow<'a, str>)>,
    duration: Option<f64>,
    age: Option<f64>,
}

impl<'a> Row<'a> {
    /// The same beside how long the last successes of its kind took, shortest first.
    pub fn beside(self, usual: &'a [f64]) -> Beside<'a> {
        Beside(self, usual)
    }

    /// As a JSON object: its texts, how long it took, and how old it is in seconds.
    pub fn document(&self) -> serde_json::Map<String, serde_json::Value> {
        let mut all = serde_json::Map::new();
        for (name, text) in &self.texts {
            let value = match text.as_ref() {
                "true" => true.into(),
                "false" => false.into(),
                text => text.into(),
            };
            all.insert((*name).into(), value);
        }
        for (name, seconds) in [("duration", self.duration), ("age", self.age)] {
            if let Some(seconds) = seconds {
                all.insert(name.into(), seconds.into());
            }
        }
        all
    }
}

/// A row beside how long the last successes of its kind took, shortest first.
pub struct Beside<'a>(Row<'a>, &'a [f64]);

impl Fields for Beside<'_> {
    fn text(&self, key: &str) -> Option<String> {
        self.0.text(key)
    }
    fn seconds(&self, key: &str) -> Option<f64> {
        match key.strip_prefix('p') {
            Some(percent) => rank(self.1, percent.parse().ok()?),
            None => self.0.seconds(key),
        }
    }
}

impl Fields for Row<'_> {
    fn text(&self, key: &str) -> Option<String> {
        if key == "text" {
            // A word is found in one text or another, not half in each; and nobody looks for the word "true".
            let words = self.texts.iter().filter(|(key, _)| !FLAGS.contains(key));
            return Some(words.map(|(_, t)| t.as_ref()).collect::<Vec<_>>().join("\n"));
        }
        self.texts.iter().find(|(k, _)| *k == key).map(|(_, t)| t.clone().into_owned())
    }
    fn seconds(&self, key: &str) -> Option<f64> {
        match key {
            "dur" => self.duration,
            "age" => self.age,
            _ => None,
        }
    }
}

fn ago(at: Option<Micros>, now: Micros) -> Option<f64> {
    at.map(|t| (now - t) as f64 / 1e6)
}

fn flag(on: bool) -> std::borrow::Cow<'static, str> {
    if on { "true" } else { "false" }.into()
}

/// JSON list as words.
fn tags(json: &str) -> String {
    serde_json::from_str::<Vec<String>>(json).unwrap_or_default().join(" ")
}

/// Fields of a DAG; its state is that of its last run.
pub fn dag(d: &DagRow, now: Micros) -> Row<'_> {
    let last = d.runs.first();
    let late = d.next_run.is_some_and(|t| t + 60_000_000 < now) && !d.paused;
    Row {
        texts: vec![
            ("dag", d.dag_id.as_str().into()),
            ("state", last.map_or("none", |r| r.state.as_str()).into()),
            ("tag", d.tags.join(" ").into()),
            ("owner", d.owners.as_str().into()),
            ("paused", flag(d.paused)),
            ("stale", flag(d.stale)),
            ("error", flag(d.import_errors)),
            ("late", flag(late)),
            ("schedule", d.schedule.as_str().into()),
            ("note", d.description.as_deref().unwrap_or("").into()),
        ],
        duration: last.and_then(|r| r.seconds(now)),
        age: ago(last.map(|r| r.start.unwrap_or(r.run_after)), now),
    }
}

/// Fields of a run.
pub fn run(r: &RunRow, now: Micros) -> Row<'_> {
    Row {
        texts: vec![
            ("dag", r.run.dag_id.as_str().into()),
            ("run", r.run.run_id.as_str().into()),
            ("state", r.state.as_str().into()),
            ("type", r.run_type.as_str().into()),
            ("owner", r.owners.as_str().into()),
            ("tag", tags(&r.tags).into()),
            ("note", r.note.as_deref().unwrap_or("").into()),
            ("paused", flag(r.paused)),
        ],
        duration: r.start.map(|s| (r.end.unwrap_or(now) - s) as f64 / 1e6),
        age: ago(Some(r.start.unwrap_or(r.run_after)), now),
    }
}

/// Fields of an asset; its state is how fresh it is.
pub fn asset(a: &AssetRow, now: Micros) -> Row<'_> {
    let dags: Vec<&str> =
        a.makers.iter().chain(&a.readers).map(|(dag, _)| dag).chain(&a.followers).map(String::as_str).collect();
    let state = match (a.events.is_empty(), a.late(now)) {
        (true, _) => "never",
        (_, true) => "late",
        _ => "ok",
    };
    Row {
        texts: vec![
            ("dag", dags.join(" ").into()),
            ("state", state.into()),
            ("note", format!("{} {} {}", a.name, a.uri, a.group).into()),
        ],
        duration: None,
        age: ago(a.events.first().map(|e| e.at), now),
    }
}

/// Fields of a run among letters.
pub fn cell(r: &RunCell, now: Micros) -> Row<'_> {
    Row {
        texts: vec![
            ("dag", r.run.dag_id.as_str().into()),
            ("run", r.run.run_id.as_str().into()),
            ("state", r.state.as_str().into()),
            ("type", r.run_type.as_str().into()),
        ],
        duration: r.seconds(now),
        age: ago(Some(r.end.or(r.start).unwrap_or(r.run_after)), now),
    }
}

/// Fields of a task instance.
pub fn ti(t: &TiRow, now: Micros) -> Row<'_> {
    Row {
        texts: vec![
            ("dag", t.ti.run.dag_id.as_str().into()),
            ("run", t.ti.run.run_id.as_str().into()),
            ("task", format!("{} {}", t.ti.task_id, t.ti.label()).into()),
            ("state", t.state.as_str().into()),
            ("pool", t.pool.as_str().into()),
            ("operator", t.operator.as_str().into()),
            ("owner", t.owners.as_str().into()),
            ("tag", tags(&t.tags).into()),
            ("cause", t.why.as_deref().unwrap_or("").into()),
            ("note", t.note.as_deref().unwrap_or("").into()),
            ("name", t.rendered_map_index.as_deref().unwrap_or("").into()),
            ("mapped", flag(t.ti.map_index >= 0)),
            ("paused", flag(t.paused)),
        ],
        duration: t.seconds(now),
        age: ago(Some(t.end.or(t.start).unwrap_or(t.run_after)), now),
    }
}

/// Fields of an overdue DAG.
pub fn late(l: &Late, now: Micros) -> Row<'_> {
    Row {
        texts: vec![("dag", l.dag_id.as_str().into()), ("late", flag(true))],
        duration: None,
        age: ago(Some(l.due), now),
    }
}

/// Fields of a line of some log.
pub fn hit(h: &Hit, now: Micros) -> Row<'_> {
    Row {
        texts: vec![
            ("dag", h.dag_id.as_str().into()),
            ("run", h.run_id.as_str().into()),
            ("task", format!("{} {}", h.task_id, label(&h.task_id, h.map_index)).into()),
            ("line", h.text.as_str().into()),
        ],
        duration: None,
        age: ago(Some(h.at), now),
    }
}

/// Fields of an XCom.
pub fn xcom(x: &XcomRow) -> Row<'_> {
    Row {
        texts: vec![
            ("task", x.task_id.as_str().into()),
            ("key", x.key.as_str().into()),
            ("value", x.value.as_str().into()),
        ],
        duration: None,
        age: None,
    }
}

/// Fields of an act.
pub fn act(a: &AuditRow, now: Micros) -> Row<'_> {
    Row {
        texts: vec![
            ("who", a.who.as_str().into()),
            ("action", a.action.as_str().into()),
            ("target", a.target.as_str().into()),
            ("dag", a.about.dag_id.as_deref().unwrap_or_default().into()),
            ("run", a.about.run_ids.join(" ").into()),
            ("task", a.about.tasks.join(" ").into()),
            ("state", a.result.as_str().into()),
            ("note", a.command.as_str().into()),
        ],
        duration: None,
        age: ago(Some(a.at), now),
    }
}

/// Fields of a line of a comparison.
pub fn pair(p: &Pair) -> Row<'_> {
    let texts = vec![("key", p.name.as_str().into()), ("value", format!("{} {}", p.left, p.right).into())];
    Row { texts, duration: None, age: None }
}

/// Fields of a pod; its state is its phase.
pub fn pod(p: &PodRow, now: Micros) -> Row<'_> {
    Row {
        texts: vec![
            ("pod", p.name.as_str().into()),
            ("dag", p.ti.run.dag_id.as_str().into()),
            ("run", p.ti.run.run_id.as_str().into()),
            ("task", format!("{} {}", p.ti.task_id, p.ti.label()).into()),
            ("state", super::pods::word(p).into()),
            ("node", p.node.as_deref().unwrap_or("").into()),
            ("namespace", p.namespace.as_str().into()),
            ("type", p.kind.as_str().into()),
            ("cause", p.why.as_deref().or(p.cause.as_deref()).unwrap_or("").into()),
            ("note", p.asked.as_str().into()),
        ],
        duration: p.started.map(|s| (p.ended.unwrap_or(now) - s) as f64 / 1e6),
        age: ago(p.created, now),
    }
}

/// Fields of a container of a pod.
pub fn container(c: &ContainerRow) -> Row<'_> {
    let texts = vec![
        ("name", c.name.as_str().into()),
        ("state", c.state.as_str().into()),
        ("cause", format!("{} {}", c.reason, c.message).into()),
        ("note", c.image.as_str().into()),
    ];
    Row { texts, duration: None, age: None }
}

/// Fields of what a cluster said about a pod.
pub fn pod_event(e: &PodEvent, now: Micros) -> Row<'_> {
    let texts = vec![
        ("state", e.level.to_lowercase().into()),
        ("type", e.reason.as_str().into()),
        ("cause", e.message.as_str().into()),
        ("who", e.source.as_str().into()),
    ];
    Row { texts, duration: None, age: ago(e.last_at.map(jiff::Timestamp::as_microsecond), now) }
}

/// Fields of a backfill.
pub fn backfill(b: &BackfillRow, now: Micros) -> Row<'_> {
    let state = if b.done() { "done" } else { "running" };
    Row {
        texts: vec![
            ("dag", b.dag_id.as_str().into()),
            ("state", state.into()),
            ("who", b.who.as_str().into()),
            ("paused", flag(b.paused)),
        ],
        duration: None,
        age: ago(Some(b.times.0), now),
    }
}

/// Fields of something with a name.
pub fn named<'a>(name: &'a str, about: &'a str) -> Row<'a> {
    Row { texts: vec![("key", name.into()), ("note", about.into())], duration: None, age: None }
}

/// Fields of a file that doesn't import.
pub fn error(e: &Diagnostic) -> Row<'_> {
    Row {
        texts: vec![
            ("state", "import_error".into()),
            ("cause", e.message.as_str().into()),
            ("file", e.file.as_str().into()),
            ("error", flag(true)),
        ],
        duration: None,
        age: None,
    }
}
