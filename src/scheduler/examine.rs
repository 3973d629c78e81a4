//! What an unfinished instance's dependencies say: may run, gets a state without running, or waits and for what.

use crate::model::{Cause, CauseKind, MapIndex, TiState, TriggerRule, UNMAPPED};

use super::{
    counts::Counts,
    rules::{Ruling, judge},
    run_memory::RunMemory,
    world::World,
};

/// What follows for an instance.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// All dependencies are met.
    Ready,
    /// It gets this state without running.
    Set(TiState, Cause),
    /// It waits.
    Wait(Hold),
}

/// What an instance waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// Its trigger rule.
    Rule(Counts),
    /// A setup that isn't directly above.
    Setup(usize),
    /// A task between a teardown's setup and the teardown.
    Scope(usize),
    /// A task whose XCom it is mapped over.
    Source(usize),
    /// The run before.
    Past,
}

impl World {
    /// Applies all dependencies of one instance of a running run.
    pub(super) fn verdict(&self, memory: &RunMemory, task: usize, index: MapIndex) -> Verdict {
        let node = &memory.graph.nodes[task];
        if index == UNMAPPED && !node.chain.is_empty() {
            return sources(memory, task).unwrap_or(Verdict::Ready);
        }
        let checks = [setups, scope, rule, chosen, own_sources];
        let mut wait = None;
        for check in checks {
            match check(memory, task, index) {
                Some(Verdict::Set(TiState::Skipped, cause)) => {
                    let held = memory.dag.tasks[task].wait_for_past_depends_before_skipping;
                    if held && !self.past_is_done(memory, task) {
                        return Verdict::Wait(Hold::Past);
                    }
                    return Verdict::Set(TiState::Skipped, cause);
                }
                Some(Verdict::Wait(hold)) => wait = wait.or(Some(hold)),
                Some(decided) => return decided,
                None => {}
            }
        }
        if wait.is_none() && node.past && !self.past_is_done(memory, task) {
            wait = Some(Hold::Past);
        }
        wait.map_or(Verdict::Ready, Verdict::Wait)
    }

    /// `depends_on_past` and `wait_for_downstream`.
    pub(super) fn past_is_done(&self, memory: &RunMemory, task: usize) -> bool {
        let Some(previous) = &memory.facts.previous else { return true };
        let live = self.runs.get(&previous.run);
        let states = |id: &str| match live {
            Some(past) => past.states(id),
            None => previous.states.get(id).cloned().unwrap_or_default(),
        };
        let fine = |state: &TiState| matches!(state, TiState::Success | TiState::Skipped);
        let task = &memory.dag.tasks[task];
        if (!task.depends_on_past && !task.wait_for_downstream) || previous.not_begun.contains(&task.task_id) {
            return true;
        }
        // The first run of a backfill doesn't look back.
        if memory.run.backfill.is_some_and(|place| place.ordinal == 1) {
            return true;
        }
        let own = states(&task.task_id);
        if own.is_empty() {
            return task.ignore_first_depends_on_past && !previous.ran_before.contains(&task.task_id);
        }
        own.iter().all(fine)
            && (!task.wait_for_downstream || task.downstream_task_ids.iter().all(|id| states(id).iter().all(fine)))
    }
}

/// Setups that aren't directly above must all succeed.
fn setups(memory: &RunMemory, task: usize, index: MapIndex) -> Option<Verdict> {
    let node = &memory.graph.nodes[task];
    if node.indirect_setups.is_empty() || node.rule == TriggerRule::Always {
        return None;
    }
    let counts: Vec<(usize, Counts)> =
        node.indirect_setups.iter().map(|setup| (*setup, memory.counts_for(*setup, task, index))).collect();
    let id = |setup: usize| memory.task_id(setup);
    if let Some((setup, c)) = counts.iter().find(|(_, c)| c.failures() > 0) {
        let how = if c.failed > 0 { "failed" } else { "couldn't run" };
        let cause = Cause::new(CauseKind::Upstream, format!("its setup `{}` {how}", id(*setup)));
        return Some(Verdict::Set(TiState::UpstreamFailed, cause));
    }
    if let Some((setup, _)) = counts.iter().find(|(_, c)| c.skipped > 0) {
        let cause = Cause::new(CauseKind::Skip, format!("its setup `{}` was skipped", id(*setup)));
        return Some(Verdict::Set(TiState::Skipped, cause));
    }
    let late = counts.iter().find(|(_, c)| c.success + c.removed < c.all);
    late.map(|(setup, _)| Verdict::Wait(Hold::Setup(*setup)))
}

/// A teardown waits for everything between its setups and itself.
fn scope(memory: &RunMemory, task: usize, index: MapIndex) -> Option<Verdict> {
    let scope = &memory.graph.nodes[task].scope;
    let late = scope.iter().find(|other| !memory.counts_for(**other, task, index).is_done());
    late.map(|other| Verdict::Wait(Hold::Scope(*other)))
}

fn rule(memory: &RunMemory, task: usize, index: MapIndex) -> Option<Verdict> {
    let rule = memory.graph.nodes[task].rule;
    let above = memory.above_instance(task, index);
    match judge(rule, &above, index) {
        Ruling::Run => None,
        Ruling::Wait => Some(Verdict::Wait(Hold::Rule(above.all))),
        Ruling::Set(state) => Some(Verdict::Set(state, rule_cause(memory, task, index, state))),
    }
}

/// Names the task above that decided.
fn rule_cause(memory: &RunMemory, task: usize, index: MapIndex, state: TiState) -> Cause {
    let node = &memory.graph.nodes[task];
    let find = |wanted: fn(&Counts) -> bool| {
        let up = node.up.iter().find(|up| wanted(&memory.counts_for(**up, task, index)));
        up.map(|up| memory.task_id(*up))
    };
    match state {
        TiState::UpstreamFailed => {
            let text = if let Some(id) = find(|c| c.failed > 0) {
                format!("`{id}` failed")
            } else if let Some(id) = find(|c| c.upstream_failed > 0) {
                format!("`{id}` couldn't run because of a failure above it")
            } else {
                "no task above it succeeded".into()
            };
            Cause::new(CauseKind::Upstream, text)
        }
        TiState::Removed => Cause::new(CauseKind::Skip, "the mapped instance above it is gone"),
        _ => {
            let text = match find(|c| c.skipped > 0) {
                Some(id) => format!("trigger rule `{}`: `{id}` was skipped", node.rule),
                None => format!("trigger rule `{}` can't be met", node.rule),
            };
            Cause::new(CauseKind::Skip, text)
        }
    }
}

/// Branches, short circuits and the like directly above, once finished, may have decided against it.
fn chosen(memory: &RunMemory, task: usize, index: MapIndex) -> Option<Verdict> {
    let node = &memory.graph.nodes[task];
    if !node.has_decider {
        return None;
    }
    let own = memory.task_id(task);
    for &up in node.up.iter().filter(|up| memory.graph.nodes[**up].decides) {
        let id = memory.task_id(up);
        let range = memory.partners(up, task, index).unwrap_or(UNMAPPED..MapIndex::MAX);
        for (at, row) in memory.tasks[up].rows.range(range) {
            if !row.state.is_finished() {
                continue;
            }
            let Some(decision) = memory.facts.skip_decisions.get(&(id.clone(), *at)) else { continue };
            let listed = |key: &str| {
                let list = decision.get(key).and_then(|v| v.as_array());
                list.map(|ids| ids.iter().any(|v| v.as_str() == Some(&own)))
            };
            let verb = match (listed("followed"), listed("skipped")) {
                (Some(false), _) => "not chosen",
                (_, Some(true)) => "skipped",
                _ => continue,
            };
            let cause = Cause::new(CauseKind::Skip, format!("{verb} by `{id}`"));
            return Some(Verdict::Set(TiState::Skipped, cause));
        }
    }
    None
}

fn own_sources(memory: &RunMemory, task: usize, index: MapIndex) -> Option<Verdict> {
    if index == UNMAPPED { sources(memory, task) } else { None }
}

/// What it is mapped over must have succeeded, whatever the rule. An expanded source is fine: what was pushed counts.
fn sources(memory: &RunMemory, task: usize) -> Option<Verdict> {
    let node = &memory.graph.nodes[task];
    let whole = |source: &&usize| memory.tasks[**source].rows.get(&UNMAPPED).map(|row| row.state);
    let find = |wanted: fn(TiState) -> bool| node.sources.iter().find(|s| whole(s).is_some_and(wanted));
    if let Some(source) = find(TiState::is_failure) {
        let cause =
            Cause::new(CauseKind::Upstream, format!("`{}`, which it is mapped over, failed", memory.task_id(*source)));
        return Some(Verdict::Set(TiState::UpstreamFailed, cause));
    }
    if let Some(source) = find(|state| state == TiState::Skipped) {
        let text = format!("`{}`, which it is mapped over, was skipped", memory.task_id(*source));
        return Some(Verdict::Set(TiState::Skipped, Cause::new(CauseKind::Skip, text)));
    }
    let late = node.sources.iter().find(|source| !memory.tasks[**source].counts.is_done());
    late.map(|source| Verdict::Wait(Hold::Source(*source)))
}
