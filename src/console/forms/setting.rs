//! Forms of pools, connections and variables.

use serde_json::{Map, Value, json};

use crate::{console::place::Setting, protocol::Command};

use super::Field;

/// Fields of a connection besides its id, with what each is for.
const CONNECTION: &[(&str, &str)] = &[
    ("conn_type", "http, postgres, aws, .."),
    ("host", ""),
    ("port", "a number"),
    ("login", ""),
    ("password", "empty: as it was"),
    ("schema", "database, bucket, .."),
    ("extra", "a JSON object"),
    ("description", ""),
];

/// The fields, filled with what is there.
pub fn fields(kind: Setting, name: &str, before: &Value) -> Vec<Field> {
    let text = |key: &str| match &before[key] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match kind {
        Setting::Pool => vec![
            Field::text("name", "name", name, "another name makes another pool"),
            Field::text("slots", "slots", &text("slots"), "-1: without limit"),
            Field::text("description", "description", &text("description"), ""),
            Field::toggle("include_deferred", "deferred take slots", before["include_deferred"] == true),
        ],
        Setting::Variable => vec![
            Field::text("name", "key", name, "another key makes another variable"),
            Field::text("value", "value", &text("value"), ""),
            Field::text("description", "description", &text("description"), ""),
        ],
        Setting::Connection => {
            let mut all = vec![Field::text("name", "id", name, "another id makes another connection")];
            let value = |key: &str| if key == "password" { String::new() } else { text(key) };
            all.extend(CONNECTION.iter().map(|(key, note)| Field::text(key, key, &value(key), note)));
            all
        }
    }
}

/// The command; an error names the field that can't be used.
pub fn command(kind: Setting, before: &Value, fields: &[Field]) -> Result<Command, String> {
    let text = |name: &str| fields.iter().find(|f| f.name == name).map(Field::value).unwrap_or_default();
    let name = text("name").trim().to_owned();
    if name.is_empty() {
        return Err(format!("a {} needs a name", kind.noun()));
    }
    Ok(match kind {
        Setting::Pool => {
            let slots = text("slots");
            let slots = slots.trim().parse::<i64>().ok().filter(|n| *n >= -1);
            Command::SetPool {
                name,
                slots: slots.ok_or("slots: a number from 0 on, or -1 for no limit")?,
                description: text("description"),
                include_deferred: fields.iter().any(|f| f.name == "include_deferred" && f.on()),
            }
        }
        Setting::Variable => {
            Command::SetVariable { key: name, value: text("value"), description: Some(text("description")) }
        }
        Setting::Connection => {
            let mut all = Map::new();
            for (key, _) in CONNECTION {
                let value = text(key);
                let value = match *key {
                    "password" if value.is_empty() => before["password"].clone(),
                    "port" if value.trim().is_empty() => Value::Null,
                    "port" => json!(value.trim().parse::<u16>().map_err(|_| "port: a number from 1 to 65535")?),
                    "extra" if value.trim().is_empty() => Value::Null,
                    "extra" => match serde_json::from_str::<Value>(&value) {
                        Ok(Value::Object(_)) => json!(value),
                        _ => return Err("extra: not a JSON object".into()),
                    },
                    "conn_type" if value.trim().is_empty() => return Err("conn_type: http, postgres, aws, ..".into()),
                    _ if value.is_empty() => Value::Null,
                    _ => json!(value),
                };
                all.insert((*key).into(), value);
            }
            Command::SetConnection { conn_id: name, fields: Value::Object(all), create_only: false }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{
        forms::{Control, shell},
        widgets::input::Input,
    };

    #[test]
    fn a_connection_keeps_its_secret_and_shows_it_nowhere() {
        let before = json!({"conn_type": "http", "host": "a", "password": "s3cret", "extra": null});
        let mut all = fields(Setting::Connection, "lake", &before);
        assert!(all.iter().all(|f| !f.value().contains("s3cret")));
        let made = command(Setting::Connection, &before, &all).unwrap();
        let Command::SetConnection { fields: sent, .. } = &made else { panic!() };
        assert_eq!((sent["password"].as_str(), sent["host"].as_str()), (Some("s3cret"), Some("a")));
        assert!(!shell(&made).contains("s3cret") && shell(&made).contains("***"));
        let port = all.iter_mut().find(|f| f.name == "port").unwrap();
        port.control = Control::Text(Input::new("http"));
        assert!(command(Setting::Connection, &before, &all).unwrap_err().contains("port"));
    }

    #[test]
    fn a_pool_needs_a_number() {
        let mut all = fields(Setting::Pool, "gpu", &json!({"slots": 8, "include_deferred": true}));
        let made = command(Setting::Pool, &Value::Null, &all).unwrap();
        assert_eq!(shell(&made), "dagdeck pools set gpu 8 '' --include-deferred");
        all[1].control = Control::Text(Input::new("many"));
        assert!(command(Setting::Pool, &Value::Null, &all).is_err());
    }
}
