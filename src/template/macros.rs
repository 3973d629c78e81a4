//! `macros`: Airflow's date helpers and the few standard modules that templates use.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use minijinja::{
    Error, ErrorKind, State, Value,
    value::{Kwargs, Object, ObjectRepr, from_args},
};
use serde::Serialize as _;
use serde_json::Value as Json;

use super::{
    calendar,
    entities::{Entity, Kind},
    failure::{raise, unsupported},
    methods,
    moment::{Delta, Moment, Relative, parse_iso},
    values::{from_json, to_json},
};

/// A function of `macros` named without a call (`macros.datetime`), or a module's class.
pub(super) struct Callable {
    entity: Entity,
    name: String,
}

impl fmt::Debug for Callable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<function {}>", self.name)
    }
}

impl Object for Callable {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        match self.entity.kind {
            Kind::Module(module) => call_module(&self.entity, module, &self.name, args),
            _ => call(&self.entity, &self.name, args),
        }
    }
    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        if self.name == "datetime" {
            datetime_method(&self.entity, name, args)
        } else {
            Err(ErrorKind::UnknownMethod.into())
        }
    }
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "datetime" | "timedelta" => write!(f, "<class 'datetime.{}'>", self.name),
            name => write!(f, "<function {name}>"),
        }
    }
}

const FUNCTIONS: &[&str] =
    &["datetime", "timedelta", "ds_add", "ds_format", "ds_format_locale", "datetime_diff_for_humans", "random"];
const MODULES: &[&str] = &["json", "time", "uuid", "dateutil", "yaml"];

/// `macros.x`.
pub(super) fn name(entity: &Entity, key: &str) -> Option<Value> {
    if let Some(module) = MODULES.iter().find(|m| **m == key) {
        return Some(entity.other(Kind::Module(module)));
    }
    FUNCTIONS.contains(&key).then(|| callable(entity, key))
}

fn callable(entity: &Entity, name: &str) -> Value {
    let entity = Entity::new(entity.ctx.clone(), entity.kind.clone());
    Value::from_object(Callable { entity, name: name.to_owned() })
}

/// `macros.module.x`.
pub(super) fn module_name(entity: &Entity, module: &'static str, key: &str) -> Option<Value> {
    match (module, key) {
        ("dateutil", "parser") => Some(entity.other(Kind::Module("dateutil.parser"))),
        ("dateutil", "relativedelta") => Some(entity.other(Kind::Module("dateutil.relativedelta"))),
        ("json", "dumps" | "loads") | ("dateutil.parser", "parse") => Some(callable(entity, key)),
        _ => None,
    }
}

/// `macros.x(..)`.
pub(super) fn call(entity: &Entity, name: &str, args: &[Value]) -> Result<Value, Error> {
    match name {
        "datetime" => datetime(args),
        "timedelta" => timedelta(args),
        "ds_add" => {
            let (ds, days): (&str, f64) = from_args(args)?;
            let moment = calendar::strptime(ds, "%Y-%m-%d")?;
            let moved = moment.plus(Relative { months: 0, micros: (days * 86_400e6) as i64 })?;
            calendar::strftime(&moved, "%Y-%m-%d").map(Value::from)
        }
        "ds_format" | "ds_format_locale" => {
            let (ds, input, output, locale): (&str, &str, &str, Option<&str>) = from_args(args)?;
            if name == "ds_format_locale" && !locale.is_none_or(|l| l.starts_with("en")) {
                return Err(unsupported("macros.ds_format_locale() with a locale other than English"));
            }
            if name == "ds_format_locale" && !output.contains('%') {
                return Err(unsupported("macros.ds_format_locale() with a pattern of babel"));
            }
            calendar::strftime(&calendar::strptime(ds, input)?, output).map(Value::from)
        }
        "datetime_diff_for_humans" => {
            let (moment, since): (&Moment, Option<&Moment>) = from_args(args)?;
            let now = since.map_or_else(|| entity.ctx.lookup.now(), Moment::timestamp);
            Ok(Value::from(for_humans(moment.timestamp(), now, since.is_some())))
        }
        "random" => {
            let () = from_args(args)?;
            // 53 random bits, as Python's random() has.
            Ok(Value::from((entity.ctx.lookup.random() >> 11) as f64 / (1u64 << 53) as f64))
        }
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

/// `macros.module.x(..)`.
pub(super) fn call_module(entity: &Entity, module: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let current = || entity.ctx.lookup.now();
    match (module, name) {
        ("json", "dumps") => {
            let (value, kwargs): (Value, Kwargs) = from_args(args)?;
            let indent = kwargs.get::<Option<usize>>("indent")?;
            let sort = kwargs.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
            kwargs
                .assert_all_used()
                .map_err(|_| unsupported("json.dumps() with other options than indent and sort_keys"))?;
            dumps(&value, indent, sort)
        }
        ("json", "loads") => {
            let (text,): (&str,) = from_args(args)?;
            serde_json::from_str::<Json>(text)
                .map(|v| from_json(&v))
                .map_err(|e| raise("JSONDecodeError", e.to_string()))
        }
        ("time", "time") => Ok(Value::from(current().as_microsecond() as f64 / 1e6)),
        ("time", "strftime") => {
            let (format,): (&str,) = from_args(args)?;
            calendar::strftime(&Moment::utc(current()), format).map(Value::from)
        }
        ("uuid", "uuid4" | "uuid1") => {
            let () = from_args(args)?;
            let bits = u128::from(entity.ctx.lookup.random()) << 64 | u128::from(entity.ctx.lookup.random());
            Ok(Value::from(uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()))
        }
        ("dateutil.parser", "parse" | "isoparse") => {
            let (text,): (&str,) = from_args(args)?;
            let moment = parse_iso(text).ok_or_else(|| unsupported(format!("dateutil.parser.parse({text:?})")))?;
            Ok(Value::from_object(match moment {
                Moment::Date(d) => Moment::Naive(d.at(0, 0, 0, 0)),
                other => other,
            }))
        }
        ("dateutil.relativedelta", "relativedelta") => {
            let (kwargs,): (Kwargs,) = from_args(args)?;
            Ok(Value::from_object(calendar::relative(&kwargs)?))
        }
        ("yaml" | "time" | "uuid" | "dateutil.relativedelta", _) => {
            Err(unsupported(format!("macros.{module}.{name}()")))
        }
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

fn datetime(args: &[Value]) -> Result<Value, Error> {
    let (positional, named) = match args.split_last() {
        Some((last, rest)) if last.is_kwargs() => (rest, Some(last.clone())),
        _ => (args, None),
    };
    let kwargs = Kwargs::try_from(named.unwrap_or_default())?;
    let mut parts = [0i64; 7];
    for (i, name) in ["year", "month", "day", "hour", "minute", "second", "microsecond"].into_iter().enumerate() {
        let given = positional.get(i).and_then(Value::as_i64).or(kwargs.get::<Option<i64>>(name)?);
        parts[i] = match given {
            Some(n) => n,
            None if i > 2 => 0,
            None => {
                return Err(raise("TypeError", format!("function missing required argument '{name}' (pos {})", i + 1)));
            }
        };
    }
    kwargs.assert_all_used().map_err(|_| unsupported("macros.datetime() with tzinfo"))?;
    let small = |n: i64| i8::try_from(n).unwrap_or(i8::MAX);
    let built = jiff::civil::DateTime::new(
        i16::try_from(parts[0]).unwrap_or(i16::MAX),
        small(parts[1]),
        small(parts[2]),
        small(parts[3]),
        small(parts[4]),
        small(parts[5]),
        i32::try_from(parts[6].saturating_mul(1000)).unwrap_or(i32::MAX),
    );
    built.map(|dt| Value::from_object(Moment::Naive(dt))).map_err(|e| raise("ValueError", e.to_string()))
}

fn datetime_method(entity: &Entity, name: &str, args: &[Value]) -> Result<Value, Error> {
    let now = entity.ctx.lookup.now();
    let moment = match name {
        "now" | "today" | "utcnow" if args.is_empty() => match Moment::utc(now) {
            Moment::Aware(z) => Moment::Naive(z.datetime()),
            other => other,
        },
        "strptime" => {
            let (text, format): (&str, &str) = from_args(args)?;
            calendar::strptime(text, format)?
        }
        "fromisoformat" => {
            let (text,): (&str,) = from_args(args)?;
            match parse_iso(text).ok_or_else(|| raise("ValueError", format!("Invalid isoformat string: '{text}'")))? {
                Moment::Date(d) => Moment::Naive(d.at(0, 0, 0, 0)),
                other => other,
            }
        }
        "fromtimestamp" | "utcfromtimestamp" => {
            let (seconds,): (f64,) = from_args(args)?;
            let t = Timestamp::from_microsecond((seconds * 1e6) as i64).map_err(super::moment::overflow)?;
            Moment::Naive(t.to_zoned(jiff::tz::TimeZone::UTC).datetime())
        }
        _ => return Err(unsupported(format!("macros.datetime.{name}()"))),
    };
    Ok(Value::from_object(moment))
}

fn timedelta(args: &[Value]) -> Result<Value, Error> {
    let (days, seconds, micros, kwargs): (Option<f64>, Option<f64>, Option<f64>, Kwargs) = from_args(args)?;
    let named = calendar::relative(&kwargs)?;
    let given = days.unwrap_or(0.0) * 86_400e6 + seconds.unwrap_or(0.0) * 1e6 + micros.unwrap_or(0.0);
    Ok(Value::from_object(Delta(named.micros + given.round() as i64)))
}

/// Pendulum's `diff_for_humans`, in English.
fn for_humans(t: Timestamp, now: Timestamp, relative_to_given: bool) -> String {
    let seconds = t.duration_until(now).as_secs();
    let size = seconds.unsigned_abs();
    let days = size / 86_400;
    let (n, unit) = match size {
        _ if days >= 365 => (days / 365, "year"),
        _ if days >= 30 => (days / 30, "month"),
        _ if days >= 7 => (days / 7, "week"),
        _ if days >= 1 => (days, "day"),
        3600.. => (size / 3600, "hour"),
        60.. => (size / 60, "minute"),
        10.. => (size, "second"),
        _ => return if relative_to_given { "a few seconds".into() } else { "a few seconds ago".into() },
    };
    let plural = if n == 1 { "" } else { "s" };
    let end = match (relative_to_given, seconds >= 0) {
        (true, true) => "before",
        (true, false) => "after",
        (false, true) => "ago",
        (false, false) => return format!("in {n} {unit}{plural}"),
    };
    format!("{n} {unit}{plural} {end}")
}

/// Python's `json.dumps`: blanks after comma and colon, non-ASCII escaped.
pub(super) fn dumps(value: &Value, indent: Option<usize>, sort_keys: bool) -> Result<Value, Error> {
    let mut json = to_json(value);
    if sort_keys {
        json.sort_all_objects();
    }
    let text = match indent {
        None => compact(&json),
        Some(width) => {
            let mut out = Vec::new();
            let blanks = " ".repeat(width);
            let formatter = serde_json::ser::PrettyFormatter::with_indent(blanks.as_bytes());
            json.serialize(&mut serde_json::Serializer::with_formatter(&mut out, formatter))
                .map_err(|e| raise("TypeError", e.to_string()))?;
            String::from_utf8_lossy(&out).into_owned()
        }
    };
    Ok(Value::from(methods::ascii_json(&text)))
}

fn compact(json: &Json) -> String {
    match json {
        Json::Array(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", ")),
        Json::Object(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(k, v)| format!("{}: {}", Json::from(k.as_str()), compact(v))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}
