//! The form that gives a version of a model an alias: an update of the asset that stands for it, which repeats what was said of that
//! version.

use serde_json::{Map, Value};

use crate::{
    protocol::Command,
    store::screens::assets::{AssetRow, EventRow},
};

use super::{Control, Field};

/// Names under which an update says what a version is: `champion`, `challenger`, `Production`, ..
pub const ALIASES: &[&str] = &["alias", "stage", "status"];
/// Names of a version.
pub const VERSIONS: &[&str] = &["version", "model_version"];

/// What is offered of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The asset's name.
    pub name: String,
    /// Its address.
    pub uri: String,
    /// Under which names its updates say alias and version.
    keys: (String, String),
    /// What was said last of each version, the newest first.
    versions: Vec<(String, Map<String, Value>)>,
}

/// What a value is called; `None`: it is no simple one.
fn simple(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What the updates of an asset say of versions; `None` if they name none.
pub fn model(asset: &AssetRow) -> Option<Model> {
    let said: Vec<Map<String, Value>> = asset.events.iter().filter_map(object).collect();
    let used = |names: &[&'static str]| -> Option<&'static str> {
        names.iter().copied().find(|name| said.iter().any(|extra| extra.get(*name).and_then(simple).is_some()))
    };
    let version = used(VERSIONS)?;
    let alias = used(ALIASES).unwrap_or("alias");
    let mut versions: Vec<(String, Map<String, Value>)> = Vec::new();
    for extra in &said {
        if let Some(name) = extra.get(version).and_then(simple)
            && !versions.iter().any(|(known, _)| *known == name)
        {
            versions.push((name, extra.clone()));
        }
    }
    let keys = (alias.to_owned(), version.to_owned());
    Some(Model { name: asset.name.clone(), uri: asset.uri.clone(), keys, versions })
}

fn object(event: &EventRow) -> Option<Map<String, Value>> {
    serde_json::from_str(&event.extra).ok()
}

impl Model {
    /// The alias that an update said last, if any.
    fn last_alias(&self) -> Option<String> {
        self.versions.iter().find_map(|(_, extra)| extra.get(&self.keys.0).and_then(simple))
    }
}

/// The fields: which version, offered is the one before the newest, as one rolls back; and which alias.
pub fn fields(model: &Model) -> Vec<Field> {
    let names: Vec<&str> = model.versions.iter().map(|(name, _)| name.as_str()).collect();
    let mut version = Field::choice("version", "version", &names, "as its updates say, the newest first");
    if let Control::Choice(all, at) = &mut version.control {
        *at = usize::from(all.len() > 1);
    }
    let alias = model.last_alias().unwrap_or_else(|| "champion".into());
    vec![version, Field::text("alias", &model.keys.0, &alias, "champion, challenger, rejected, ..")]
}

/// The command; an error names the field that can't be used.
pub fn command(model: &Model, version: &str, alias: &str) -> Result<Command, String> {
    let alias = alias.trim();
    if alias.is_empty() {
        return Err(format!("{}: empty; a name such as champion", model.keys.0));
    }
    let said = model.versions.iter().find(|(name, _)| name == version);
    let (_, extra) = said.ok_or_else(|| format!("version {version}: no update names it"))?;
    let mut extra = extra.clone();
    extra.insert(model.keys.0.clone(), alias.into());
    Ok(Command::UpdateAsset {
        name: Some(model.name.clone()),
        uri: Some(model.uri.clone()),
        extra: extra.into(),
        partition_key: None,
    })
}

/// What it does besides.
pub fn words(asset: &AssetRow) -> Vec<String> {
    let mut all = vec![
        format!("An update of asset {} says so, with what was said of that version before.", asset.name),
        "No model registry is asked or told.".into(),
    ];
    if !asset.followers.is_empty() {
        all.push(format!("DAGs that follow the asset are told: {}", asset.followers.join(", ")));
    }
    all
}
