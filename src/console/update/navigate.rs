//! From screen to screen.

use crate::{
    console::{
        items::Kind,
        keymap::Action,
        message::Effect,
        overlay::Overlay,
        place::{Object, Place, Setting, Tab},
        pods::PodOf,
        query::Data,
        screen::Screen,
        state::State,
        tree,
        widgets::input::Input,
    },
    store::screens::{RunRef, TiRef},
};

use super::{errands, hits, logs, look, pods};

/// Opens, goes back, changes the screen.
pub fn navigate(state: &mut State, action: Action) -> Vec<Effect> {
    use Action as A;
    let object = state.screen().object();
    match action {
        A::Triage => root(state, Place::Triage),
        A::Dags => root(state, Place::Dags),
        A::Runs => root(state, Place::Runs(None)),
        A::Instances => root(state, Place::Instances(None)),
        A::Backfills => root(state, Place::Backfills),
        A::Pods => root(state, Place::Pods(false)),
        A::Pod => pods::go(state),
        A::PodBefore | A::PodAfter => pods::sibling(state, action == A::PodAfter),
        A::WithGone | A::OnlyThere => pods::with_gone(state, action == A::WithGone),
        A::Shell => pods::shell(state),
        A::PodSpec | A::PodDiff => pods::spec(state, action == A::PodDiff),
        A::Assets => root(state, Place::Assets),
        A::Settings => root(state, Place::Settings),
        A::Audit => root(state, Place::Audit(None)),
        A::System => root(state, Place::System),
        A::GoAudit => match object.subject() {
            None => Vec::new(),
            about => push(state, Place::Audit(about), |_| {}),
        },
        A::ViewCalendar => {
            object.dag_id().map(str::to_owned).map_or_else(Vec::new, |dag| push(state, Place::Calendar(dag), |_| {}))
        }
        A::ViewSource => {
            let number = match &object {
                Object::Version(_, number) => Some(*number),
                _ => None,
            };
            let dag = object.dag_id().map(str::to_owned);
            dag.map_or_else(Vec::new, |dag| push(state, Place::Source(dag, number), |_| {}))
        }
        A::ViewVersions => {
            object.dag_id().map(str::to_owned).map_or_else(Vec::new, |dag| push(state, Place::Versions(dag), |_| {}))
        }
        A::Back => back(state, true),
        A::UpOne => back(state, false),
        A::LastScreen => last(state),
        A::Open => open(state),
        A::GoDag | A::ViewGrid => object.dag_id().map(str::to_owned).map_or_else(Vec::new, |dag| {
            let run = object.run().map(|r| r.id);
            push(state, Place::Grid(dag), |s| s.column = run)
        }),
        A::GoRuns => {
            object.dag_id().map(str::to_owned).map_or_else(Vec::new, |dag| push(state, Place::Runs(Some(dag)), |_| {}))
        }
        A::GoBackfills => object.dag_id().map(str::to_owned).map_or_else(Vec::new, |dag| {
            push(state, Place::Backfills, |s| s.filter = Input::new(format!("dag:{dag}")))
        }),
        A::GoInstances => match run_of(state) {
            Some(run) => push(state, Place::Instances(Some(run)), |_| {}),
            None => Vec::new(),
        },
        A::ViewGantt => match run_of(state) {
            Some(run) => push(state, Place::Gantt(run), |_| {}),
            None => Vec::new(),
        },
        A::ViewGraph => graph(state),
        A::ViewCycle => match (&state.screen().place, run_of(state)) {
            (Place::Grid(_), Some(run)) => replace(state, Place::Gantt(run)),
            (Place::Gantt(_), Some(run)) => replace(state, Place::Graph(run.dag_id.clone(), Some(run))),
            (Place::Graph(..), Some(run)) => replace(state, Place::Instances(Some(run))),
            (Place::Instances(Some(run)), _) => {
                let dag = run.dag_id.clone();
                replace(state, Place::Grid(dag))
            }
            _ => navigate(state, A::ViewGrid),
        },
        A::Xcom => match run_of(state) {
            Some(run) if matches!(state.screen().place, Place::Instance(..)) => {
                let _ = run;
                look::tab(state, Tab::Xcom)
            }
            Some(run) => {
                let task = object.ti().map(|t| t.task_id);
                push(state, Place::Xcom(run, None, false), |s| {
                    if let Some(task) = task {
                        s.filter = Input::new(format!("task:{task}"));
                    }
                })
            }
            None => Vec::new(),
        },
        A::GoLog => look::look(state, Action::Log),
        A::GoFailure => errands::failure(state, object.dag_id().map(str::to_owned), None, Tab::Log),
        A::Unfold | A::Fold => fold_all(state, action == A::Fold),
        _ => Vec::new(),
    }
}

/// The run that is meant: under the cursor, or the screen's.
pub fn run_of(state: &State) -> Option<RunRef> {
    let screen = state.screen();
    if let Some(run) = screen.object().run() {
        return Some(run.clone());
    }
    match &screen.place {
        Place::Grid(_) => tree::column(screen).map(|(_, run, _)| run),
        Place::Gantt(run) | Place::Xcom(run, ..) | Place::Instances(Some(run)) | Place::Graph(_, Some(run)) => {
            Some(run.clone())
        }
        Place::Instance(ti, _) | Place::Compare(ti, ..) | Place::Pod(PodOf::Try(ti, _)) => Some(ti.run.clone()),
        _ => None,
    }
}

/// The drawing of the tasks, with the cursor on the task that it was on.
fn graph(state: &mut State) -> Vec<Effect> {
    let object = state.screen().object();
    let Some(dag) = object.dag_id().map(str::to_owned) else { return Vec::new() };
    let run = run_of(state).filter(|run| run.dag_id == dag);
    let task = object.ti().map(|ti| format!("node:{}", ti.task_id));
    push(state, Place::Graph(dag, run), |s| s.wanted = task)
}

/// One of the screens of the digits: a new stack.
fn root(state: &mut State, place: Place) -> Vec<Effect> {
    if state.stack.len() == 1 && state.screen().place == place {
        return state.load();
    }
    // Coming back to a screen of the digits finds it as it was left: below what lies on it, else in what was left before.
    if state.stack.first().is_some_and(|first| first.place == place) {
        let first = state.stack[0].clone();
        return replace_stack(state, first);
    }
    let known = state.history.iter_mut().rev().find(|s| s.first().is_some_and(|first| first.place == place));
    let first = known.and_then(|stack| stack.first()).cloned().unwrap_or_else(|| Screen::new(place));
    replace_stack(state, first)
}

fn replace_stack(state: &mut State, first: Screen) -> Vec<Effect> {
    let mut old = std::mem::replace(&mut state.stack, vec![first]);
    if !state.frozen {
        old.iter_mut().for_each(Screen::put_away);
    }
    state.history.push(old);
    if state.history.len() > 20 {
        state.history.remove(0);
    }
    state.load()
}

/// A screen on top of this one.
pub fn push(state: &mut State, place: Place, set: impl FnOnce(&mut Screen)) -> Vec<Effect> {
    if state.screen().place == place {
        return Vec::new();
    }
    let mut screen = Screen::new(place);
    set(&mut screen);
    state.stack.push(screen);
    state.load()
}

/// Another view of the same thing.
fn replace(state: &mut State, place: Place) -> Vec<Effect> {
    let column = run_of(state).map(|r| r.id);
    if state.stack.len() > 1 {
        state.stack.pop();
    }
    push(state, place, |s| s.column = column)
}

/// Closes the innermost thing (Esc), or goes up one (q).
fn back(state: &mut State, gently: bool) -> Vec<Effect> {
    let screen = state.screen_mut();
    if gently {
        if std::mem::take(&mut screen.in_preview) {
            screen.preview_top = 0;
            return Vec::new();
        }
        if screen.log.only != Default::default() {
            return logs::only(state, Default::default());
        }
        if !screen.filter.text.is_empty() || screen.only_problems {
            screen.filter = Default::default();
            screen.only_problems = false;
            screen.log.search.clear();
            screen.log.found = None;
            screen.found_line = None;
            return super::filter_changed(state);
        }
        if screen.only_way.take().is_some() {
            screen.rebuild();
            return Vec::new();
        }
        if !screen.marks.is_empty() {
            screen.marks.clear();
            return Vec::new();
        }
    }
    if state.stack.len() > 1 {
        state.stack.pop();
        return refresh(state);
    }
    match (gently, &state.screen().place) {
        (true, _) => Vec::new(),
        (false, Place::Triage) => {
            state.overlay = Overlay::Quit;
            Vec::new()
        }
        // Triage is above the other screens of the digits.
        (false, _) => root(state, Place::Triage),
    }
}

/// The screen before this one.
fn last(state: &mut State) -> Vec<Effect> {
    if state.stack.len() > 1 {
        state.stack.pop();
        return refresh(state);
    }
    match state.history.pop() {
        Some(stack) => {
            state.stack = stack;
            refresh(state)
        }
        None => Vec::new(),
    }
}

/// A screen that comes back shows what it had, and is read again.
fn refresh(state: &mut State) -> Vec<Effect> {
    if state.frozen && !matches!(state.screen().data, Data::None) { Vec::new() } else { state.load() }
}

/// Enter.
fn open(state: &mut State) -> Vec<Effect> {
    let screen = state.screen();
    let object = screen.object();
    let kind = screen.item().map(|i| i.kind.clone());
    match (object, kind) {
        // A group of tasks folds.
        (_, Some(Kind::TreeGroup(_))) => fold(state),
        (Object::Task(..), Some(Kind::TreeTask(Some(_)))) => fold(state),
        (Object::Backfill(_, dag, ..), _) => {
            push(state, Place::Runs(Some(dag)), |s| s.filter = Input::new("type:backfill"))
        }
        (Object::Version(dag, number), _) => push(state, Place::Source(dag, Some(number)), |_| {}),
        (Object::Dag(dag, _), Some(Kind::Weekday)) => {
            let date = crate::console::views::calendar::chosen(state);
            push(state, Place::Runs(Some(dag)), |s| s.filter = Input::new(format!("run:*{date}*")))
        }
        (_, Some(Kind::Act)) => {
            let (Data::Audit(rows), Some(item)) = (&state.screen().data, state.screen().item()) else {
                return Vec::new();
            };
            let about = rows[item.at].about.clone();
            errands::target(state, &about)
        }
        (_, Some(Kind::Asset)) => asset(state),
        (_, Some(Kind::Hit)) => hits::open(state),
        (Object::Pod(pod, ..), Some(kind)) => pods::open(state, pod, &kind),
        (Object::Setting(Setting::Pool, name), _) => {
            let states = "state:running,queued,scheduled,deferred,restarting";
            push(state, Place::Instances(None), |s| s.filter = Input::new(format!("pool:{name} {states}")))
        }
        (Object::Setting(..), _) => where_used(state),
        (Object::Dag(dag, _), Some(Kind::Late)) => push(state, Place::Grid(dag), |_| {}),
        (Object::Several(tis, _), Some(kind)) => waiting(state, &kind, tis),
        (Object::Ti(ti, _), Some(Kind::Never)) => push(state, Place::Instance(ti, Tab::Why), |_| {}),
        (Object::Dag(dag, _), _) => push(state, Place::Grid(dag), |_| {}),
        // A failed run opens at its first failed try.
        (Object::Run(run, state_of_run), _) => {
            if state_of_run == crate::model::RunState::Failed {
                errands::failure(state, Some(run.dag_id.clone()), Some(run), Tab::Log)
            } else {
                push(state, Place::Gantt(run), |_| {})
            }
        }
        (Object::Ti(ti, _), Some(Kind::Xcom)) => push(state, Place::Instance(ti, Tab::Xcom), |_| {}),
        (Object::Ti(ti, _), _) => push(state, Place::Instance(ti, Tab::Log), |_| {}),
        (Object::Failures(_, tis), _) => match tis.into_iter().next() {
            Some(ti) => push(state, Place::Instance(ti, Tab::Log), |_| {}),
            None => Vec::new(),
        },
        (Object::File(path, line), _) => {
            look::file_error(state, &path, line);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// The instances that wait for the same, as a list.
fn waiting(state: &mut State, kind: &Kind, tis: Vec<TiRef>) -> Vec<Effect> {
    let (Data::Triage(t), Some(item)) = (&state.screen().data, state.screen().item()) else { return Vec::new() };
    let of_pool = |pool: &str| format!("pool:{pool} state:scheduled,queued");
    let filter = match (kind, tis.first()) {
        (Kind::Never, _) => t.never.get(item.at).map(|(w, _)| of_pool(&w.row.pool)),
        (Kind::Stuck, _) => t.stuck.get(item.at).map(|w| of_pool(&w.row.pool)),
        (_, Some(ti)) => Some(format!("dag:{} task:{} state:up_for_retry", ti.run.dag_id, ti.task_id)),
        (_, None) => None,
    };
    filter.map_or_else(Vec::new, |text| push(state, Place::Instances(None), |s| s.filter = Input::new(text)))
}

/// The DAGs whose files name a connection or variable.
fn where_used(state: &mut State) -> Vec<Effect> {
    let (Data::Settings(all), Some(item)) = (&state.screen().data, state.screen().item()) else { return Vec::new() };
    let used = match item.kind {
        Kind::Setting(Setting::Connection) => all.connections.get(item.at).map(|c| &c.used),
        Kind::Setting(Setting::Variable) => all.variables.get(item.at).map(|v| &v.used),
        _ => None,
    };
    let Some(used) = used.filter(|used| !used.is_empty()) else {
        let (edit, delete) = (state.keymap.short(Action::Edit), state.keymap.short(Action::Delete));
        state.flash(format!("no DAG's file names it; {edit} edits it, {delete} deletes it"), false);
        return Vec::new();
    };
    let filter = Input::new(format!("dag:{}", used.join(",")));
    push(state, Place::Dags, |s| s.filter = filter)
}

/// The instance that updated an asset last, else the DAG that makes it.
fn asset(state: &mut State) -> Vec<Effect> {
    let (Data::Assets(all), Some(item)) = (&state.screen().data, state.screen().item()) else { return Vec::new() };
    let last = all.get(item.at).and_then(|a| a.events.first()).and_then(|e| e.by.clone());
    match (last, item.object.dag_id().map(str::to_owned)) {
        (Some(ti), _) => push(state, Place::Instance(ti, Tab::Log), |_| {}),
        (None, Some(dag)) => push(state, Place::Grid(dag), |_| {}),
        (None, None) => {
            state.flash("no DAG makes or follows it", false);
            Vec::new()
        }
    }
}

/// Folds or unfolds the line under the cursor.
pub fn fold(state: &mut State) -> Vec<Effect> {
    let screen = state.screen_mut();
    let Some(item) = screen.item().cloned() else { return Vec::new() };
    let id = tree::node_id(&item).to_owned();
    match item.kind {
        Kind::TreeGroup(_) => {
            if !screen.folded.remove(&id) {
                screen.folded.insert(id);
            }
            screen.rebuild();
            Vec::new()
        }
        Kind::TreeTask(Some(_)) | Kind::TreeIndex(_) => {
            if !screen.unfolded.remove(&id) {
                screen.unfolded.insert(id.clone());
            }
            let node = format!("node:{id}");
            screen.rebuild();
            if let Some(at) = screen.items.iter().position(|i| i.id == node) {
                screen.cursor = at;
            }
            state.load()
        }
        _ => Vec::new(),
    }
}

fn fold_all(state: &mut State, shut: bool) -> Vec<Effect> {
    if super::graph::fold(state, shut) {
        return Vec::new();
    }
    let screen = state.screen_mut();
    let groups: Vec<String> = match &screen.data {
        Data::Grid(g) => g.dag.iter().flat_map(|d| d.task_groups.keys().cloned()).collect(),
        Data::Graph(g) => g.dag.task_groups.keys().cloned().collect(),
        Data::Run(r) => r.dag.iter().flat_map(|d| d.task_groups.keys().cloned()).collect(),
        _ => return Vec::new(),
    };
    screen.folded = if shut { groups.into_iter().collect() } else { Default::default() };
    if shut {
        screen.unfolded.clear();
    }
    screen.rebuild();
    Vec::new()
}
