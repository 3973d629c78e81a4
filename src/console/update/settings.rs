//! Verbs of pools, connections and variables, and deletions that want the name typed.

use serde_json::{Value, json};

use crate::{
    console::{
        forms::{ActForm, Field, Purpose, setting},
        items::Kind,
        keymap::Action,
        message::Effect,
        place::{Object, Setting},
        query::{Asker, Data, Query},
        state::{Errand, State},
    },
    protocol::Command,
};

use super::{act::open, pods};

/// Edit, new, delete.
pub fn act(state: &mut State, action: Action, object: &Object) -> Vec<Effect> {
    match (action, object) {
        (Action::Delete, Object::Setting(kind, name)) => {
            let name = name.clone();
            let command = match kind {
                Setting::Pool => Command::DeletePool { name: name.clone() },
                Setting::Connection => Command::DeleteConnection { conn_id: name.clone() },
                Setting::Variable => Command::DeleteVariable { key: name.clone() },
            };
            delete(state, format!("Delete {} {name}", kind.noun()), vec![command], name)
        }
        (Action::Delete, Object::Run(run, _)) => {
            let command =
                Command::DeleteRuns { dag_id: run.dag_id.clone(), run_ids: vec![run.run_id.clone()], dry_run: false };
            delete(state, format!("Delete run {} of {}", run.run_id, run.dag_id), vec![command], run.dag_id.clone())
        }
        (Action::Delete, Object::Pod(pod, now, _)) => pods::delete(state, pod, *now),
        (Action::Edit, Object::Setting(Setting::Connection, id)) => {
            let ticket = state.next_ticket();
            state.errand = Some((ticket, Errand::EditConnection));
            vec![Effect::Load(ticket, Asker::Errand, Query::Connection(id.clone()))]
        }
        (Action::Edit, Object::Setting(kind, name)) => {
            let before = now(state);
            form(state, *kind, name, before)
        }
        _ => {
            let kind = match state.screen().item().map(|i| &i.kind) {
                Some(Kind::Setting(kind)) => *kind,
                _ => Setting::Variable,
            };
            form(state, kind, "", Value::Null)
        }
    }
}

/// The form of a connection whose fields were read.
pub fn connection_form(state: &mut State, fields: &Value) -> Vec<Effect> {
    let id = fields["conn_id"].as_str().unwrap_or_default().to_owned();
    form(state, Setting::Connection, &id, fields.clone())
}

fn form(state: &mut State, kind: Setting, name: &str, before: Value) -> Vec<Effect> {
    let title = if name.is_empty() { format!("New {}", kind.noun()) } else { format!("Edit {} {name}", kind.noun()) };
    let fields = setting::fields(kind, name, &before);
    let mut form = ActForm::new(title, Purpose::Set(kind, before), fields, "Save", state.now);
    form.focus = usize::from(!name.is_empty());
    open(state, form)
}

/// Asks for its name before it is deleted.
pub fn delete(state: &mut State, title: String, commands: Vec<Command>, name: String) -> Vec<Effect> {
    let fields = vec![Field::text("name", "type its name", "", &format!("to delete it: {name}"))];
    open(state, ActForm::new(title, Purpose::Delete(commands, name), fields, "Delete", state.now).on_field())
}

/// What is there under the cursor.
fn now(state: &State) -> Value {
    let screen = state.screen();
    let (Data::Settings(s), Some(item)) = (&screen.data, screen.item()) else { return Value::Null };
    match item.kind {
        Kind::Setting(Setting::Pool) => {
            let p = &s.pools[item.at];
            json!({"slots": p.slots, "description": p.description, "include_deferred": p.include_deferred})
        }
        Kind::Setting(Setting::Variable) => {
            let v = &s.variables[item.at];
            json!({"value": v.value, "description": v.description})
        }
        _ => Value::Null,
    }
}
