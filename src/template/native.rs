//! `render_template_as_native_obj`: templates that give Python values.

use serde_json::{Map, Number, Value, json};

use super::{
    Context, Failure, engine,
    rewrite::lone_expression,
    values::{enum_name, to_json},
};
use crate::model::mapping::MARK;

/// Renders to a value: a lone expression gives its value unless that is a string; any text that is a Python literal becomes
/// that literal.
pub(super) fn render(template: &str, ctx: &Context) -> Result<Value, Failure> {
    let text = match lone_expression(template) {
        Some(expression) => {
            let value = engine::evaluate(&expression, ctx)?;
            match value.as_str() {
                Some(text) if enum_name(&value).is_none() => text.to_owned(),
                _ => return Ok(to_json(&value)),
            }
        }
        None => super::render(template, ctx)?,
    };
    Ok(literal(&text).unwrap_or(Value::String(text)))
}

/// `ast.literal_eval`, for what JSON and our marks can hold.
fn literal(text: &str) -> Option<Value> {
    if text.starts_with([' ', '\t']) {
        return None;
    }
    let mut parser = Parser { rest: text.trim_end() };
    let value = parser.value()?;
    parser.rest.is_empty().then_some(value)
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A value, or a bare tuple `1, 2` at the top.
    fn value(&mut self) -> Option<Value> {
        let first = self.item()?;
        self.skip();
        if !self.rest.starts_with(',') {
            return Some(first);
        }
        let mut items = vec![first];
        while self.eat(",") {
            self.skip();
            if self.rest.is_empty() {
                break;
            }
            items.push(self.item()?);
            self.skip();
        }
        Some(json!({MARK: "tuple", "value": items}))
    }

    fn item(&mut self) -> Option<Value> {
        self.skip();
        let value = match self.rest.chars().next()? {
            '[' => Value::Array(self.list('[', ']')?.0),
            '(' => {
                let (mut items, comma) = self.list('(', ')')?;
                if items.len() == 1 && !comma { items.swap_remove(0) } else { json!({MARK: "tuple", "value": items}) }
            }
            '{' => self.dict_or_set()?,
            '\'' | '"' => {
                let mut text = self.string()?;
                self.skip();
                while self.rest.starts_with(['\'', '"']) {
                    text.push_str(&self.string()?);
                    self.skip();
                }
                Value::String(text)
            }
            c if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number()?,
            _ => {
                let word = self.take(|c| c.is_alphanumeric() || c == '_');
                match word {
                    "None" => Value::Null,
                    "True" => Value::Bool(true),
                    "False" => Value::Bool(false),
                    _ => return None,
                }
            }
        };
        Some(value)
    }

    fn take(&mut self, part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// The items between brackets, and whether a comma stood at their end.
    fn list(&mut self, open: char, close: char) -> Option<(Vec<Value>, bool)> {
        self.rest = self.rest.strip_prefix(open)?;
        let close = close.to_string();
        let (mut items, mut comma) = (Vec::new(), false);
        while !self.eat(&close) {
            if !items.is_empty() && !comma {
                return None;
            }
            items.push(self.item()?);
            comma = self.eat(",");
        }
        Some((items, comma))
    }

    fn dict_or_set(&mut self) -> Option<Value> {
        self.rest = self.rest.strip_prefix('{')?;
        let (mut map, mut set, mut comma) = (Map::new(), Vec::new(), true);
        while !self.eat("}") {
            if !comma {
                return None;
            }
            let key = self.item()?;
            if self.eat(":") {
                let name = match key {
                    Value::String(s) => s,
                    Value::Number(n) => n.to_string(),
                    _ => return None,
                };
                map.insert(name, self.item()?);
            } else {
                set.push(key);
            }
            comma = self.eat(",");
        }
        match (map.is_empty(), set.is_empty()) {
            (_, true) => Some(Value::Object(map)),
            (true, false) => Some(json!({MARK: "set", "value": set})),
            _ => None,
        }
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest.chars().next()?;
        let mut out = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Some(out);
                }
                '\n' => return None,
                '\\' => match chars.next()?.1 {
                    'n' => out.push('\n'),
                    't' => out.push('\t'),
                    'r' => out.push('\r'),
                    c @ ('\\' | '\'' | '"') => out.push(c),
                    // Rare escapes: leave the text as it is.
                    _ => return None,
                },
                c => out.push(c),
            }
        }
        None
    }

    fn number(&mut self) -> Option<Value> {
        let negative = self.eat("-");
        if !negative {
            self.eat("+");
        }
        self.skip();
        let mut word = self.take(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')).to_owned();
        if word.ends_with(['e', 'E']) && self.rest.starts_with(['-', '+']) {
            word.push_str(&self.rest[..1]);
            self.rest = &self.rest[1..];
            word.push_str(self.take(|c| c.is_ascii_digit()));
        }
        let digits = word.replace('_', "");
        if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || word.contains("__") || word.ends_with('_') {
            return None;
        }
        if digits.bytes().all(|b| b.is_ascii_digit()) {
            // Python refuses leading zeros, so `007` stays text.
            if digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|b| b != b'0') {
                return None;
            }
            let n: i128 = digits.parse().ok()?;
            let n = if negative { -n } else { n };
            return i64::try_from(n).map(|n| json!(n)).or_else(|_| u64::try_from(n).map(|n| json!(n))).ok();
        }
        if !digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+')) {
            return None;
        }
        let f: f64 = digits.parse().ok()?;
        Number::from_f64(if negative { -f } else { f }).map(Value::Number)
    }
}
