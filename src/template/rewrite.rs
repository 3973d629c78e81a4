//! Rewrites a template's expressions where the engine differs from jinja2, before it is compiled.
//!
//! `a + b`, `a - b`, `a % b`, `a * b` become calls of [`super::arithmetic`]; `x._name` becomes a refusal, as in jinja2's
//! sandbox; `x.run_type.value` becomes the enum's text. Everything else, and all text outside of tags, stays as written.

use std::borrow::Cow;

/// One token of an expression.
#[derive(Debug, Clone, PartialEq)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    /// Blank before it, kept so that line numbers stay.
    blank: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Name,
    Literal,
    Operator,
}

/// Words that end an operand, besides the first word of a statement.
const WORDS: &[&str] = &["if", "else", "and", "or", "not", "in", "recursive"];

/// The template as the engine should see it.
pub(super) fn rewrite(source: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut done = 0;
    let mut at = 0;
    while let Some(open) = source[at..].find('{').map(|i| at + i) {
        let (close, is_comment) = match source.as_bytes().get(open + 1) {
            Some(b'{') => ("}}", false),
            Some(b'%') => ("%}", false),
            Some(b'#') => ("#}", true),
            _ => {
                at = open + 1;
                continue;
            }
        };
        let start = open + 2;
        let end =
            if is_comment { source[start..].find(close).map(|i| start + i) } else { tag_end(source, start, close) };
        let Some(end) = end else { break };
        let inner = &source[start..end];
        if !is_comment {
            if is_raw(inner)
                && let Some(raw_end) = endraw(source, end + 2)
            {
                at = raw_end;
                continue;
            }
            if let Some(new) = rewrite_tag(inner, close == "%}") {
                out.push_str(&source[done..start]);
                out.push_str(&new);
                done = end;
            }
        }
        at = end + 2;
    }
    if done == 0 {
        return Cow::Borrowed(source);
    }
    out.push_str(&source[done..]);
    Cow::Owned(out)
}

/// The inside of a template that is one `{{ expression }}` and nothing else, rewritten.
pub(super) fn lone_expression(source: &str) -> Option<String> {
    let inner = source.strip_prefix("{{")?;
    let end = tag_end(inner, 0, "}}")?;
    if end + 2 != inner.len() {
        return None;
    }
    let inner = inner[..end].trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim();
    Some(rewrite_tag(inner, false).unwrap_or_else(|| inner.to_owned()))
}

fn is_raw(inner: &str) -> bool {
    inner.trim_matches(['-', '+']).trim() == "raw"
}

fn endraw(source: &str, from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(open) = source[at..].find("{%").map(|i| at + i) {
        let end = source[open..].find("%}").map(|i| open + i)?;
        if source[open + 2..end].trim_matches(['-', '+']).trim() == "endraw" {
            return Some(end + 2);
        }
        at = open + 2;
    }
    None
}

/// Where the tag closes, looking past strings and (for `}}`) dict literals.
fn tag_end(source: &str, start: usize, close: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut depth = 0usize;
    let mut i = start;
    while i < bytes.len() {
        match bytes[i] {
            quote @ (b'\'' | b'"') => {
                i += 1;
                while i < bytes.len() && bytes[i] != quote {
                    i += if bytes[i] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' | b'(' => depth += 1,
            _ if depth == 0 && bytes[i..].starts_with(close.as_bytes()) => return Some(i),
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        i += 1;
    }
    None
}

/// The rewritten inside of a tag, or `None` if nothing changes.
fn rewrite_tag(inner: &str, statement: bool) -> Option<String> {
    let worth = inner.contains(['+', '%', '*', '-'])
        || inner.contains("._")
        || inner.contains(".value")
        || inner.contains(".name");
    if !worth {
        return None;
    }
    let trim_start = inner.starts_with(['-', '+']);
    let body = if trim_start { &inner[1..] } else { inner };
    let trim_end = body.ends_with(['-', '+']);
    let body = if trim_end { &body[..body.len() - 1] } else { body };
    let (tokens, tail) = tokenize(body)?;
    let (keyword, rest) = tokens.split_at(usize::from(statement && !tokens.is_empty()));
    let new: String = keyword.iter().map(|t| [t.blank, t.text].concat()).collect::<String>() + &additive_parts(rest);
    let mut out = String::new();
    if trim_start {
        out.push_str(&inner[..1]);
    }
    out.push_str(&new);
    out.push_str(tail);
    if trim_end {
        out.push_str(&inner[inner.len() - 1..]);
    }
    (out != inner).then_some(out)
}

/// Tokens, and the blank after the last. `None` if it isn't an expression that we understand.
fn tokenize(body: &str) -> Option<(Vec<Token<'_>>, &str)> {
    let mut tokens = Vec::new();
    let bytes = body.as_bytes();
    let mut i = 0;
    loop {
        let blank = i;
        while i < bytes.len() && bytes[i].is_ascii_whitespace() {
            i += 1;
        }
        if i == bytes.len() {
            return Some((tokens, &body[blank..]));
        }
        let start = i;
        let c = body[i..].chars().next()?;
        let kind = if c == '\'' || c == '"' {
            i += 1;
            while i < bytes.len() && bytes[i] != c as u8 {
                i += if bytes[i] == b'\\' { 2 } else { 1 };
            }
            i = (i + 1).min(bytes.len());
            Kind::Literal
        } else if c.is_ascii_digit() {
            while i < bytes.len()
                && (bytes[i].is_ascii_alphanumeric()
                    || bytes[i] == b'_'
                    || (bytes[i] == b'.' && bytes.get(i + 1).is_some_and(u8::is_ascii_digit)))
            {
                i += 1;
            }
            Kind::Literal
        } else if c.is_alphabetic() || c == '_' {
            i += body[i..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(body.len() - i);
            Kind::Name
        } else {
            let two = body.get(i..i + 2).unwrap_or("");
            i += if matches!(two, "==" | "!=" | "<=" | ">=" | "//" | "**") { 2 } else { c.len_utf8() };
            Kind::Operator
        };
        tokens.push(Token { kind, text: body.get(start..i)?, blank: &body[blank..start] });
    }
}

/// Joins the parts of a token list: operands between commas, comparisons and words are rewritten one by one.
fn additive_parts(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    let mut start = 0;
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" if token.kind == Kind::Operator => depth += 1,
            ")" | "]" | "}" if token.kind == Kind::Operator => depth = depth.saturating_sub(1),
            _ => {}
        }
        let after_is = i > 0 && tokens[i - 1].text == "is";
        let separates = match token.kind {
            Kind::Operator => matches!(token.text, "," | ":" | "=" | "==" | "!=" | "<" | ">" | "<=" | ">="),
            Kind::Name => {
                let attribute = i > 0 && matches!(tokens[i - 1].text, "." | "|");
                WORDS.contains(&token.text) && !after_is && !attribute
            }
            Kind::Literal => false,
        };
        if depth == 0 && separates {
            out.push_str(&sum(&tokens[start..i]));
            out.push_str(token.blank);
            out.push_str(token.text);
            start = i + 1;
        }
    }
    out.push_str(&sum(&tokens[start..]));
    out
}

/// Splits at binary operators of one level: `(operator, operand)`, the first without operator.
fn split<'t, 'a>(tokens: &'t [Token<'a>], operators: &[&str]) -> Vec<(&'a str, &'t [Token<'a>])> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut operator) = (0, 0usize, "");
    for (i, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Operator {
            continue;
        }
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            text if depth == 0 && i > start && operators.contains(&text) => {
                let before = &tokens[i - 1];
                let after_operand = before.kind != Kind::Operator || matches!(before.text, ")" | "]" | "}");
                if after_operand {
                    parts.push((operator, &tokens[start..i]));
                    operator = text;
                    start = i + 1;
                }
            }
            _ => {}
        }
    }
    parts.push((operator, &tokens[start..]));
    parts
}

/// `a + b - c`, left to right.
fn sum(tokens: &[Token<'_>]) -> String {
    fold(tokens, &["+", "-"], &|part| {
        let parts: Vec<String> = split(part, &["~"]).iter().map(|(_, operand)| product(operand)).collect();
        parts.join(" ~")
    })
}

/// `a * b % c`, left to right.
fn product(tokens: &[Token<'_>]) -> String {
    fold(tokens, &["*", "/", "//", "%"], &operand)
}

fn fold(tokens: &[Token<'_>], operators: &[&str], inner: &dyn Fn(&[Token<'_>]) -> String) -> String {
    let parts = split(tokens, operators);
    let mut out = inner(parts[0].1);
    for (operator, part) in &parts[1..] {
        let right = inner(part);
        let function = match *operator {
            // Nothing to the right: let the engine say what is wrong.
            operator if right.trim().is_empty() => {
                out = format!("{out} {operator}");
                continue;
            }
            "+" => "_dd_add",
            "-" => "_dd_sub",
            "%" => "_dd_mod",
            "*" => "_dd_mul",
            _ => {
                out = format!("{out} {operator} {right}");
                continue;
            }
        };
        let indent: String = out.chars().take_while(|c| c.is_whitespace()).collect();
        out = format!("{indent}{function}({},{right})", out.trim_start());
    }
    out
}

/// One operand: brackets inside are rewritten, private names refused, enum texts taken.
fn operand(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    let mut i = 0;
    while i < tokens.len() {
        let token = &tokens[i];
        let next = tokens.get(i + 1).map(|t| t.text);
        if token.kind == Kind::Operator && matches!(token.text, "(" | "[" | "{") {
            let end = closing(tokens, i);
            out.push_str(token.blank);
            out.push_str(token.text);
            out.push_str(&additive_parts(&tokens[i + 1..end]));
            if let Some(close) = tokens.get(end) {
                out.push_str(close.blank);
                out.push_str(close.text);
            }
            i = end + 1;
            continue;
        }
        if token.text == "."
            && let Some(name) = next
            && tokens[i + 1].kind == Kind::Name
        {
            if name.starts_with('_') {
                out.push_str(&format!("|_dd_private('{name}')"));
                i += 2;
                continue;
            }
            let of_enum = i > 1 && tokens[i - 2].text == "." && matches!(tokens[i - 1].text, "run_type" | "state");
            if of_enum && matches!(name, "value" | "name") {
                out.push_str(&format!("|_dd_enum('{name}')"));
                i += 2;
                continue;
            }
        }
        out.push_str(token.blank);
        out.push_str(token.text);
        i += 1;
    }
    out
}

fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        if token.kind == Kind::Operator {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth -= 1;
                    if depth == 0 {
                        return i;
                    }
                }
                _ => {}
            }
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::rewrite;

    #[test]
    fn operators_become_calls() {
        for (from, to) in [
            ("a + b", "a + b"),
            ("{{ ds }} - {{ ts }}", "{{ ds }} - {{ ts }}"),
            ("{{- ds -}}", "{{- ds -}}"),
            ("{{ a + b }}", "{{ _dd_add(a, b) }}"),
            ("{{ a + b - c }}", "{{ _dd_sub(_dd_add(a, b), c) }}"),
            ("{{ a * b + c | f(1 + 2) }}", "{{ _dd_add(_dd_mul(a, b), c | f( _dd_add(1, 2))) }}"),
            ("{{ '%s-%d' % (ds, -1) }}", "{{ _dd_mod('%s-%d', (ds, -1)) }}"),
            ("{{ x[-1] }}{{ -1 }}", "{{ x[-1] }}{{ -1 }}"),
            ("{% if a + 1 > b and c - 1 %}x{% endif %}", "{% if _dd_add(a, 1) > b and _dd_sub(c, 1) %}x{% endif %}"),
            ("{{ x.__class__.y }}", "{{ x|_dd_private('__class__').y }}"),
            ("{% raw %}{{ a + b }}{% endraw %}{{ a + b }}", "{% raw %}{{ a + b }}{% endraw %}{{ _dd_add(a, b) }}"),
            ("{# a + b #}{{ {'a': 1 + 1} }}", "{# a + b #}{{ {'a': _dd_add(1, 1)} }}"),
            ("{{ a ~ b + c }}", "{{ _dd_add(a ~ b, c) }}"),
            ("{{ x is not none }}{{ n is divisibleby 3 }}", "{{ x is not none }}{{ n is divisibleby 3 }}"),
        ] {
            let got = rewrite(from).replace("( ", "(");
            assert_eq!(got, to.replace("( ", "("));
        }
    }
}
