//! Assets in templates: `inlets`, `outlets`, `inlet_events[..]` and `triggering_asset_events`.

use std::sync::Arc;

use minijinja::{
    Error, ErrorKind, Value,
    value::{Kwargs, from_args},
};
use serde_json::Value as Json;

use super::{
    Context,
    entities::{Entity, Kind},
    failure::{raise, raising},
    values::{from_json, python_str},
};
use crate::model::{Asset, AssetAlias, AssetCondition, AssetRef};

/// The assets of a task, as objects; anything else as it is.
pub(super) fn listed(ctx: &Context, items: &[Json]) -> Value {
    let one = |item: &Json| match AssetCondition::read(item) {
        Some(asset) => object(ctx, asset),
        None => from_json(item),
    };
    Value::from(items.iter().map(one).collect::<Vec<_>>())
}

fn object(ctx: &Context, asset: AssetCondition) -> Value {
    Value::from_object(Entity::new(ctx.clone(), Kind::Asset(Arc::new(asset))))
}

/// One attribute of an asset, alias or reference.
pub(super) fn part(asset: &AssetCondition, key: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::from(text));
    match (asset, key) {
        (AssetCondition::Asset(a), "name") => text(&a.name),
        (AssetCondition::Asset(a), "uri") => text(&a.uri),
        (AssetCondition::Asset(a), "group") => text(&a.group),
        (AssetCondition::Asset(a), "extra") => Some(from_json(&Json::Object(a.extra.clone()))),
        (AssetCondition::Alias(a), "name") => text(&a.name),
        (AssetCondition::Alias(a), "group") => text(&a.group),
        (AssetCondition::AssetRef(r), "name") => r.name.as_deref().map(Value::from),
        (AssetCondition::AssetRef(r), "uri") => r.uri.as_deref().map(Value::from),
        _ => None,
    }
}

/// What Python prints.
pub(super) fn repr(asset: &AssetCondition) -> String {
    match asset {
        AssetCondition::Asset(a) => format!(
            "Asset(name='{}', uri='{}', group='{}', extra={}, watchers=[], access_control=AssetAccessControl(\
             producer_teams=[], consumer_teams=None, allow_global=True))",
            a.name,
            a.uri,
            a.group,
            python_str(&from_json(&Json::Object(a.extra.clone())))
        ),
        AssetCondition::Alias(a) => format!("AssetAlias(name='{}', group='{}')", a.name, a.group),
        AssetCondition::AssetRef(AssetRef { name: Some(name), .. }) => format!("AssetNameRef(name='{name}')"),
        AssetCondition::AssetRef(r) => format!("AssetUriRef(uri='{}')", r.uri.as_deref().unwrap_or_default()),
        AssetCondition::All(parts) => combined("AssetAll", parts),
        AssetCondition::Any(parts) => combined("AssetAny", parts),
    }
}

fn combined(class: &str, parts: &[AssetCondition]) -> String {
    format!("{class}({})", parts.iter().map(repr).collect::<Vec<_>>().join(", "))
}

fn events(found: Result<Vec<Json>, String>) -> Value {
    match found {
        Ok(found) => Value::from(found.iter().map(from_json).collect::<Vec<_>>()),
        Err(e) => raising("AirflowRuntimeError", e),
    }
}

/// `dag_run.consumed_asset_events`.
pub(super) fn consumed(ctx: &Context) -> Value {
    events(ctx.lookup.triggering_asset_events())
}

/// `triggering_asset_events`: from each asset and alias to its events.
pub(super) fn triggering(ctx: &Context) -> Value {
    let found = match ctx.lookup.triggering_asset_events() {
        Ok(found) => found,
        Err(e) => return raising("AirflowRuntimeError", e),
    };
    let mut of: Vec<(AssetCondition, Vec<Value>)> = Vec::new();
    for event in &found {
        let text = |value: &Json, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let asset = AssetCondition::Asset(Asset {
            name: text(&event["asset"], "name"),
            uri: text(&event["asset"], "uri"),
            group: "asset".into(),
            extra: serde_json::Map::new(),
            watchers: Vec::new(),
        });
        let aliases = event["source_aliases"].as_array().into_iter().flatten();
        let aliases =
            aliases.map(|a| AssetCondition::Alias(AssetAlias { name: text(a, "name"), group: "asset".into() }));
        for key in std::iter::once(asset).chain(aliases) {
            match of.iter_mut().find(|(known, _)| *known == key) {
                Some((_, events)) => events.push(from_json(event)),
                None => of.push((key, vec![from_json(event)])),
            }
        }
    }
    let of = of.into_iter().map(|(key, events)| (object(ctx, key), Value::from(events))).collect();
    Value::from_object(Entity::new(ctx.clone(), Kind::TriggeringEvents(Arc::new(of))))
}

/// The events of an asset, alias or reference that is given as an object.
pub(super) fn of_trigger(events: &[(Value, Value)], key: &Value) -> Option<Value> {
    let wanted = asset_of(key)?;
    let found =
        events.iter().find(|(known, _)| asset_of(known).is_some_and(|known| known == wanted || names(wanted, known)));
    found.map(|(_, events)| events.clone())
}

fn asset_of(value: &Value) -> Option<&AssetCondition> {
    match &value.downcast_object_ref::<Entity>()?.kind {
        Kind::Asset(asset) => Some(&**asset),
        _ => None,
    }
}

/// `inlet_events[0]`, `inlet_events[inlets[0]]`.
pub(super) fn of_inlet(entity: &Entity, key: &Value) -> Option<Value> {
    let asset = match key.downcast_object_ref::<Entity>().map(|entity| &entity.kind) {
        Some(Kind::Asset(asset)) => (**asset).clone(),
        _ => {
            let inlets = &entity.ctx.task.inlets;
            let index = key.as_i64()?;
            let index =
                if index < 0 { inlets.len().checked_sub(index.unsigned_abs() as usize)? } else { index as usize };
            AssetCondition::read(inlets.get(index)?)?
        }
    };
    Some(events(entity.ctx.lookup.asset_events(&asset)))
}

/// `inlet_events.for_asset(name=.., uri=..)`, `inlet_events.for_asset_alias(name=..)`.
pub(super) fn inlet_method(entity: &Entity, name: &str, args: &[Value]) -> Result<Value, Error> {
    let (kwargs,): (Kwargs,) = from_args(args)?;
    let text = |name: &str| -> Result<Option<String>, Error> { kwargs.get(name) };
    let wanted = match name {
        "for_asset" => AssetCondition::AssetRef(AssetRef { name: text("name")?, uri: text("uri")? }),
        "for_asset_alias" => {
            AssetCondition::Alias(AssetAlias { name: text("name")?.unwrap_or_default(), group: "asset".into() })
        }
        _ => return Err(ErrorKind::UnknownMethod.into()),
    };
    kwargs.assert_all_used()?;
    let inlets = entity.ctx.task.inlets.iter().filter_map(AssetCondition::read);
    let found = inlets.into_iter().find(|inlet| names(&wanted, inlet));
    let Some(inlet) = found else { return Err(raise("KeyError", repr(&wanted))) };
    Ok(events(entity.ctx.lookup.asset_events(&inlet)))
}

/// True if a name or URI stands for an inlet.
fn names(wanted: &AssetCondition, inlet: &AssetCondition) -> bool {
    match (wanted, inlet) {
        (AssetCondition::AssetRef(r), AssetCondition::Asset(a)) => {
            r.name.as_ref().is_none_or(|name| *name == a.name) && r.uri.as_ref().is_none_or(|uri| *uri == a.uri)
        }
        (AssetCondition::Asset(a), AssetCondition::Asset(b)) => a.name == b.name && a.uri == b.uri,
        (AssetCondition::Alias(a), AssetCondition::Alias(b)) => a.name == b.name,
        (wanted, inlet) => wanted == inlet,
    }
}
