//! `.airflowignore`: patterns, one a line (`#` begins a comment), as globs or as regular expressions.

use regex::Regex;

use crate::config::Settings;

/// `[core] dag_ignore_file_syntax`: what the patterns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// As in `.gitignore`: `!` negates, the last matching one decides.
    Glob,
    /// Searched for in the path relative to the DAG folder.
    Regexp,
}

impl Syntax {
    /// What the settings say; globs, if they say nothing that is known.
    pub fn of(settings: &Settings) -> Self {
        match settings.text("core", "dag_ignore_file_syntax") {
            "regexp" => Self::Regexp,
            _ => Self::Glob,
        }
    }
}

/// Patterns of one file.
pub struct Ignore {
    rules: Vec<(Regex, bool)>,
}

impl Ignore {
    /// Reads the text of a `.airflowignore`; patterns that aren't valid are left out.
    pub fn parse(text: &str, syntax: Syntax) -> Self {
        let rules = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or("").trim())
            .filter(|line| !line.is_empty() && *line != "/")
            .filter_map(|line| match syntax {
                Syntax::Regexp => Some((Regex::new(line).ok()?, false)),
                Syntax::Glob => {
                    let (pattern, negated) = line.strip_prefix('!').map_or((line, false), |rest| (rest, true));
                    Some((Regex::new(&regex_of(pattern)).ok()?, negated))
                }
            })
            .collect();
        Self { rules }
    }

    /// What the last matching pattern says about a path (that of a folder ends in a slash); `None` if none matches.
    pub fn says(&self, relative: &str) -> Option<bool> {
        self.rules.iter().rev().find(|(regex, _)| regex.is_match(relative)).map(|(_, negated)| !negated)
    }
}

/// The regular expression of a glob: without a slash inside it matches at any depth; with one at its end only folders; a match of a
/// folder covers what is in it.
fn regex_of(pattern: &str) -> String {
    let trimmed = pattern.trim_end_matches('/');
    let anchored = trimmed.contains('/');
    let mut regex = String::from(if anchored { "^" } else { "^(?:.*/)?" });
    let mut chars = trimmed.trim_start_matches('/').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                if chars.peek() == Some(&'/') {
                    chars.next();
                    regex.push_str("(?:.*/)?");
                } else {
                    regex.push_str(".*");
                }
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => {
                regex.push('[');
                if chars.next_if(|next| *next == '!').is_some() {
                    regex.push('^');
                }
                while let Some(inside) = chars.next_if(|next| *next != ']') {
                    regex.push_str(if matches!(inside, '[' | '\\' | '&' | '~') { "\\" } else { "" });
                    regex.push(inside);
                }
            }
            ']' => regex.push(']'),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex.push_str(if pattern.ends_with('/') { "/.*$" } else { "(?:/.*)?$" });
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_gitignore() {
        let text =
            "# comment\n*_helper.py\n/top.py\ntests/\n**/skip/*.py\n!keep_helper.py # but this one\n[!a-y]_*.py\n/\n";
        let ignore = Ignore::parse(text, Syntax::Glob);
        assert_eq!(ignore.says("a/b_helper.py"), Some(true));
        assert_eq!(ignore.says("keep_helper.py"), Some(false));
        assert_eq!(ignore.says("top.py"), Some(true));
        assert_eq!(ignore.says("x/top.py"), None);
        assert_eq!(ignore.says("x/tests/y.py"), Some(true));
        assert_eq!(ignore.says("x/tests/"), Some(true));
        assert_eq!(ignore.says("x/tests"), None, "a file");
        assert_eq!(ignore.says("x/skip/y.py"), Some(true));
        assert_eq!(ignore.says("z_1.py"), Some(true));
        assert_eq!(ignore.says("b_1.py"), None);
        assert_eq!(ignore.says("dag.py"), None);
    }

    #[test]
    fn regular_expressions_are_searched_for() {
        let ignore = Ignore::parse("project_a\n^tenant_[\\d]  # these\n(not closed\n", Syntax::Regexp);
        assert_eq!(ignore.says("x/project_a_dag_1.py"), Some(true));
        assert_eq!(ignore.says("tenant_1.py"), Some(true));
        assert_eq!(ignore.says("x/tenant_1.py"), None);
        assert_eq!(ignore.says("dag.py"), None);
    }
}
