//! Moves inside of a screen: lines, cells, tabs of a task instance, its log.

use crate::{
    console::{
        items::{Kind, alike},
        keymap::Action,
        layout::layout,
        log::{Ask, Colours, LogView, Stamps},
        message::Effect,
        overlay::Overlay,
        place::{Logs, Object, Place, Tab},
        query::Data,
        state::State,
        tree,
    },
    model::{RunId, TiKey},
    store::screens::TiRef,
};

use super::{logs, navigate, panes, pods, reading};

/// Moves the cursor, or scrolls a text.
pub fn step(state: &mut State, action: Action) -> Vec<Effect> {
    use Action as A;
    let height = layout(state).list.height as usize;
    if let Some(by) = match action {
        A::Up => Some(-1),
        A::Down => Some(1),
        A::HalfUp | A::PageUp => Some(-5),
        A::HalfDown | A::PageDown => Some(5),
        A::Top => Some(isize::MIN / 2),
        A::Bottom => Some(isize::MAX / 2),
        _ => None,
    } && panes::scroll(state, by)
    {
        return Vec::new();
    }
    let problem_key = matches!(action, A::NextProblem | A::PreviousProblem);
    if matches!(state.screen().place, Place::Graph(..)) && !problem_key {
        return super::graph::step(state, action);
    }
    let by: isize = match action {
        A::Up => -1,
        A::Down => 1,
        A::HalfUp => -(height as isize / 2),
        A::HalfDown => height as isize / 2,
        A::PageUp => -(height as isize - 1),
        A::PageDown => height as isize - 1,
        A::Top => isize::MIN / 2,
        A::Bottom => isize::MAX / 2,
        A::Left | A::Right => return sideways(state, action == A::Right),
        A::First | A::Last => return ends(state, action == A::Last),
        _ => return problem(state, action == A::NextProblem),
    };
    match state.screen().place {
        Place::Instance(_, Tab::Log) | Place::Logs(_) => return logs::scroll_log(state, by),
        Place::Instance(..) | Place::Source(..) | Place::About(_) | Place::Spec(..) => {
            reading::scroll(state, by);
            return Vec::new();
        }
        _ => {}
    }
    let screen = state.screen_mut();
    screen.cursor = screen.cursor.saturating_add_signed(by).min(screen.items.len().saturating_sub(1));
    screen.on_a_line(by > 0);
    Vec::new()
}

fn sideways(state: &mut State, right: bool) -> Vec<Effect> {
    let screen = state.screen_mut();
    match (&screen.place, &screen.data) {
        (Place::Grid(_), Data::Grid(grid)) => {
            if let Some((at, ..)) = tree::column(screen) {
                let at = if right { (at + 1).min(grid.runs.len() - 1) } else { at.saturating_sub(1) };
                let id = grid.runs[at].run.id;
                screen.column = Some(id);
            }
            Vec::new()
        }
        (Place::Instance(_, Tab::Log) | Place::Logs(_) | Place::Source(..) | Place::Spec(..), _) => {
            if screen.log.wrap {
                return Vec::new();
            }
            screen.log.shift = if right { screen.log.shift + 16 } else { screen.log.shift.saturating_sub(16) };
            Vec::new()
        }
        (Place::Calendar(_), _) => {
            screen.week = if right { screen.week.saturating_sub(1) } else { (screen.week + 1).min(103) };
            Vec::new()
        }
        (Place::Gantt(_), _) => {
            let shut = match screen.item().map(|i| &i.kind) {
                Some(Kind::TreeGroup(shut) | Kind::TreeTask(Some(shut))) => *shut,
                Some(Kind::TreeIndex(_)) => false,
                _ => return Vec::new(),
            };
            if shut == right { navigate::fold(state) } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

fn ends(state: &mut State, last: bool) -> Vec<Effect> {
    let screen = state.screen_mut();
    if let Data::Grid(grid) = &screen.data {
        let run = if last { grid.runs.last() } else { grid.runs.first() };
        screen.column = run.map(|r| r.run.id);
    }
    match screen.place {
        Place::Instance(_, Tab::Log) | Place::Logs(_) | Place::Source(..) | Place::Spec(..) => screen.log.shift = 0,
        Place::Calendar(_) => screen.week = if last { 0 } else { 51 },
        _ => {}
    }
    Vec::new()
}

/// The next line (or cell) with a problem; in a log the next error.
fn problem(state: &mut State, forward: bool) -> Vec<Effect> {
    if state.screen().place.is_log() {
        return logs::find(state, None, forward);
    }
    let screen = state.screen_mut();
    if let Data::Grid(_) = &screen.data {
        grid_problem(state, forward);
        return Vec::new();
    }
    let n = screen.items.len();
    let found = (1..n)
        .map(|i| if forward { (screen.cursor + i) % n } else { (screen.cursor + n - i) % n })
        .find(|i| screen.items[*i].problem && !screen.items[*i].is_heading());
    match found {
        Some(at) => screen.cursor = at,
        None => state.flash("no other problem here", false),
    }
    Vec::new()
}

/// The next failed cell: down the column, then the column before (older), as one reads failures.
fn grid_problem(state: &mut State, forward: bool) {
    let screen = state.screen_mut();
    let Data::Grid(grid) = &screen.data else { return };
    let (Some((column, ..)), rows, columns) = (tree::column(screen), screen.items.len(), grid.runs.len()) else {
        return;
    };
    let all = rows * columns;
    let at = (columns - 1 - column) * rows + screen.cursor;
    let failed = |i: usize| {
        let (c, r) = (columns - 1 - i / rows, i % rows);
        let item = &screen.items[r];
        let run = grid.runs[c].run.id;
        let id = tree::node_id(item).to_owned();
        let state = match item.kind {
            Kind::TreeIndex(index) => grid.indexes.get(&(run, id, index)).copied(),
            Kind::TreeTask(_) => grid.cells.get(&(run, id)).map(|c| c.worst()),
            _ => None,
        };
        matches!(state, Some(crate::model::TiState::Failed | crate::model::TiState::UpForRetry))
    };
    let found = (1..all).map(|i| if forward { (at + i) % all } else { (at + all - i) % all }).find(|i| failed(*i));
    match found {
        Some(i) => {
            let (c, r) = (columns - 1 - i / rows, i % rows);
            let id = grid.runs[c].run.id;
            screen.cursor = r;
            screen.column = Some(id);
        }
        None => state.flash("no other failed cell", false),
    }
}

/// Looks at a part of a task instance, from any screen.
pub fn look(state: &mut State, action: Action) -> Vec<Effect> {
    use Action as A;
    let tab_of = |a: Action| match a {
        A::Details => Tab::Details,
        A::Inputs => Tab::Inputs,
        A::Blockers => Tab::Why,
        _ => Tab::Log,
    };
    if let Place::Instance(_, now) = &state.screen().place {
        let now = *now;
        return match action {
            A::Log | A::Details | A::Inputs | A::Blockers | A::GoLog => tab(state, tab_of(action)),
            A::TryBefore | A::TryAfter => other_try(state, action == A::TryAfter),
            A::FindNext | A::FindPrevious if now != Tab::Log => reading::find(state, action == A::FindNext, false),
            _ => log_key(state, action),
        };
    }
    if state.screen().place.is_text() && matches!(action, A::FindNext | A::FindPrevious | A::Wrap) {
        return match (&state.screen().place, action) {
            (Place::Logs(_), _) | (_, A::Wrap) => log_key(state, action),
            _ => reading::find(state, action == A::FindNext, false),
        };
    }
    if matches!(state.screen().place, Place::Logs(_)) {
        return log_key(state, action);
    }
    if let Some(several) = several_logs(state, action) {
        return navigate::push(state, Place::Logs(several), |_| {});
    }
    let object = state.screen().object();
    if let (Object::Pod(pod, ..), A::Log | A::GoLog) = (&object, action) {
        return pods::log(state, pod);
    }
    match object.ti() {
        Some(ti) => navigate::push(state, Place::Instance(ti, tab_of(action)), |_| {}),
        None if action == A::Details && object.run().is_none() => {
            let dag = object.dag_id().map(str::to_owned);
            dag.map_or_else(Vec::new, |dag| navigate::push(state, Place::About(dag), |_| {}))
        }
        // Of a run or DAG: its newest failure.
        None => {
            let dag = object.dag_id().map(str::to_owned);
            super::errands::failure(state, dag, object.run().cloned(), tab_of(action))
        }
    }
}

/// What a log is asked for: how it is shown, and the next match.
fn log_key(state: &mut State, action: Action) -> Vec<Effect> {
    use Action as A;
    if matches!(action, A::FindNext | A::FindPrevious) {
        let text = state.screen().log.search.clone();
        if text.is_empty() {
            let find = state.keymap.short(Action::Filter);
            state.flash(format!("nothing is looked for; {find} finds"), false);
            return Vec::new();
        }
        return logs::find(state, Some(text), action == A::FindNext);
    }
    let log = &mut state.screen_mut().log;
    match action {
        A::Wrap => log.wrap = !log.wrap,
        A::Stamps => {
            log.stamps = match log.stamps {
                Stamps::Clock => Stamps::Relative,
                Stamps::Relative => Stamps::None,
                Stamps::None => Stamps::Clock,
            }
        }
        A::Follow => {
            log.follow = !log.follow;
            if log.follow {
                log.top = None;
                let path = log.path.clone();
                let part = log.end();
                return vec![Effect::Log(Ask { path, part })];
            }
        }
        _ => {}
    }
    Vec::new()
}

/// Whose logs are meant together: those of marked instances, or of every index of the task under the cursor.
fn several_logs(state: &State, action: Action) -> Option<Logs> {
    if !matches!(action, Action::Log | Action::GoLog) {
        return None;
    }
    let screen = state.screen();
    if !screen.marks.is_empty() {
        let marked: Vec<TiRef> = screen.targets().iter().filter_map(Object::ti).collect();
        return (marked.len() > 1).then_some(Logs::These(marked));
    }
    match screen.object() {
        Object::Task(run, task, _) => Some(Logs::Task(run, task)),
        _ => None,
    }
}

/// Shows another part of the instance.
pub fn tab(state: &mut State, tab: Tab) -> Vec<Effect> {
    let screen = state.screen_mut();
    if let Place::Instance(_, now) = &mut screen.place {
        *now = tab;
        (screen.scroll, screen.found_line) = (0, None);
    }
    explain(state)
}

/// Asks the scheduler why the instance doesn't run, if that is what is shown.
fn explain(state: &mut State) -> Vec<Effect> {
    let (Place::Instance(ti, Tab::Why), Data::Instance(d)) = (&state.screen().place, &state.screen().data) else {
        return Vec::new();
    };
    if d.row.state.is_finished() || state.link != crate::console::state::Link::Up {
        return Vec::new();
    }
    let key = TiKey::new(RunId(ti.run.id), ti.task_id.as_str(), ti.map_index);
    let number = state.next_ticket();
    let screen = state.screen_mut();
    // The old answer is shown until the new one comes.
    let old = screen.explained.take().and_then(|(_, answer)| answer);
    screen.explained = Some((number, old));
    vec![Effect::Explain(number, key)]
}

fn other_try(state: &mut State, after: bool) -> Vec<Effect> {
    let screen = state.screen_mut();
    let Data::Instance(d) = &screen.data else { return Vec::new() };
    let last = d.row.try_number.max(1);
    let now = screen.shown_try.unwrap_or(last);
    let new = if after { (now + 1).min(last) } else { now.saturating_sub(1).max(1) };
    if new == now {
        state.flash(if after { "this is the last try" } else { "this is the first try" }, false);
        return Vec::new();
    }
    screen.shown_try = Some(new);
    after_load(state)
}

/// The same part of another index.
pub fn at_index(state: &mut State, ti: TiRef, tab: Tab) -> Vec<Effect> {
    let screen = state.screen_mut();
    screen.place = Place::Instance(ti, tab);
    screen.shown_try = None;
    screen.log = LogView::default();
    state.load()
}

/// What stands out: in a log the next of its three ways, in a timeline the critical path or not.
pub fn highlight(state: &mut State) -> Vec<Effect> {
    let screen = state.screen_mut();
    let said = if matches!(screen.place, Place::Gantt(_)) {
        screen.hides_path = !screen.hides_path;
        if screen.hides_path { "without the critical path" } else { "with the critical path" }
    } else {
        let (next, said) = match screen.log.colours {
            Colours::Own => (Colours::Values, "numbers, texts and names stand out"),
            Colours::Values => (Colours::Levels, "only levels stand out"),
            Colours::Levels => (Colours::Own, "the task's own colours"),
        };
        screen.log.colours = next;
        said
    };
    state.flash(said, false);
    Vec::new()
}

/// After an instance was read: its log is wanted, and why it doesn't run.
pub fn after_load(state: &mut State) -> Vec<Effect> {
    let mut effects = super::compare::compared(state);
    effects.extend(explain(state));
    effects.extend(logs::log_of_try(state));
    effects.extend(logs::logs_beside(state));
    effects
}

/// Shows a file's error.
pub fn file_error(state: &mut State, path: &str, line: u32) {
    let errors = match &state.screen().data {
        Data::Triage(t) => &t.errors,
        Data::Dags(d) => &d.errors,
        Data::System(s) => &s.errors,
        _ => return,
    };
    let Some(e) = errors.iter().find(|e| e.file == path && e.line == line) else { return };
    let mut lines: Vec<String> = match e.line {
        0 => alike(errors, e).map(str::to_owned).collect(),
        _ => vec![format!("{}:{}:{}", e.file, e.line, e.column)],
    };
    lines.extend([String::new(), e.message.clone()]);
    if let Some(hint) = &e.hint {
        lines.push(format!("hint: {hint}"));
    }
    if let Some(trace) = &e.stack_trace {
        lines.push(String::new());
        lines.extend(trace.lines().map(str::to_owned));
    }
    state.overlay = Overlay::Text("import error".into(), lines, 0);
}
