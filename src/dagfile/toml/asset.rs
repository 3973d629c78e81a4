//! Assets in TOML: `outlets`, `inlets`, and `assets` of a schedule.

use serde_json::{Map, Value as Json, json};
use toml::de::{DeTable, DeValue};

use super::reader::{Item, Reader};
use crate::model::{Asset, AssetAlias, AssetCondition, AssetRef, mapping::MARK};

const HINT: &str =
    "\"s3://lake/orders\", {name = \"orders\", uri = \"s3://lake/orders\"}, {alias = \"orders\"} or {ref = \"orders\"}";

/// `outlets` or `inlets`: assets, in the form in which a task keeps them.
pub(super) fn list(reader: &mut Reader<'_>, item: &Item<'_>, name: &str) -> Option<Json> {
    let items = match item.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![item],
    };
    let mut found = Vec::new();
    for item in items {
        let asset = leaf(reader, item, name)?;
        let mut value = json!(asset);
        value[MARK] = json!("asset");
        found.push(value);
    }
    Some(Json::Array(found))
}

/// The condition of a schedule: a list means all of them.
pub(super) fn condition(reader: &mut Reader<'_>, item: &Item<'_>) -> Option<AssetCondition> {
    match item.get_ref() {
        DeValue::Array(items) => {
            if items.is_empty() {
                reader.error(&item.span(), "`assets` names no asset", Some(HINT.into()));
                return None;
            }
            items.iter().map(|item| condition(reader, item)).collect::<Option<_>>().map(AssetCondition::All)
        }
        DeValue::Table(table) if table.iter().any(|(key, _)| matches!(key.get_ref().as_ref(), "any" | "all")) => {
            combined(reader, item, table)
        }
        _ => leaf(reader, item, "assets"),
    }
}

fn combined(reader: &mut Reader<'_>, item: &Item<'_>, table: &DeTable<'_>) -> Option<AssetCondition> {
    let mut entries = table.iter();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        reader.error(
            &item.span(),
            "a condition is either `any` or `all`",
            Some("{any = [\"a\", {all = [\"b\", \"c\"]}]}".into()),
        );
        return None;
    };
    let Some(items) = value.get_ref().as_array() else {
        reader.mismatch(value, key.get_ref(), "a list of assets");
        return None;
    };
    let parts = items.iter().map(|item| condition(reader, item)).collect::<Option<Vec<_>>>()?;
    Some(if key.get_ref() == "any" { AssetCondition::Any(parts) } else { AssetCondition::All(parts) })
}

/// One asset, alias or reference.
fn leaf(reader: &mut Reader<'_>, item: &Item<'_>, name: &str) -> Option<AssetCondition> {
    let table = match item.get_ref() {
        DeValue::String(text) => return asset(reader, item, None, Some(text), Map::new(), None),
        DeValue::Table(table) => table,
        _ => {
            reader.mismatch(item, name, "an asset");
            return None;
        }
    };
    let (mut texts, mut extra) = (Map::new(), Map::new());
    for (key, value) in table.iter() {
        match key.get_ref().as_ref() {
            known @ ("name" | "uri" | "group" | "alias" | "ref" | "ref_uri") => {
                texts.insert(known.into(), json!(reader.text(value, known)?));
            }
            "extra" => {
                reader.table(value, "extra")?;
                if let Json::Object(map) = reader.any(value) {
                    extra = map;
                }
            }
            other => {
                let known = ["name", "uri", "group", "extra", "alias", "ref", "ref_uri"];
                reader.unknown(&key.span(), "key of an asset", other, known);
                return None;
            }
        }
    }
    let text = |key: &str| texts.get(key).and_then(Json::as_str).map(str::to_owned);
    let group = text("group");
    match (text("name"), text("uri"), text("alias"), text("ref"), text("ref_uri")) {
        (None, None, Some(name), None, None) => {
            Some(AssetCondition::Alias(AssetAlias { name, group: group.unwrap_or_else(|| "asset".into()) }))
        }
        (None, None, None, Some(name), None) => {
            Some(AssetCondition::AssetRef(AssetRef { name: Some(name), uri: None }))
        }
        (None, None, None, None, Some(uri)) => Some(AssetCondition::AssetRef(AssetRef { name: None, uri: Some(uri) })),
        (name, uri, None, None, None) if name.is_some() || uri.is_some() => {
            asset(reader, item, name.as_deref(), uri.as_deref(), extra, group)
        }
        _ => {
            reader.error(
                &item.span(),
                "an asset needs a name, a URI, an alias or a reference, one of them",
                Some(HINT.into()),
            );
            None
        }
    }
}

fn asset(
    reader: &mut Reader<'_>,
    item: &Item<'_>,
    name: Option<&str>,
    uri: Option<&str>,
    extra: Map<String, Json>,
    group: Option<String>,
) -> Option<AssetCondition> {
    let written = uri.or(name).unwrap_or_default();
    let name = name.or(uri).unwrap_or_default().to_owned();
    if name.trim().is_empty() || written.trim().is_empty() || matches!(name.as_str(), "self" | "context") {
        reader.error(&item.span(), format!("{name:?} can't be the name of an asset"), Some(HINT.into()));
        return None;
    }
    let uri = match normalized(written) {
        Ok(uri) => uri,
        Err(why) => {
            reader.error(&item.span(), why, None);
            return None;
        }
    };
    let group = group.unwrap_or_else(|| "asset".into());
    Some(AssetCondition::Asset(Asset { name, uri, group, extra, watchers: Vec::new() }))
}

/// A URI as Airflow compares it: scheme in lower case, no user data with a password, sorted query, no fragment, no last slash.
fn normalized(uri: &str) -> Result<String, String> {
    let Some((scheme, rest)) = uri.split_once("://") else { return Ok(uri.to_owned()) };
    let scheme = scheme.to_ascii_lowercase();
    if scheme.starts_with("x-") {
        return Ok(uri.to_owned());
    }
    if scheme == "airflow" {
        return Err("the scheme `airflow` is reserved: choose another one for the asset's URI".into());
    }
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = match host.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => host,
        _ => host,
    };
    let path = match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    let mut parts: Vec<&str> = query.into_iter().flat_map(|q| q.split('&')).filter(|part| !part.is_empty()).collect();
    parts.sort_unstable();
    let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
    Ok(format!("{scheme}://{host}{path}{query}"))
}

#[cfg(test)]
mod tests {
    use super::normalized;

    #[test]
    fn uris_are_normalized_as_in_airflow() {
        let rows = [
            ("orders", "orders"),
            ("S3://lake/orders/", "s3://lake/orders"),
            ("s3://lake", "s3://lake/"),
            ("https://u:p@host/a?b=2&a=1#part", "https://host/a?a=1&b=2"),
            ("file:///cc/a", "file:///cc/a"),
            ("x-own://A/", "x-own://A/"),
        ];
        for (written, wanted) in rows {
            assert_eq!(normalized(written), Ok(wanted.to_owned()));
        }
        assert!(normalized("airflow://x").unwrap_err().contains("reserved"));
    }
}
