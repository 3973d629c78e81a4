//! Models: what their updates say of versions and aliases.

use crate::console::{
    forms::{ActForm, Preview, Purpose, alias},
    message::Effect,
    overlay::Overlay,
    query::{Asker, Data, Query},
    state::{Errand, State},
    views::aliases,
};
use crate::store::screens::assets::{AssetRow, EventRow};

use super::act::open;

fn under(state: &State) -> Option<&AssetRow> {
    let screen = state.screen();
    let (Data::Assets(all), Some(item)) = (&screen.data, screen.item()) else { return None };
    all.get(item.at)
}

/// The form that gives a version of the model under the cursor an alias.
pub fn set_alias(state: &mut State) -> Vec<Effect> {
    let Some(asset) = under(state).cloned() else { return Vec::new() };
    let Some(model) = alias::model(&asset) else {
        let why =
            format!("no update of {} names a version: {{\"version\": \"v3\", \"alias\": \"champion\"}}", asset.name);
        state.flash(why, true);
        return Vec::new();
    };
    let title = format!("Alias of a version of {}", asset.name);
    let fields = alias::fields(&model);
    let mut form = ActForm::new(title, Purpose::Alias(Box::new(model)), fields, "Set", state.now);
    form.preview = Preview::Words(alias::words(&asset));
    open(state, form)
}

/// Asks for all that was said of the asset under the cursor.
pub fn history(state: &mut State) -> Vec<Effect> {
    let Some((id, name)) = under(state).map(|a| (a.id, a.name.clone())) else { return Vec::new() };
    let ticket = state.next_ticket();
    state.errand = Some((ticket, Errand::AliasHistory(name)));
    vec![Effect::Load(ticket, Asker::Errand, Query::AssetHistory(id))]
}

/// Shows from when to when each version had which alias.
pub fn show(state: &mut State, name: &str, events: &[EventRow]) -> Vec<Effect> {
    let lines = aliases::history(events, state.now);
    state.overlay = Overlay::Text(format!("{name}: which version was what, and when"), lines, 0);
    Vec::new()
}
