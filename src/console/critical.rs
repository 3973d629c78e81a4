//! The critical path of a run: the tasks that its length came from, and what they spent their time on.

use std::collections::HashMap;

use crate::{
    model::Dag,
    store::screens::{Micros, run::RunDetail},
};

/// The path.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Path {
    /// Indexes of the run's instances, first to last.
    pub steps: Vec<usize>,
    /// Microseconds from the start of the first to the end of the last.
    pub length: Micros,
    /// Of these: in a try; queued; ready but not handed over.
    pub spent: [Micros; 3],
}

impl Path {
    /// `critical path 2h12: ran 71%  queued 14%  ready 2%  between 13%`, without what is nothing.
    pub fn words(&self, length: impl Fn(f64) -> String) -> Option<String> {
        if self.length <= 0 {
            return None;
        }
        let share = |n: Micros| (n.max(0) * 100 + self.length / 2) / self.length;
        let known: Micros = self.spent.iter().sum();
        let parts =
            ["ran", "queued", "ready", "between"].into_iter().zip(self.spent.into_iter().chain([self.length - known]));
        let parts: Vec<String> =
            parts.filter(|(_, n)| share(*n) > 0).map(|(name, n)| format!("{name} {}%", share(n))).collect();
        Some(format!("critical path {}: {}", length(self.length as f64 / 1e6), parts.join("  ")))
    }
}

/// Goes back from what ended last, always to what ended last of what it waited for.
pub fn path(r: &RunDetail, dag: &Dag, now: Micros) -> Path {
    let mut tries: HashMap<(&str, i32), (Micros, Micros, Micros)> = HashMap::new();
    for t in &r.tries {
        let Some(start) = t.start else { continue };
        let end = t.end.unwrap_or(now).max(start);
        let known = tries.entry((&t.task_id, t.map_index)).or_insert((start, end, 0));
        *known = (known.0.min(start), known.1.max(end), known.2 + end - start);
    }
    let of = |i: usize| tries.get(&(r.instances[i].ti.task_id.as_str(), r.instances[i].ti.map_index)).copied();
    let mut by_task: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, t) in r.instances.iter().enumerate().filter(|(i, _)| of(*i).is_some()) {
        by_task.entry(&t.ti.task_id).or_default().push(i);
    }
    let latest = |all: &mut dyn Iterator<Item = usize>| all.max_by_key(|i| of(*i).map(|(_, end, _)| end));
    let mut at = latest(&mut by_task.values().flatten().copied());
    let mut found = Path::default();
    while let Some(i) = at {
        found.steps.push(i);
        let above = dag.tasks.get(r.instances[i].ti.task_id.as_str()).map(|t| t.upstream_task_ids.as_slice());
        let mut before = above.unwrap_or_default().iter().filter_map(|id| by_task.get(&**id)).flatten().copied();
        // A task that began before what is above it ended (its rule let it) didn't wait for that.
        let began = of(i).map_or(0, |(start, ..)| start);
        at = latest(&mut before.by_ref().filter(|b| of(*b).is_some_and(|(_, end, _)| end <= began)));
        if found.steps.len() > r.instances.len() {
            break;
        }
    }
    found.steps.reverse();
    let waits: HashMap<(&str, i32), _> =
        r.queued.iter().map(|(t, i, ready, queued)| ((t.as_str(), *i), (*ready, *queued))).collect();
    for i in &found.steps {
        let ti = &r.instances[*i].ti;
        found.spent[0] += of(*i).map_or(0, |(.., ran)| ran);
        if let Some((ready, Some(queued))) = waits.get(&(ti.task_id.as_str(), ti.map_index)) {
            let start = r.instances[*i].start.unwrap_or(*queued);
            found.spent[1] += (start - queued).max(0);
            found.spent[2] += ready.map_or(0, |ready| (queued - ready).max(0));
        }
    }
    let ends = (found.steps.first().and_then(|i| of(*i)), found.steps.last().and_then(|i| of(*i)));
    if let (Some((start, ..)), Some((_, end, _))) = ends {
        found.length = end - r.run.start.unwrap_or(start).min(start);
    }
    found
}
