//! One mistake after the other in a good file: what is said of it, and where.

use super::*;

const GOOD: &str = "[dag]\nschedule = \"@daily\"\ntags = [\"a\", \"b\"]\n\n[default_args]\nretries = 2\n\n[tasks.a]\noperator = \"bash\"\n\
    bash_command = \"echo hi\"\n\n[tasks.b]\noperator = \"bash\"\ndepends = [\"a\"]\nbash_command = \"echo\"\nexpand.env = [{ R = \"n\" }, { R = \"s\" }]\n";

/// What is written for what, where that is a mistake (line and column), and words of what is said and of the hint.
const BAD: &[(&str, &str, usize, usize, &str, &str)] = &[
    ("= \"@daily\"", "= \"@daily", 2, 12, "text that begins here isn't closed", "add \" at its end"),
    ("= \"@daily\"", "= @daily\"", 2, 12, "a quote is missing in this line", "between two of \""),
    ("= \"@daily\"", "= @daily", 2, 12, "`@daily` is neither a number nor a text", "write \"@daily\""),
    ("= \"@daily\"", "= 0 6 * * *", 2, 12, "`0 6 * * *` is neither", "write \"0 6 * * *\""),
    ("= \"@daily\"", "= 'daily", 2, 12, "text that begins here isn't closed", "add ' at its end"),
    ("= \"@daily\"", "= “@daily”", 2, 12, "straight quotes", "write `\"@daily\"`"),
    ("= \"@daily\"", "=", 2, 11, "`schedule` has no value", "\"text\", 2, true"),
    ("= \"@daily\"", "= True", 2, 12, "`True` isn't a boolean", "write `true`"),
    ("= \"@daily\"", "= None", 2, 12, "TOML has no `None`", "leave the line out"),
    ("\"b\"]\n", "\"b\"\n", 3, 8, "the list that begins here isn't closed", "add `]`"),
    ("[\"a\", \"b\"]\n", "[\"a\" \"b\"]\n", 3, 13, "a comma is missing", "`,` between"),
    ("[\"a\", \"b\"]\n", "[\"a, \"b\"]\n", 3, 14, "a quote is missing in this line", "between two of \""),
    ("[\"a\", \"b\"]\n", "(\"a\",)\n", 3, 8, "TOML has no tuples", "write a list"),
    ("= 2", ": 2", 6, 9, "joined by `=`, not by `:`", "write `retries = 2`"),
    ("= 2", "== 2", 6, 10, "one `=` is too much", "key = value"),
    ("= 2", "= 2;", 6, 11, "doesn't end with `;`", "leave it out"),
    ("= 2", "= 2 // two", 6, 11, "a comment begins with `#`", "write `2 # two`"),
    ("= 2", "", 6, 9, "`retries` has no value", "write `retries = ..`"),
    ("= 2", "= 2\nretries = 3", 7, 1, "`retries` is set twice, first in line 6", "leave one of them out"),
    ("[tasks.a]", "[tasks.a", 8, 9, "doesn't close its name", "write `[tasks.a]`"),
    ("[tasks.a]", "tasks.a]", 8, 8, "between two brackets", "write `[tasks.a]`"),
    ("[tasks.b]", "[tasks.a]", 12, 8, "`[tasks.a]` is there twice, first in line 8", "another name"),
    ("= \"echo hi\"", "= \"\"\"echo hi", 10, 16, "text that begins here isn't closed", "add \"\"\" at its end"),
    ("\"echo hi\"", "\"C:\\dir\"", 10, 20, "a backslash begins an escape", "two backslashes"),
    ("{ R = \"s\" }]", "{ R = \"s\" ]", 16, 28, "the table that begins here isn't closed", "add `}`"),
    ("{ R = \"s\" }]", "{ R = \"s\" }", 16, 14, "the list that begins here isn't closed", "add `]`"),
];

#[test]
fn each_mistake_is_told_once_where_it_was_made() {
    assert_eq!(faults(GOOD), []);
    for (good, bad, line, column, message, hint) in BAD {
        let text = GOOD.replacen(good, bad, 1);
        let found = faults(&text);
        let [fault] = &found[..] else { panic!("{bad}: {found:#?}") };
        assert_eq!(place(&text, fault.at), (*line, *column), "{bad}: {fault:?}");
        assert!(fault.message.contains(message), "{bad}: {fault:?}");
        assert!(fault.hint.as_deref().unwrap_or_default().contains(hint), "{bad}: {fault:?}");
    }
}

#[test]
fn mistakes_of_several_lines_are_all_told() {
    let text = GOOD.replace("\"@daily\"", "@daily").replace("= 2", "= True").replace("\"echo hi\"", "\"echo hi");
    let lines: Vec<usize> = faults(&text).iter().map(|f| place(&text, f.at).0).collect();
    assert_eq!(lines, [2, 6, 10]);
}

/// Whatever is cut or doubled: a text that isn't TOML has a mistake, within the text.
#[test]
fn no_mangled_text_is_without_a_place() {
    for at in 0..GOOD.len() {
        for mangled in
            [[&GOOD[..at], &GOOD[at + 1..]].concat(), [&GOOD[..at], "\"", &GOOD[at..]].concat(), GOOD[..at].into()]
        {
            let found = faults(&mangled);
            assert_eq!(found.is_empty(), toml::from_str::<toml::Table>(&mangled).is_ok(), "{mangled}");
            assert!(found.iter().all(|f| f.at <= mangled.len()), "{mangled}\n{found:?}");
        }
    }
}
