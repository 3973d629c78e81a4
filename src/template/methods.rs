//! Python's methods of str, list and dict that the engine and its contributed set lack.

use std::fmt::Write as _;

use minijinja::{
    Error, ErrorKind, State, Value,
    value::{Kwargs, Tuple, ValueKind, from_args},
};

use super::{
    entities::Entity,
    failure::{raise, unsupported},
    values::python_str,
};

/// Called by the engine for a method that an object doesn't have.
pub(super) fn unknown(state: &mut State, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    let own = match value.kind() {
        ValueKind::String => string(value.as_str().unwrap_or_default(), method, args),
        ValueKind::Seq | ValueKind::Iterable => list(value, method, args),
        ValueKind::Map => dict(method),
        _ => Err(ErrorKind::UnknownMethod.into()),
    };
    match own {
        Err(e) if e.kind() == ErrorKind::UnknownMethod => {
            minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args)
        }
        other => other,
    }
}

fn string(s: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
    let fill = |side: char| -> Result<Value, Error> {
        let (width, with): (usize, Option<char>) = from_args(args)?;
        Ok(Value::from(pad(s, width, with.unwrap_or(' '), side)))
    };
    match method {
        "zfill" => {
            let (width,): (usize,) = from_args(args)?;
            let (sign, digits) = if s.starts_with(['-', '+']) { s.split_at(1) } else { ("", s) };
            let zeros = width.saturating_sub(s.chars().count());
            Ok(Value::from(format!("{sign}{}{digits}", "0".repeat(zeros))))
        }
        "ljust" => fill('l'),
        "rjust" => fill('r'),
        "center" => fill('c'),
        "swapcase" => {
            let swap =
                |c: char| if c.is_uppercase() { c.to_lowercase().to_string() } else { c.to_uppercase().to_string() };
            Ok(Value::from(s.chars().map(swap).collect::<String>()))
        }
        "casefold" => Ok(Value::from(s.to_lowercase())),
        "removeprefix" => Ok(Value::from(s.strip_prefix(from_args::<(&str,)>(args)?.0).unwrap_or(s))),
        "removesuffix" => Ok(Value::from(s.strip_suffix(from_args::<(&str,)>(args)?.0).unwrap_or(s))),
        "partition" | "rpartition" => {
            let (by,): (&str,) = from_args(args)?;
            let (found, parts) =
                if method == "partition" { (s.split_once(by), [s, "", ""]) } else { (s.rsplit_once(by), ["", "", s]) };
            let parts = found.map_or(parts, |(a, b)| [a, by, b]);
            Ok(Value::from(Tuple::from(parts.map(Value::from).to_vec())))
        }
        "rsplit" => {
            let (by, limit, kwargs): (Option<&str>, Option<usize>, Kwargs) = from_args(args)?;
            let limit = limit.or(kwargs.get::<Option<usize>>("maxsplit")?);
            let mut parts: Vec<&str> = match (by, limit) {
                (Some(by), Some(n)) => s.rsplitn(n + 1, by).collect(),
                (Some(by), None) => s.rsplit(by).collect(),
                (None, None) => s.split_whitespace().rev().collect(),
                (None, Some(_)) => return Err(unsupported("rsplit() by blanks with a limit")),
            };
            parts.reverse();
            Ok(Value::from_iter(parts))
        }
        "index" | "rindex" => {
            let (what,): (&str,) = from_args(args)?;
            let found = if method == "index" { s.find(what) } else { s.rfind(what) };
            let found = found.ok_or_else(|| raise("ValueError", "substring not found"))?;
            Ok(Value::from(s[..found].chars().count()))
        }
        "encode" => Ok(Value::from_bytes(s.as_bytes().to_vec())),
        "expandtabs" => Ok(Value::from(s.replace('\t', "        "))),
        "isdecimal" => Ok(Value::from(!s.is_empty() && s.chars().all(|c| c.is_ascii_digit()))),
        "isidentifier" => {
            let ok =
                s.chars().enumerate().all(|(i, c)| c == '_' || c.is_alphabetic() || (i > 0 && c.is_alphanumeric()));
            Ok(Value::from(ok && !s.is_empty()))
        }
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

fn list(value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    match method {
        "index" => {
            let (what,): (Value,) = from_args(args)?;
            let found = value.try_iter()?.position(|item| item == what);
            found.map(Value::from).ok_or_else(|| raise("ValueError", format!("{} is not in list", python_str(&what))))
        }
        "copy" => Ok(value.clone()),
        "append" | "extend" | "insert" | "remove" | "pop" | "sort" | "reverse" | "clear" => {
            Err(unsupported(format!("list.{method}() changes a value, which this engine can't")))
        }
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

fn dict(method: &str) -> Result<Value, Error> {
    match method {
        "update" | "pop" | "popitem" | "setdefault" | "clear" => {
            Err(unsupported(format!("dict.{method}() changes a value, which this engine can't")))
        }
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

/// Fills to a width on the `l`eft, `r`ight or both sides (`c`), where Python puts the odd blank.
pub(super) fn pad(text: &str, width: usize, with: char, side: char) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let before = match side {
        'l' => 0,
        'r' => missing,
        _ => missing / 2 + (missing & width & 1),
    };
    let fill = |n: usize| String::from(with).repeat(n);
    format!("{}{text}{}", fill(before), fill(missing - before))
}

/// The `truncate` filter: `truncate(length=255, killwords=false, end="...", leeway=5)`.
pub(super) fn truncate(
    text: &str,
    length: Option<usize>,
    killwords: Option<bool>,
    end: Option<&str>,
    kwargs: Kwargs,
) -> Result<String, Error> {
    let length = length.or(kwargs.get::<Option<usize>>("length")?).unwrap_or(255);
    let killwords = killwords.or(kwargs.get::<Option<bool>>("killwords")?).unwrap_or(false);
    let end = end.or(kwargs.get::<Option<&str>>("end")?).unwrap_or("...");
    let leeway = kwargs.get::<Option<usize>>("leeway")?.unwrap_or(5);
    kwargs.assert_all_used()?;
    let count = text.chars().count();
    if count <= length + leeway {
        return Ok(text.to_owned());
    }
    let kept: String = text.chars().take(length.saturating_sub(end.chars().count())).collect();
    let kept = if killwords { kept.as_str() } else { kept.rsplit_once(' ').map_or(kept.as_str(), |(words, _)| words) };
    Ok(format!("{kept}{end}"))
}

/// The `random` filter: an element chosen with the caller's randomness.
pub(super) fn choose(state: &mut State, list: &Value) -> Result<Value, Error> {
    let macros = state.lookup("macros");
    let items: Vec<Value> = list.try_iter()?.collect();
    let random = macros.as_ref().and_then(|m| m.downcast_object_ref::<Entity>()).map_or(0, |e| e.ctx.lookup.random());
    let index = usize::try_from(random % (items.len().max(1) as u64)).unwrap_or(0);
    Ok(items.get(index).cloned().unwrap_or_default())
}

/// JSON text with everything beyond ASCII escaped, as Python writes it.
pub(super) fn ascii_json(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}
