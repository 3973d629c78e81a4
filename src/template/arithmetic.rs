//! `+`, `-` and `%` as Python has them: on numbers, strings, lists, dates and timedeltas.
//!
//! The engine has no hook for operators, so `rewrite` turns them into calls of these functions.

use minijinja::{
    Error, Value,
    formatting::{FormatStyle, format},
    value::{Tuple, ValueKind},
};

use super::{
    failure::raise,
    moment::{Delta, Moment, Relative},
    values::{enum_name, python_str, type_names},
};

fn mismatch(operator: &str, a: &Value, b: &Value) -> Error {
    let (a, b) = (type_names(a).0, type_names(b).0);
    raise("TypeError", format!("unsupported operand type(s) for {operator}: '{a}' and '{b}'"))
}

/// A bool counts as 0 or 1.
fn integer(value: &Value) -> Option<i128> {
    match value.kind() {
        ValueKind::Bool => Some(value.is_true().into()),
        ValueKind::Number if value.is_integer() => i128::try_from(value.clone()).ok(),
        _ => None,
    }
}

fn float(value: &Value) -> Option<f64> {
    match value.kind() {
        ValueKind::Bool => Some(value.is_true().into()),
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        _ => None,
    }
}

fn number(n: i128) -> Value {
    i64::try_from(n).map_or_else(|_| Value::from(n), Value::from)
}

fn step(value: &Value) -> Option<Relative> {
    match value.downcast_object_ref::<Delta>() {
        Some(delta) => Some(Relative { months: 0, micros: delta.0 }),
        None => value.downcast_object_ref::<Relative>().copied(),
    }
}

/// The undefined operand, if there is one: the engine raises with its name where the result is used.
fn undefined(a: &Value, b: &Value) -> Option<Value> {
    [a, b].into_iter().find(|v| v.is_undefined()).cloned()
}

/// `a + b`.
pub(super) fn add(a: &Value, b: &Value) -> Result<Value, Error> {
    if let Some(value) = undefined(a, b) {
        return Ok(value);
    }
    if let (Some(x), Some(y)) = (integer(a), integer(b)) {
        return Ok(number(x.saturating_add(y)));
    }
    if let (Some(x), Some(y)) = (float(a), float(b)) {
        return Ok(Value::from(x + y));
    }
    if let (Some(x), Some(y)) = (a.as_str(), b.as_str()) {
        return Ok(Value::from(format!("{x}{y}")));
    }
    let list = |v: &Value| matches!(v.kind(), ValueKind::Seq | ValueKind::Iterable);
    if list(a) && list(b) && a.is_tuple() == b.is_tuple() {
        let items: Vec<Value> = a.try_iter()?.chain(b.try_iter()?).collect();
        return Ok(if a.is_tuple() { Value::from(Tuple::from(items)) } else { Value::from(items) });
    }
    if let (Some(x), Some(y)) = (a.downcast_object_ref::<Delta>(), b.downcast_object_ref::<Delta>()) {
        return Ok(Value::from_object(Delta(x.0 + y.0)));
    }
    for (moment, other) in [(a, b), (b, a)] {
        if let (Some(moment), Some(by)) = (moment.downcast_object_ref::<Moment>(), step(other)) {
            return Ok(Value::from_object(moment.plus(by)?));
        }
    }
    if a.as_str().is_some() {
        let other = type_names(b).0;
        return Err(raise("TypeError", format!("can only concatenate str (not \"{other}\") to str")));
    }
    Err(mismatch("+", a, b))
}

/// `a - b`.
pub(super) fn sub(a: &Value, b: &Value) -> Result<Value, Error> {
    if let Some(value) = undefined(a, b) {
        return Ok(value);
    }
    if let (Some(x), Some(y)) = (integer(a), integer(b)) {
        return Ok(number(x.saturating_sub(y)));
    }
    if let (Some(x), Some(y)) = (float(a), float(b)) {
        return Ok(Value::from(x - y));
    }
    if let (Some(x), Some(y)) = (a.downcast_object_ref::<Delta>(), b.downcast_object_ref::<Delta>()) {
        return Ok(Value::from_object(Delta(x.0 - y.0)));
    }
    if let Some(x) = a.downcast_object_ref::<Moment>() {
        if let Some(y) = b.downcast_object_ref::<Moment>() {
            if matches!(x, Moment::Aware(_)) != matches!(y, Moment::Aware(_)) {
                return Err(raise("TypeError", "can't subtract offset-naive and offset-aware datetimes"));
            }
            return Ok(Value::from_object(Delta(x.timestamp().as_microsecond() - y.timestamp().as_microsecond())));
        }
        if let Some(by) = step(b) {
            return Ok(Value::from_object(x.plus(Relative { months: -by.months, micros: -by.micros })?));
        }
    }
    Err(mismatch("-", a, b))
}

/// `a % b`: remainder, or printf formatting.
pub(super) fn modulo(a: &Value, b: &Value) -> Result<Value, Error> {
    if let Some(value) = undefined(a, b) {
        return Ok(value);
    }
    if let Some(text) = a.as_str() {
        let args: Vec<Value> = if b.is_tuple() { b.try_iter()?.collect() } else { vec![b.clone()] };
        // Dates and enums print as Python prints them; numbers keep their type for %d.
        let plain = |v: &Value| {
            let special = v.kind() == ValueKind::Plain || enum_name(v).is_some() || v.as_object().is_some();
            if special && !(args.len() == 1 && v.kind() == ValueKind::Map) {
                Value::from(python_str(v))
            } else {
                v.clone()
            }
        };
        let args: Vec<Value> = args.iter().map(plain).collect();
        return format(FormatStyle::Printf, text, &args).map(Value::from);
    }
    if let (Some(x), Some(y)) = (integer(a), integer(b)) {
        if y == 0 {
            return Err(raise("ZeroDivisionError", "integer modulo by zero"));
        }
        let rest = x % y;
        return Ok(number(if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest }));
    }
    match (float(a), float(b)) {
        (Some(x), Some(y)) if y != 0.0 => Ok(Value::from(x - y * (x / y).floor())),
        (Some(_), Some(_)) => Err(raise("ZeroDivisionError", "float modulo")),
        _ => Err(mismatch("%", a, b)),
    }
}

/// `a * b`, of which the engine knows all but timedeltas.
pub(super) fn mul(a: &Value, b: &Value) -> Result<Value, Error> {
    if let Some(value) = undefined(a, b) {
        return Ok(value);
    }
    for (delta, by) in [(a, b), (b, a)] {
        if let (Some(delta), Some(by)) = (delta.downcast_object_ref::<Delta>(), float(by)) {
            return Ok(Value::from_object(Delta((delta.0 as f64 * by).round() as i64)));
        }
    }
    for (text, times) in [(a, b), (b, a)] {
        if let (Some(text), Some(times)) = (text.as_str(), integer(times)) {
            return Ok(Value::from(text.repeat(usize::try_from(times).unwrap_or(0).min(1 << 20))));
        }
    }
    for (list, times) in [(a, b), (b, a)] {
        if let (ValueKind::Seq, Some(times)) = (list.kind(), integer(times)) {
            let items: Vec<Value> = list.try_iter()?.collect();
            let times = usize::try_from(times).unwrap_or(0).min(1 << 16);
            let items: Vec<Value> = (0..times).flat_map(|_| items.iter().cloned()).collect();
            return Ok(if list.is_tuple() { Value::from(Tuple::from(items)) } else { Value::from(items) });
        }
    }
    if let (Some(x), Some(y)) = (integer(a), integer(b)) {
        return Ok(number(x.saturating_mul(y)));
    }
    match (float(a), float(b)) {
        (Some(x), Some(y)) => Ok(Value::from(x * y)),
        _ => Err(mismatch("*", a, b)),
    }
}
