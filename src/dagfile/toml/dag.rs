//! `[dag]` and `[params]` of a TOML DAG file.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use toml::de::{DeTable, DeValue};

use super::{
    super::nearest::nearest,
    super::units,
    asset, partitions,
    reader::{Item, Reader},
};
use crate::model::{
    Dag, Param, Schedule, Span,
    operator_table::{Arg, ArgKind, DAG_ARGS},
};

/// The argument named `name` in a list of them.
pub(super) fn find(args: &'static [Arg], name: &str) -> Option<&'static Arg> {
    args.iter().find(|arg| arg.name == name)
}

/// The DAG without its tasks. `stem` is the id if none is given.
pub(super) fn read(reader: &mut Reader<'_>, table: Option<&DeTable<'_>>, stem: &str, file: &str) -> Dag {
    let mut map = Map::new();
    let mut schedule = Schedule::None;
    let entries = || table.into_iter().flat_map(|t| t.iter());
    // Times without offset are read in the DAG's zone, wherever the key stands.
    for (_, value) in entries().filter(|(key, _)| key.get_ref() == "timezone") {
        timezone(reader, value);
    }
    let zone = reader.zone.iana_name().unwrap_or("UTC").to_owned();
    for (key, value) in entries() {
        let name = key.get_ref().as_ref();
        match find(DAG_ARGS, name) {
            _ if name == "timezone" => {}
            _ if name == "schedule" => schedule = self::schedule(reader, value, &zone),
            _ if name == "tags" => {
                let mut tags: Vec<String> = reader.texts(value, name).into_iter().map(|(tag, _)| tag).collect();
                tags.sort();
                tags.dedup();
                map.insert(name.into(), json!(tags));
            }
            _ if name == "template_searchpath" => {
                let folders: Vec<String> = reader.texts(value, name).into_iter().map(|(folder, _)| folder).collect();
                map.insert(name.into(), json!(folders));
            }
            Some(arg) => {
                if let Some(json) = reader.argument(value, arg, false)
                    && is_count(reader, value, arg, &json, 0)
                {
                    map.insert(name.into(), json);
                }
            }
            None => reader.unknown(&key.span(), "key of [dag]", name, DAG_ARGS.iter().map(|arg| arg.name)),
        }
    }
    map.insert("timezone".into(), json!(zone));
    map.insert("fileloc".into(), json!(file));
    map.entry("dag_id").or_insert_with(|| json!(stem));
    let span = entries().next().map_or(0..0, |(key, _)| key.span());
    let mut dag: Dag = match serde_json::from_value(Json::Object(map)) {
        Ok(dag) => dag,
        Err(e) => {
            reader.error(&span, format!("[dag] can't be read: {e}"), None);
            empty(stem)
        }
    };
    dag.schedule = schedule;
    dag
}

/// A DAG with nothing but its id, to find the other mistakes of a file with.
fn empty(dag_id: &str) -> Dag {
    match serde_json::from_value(json!({"dag_id": dag_id})) {
        Ok(dag) => dag,
        Err(e) => unreachable!("a DAG needs no more than its id: {e}"),
    }
}

/// A count in range, else a finding.
pub(super) fn is_count(reader: &mut Reader<'_>, item: &Item<'_>, arg: &Arg, value: &Json, least: i64) -> bool {
    if arg.kind != ArgKind::Integer || arg.name == "priority_weight" {
        return true;
    }
    let fits = value.as_i64().is_none_or(|n| (least..=i64::from(u32::MAX)).contains(&n));
    if !fits {
        reader.error(&item.span(), format!("`{}` must be at least {least}, found {value}", arg.name), None);
    }
    fits
}

fn timezone(reader: &mut Reader<'_>, value: &Item<'_>) {
    let Some(name) = reader.text(value, "timezone") else { return };
    match jiff::tz::TimeZone::get(name) {
        Ok(zone) => reader.zone = zone,
        Err(_) => {
            let known: Vec<String> = jiff::tz::db().available().map(|n| n.to_string()).collect();
            let meant = nearest(name, known.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
            let hint = meant.unwrap_or_else(|| "an IANA name such as Europe/Berlin".into());
            reader.error(&value.span(), format!("unknown timezone `{name}`"), Some(hint));
        }
    }
}

const PRESETS: &[&str] = &[
    "@once",
    "@continuous",
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
    "@quarterly",
    "@yearly",
    "@midnight",
    "@annually",
    "none",
];

/// `"none"`, `"@daily"`, a cron expression, `{cron = "..", timezone = ".."}`, `{delta = "1h"}` or `{assets = [..]}`. Whether a cron expression is
/// right is found where schedules are compiled.
fn schedule(reader: &mut Reader<'_>, value: &Item<'_>, zone: &str) -> Schedule {
    let cron = |expression: &str, timezone: &str| Schedule::Cron {
        expression: expression.to_owned(),
        timezone: timezone.to_owned(),
        data_interval: None,
        interval: Span::default(),
        run_immediately: None,
    };
    match value.get_ref() {
        DeValue::String(text) => match text.trim() {
            "" | "none" | "None" => Schedule::None,
            "@once" => Schedule::Once,
            "@continuous" => Schedule::Continuous,
            preset if PRESETS.contains(&preset) => cron(preset, zone),
            word if !word.contains(' ') => {
                reader.unknown(&value.span(), "schedule", word, PRESETS.iter().copied());
                Schedule::None
            }
            expression => cron(expression, zone),
        },
        DeValue::Table(table) => {
            let (mut delta, mut months, mut expression, mut timezone) = (None, 0, None, zone.to_owned());
            let (mut data_interval, mut interval) = (None, 0.0);
            let (mut expressions, mut dates): (Vec<String>, Vec<Timestamp>) = (Vec::new(), Vec::new());
            let mut assets = None;
            let mut partition = None;
            const KEYS: &[&str] = &[
                "cron",
                "crons",
                "events",
                "timezone",
                "delta",
                "months",
                "data_interval",
                "interval",
                "assets",
                "partitions",
            ];
            let seconds = |name| Arg { name, kind: ArgKind::Duration, required: false, default: "", doc: "" };
            for (key, value) in table.iter() {
                match key.get_ref().as_ref() {
                    "partitions" => partition = Some((value, partitions::read(reader, value))),
                    "assets" => assets = Some(asset::condition(reader, value)),
                    "cron" => expression = reader.text(value, "cron").map(str::to_owned),
                    "crons" => expressions = reader.texts(value, "crons").into_iter().map(|(text, _)| text).collect(),
                    "events" => dates = events(reader, value),
                    "timezone" => reader.text(value, "timezone").unwrap_or(zone).clone_into(&mut timezone),
                    "delta" => delta = reader.argument(value, &seconds("delta"), false).and_then(|s| s.as_f64()),
                    "interval" => {
                        interval =
                            reader.argument(value, &seconds("interval"), false).and_then(|s| s.as_f64()).unwrap_or(0.0);
                    }
                    "months" => match reader.any(value).as_i64().and_then(|n| i32::try_from(n).ok()) {
                        Some(n) => months = n,
                        None => reader.mismatch(value, "months", "a whole number"),
                    },
                    "data_interval" => match value.get_ref().as_bool() {
                        Some(yes) => data_interval = Some(yes),
                        None => reader.mismatch(value, "data_interval", "true or false"),
                    },
                    other => reader.unknown(&key.span(), "key of schedule", other, KEYS.iter().copied()),
                }
            }
            if let Some((at, partition)) = partition {
                let parts = partitions::Beside {
                    cron: expression.clone(),
                    timezone: timezone.clone(),
                    assets: assets.clone().flatten(),
                    others: delta.is_some() || months != 0 || !expressions.is_empty() || !dates.is_empty(),
                };
                return partition.map_or(Schedule::None, |read| partitions::schedule(reader, at, read, parts));
            }
            let time = match (expression, delta, months) {
                (None, None, 0) if !expressions.is_empty() && dates.is_empty() => {
                    Schedule::Crons { expressions, timezone, interval: interval.into(), run_immediately: None }
                }
                (None, None, 0) if !dates.is_empty() && expressions.is_empty() => {
                    let summary = format!("{} events", dates.len());
                    Schedule::Events { dates, restrict_to_events: false, summary, description: String::new() }
                }
                (None, None, 0) if assets.is_some() => Schedule::None,
                (Some(expression), None, 0) => Schedule::Cron {
                    expression,
                    timezone,
                    data_interval,
                    interval: interval.into(),
                    run_immediately: None,
                },
                (None, delta, months) if delta.is_some_and(|d| d > 0.0) || months > 0 => {
                    Schedule::Delta { seconds: delta.unwrap_or(0.0), months, data_interval, interval: interval.into() }
                }
                _ => {
                    let hint =
                        "{cron = \"0 6 * * *\", timezone = \"Europe/Berlin\"}, {delta = \"1h\"} or {assets = [..]}";
                    reader.error(
                        &value.span(),
                        "a schedule table needs one of `cron`, `crons`, `delta`, `months`, `events` and `assets`",
                        Some(hint.into()),
                    );
                    Schedule::None
                }
            };
            let Some(Some(expression)) = assets else { return time };
            let time = Some(time).filter(|time| *time != Schedule::None).map(Box::new);
            Schedule::Asset { expression, time, partitions: None }
        }
        _ => {
            reader.mismatch(value, "schedule", "text or a table");
            Schedule::None
        }
    }
}

/// JSON schema keys that a param may have.
pub(in crate::dagfile) const PARAM_KEYS: &[&str] = &[
    "default",
    "value",
    "description",
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "required",
    "additionalProperties",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "title",
    "examples",
    "values_display",
    "section",
    "description_md",
    "source",
];

/// `[params.x]` with JSON schema keys, or `x = value` for a plain one.
pub(super) fn params(reader: &mut Reader<'_>, table: &DeTable<'_>, dag: &mut Dag) {
    for (key, item) in table.iter() {
        let DeValue::Table(keys) = item.get_ref() else {
            let value = reader.any(item);
            let param = Param { value, required: false, description: None, schema: json!({}) };
            dag.params.insert(key.get_ref().to_string(), param);
            continue;
        };
        let mut param = Param { value: Json::Null, required: true, description: None, schema: Json::Null };
        let mut schema = Map::new();
        let mut default_at = key.span();
        for (name, value) in keys.iter() {
            match name.get_ref().as_ref() {
                "default" | "value" => {
                    param.value = reader.any(value);
                    param.required = false;
                    default_at = value.span();
                }
                "description" => param.description = reader.text(value, "description").map(str::to_owned),
                known if PARAM_KEYS.contains(&known) => {
                    schema.insert(known.to_owned(), reader.any(value));
                }
                other => reader.unknown(&name.span(), "key of a param", other, PARAM_KEYS.iter().copied()),
            }
        }
        param.schema = Json::Object(schema);
        match jsonschema::draft202012::new(&param.schema) {
            Err(e) => {
                reader.error(&item.span(), format!("the schema of param `{}` is wrong: {e}", key.get_ref()), None)
            }
            Ok(schema) if !param.required => {
                if let Some(e) = schema.iter_errors(&param.value).next() {
                    reader.error(
                        &default_at,
                        format!("the default of param `{}` isn't allowed: {e}", key.get_ref()),
                        None,
                    );
                }
            }
            Ok(_) => {}
        }
        dag.params.insert(key.get_ref().to_string(), param);
    }
}

/// The times of `events = [..]`, in order.
fn events(reader: &mut Reader<'_>, value: &Item<'_>) -> Vec<Timestamp> {
    let items = match value.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![value],
    };
    let mut dates = Vec::new();
    for item in items {
        let text = reader.any(item);
        match text.as_str().and_then(|text| units::instant(text, &reader.zone)) {
            Some(at) => dates.push(at),
            None => reader.mismatch(item, "events", "times, such as 2026-03-02T06:00:00Z"),
        }
    }
    dates.sort();
    dates
}
