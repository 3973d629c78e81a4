//! What `X` writes into a file: a log, a text, or the rows of a list as lines of JSON.

use serde_json::{Value, json};

use super::{
    fields::{self, Row},
    items::{Item, Kind},
    message::Source,
    place::{Place, Tab},
    query::Data,
    screen::Screen,
    state::State,
    update::text_lines,
};

/// What would be written, and the name that is proposed for it; `None` if there is nothing.
pub fn of(state: &State) -> Option<(Source, String)> {
    let screen = state.screen();
    let name = screen.object().name().replace(['[', ']', '/', ' '], "_");
    match &screen.place {
        Place::Instance(_, Tab::Log) => {
            return Some((
                Source::Log(screen.log.path.clone()),
                format!("{}.log", if name.is_empty() { "task" } else { &name }),
            ));
        }
        Place::Logs(_) => {
            let window = screen.log.window.as_ref()?;
            let lines: Vec<&str> = window.lines.iter().map(|l| l.text.as_str()).collect();
            return Some((Source::Text(lines.join("\n")), "logs.log".into()));
        }
        _ => {}
    }
    if let Some(lines) = text_lines(state) {
        let ending = match screen.place {
            Place::Source(..) => "py",
            Place::Spec(..) => "yaml",
            _ => "txt",
        };
        return Some((
            Source::Text(lines.join("\n")),
            format!("{}.{ending}", if name.is_empty() { "text" } else { &name }),
        ));
    }
    let now = screen.loaded_at.unwrap_or(state.now);
    let of_row = |item: &Item| document(screen, item, now).unwrap_or_else(|| json!({"id": item.id}));
    let rows: Vec<String> =
        screen.items.iter().filter(|i| !i.is_heading()).map(|item| of_row(item).to_string()).collect();
    let words: Vec<String> = screen.place.title().split(" > ").last().map(str::to_owned).into_iter().collect();
    let name = words.concat().to_lowercase().replace([' ', ',', '/', ':'], "_");
    (!rows.is_empty()).then(|| (Source::Text(rows.join("\n")), format!("{name}.jsonl")))
}

/// A row as JSON: its fields under the names that filters use, then what it is in Airflow's names. `None` if its line is no row.
pub fn document(screen: &Screen, item: &Item, now: i64) -> Option<Value> {
    let mut all = row(screen, item, now)?.document();
    let object = &item.object;
    for (name, value) in [
        ("dag_id", object.dag_id().map(|dag| json!(dag))),
        ("dag_run_id", object.run().map(|run| json!(run.run_id))),
        ("task_id", object.ti().map(|ti| json!(ti.task_id))),
        ("map_index", object.ti().map(|ti| json!(ti.map_index))),
    ] {
        if let Some(value) = value {
            all.insert(name.into(), value);
        }
    }
    Some(Value::Object(all))
}

/// What filters ask of a row.
fn row<'a>(screen: &'a Screen, item: &Item, now: i64) -> Option<Row<'a>> {
    let at = item.at;
    Some(match (&screen.data, &item.kind) {
        (Data::Dags(d), Kind::Dag) => fields::dag(d.dags.get(at)?, now),
        (Data::Dags(d), Kind::FileError) => fields::error(d.errors.get(at)?),
        (Data::Runs(rows), Kind::Run) => fields::run(rows.get(at)?, now),
        (Data::Instances(rows), Kind::Ti) => fields::ti(rows.get(at)?, now),
        (Data::Xcoms(x), Kind::Xcom) => fields::xcom(x.rows.get(at)?),
        (Data::Audit(rows), Kind::Act) => fields::act(rows.get(at)?, now),
        (Data::Backfills(rows), Kind::Backfill) => fields::backfill(rows.get(at)?, now),
        (Data::Assets(rows), Kind::Asset) => fields::asset(rows.get(at)?, now),
        (Data::Pods(pods), Kind::Pod) => fields::pod(pods.page.get(at)?, now),
        (Data::Settings(s), Kind::Setting(super::place::Setting::Pool)) => fields::named(&s.pools.get(at)?.name, ""),
        (Data::Settings(s), Kind::Setting(super::place::Setting::Connection)) => {
            let c = s.connections.get(at)?;
            fields::named(&c.conn_id, &c.description)
        }
        (Data::Settings(s), Kind::Setting(super::place::Setting::Variable)) => {
            let v = s.variables.get(at)?;
            fields::named(&v.key, &v.description)
        }
        (Data::Triage(t), Kind::Group) => fields::ti(t.groups.get(at)?.members.first()?, now),
        _ => return None,
    })
}
