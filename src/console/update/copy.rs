//! What `y` copies.

use serde_json::json;

use crate::console::{
    clipboard, export, forms::shell::quoted, keymap::Action, message::Effect, place::Object, query::Data, state::State,
    widgets::text,
};

use super::incident;

/// Copies something about the object under the cursor by OSC 52.
pub fn copy(state: &mut State, action: Action) -> Vec<Effect> {
    let object = state.screen().object();
    let text = match action {
        Action::CopyId => object.path(),
        Action::CopyName => object.name(),
        Action::CopyCommand => match (&state.screen().data, state.screen().item()) {
            (Data::Audit(rows), Some(item)) => rows[item.at].command.clone(),
            _ => state.facts.here(&command(&object)),
        },
        Action::CopyJson => document(state),
        Action::CopyLine => line(state),
        _ => incident::incident(state, &object),
    };
    if text.is_empty() {
        state.flash("nothing to copy here", true);
        return Vec::new();
    }
    let n = text.chars().count();
    let kept = clipboard::cut(&text).chars().count();
    let cut = if kept < n { format!("the first {kept} of ") } else { String::new() };
    state.flash(format!("copied {cut}{n} characters: {}", text::clip(&text, 40)), kept < n);
    vec![Effect::Copy(text)]
}

/// A command that shows the object.
pub(super) fn command(object: &Object) -> String {
    match object {
        Object::Pod(pod, ..) => return format!("dagdeck pods show {}", quoted(&pod.name)),
        Object::Setting(kind, name) => return format!("dagdeck {}s get {}", kind.noun(), quoted(name)),
        Object::Backfill(_, dag, ..) => return format!("dagdeck backfill list {}", quoted(dag)),
        Object::File(..) => return "dagdeck dags list-import-errors".into(),
        _ => {}
    }
    match (object.dag_id(), object.run(), object.ti()) {
        (Some(dag), Some(run), Some(ti)) => {
            let mut line = format!("dagdeck logs {} {} {}", quoted(dag), quoted(&run.run_id), quoted(&ti.task_id));
            if ti.map_index >= 0 {
                line.push_str(&format!(" --map-index {}", ti.map_index));
            }
            line
        }
        (Some(dag), Some(run), None) => format!("dagdeck runs show {} {}", quoted(dag), quoted(&run.run_id)),
        (Some(dag), None, _) => format!("dagdeck dags details {}", quoted(dag)),
        _ => String::new(),
    }
}

/// The object as JSON; of an XCom its value.
pub fn document(state: &State) -> String {
    let screen = state.screen();
    if let (Data::Xcoms(rows), Some(item)) = (&screen.data, screen.item()) {
        return rows.rows.get(item.at).map(|x| x.value.clone()).unwrap_or_default();
    }
    if let Some(item) = screen.item()
        && let Some(row) = export::document(screen, item, screen.loaded_at.unwrap_or(state.now))
    {
        return row.to_string();
    }
    let object = &screen.object();
    let mut all = serde_json::Map::new();
    if let Some(dag) = object.dag_id() {
        all.insert("dag_id".into(), json!(dag));
    }
    if let Some(run) = object.run() {
        all.insert("dag_run_id".into(), json!(run.run_id));
    }
    if let Some(ti) = object.ti() {
        all.insert("task_id".into(), json!(ti.task_id));
        all.insert("map_index".into(), json!(ti.map_index));
    }
    match object {
        Object::Pod(pod, ..) => all.insert("pod".into(), json!(pod.name)),
        Object::Ti(_, s) | Object::Task(_, _, s) => all.insert("state".into(), s.json()),
        Object::Run(_, s) => all.insert("state".into(), json!(s)),
        Object::File(file, line) => {
            all.insert("filename".into(), json!(file));
            all.insert("line".into(), json!(line))
        }
        _ => None,
    };
    if all.is_empty() { String::new() } else { serde_json::Value::Object(all).to_string() }
}

/// The value of an XCom, a line of a log, else the path.
fn line(state: &State) -> String {
    let screen = state.screen();
    match (&screen.data, screen.item()) {
        (Data::Xcoms(x), Some(item)) => x.rows.get(item.at).map(|x| x.value.clone()).unwrap_or_default(),
        (Data::Audit(rows), Some(item)) => rows[item.at].command.clone(),
        (Data::Instance(_) | Data::Logs(_), _) if screen.place.is_log() => {
            let Some(window) = &screen.log.window else { return String::new() };
            let at = screen.log.found.and_then(|f| window.lines.iter().position(|l| l.offset == f));
            let at = at.or(screen.log.top).unwrap_or(window.lines.len().saturating_sub(1));
            window.lines.get(at).map(|l| l.text.clone()).unwrap_or_default()
        }
        _ => screen.object().path(),
    }
}
