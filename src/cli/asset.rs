//! `assets`: list, details, events, materialize.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{dag_trigger, nearest, plan, shell::Shell, when};
use crate::{
    clock,
    error::{Error, Result},
    model::TriggeredBy,
    protocol::Command,
    store::pages,
};

/// Verbs of `assets`.
#[derive(Debug, Subcommand)]
pub enum AssetVerb {
    /// All assets, and who makes and follows them
    #[command(after_help = "Example:\n  dagdeck assets list")]
    List {
        /// Aliases instead
        #[arg(long)]
        alias: bool,
    },
    /// One asset
    #[command(after_help = "Example:\n  dagdeck assets details s3://lake/orders -o json")]
    Details {
        /// Which.
        #[command(flatten)]
        which: Which,
        /// --name is an alias
        #[arg(long, requires = "name")]
        alias: bool,
    },
    /// What was updated when, newest first
    #[command(after_help = "Example:\n  dagdeck assets events s3://lake/orders --limit 5")]
    Events {
        /// Which; all if left out.
        #[command(flatten)]
        which: Which,
        /// At most so many
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// Say that an asset was updated: DAGs that follow it run
    #[command(after_help = "Example:\n  dagdeck assets update s3://lake/orders --extra '{\"rows\": 5}'")]
    Update {
        /// Which.
        #[command(flatten)]
        which: Which,
        /// What there is to say about it, a JSON object
        #[arg(long, value_name = "JSON")]
        extra: Option<String>,
        /// Partition that was updated
        #[arg(long, value_name = "KEY")]
        partition_key: Option<String>,
        /// Now or later
        #[command(flatten)]
        later: plan::LaterFlags,
    },
    /// Trigger the DAG that makes an asset
    #[command(after_help = "Example:\n  dagdeck assets materialize s3://lake/orders")]
    Materialize(Box<Materialize>),
}

/// An asset.
#[derive(Debug, Clone, Default, Args)]
pub struct Which {
    /// URI or name of the asset
    #[arg(value_name = "URI")]
    asset: Option<String>,
    /// Name of the asset
    #[arg(long, value_name = "NAME", conflicts_with = "asset")]
    name: Option<String>,
    /// URI of the asset
    #[arg(long, value_name = "URI", conflicts_with = "asset")]
    uri: Option<String>,
}

/// How to materialize.
#[derive(Debug, Args)]
pub struct Materialize {
    /// Which.
    #[command(flatten)]
    which: Which,
    /// Run id [default: asset_materialization__TIME]
    #[arg(short, long, value_name = "RUN_ID")]
    run_id: Option<String>,
    /// Conf, a JSON object: overrides params of the same names
    #[arg(short, long, value_name = "JSON")]
    conf: Option<String>,
    /// Logical date [default: none]
    #[arg(short, long, value_name = "LOGICAL_DATE", allow_hyphen_values = true)]
    logical_date: Option<String>,
    /// Partition that the run is about
    #[arg(long, value_name = "KEY")]
    partition_key: Option<String>,
    /// Note on the run
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Runs a verb; its exit code.
///
/// # Errors
/// What the verb says.
pub fn run(verb: AssetVerb, shell: &mut Shell) -> Result<i32> {
    match verb {
        AssetVerb::List { alias: true } => {
            let rows = pages::asset::aliases(&shell.store()?)?;
            shell.show_rows(rows, &["name", "group"])?;
        }
        AssetVerb::List { alias: false } => {
            let mut rows = pages::asset::list(&shell.store()?, None, None)?;
            if !shell.format().is_document() {
                rows.iter_mut().for_each(shorten);
            }
            let columns =
                ["name", "uri", "group", "is_active", "producing_tasks", "scheduled_dags", "last_asset_event"];
            shell.show_rows(rows, &columns)?;
        }
        AssetVerb::Details { which, alias: true } => {
            let name = which.name.unwrap_or_default();
            let all = pages::asset::aliases(&shell.store()?)?;
            let found = all.into_iter().find(|a| a["name"] == name.as_str());
            let found = found.ok_or_else(|| Error::not_found(format!("there is no asset alias {name:?}")))?;
            shell.show(&found)?;
        }
        AssetVerb::Details { which, alias: false } => {
            let mut asset = one(&which, shell)?;
            if !shell.format().is_document() {
                shorten(&mut asset);
            }
            shell.show(&asset)?;
        }
        AssetVerb::Events { which, limit } => {
            let any = which.asset.is_none() && which.name.is_none() && which.uri.is_none();
            let asset = if any { None } else { one(&which, shell)?["id"].as_i64() };
            let rows = pages::asset::events(&shell.store()?, asset, limit)?;
            let columns =
                ["timestamp", "name", "extra", "partition_key", "source_dag_id", "source_run_id", "source_task_id"];
            shell.show_rows(rows, &columns)?;
        }
        AssetVerb::Update { which, extra, partition_key, later } => {
            let extra = extra.as_deref().map(serde_json::from_str::<Value>).transpose().map_err(|e| {
                Error::usage("--extra isn't a JSON object").hint(r#"such as --extra '{"rows": 5}'"#).because(e)
            })?;
            let (name, uri) = names(&which, shell)?;
            let extra = extra.unwrap_or_default();
            let update = Command::UpdateAsset { name, uri, extra, partition_key };
            if let Some(event) = plan::write(shell, later, update)? {
                shell.show(&event)?;
            }
        }
        AssetVerb::Materialize(wanted) => return materialize(*wanted, shell),
    }
    Ok(0)
}

/// For people: tasks and DAGs by their names, the last event by its time.
fn shorten(asset: &mut Value) {
    for (field, of_tasks) in [("producing_tasks", true), ("consuming_tasks", true), ("scheduled_dags", false)] {
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let rows = asset[field].as_array().into_iter().flatten();
        let names: Vec<String> = rows
            .map(|r| if of_tasks { format!("{}.{}", text(r, "dag_id"), text(r, "task_id")) } else { text(r, "dag_id") })
            .collect();
        asset[field] = names.join(", ").into();
    }
    asset["aliases"] = asset["aliases"].as_array().map_or(Value::Null, |list| {
        list.iter().filter_map(|a| a["name"].as_str()).collect::<Vec<_>>().join(", ").into()
    });
    asset["last_asset_event"] = asset["last_asset_event"]["timestamp"].clone();
}

fn one(which: &Which, shell: &Shell) -> Result<Value> {
    let conn = shell.store()?;
    let named = |text: &Option<String>| text.clone();
    let (name, uri) = (named(&which.name), named(&which.uri));
    let mut found = match &which.asset {
        Some(text) => {
            let mut found = pages::asset::list(&conn, None, Some(text))?;
            if found.is_empty() {
                found = pages::asset::list(&conn, Some(text), None)?;
            }
            found
        }
        None if name.is_none() && uri.is_none() => {
            return Err(Error::usage("which asset?").hint("its URI or name, or --name or --uri"));
        }
        None => pages::asset::list(&conn, name.as_deref(), uri.as_deref())?,
    };
    let shown = which.asset.clone().or(name).or(uri).unwrap_or_default();
    if found.len() > 1 {
        // Of several with the same name or URI, one counts.
        found.sort_by_key(|asset| asset["is_active"] != true);
    }
    if let Some(asset) = found.into_iter().next() {
        return Ok(asset);
    }
    let all = pages::asset::list(&conn, None, None)?;
    let texts = all.iter().flat_map(|a| [&a["uri"], &a["name"]]).filter_map(Value::as_str);
    let known: Vec<String> = texts.map(Into::into).collect();
    Err(Error::not_found(format!("there is no asset {shown:?}")).hint(nearest::hint(
        &shown,
        &known,
        "no DAG names one",
    )))
}

/// Name and URI to ask for.
fn names(which: &Which, shell: &Shell) -> Result<(Option<String>, Option<String>)> {
    let named = match (&which.asset, &which.name, &which.uri) {
        (Some(_), ..) => one(which, shell).ok(),
        (None, None, None) => return Err(Error::usage("which asset?").hint("its URI or name, or --name or --uri")),
        _ => None,
    };
    let text = |asset: &Value, key: &str| asset[key].as_str().map(str::to_owned);
    Ok(match &named {
        Some(asset) => (text(asset, "name"), text(asset, "uri")),
        // Not known yet: its file is parsed first, and then the URI is looked for.
        None => (which.name.clone(), which.uri.clone().or_else(|| which.asset.clone())),
    })
}

fn materialize(wanted: Materialize, shell: &mut Shell) -> Result<i32> {
    let conf = dag_trigger::conf(wanted.conf.as_deref())?;
    let zone = when::default_zone(&shell.place()?.settings)?;
    let logical_date = wanted.logical_date.map(|text| when::parse(&text, &zone, clock::now())).transpose()?;
    let (name, uri) = names(&wanted.which, shell)?;
    let run = shell.submit(Command::Materialize {
        name,
        uri,
        run_id: wanted.run_id,
        conf,
        logical_date,
        note: wanted.note,
        partition_key: wanted.partition_key,
        triggered_by: TriggeredBy::Cli,
    })?;
    if let Some(warning) = run["warning"].as_str() {
        shell.say(&format!("warning: {warning}"))?;
    }
    shell.show(&json!(run))?;
    Ok(0)
}
