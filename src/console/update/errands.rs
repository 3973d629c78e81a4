//! Keys whose way depends on an answer of the store: where the newest failure is, what a form needs.

use crate::{
    console::{
        message::Effect,
        place::{Object, Place, Tab},
        query::{Asker, Data, Query},
        state::{Errand, State},
    },
    model::{TiState, UNMAPPED},
    store::{audit::About, screens::RunRef},
};

use super::{
    act, hits, indexes, models,
    navigate::{push, run_of},
    settings,
};

/// Asks for the newest failure, to go there.
pub fn failure(state: &mut State, dag: Option<String>, run: Option<RunRef>, tab: Tab) -> Vec<Effect> {
    let Some(dag_id) = dag else { return Vec::new() };
    let ticket = state.next_ticket();
    state.errand = Some((ticket, Errand::Failure(tab)));
    vec![Effect::Load(ticket, Asker::Errand, Query::Failure { dag_id, run: run.map(|r| r.id) })]
}

/// Goes to what an act was about: the task instance, the run, or the DAG.
pub fn target(state: &mut State, about: &About) -> Vec<Effect> {
    let Some(dag_id) = about.dag_id.clone() else {
        state.flash("this act is about no DAG; the lines below say all that was noted", false);
        return Vec::new();
    };
    let [run_id] = about.run_ids.as_slice() else { return push(state, Place::Grid(dag_id), |_| {}) };
    let task = match about.tasks.as_slice() {
        [one] => Some(match one.strip_suffix(']').and_then(|t| t.rsplit_once('[')) {
            Some((task, index)) => (task.to_owned(), index.parse().unwrap_or(UNMAPPED)),
            None => (one.clone(), UNMAPPED),
        }),
        _ => None,
    };
    let ticket = state.next_ticket();
    state.errand = Some((ticket, Errand::Target(task.is_some(), dag_id.clone())));
    let query = Query::Located { dag_id, run_id: run_id.clone(), task };
    vec![Effect::Load(ticket, Asker::Errand, query)]
}

/// An answer that isn't a screen's data came.
pub fn errand(state: &mut State, errand: Errand, answer: Result<Data, String>) -> Vec<Effect> {
    match (errand, answer) {
        (Errand::Failure(tab), Ok(Data::Failure(Some(ti)))) => push(state, Place::Instance(ti, tab), |_| {}),
        // Whoever asks why, and nothing failed, means what waits.
        (Errand::Failure(Tab::Why), Ok(_)) if state.screen().object().dag_id().is_some() => {
            let object = state.screen().object();
            let (dag_id, run) = (object.dag_id().unwrap_or_default().to_owned(), object.run().map(|r| r.id));
            let ticket = state.next_ticket();
            state.errand = Some((ticket, Errand::Waiting));
            vec![Effect::Load(ticket, Asker::Errand, Query::Waiting { dag_id, run })]
        }
        (Errand::Waiting, Ok(Data::Failure(Some(ti)))) => push(state, Place::Instance(ti, Tab::Why), |_| {}),
        (Errand::Waiting, Ok(_)) => {
            state.flash("nothing of it failed, and nothing of it waits", false);
            Vec::new()
        }
        (Errand::Failure(_), Ok(_)) => match run_of(state) {
            Some(run) => push(state, Place::Gantt(run), |_| {}),
            None => {
                state.flash("no failed task instance there", false);
                Vec::new()
            }
        },
        (Errand::Hit(number, end), Ok(Data::Failure(found))) => {
            let object = found.map_or(Object::None, |ti| Object::Ti(ti, TiState::None));
            hits::located(state, object, number, end)
        }
        (Errand::Hit(..), Ok(_)) => Vec::new(),
        (Errand::Target(true, _), Ok(Data::Failure(Some(ti)))) => {
            push(state, Place::Instance(ti, Tab::Details), |_| {})
        }
        (Errand::Target(false, _), Ok(Data::Failure(Some(ti)))) => push(state, Place::Gantt(ti.run), |_| {}),
        (Errand::Target(_, dag_id), Ok(_)) => {
            let effects = push(state, Place::Grid(dag_id), |_| {});
            state.flash("what this act was about is gone from the store; this is its DAG", false);
            effects
        }
        (Errand::Answer, Ok(Data::Question(Some(question)))) => act::answer_form(state, question),
        (Errand::Answer, Ok(_)) => {
            state.flash("it doesn't wait for an answer any more", true);
            Vec::new()
        }
        (Errand::OtherIndex, Ok(Data::Failure(found))) => indexes::found(state, found),
        (Errand::OtherIndex, Ok(_)) => Vec::new(),
        (Errand::AliasHistory(name), Ok(Data::AssetHistory(events))) => models::show(state, &name, &events),
        (Errand::AliasHistory(_), Ok(_)) => Vec::new(),
        (Errand::EditConnection, Ok(Data::Connection(Some(fields)))) => settings::connection_form(state, &fields),
        (Errand::EditConnection, Ok(_)) => {
            state.flash("the connection is gone", true);
            Vec::new()
        }
        (Errand::TriggerForm(_), Ok(Data::Definition(Some((dag, paused))))) => act::trigger_form(state, dag, paused),
        (Errand::TriggerForm(dag), Ok(_)) => {
            state.flash(format!("DAG {dag} is gone"), true);
            Vec::new()
        }
        (_, Err(why)) => {
            state.flash(why, true);
            Vec::new()
        }
    }
}
