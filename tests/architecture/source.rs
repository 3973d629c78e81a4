//! Source files, and what the rules look at: code without comments and texts, paths with their groups spelled out, texts.

use std::{fmt, fs, path::Path};

/// A broken rule.
#[derive(Debug, PartialEq)]
pub struct Finding {
    pub file: String,
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// A file, its path relative to the repository.
pub struct Source {
    pub file: String,
    pub text: String,
}

/// `a::b::c` in code.
#[derive(Debug, PartialEq)]
pub struct PathInCode {
    pub line: usize,
    pub parts: Vec<String>,
    /// Written after a dot: a method or a field.
    pub after_dot: bool,
    /// The sign that follows: `(` of a call, `!` of a macro.
    pub then: Option<char>,
}

#[derive(Debug, PartialEq, Clone)]
enum Token {
    Word(String),
    Colons,
    Sign(char),
}

impl Source {
    /// All files with these endings below a folder of the repository, sorted.
    pub fn below(folder: &str, endings: &[&str]) -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        let mut folders = vec![root.join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| endings.iter().any(|wanted| e == *wanted)) {
                    let file = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                    found.push(Self { file, text: fs::read_to_string(&path).unwrap() });
                }
            }
        }
        found.sort_by(|a, b| a.file.cmp(&b.file));
        found
    }

    /// The room that a file of `src/` belongs to; none for the map and the program's start.
    pub fn room(&self) -> Option<&str> {
        let name = self.file.strip_prefix("src/")?.split('/').next()?;
        let name = name.strip_suffix(".rs").unwrap_or(name);
        (name != "lib" && name != "main").then_some(name)
    }

    pub fn is_rust(&self) -> bool {
        self.file.ends_with(".rs")
    }

    /// What comes before the unit tests; nothing if the whole file is tests.
    pub fn before_tests(&self) -> &str {
        if self.is_rust() && (self.file.ends_with("/tests.rs") || self.file.contains("/tests/")) {
            return "";
        }
        self.text.find("#[cfg(test)]").map_or(&self.text, |at| &self.text[..at])
    }

    /// Modules between the crate's root and this file's own names: 1 for `src/store/mod.rs`, 2 for `src/store/dag.rs`.
    pub fn depth(&self) -> usize {
        let parts = self.file.matches('/').count();
        if self.file.ends_with("/mod.rs") { parts - 1 } else { parts }
    }

    pub fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { file: self.file.clone(), line, what: what.into() }
    }

    /// All paths outside of tests, `use a::{b, c::d}` as `a::b` and `a::c::d`.
    pub fn paths(&self) -> Vec<PathInCode> {
        let (code, _) = split(self.before_tests());
        let tokens = tokens(&code);
        let mut found = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if matches!(tokens[at].1, Token::Word(_)) {
                let after_dot = at > 0 && tokens[at - 1].1 == Token::Sign('.');
                at = path(&tokens, at, &[], after_dot, &mut found);
            } else {
                at += 1;
            }
        }
        found
    }

    /// Texts outside of tests, with their line.
    pub fn texts(&self) -> Vec<(usize, String)> {
        split(self.before_tests()).1
    }
}

/// Reads one path from `at`; gives the place behind it.
fn path(
    tokens: &[(usize, Token)],
    at: usize,
    before: &[String],
    after_dot: bool,
    found: &mut Vec<PathInCode>,
) -> usize {
    let mut parts = before.to_vec();
    let mut at = at;
    let line = tokens[at].0;
    let sign = |at: usize| tokens.get(at).map(|t| &t.1);
    loop {
        match sign(at) {
            Some(Token::Word(word)) => parts.push(word.clone()),
            Some(Token::Sign('{')) => {
                at += 1;
                while let Some(token) = sign(at) {
                    match token {
                        Token::Sign('}') => return at + 1,
                        Token::Word(_) => at = path(tokens, at, &parts, after_dot, found),
                        _ => at += 1,
                    }
                }
                return at;
            }
            _ => break,
        }
        at += 1;
        if sign(at) == Some(&Token::Colons) && matches!(sign(at + 1), Some(Token::Word(_) | Token::Sign('{'))) {
            at += 1;
        } else {
            break;
        }
    }
    let then = if let Some(Token::Sign(c)) = sign(at) { Some(*c) } else { None };
    found.push(PathInCode { line, parts, after_dot, then });
    at
}

fn tokens(code: &str) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut letters = code.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '\n' => line += 1,
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = c.to_string();
                while let Some(c) = letters.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                tokens.push((line, Token::Word(word)));
            }
            ':' if letters.next_if_eq(&':').is_some() => tokens.push((line, Token::Colons)),
            c if c.is_whitespace() => {}
            c => tokens.push((line, Token::Sign(c))),
        }
    }
    tokens
}

/// Code with comments and texts blanked out (lines stay), and the texts.
fn split(source: &str) -> (String, Vec<(usize, String)>) {
    let s: Vec<char> = source.chars().collect();
    let (mut code, mut texts, mut line, mut at) = (String::new(), Vec::new(), 1, 0);
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(k, c)| s.get(at + k) == Some(&c));
    while at < s.len() {
        let begin = at;
        if starts(at, "//") {
            while at < s.len() && s[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            let mut depth = 0;
            while at < s.len() {
                depth += i32::from(starts(at, "/*")) - i32::from(starts(at, "*/"));
                at += if starts(at, "/*") || starts(at, "*/") { 2 } else { 1 };
                if depth == 0 {
                    break;
                }
            }
        } else if let Some(hashes) = raw_text(&s, at) {
            let end: String = format!("\"{}", "#".repeat(hashes));
            at += 2 + hashes;
            let first = at;
            while at < s.len() && !starts(at, &end) {
                at += 1;
            }
            texts.push((line, s[first..at.min(s.len())].iter().collect()));
            at += end.len();
        } else if s[at] == '"' {
            at += 1;
            let first = at;
            while at < s.len() && s[at] != '"' {
                at += if s[at] == '\\' { 2 } else { 1 };
            }
            texts.push((line, s[first..at.min(s.len())].iter().collect()));
            at += 1;
        } else if s[at] == '\'' && (s.get(at + 1) == Some(&'\\') || s.get(at + 2) == Some(&'\'')) {
            at += if s.get(at + 1) == Some(&'\\') { 3 } else { 2 };
            while at < s.len() && s[at] != '\'' {
                at += 1;
            }
            at += 1;
        } else {
            code.push(s[at]);
            line += usize::from(s[at] == '\n');
            at += 1;
            continue;
        }
        let lines = s[begin..at.min(s.len())].iter().filter(|c| **c == '\n').count();
        line += lines;
        code.push_str(&"\n".repeat(lines));
        code.push(' ');
    }
    (code, texts)
}

/// Number of hashes if `r"` or `r#"` begins here.
fn raw_text(s: &[char], at: usize) -> Option<usize> {
    let inside_word = at > 0 && (s[at - 1].is_alphanumeric() || s[at - 1] == '_') && s[at - 1] != 'b';
    if s[at] != 'r' || inside_word {
        return None;
    }
    let hashes = s[at + 1..].iter().take_while(|c| **c == '#').count();
    (s.get(at + 1 + hashes) == Some(&'"')).then_some(hashes)
}
