//! Connection URIs, by Airflow's rules.

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};

/// Reads `type://login:password@host:port/schema?k=v`; `__extra__` holds JSON; the host may hold `proto://`.
pub fn from_uri(uri: &str) -> Result<Value> {
    let (scheme, rest) =
        uri.split_once("://").ok_or_else(|| Error::refused("a connection URI needs type:// at its start"))?;
    // `http://https://host`: the second protocol belongs to the host.
    let (proto, rest) = match rest.split_once("://") {
        Some((proto, rest)) if proto.chars().all(|c| c.is_ascii_alphanumeric()) && !proto.is_empty() => {
            (Some(proto), rest)
        }
        _ => (None, rest),
    };
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(r, q)| (r, Some(q)));
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(a, p)| (a, p));
    let (user, address) = authority.rsplit_once('@').map_or((None, authority), |(u, a)| (Some(u), a));
    let (login, password) = match user.map(|u| u.split_once(':').map_or((u, None), |(l, p)| (l, Some(p)))) {
        Some((login, password)) => (Some(decode(login)), password.map(decode)),
        None => (None, None),
    };
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !address.ends_with(']') => {
            let number: u16 = port
                .parse()
                .map_err(|_| Error::refused(format!("port {port:?} of a connection URI is not a number")))?;
            (host, Some(number))
        }
        _ => (address, None),
    };
    let host = decode(host);
    let host = match proto {
        Some(proto) => Some(format!("{proto}://{host}")),
        None => Some(host).filter(|h| !h.is_empty()),
    };
    let extra = query.map(extra_of).transpose()?.flatten();
    Ok(json!({
        "conn_type": scheme.replace('-', "_").replace("postgresql", "postgres"),
        "login": login.filter(|l| !l.is_empty()), "password": password, "host": host, "port": port,
        "schema": Some(decode(path)).filter(|s| !s.is_empty()), "extra": extra,
    }))
}

fn extra_of(query: &str) -> Result<Option<String>> {
    let mut extra = Map::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(&value.replace('+', " "));
        if key == "__extra__" {
            return Ok(Some(value));
        }
        extra.insert(decode(key), Value::String(value));
    }
    Ok((!extra.is_empty()).then(|| Value::Object(extra).to_string()))
}

/// Percent-decoding; what isn't valid stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex =
            (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten().and_then(|h| u8::from_str_radix(h, 16).ok());
        match hex {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_parts() {
        let c = from_uri("postgresql://us%40er:p%3Aw@db.test:5432/sales?sslmode=require&a=b+c").unwrap();
        assert_eq!(c["conn_type"], "postgres");
        assert_eq!(c["login"], "us@er");
        assert_eq!(c["password"], "p:w");
        assert_eq!(c["host"], "db.test");
        assert_eq!(c["port"], 5432);
        assert_eq!(c["schema"], "sales");
        assert_eq!(c["extra"], r#"{"sslmode":"require","a":"b c"}"#);
    }

    #[test]
    fn a_protocol_in_the_host_and_json_extra() {
        let c = from_uri("http://https://example.test:8080/path?__extra__=%7B%22a%22%3A%201%7D").unwrap();
        assert_eq!(c["host"], "https://example.test");
        assert_eq!(c["port"], 8080);
        assert_eq!(c["extra"], r#"{"a": 1}"#);
        assert!(from_uri("nothing").is_err());
    }
}
