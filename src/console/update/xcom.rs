//! Verbs of a single XCom: write it by hand, delete it.

use serde_json::Value;

use crate::{
    console::{
        forms::{ActForm, Field, Preview, Purpose, xcom},
        items::Kind,
        keymap::Action,
        message::Effect,
        place::Object,
        query::Data,
        state::State,
    },
    store::screens::{TiRef, xcoms::XcomRow},
};

use super::{act::open, settings};

/// Edit or delete the XCom under the cursor.
pub fn act(state: &mut State, action: Action, ti: &TiRef) -> Vec<Effect> {
    let Some((x, readers)) = under(state) else { return Vec::new() };
    let (x, readers) = (x.clone(), readers.join(", "));
    let title = format!("XCom {} of {} {}", x.key, ti.label(), ti.run.run_id);
    if action == Action::Delete {
        let command = xcom::command(ti, &x.key, Value::Null, true);
        return settings::delete(state, format!("Delete {title}"), vec![command], x.key);
    }
    if x.bytes != x.value.len() as i64 {
        state.flash("too long to be edited here; dagdeck xcoms set writes it", true);
        return Vec::new();
    }
    let mut words =
        vec!["Who reads it from now on gets this; what has read it isn't repeated (C does that).".to_owned()];
    if !readers.is_empty() {
        words.push(format!("read by   {readers}"));
    }
    let fields = vec![Field::text("value", "value", &x.value, "JSON; a text in \"quotes\"")];
    let purpose = Purpose::Xcom(ti.clone(), x.key);
    let mut form = ActForm::new(format!("Edit {title}"), purpose, fields, "Save", state.now).on_field();
    form.preview = Preview::Words(words);
    open(state, form)
}

/// The XCom of the run under the cursor, and the tasks that read it.
fn under(state: &State) -> Option<(&XcomRow, &[String])> {
    let screen = state.screen();
    let (Data::Xcoms(all), Some(item), Object::Ti(..)) = (&screen.data, screen.item(), screen.object()) else {
        return None;
    };
    let x = all.rows.get(item.at).filter(|_| item.kind == Kind::Xcom)?;
    Some((x, all.below.get(&x.task_id).map_or(&[], Vec::as_slice)))
}
