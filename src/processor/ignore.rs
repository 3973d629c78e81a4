//! `.airflowignore`: glob patterns, one a line, as in Airflow 3 (`!` negates, `#` comments).

use regex::Regex;

/// Patterns of one file, relative to its folder.
pub struct Ignore {
    rules: Vec<(Regex, bool)>,
}

impl Ignore {
    /// Reads the text of a `.airflowignore`; patterns that aren't valid are left out.
    pub fn parse(text: &str) -> Self {
        let rules = text
            .lines()
            .map(|line| line.split(" #").next().unwrap_or("").trim())
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .filter_map(|line| {
                let (pattern, negated) = line.strip_prefix('!').map_or((line, false), |rest| (rest, true));
                Regex::new(&regex_of(pattern)).ok().map(|regex| (regex, negated))
            })
            .collect();
        Self { rules }
    }

    /// What the last matching pattern says about a path relative to the folder; `None` if none matches.
    pub fn says(&self, relative: &str) -> Option<bool> {
        self.rules.iter().rev().find(|(regex, _)| regex.is_match(relative)).map(|(_, negated)| !negated)
    }
}

/// The regular expression of a glob: without a slash inside it matches at any depth; a match of a folder covers what is in it.
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
            '[' | ']' => regex.push(c),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex.push_str("(?:/.*)?$");
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_gitignore() {
        let ignore = Ignore::parse("# comment\n*_helper.py\n/top.py\ntests/\n**/skip/*.py\n!keep_helper.py\n");
        assert_eq!(ignore.says("a/b_helper.py"), Some(true));
        assert_eq!(ignore.says("keep_helper.py"), Some(false));
        assert_eq!(ignore.says("top.py"), Some(true));
        assert_eq!(ignore.says("x/top.py"), None);
        assert_eq!(ignore.says("x/tests/y.py"), Some(true));
        assert_eq!(ignore.says("x/skip/y.py"), Some(true));
        assert_eq!(ignore.says("dag.py"), None);
    }
}
