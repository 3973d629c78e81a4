//! Keys about pods: to them, from one to the next, a shell in one.

use crate::console::{
    forms::{ActForm, Field, Purpose, shell_words},
    items::Kind,
    message::Effect,
    overlay::Overlay,
    place::{Object, Place, Tab},
    pods::{Fact, PodNow, PodOf, PodRef, reference},
    query::Data,
    state::{Done, State},
    views,
    widgets::input::Input,
};

use super::{act, navigate::push};

/// To the pod of what is under the cursor; of a run, a DAG or a mapped task to the list of theirs.
pub fn go(state: &mut State) -> Vec<Effect> {
    let screen = state.screen();
    let number = if matches!(screen.place, Place::Instance(..)) { screen.shown_try } else { None };
    let several = |words: String| {
        move |state: &mut State| push(state, Place::Pods(true), |screen| screen.filter = Input::new(words))
    };
    match screen.object() {
        Object::Pod(pod, ..) => push(state, Place::Pod(PodOf::This(pod)), |_| {}),
        Object::Task(run, task, _) => several(format!("dag:{} run:{} task:{task}", run.dag_id, run.run_id))(state),
        Object::Run(run, _) => several(format!("dag:{} run:{}", run.dag_id, run.run_id))(state),
        object => match (object.ti(), object.dag_id()) {
            (Some(ti), _) => push(state, Place::Pod(PodOf::Try(ti, number)), |_| {}),
            (None, Some(dag)) => several(format!("dag:{dag}"))(state),
            (None, None) => Vec::new(),
        },
    }
}

/// Enter on a line about pods.
pub fn open(state: &mut State, pod: PodRef, kind: &Kind) -> Vec<Effect> {
    match kind {
        Kind::Pod => push(state, Place::Pod(PodOf::This(pod)), |_| {}),
        Kind::PodFact(Fact::Spec) => push(state, Place::Spec(pod, true), |_| {}),
        Kind::PodFact(Fact::End) => log(state, &pod),
        _ => {
            // The whole of what the preview has no room for.
            let (Data::Pod(Some(shown)), Some(item)) = (&state.screen().data, state.screen().item()) else {
                return Vec::new();
            };
            let lines = views::pod::about(shown, item).into_iter().map(|(line, _)| line).collect();
            state.overlay = Overlay::Text(pod.name, lines, 0);
            Vec::new()
        }
    }
}

/// The log of the try that a pod is for.
pub fn log(state: &mut State, pod: &PodRef) -> Vec<Effect> {
    let number = pod.try_number;
    push(state, Place::Instance(pod.ti.clone(), Tab::Log), |screen| screen.shown_try = Some(number))
}

/// What was sent of the pod under the cursor, or how that differs from the last success; on that screen the other of the two.
pub fn spec(state: &mut State, differs: bool) -> Vec<Effect> {
    let Object::Pod(pod, ..) = state.screen().object() else { return Vec::new() };
    let screen = state.screen_mut();
    if let Place::Spec(_, shown) = &mut screen.place {
        *shown = differs && !*shown;
        screen.scroll = 0;
        return Vec::new();
    }
    push(state, Place::Spec(pod, differs), |_| {})
}

/// The pod of the same task instance before or after this one.
pub fn sibling(state: &mut State, after: bool) -> Vec<Effect> {
    let Data::Pod(Some(shown)) = &state.screen().data else { return Vec::new() };
    let at = shown.all.iter().position(|row| row.id == shown.detail.row.id).unwrap_or(0);
    let next = if after { at + 1 } else { at.wrapping_sub(1) };
    let Some(row) = shown.all.get(next) else {
        let text = if after { "this is its last pod" } else { "this is its first pod" };
        state.flash(text, false);
        return Vec::new();
    };
    let place = Place::Pod(PodOf::This(reference(row)));
    let screen = state.screen_mut();
    screen.place = place;
    screen.loaded_at = None;
    state.load()
}

/// The list with pods that are gone, or without.
pub fn with_gone(state: &mut State, gone: bool) -> Vec<Effect> {
    let screen = state.screen_mut();
    screen.place = Place::Pods(gone);
    state.load()
}

/// A shell in the container under the cursor, else in the pod's own one.
pub fn shell(state: &mut State) -> Vec<Effect> {
    let Object::Pod(pod, _, container) = state.screen().object() else { return Vec::new() };
    let mut words = vec!["pods".to_owned(), "exec".to_owned(), pod.name];
    if let Some(container) = container {
        words.extend(["-c".to_owned(), container]);
    }
    let command = shell_words(&words);
    state.done.push(Done {
        at: state.now,
        command,
        result: Some(Ok("left".into())),
        request: 0,
        act: None,
        reverts: None,
        discards: None,
        plan: None,
        changes: (0, 0),
    });
    vec![Effect::Shell(words)]
}

/// The form that deletes a kept pod, or gives up one whose node is silent.
pub fn delete(state: &mut State, pod: &PodRef, now: PodNow) -> Vec<Effect> {
    let force = now == PodNow::Silent;
    let name = pod.name.clone();
    let title = match force {
        true => format!("Give up pod {name} of {}: its node doesn't answer", pod.ti.label()),
        false => format!("Delete pod {name} of {}", pod.ti.label()),
    };
    let fields = vec![Field::text("name", "type its name", "", &format!("to delete it: {name}"))];
    let verb = if force { "Give up" } else { "Delete" };
    act::open(state, ActForm::new(title, Purpose::CleanPod(name, force), fields, verb, state.now).on_field())
}
