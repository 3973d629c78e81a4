//! Each rule can fail: small sources that break it, and their neighbours that don't.

use super::{
    arrows, form, purity,
    source::{Finding, Source},
};

fn source(file: &str, text: &str) -> Source {
    Source { file: file.to_owned(), text: text.to_owned() }
}

/// The file under a map of four rooms.
fn with_map(file: &str, text: &str) -> Vec<Source> {
    let map = "//! Map.\npub mod model;\npub mod scheduler;\n\npub mod store;\npub mod engine;\npub mod cli;\n";
    vec![source("src/lib.rs", map), source(file, text)]
}

fn lines(findings: &[Finding]) -> Vec<usize> {
    findings.iter().map(|f| f.line).collect()
}

#[test]
fn rooms_come_in_the_order_of_the_map() {
    assert_eq!(arrows::rooms(&with_map("src/store/mod.rs", "")), ["model", "scheduler", "store", "engine", "cli"]);
}

#[test]
fn an_arrow_downward_is_found_in_every_spelling() {
    let wrong = [
        "//! X\nuse crate::engine::run;",
        "//! X\nfn f() { crate::engine::run() }",
        "//! X\nuse crate::{\n    engine::{a, b},\n    model,\n};",
        "//! X\nuse super::super::engine;",
        "//! X\nlet a = 'x'; let b = \"// no comment\"; crate :: engine :: run();",
    ];
    for text in wrong {
        let found = arrows::upward(&with_map("src/store/dag.rs", text));
        assert!(!found.is_empty(), "{text}");
        assert!(found[0].to_string().starts_with("src/store/dag.rs:"), "{}", found[0]);
        assert!(found[0].what.contains("`store` names `engine`"), "{}", found[0]);
    }
    let right = [
        "//! crate::engine is below\nuse crate::model::Dag;",
        "//! X\nuse crate::{model::{engine, Dag}, store::cli};",
        "//! X\nlet a = \"crate::engine\"; let b = r#\"crate::engine \" \"#; /* crate::engine /* */ crate::cli */",
        "//! X\nuse super::engine;",
        "//! X\n#[cfg(test)]\nmod tests { use crate::engine; }",
    ];
    for text in right {
        assert_eq!(arrows::upward(&with_map("src/store/dag.rs", text)), [], "{text}");
    }
    let two_lines_down = "//! X\n/* a\n b */ const A: &str = \"x\ny\";\nuse crate::cli;";
    assert_eq!(lines(&arrows::upward(&with_map("src/store/dag.rs", two_lines_down))), [5]);
}

#[test]
fn a_room_that_is_not_on_the_map_is_found() {
    let found = arrows::upward(&with_map("src/cellar/mod.rs", "//! X"));
    assert!(found[0].what.contains("`cellar` is not in src/lib.rs"));
}

#[test]
fn the_command_line_that_names_the_engine_is_found() {
    let found = arrows::never(&with_map("src/cli/mod.rs", "//! X\nuse crate::{model, engine};"), &["cli"], "engine");
    assert_eq!(lines(&found), [2]);
    assert_eq!(arrows::never(&with_map("src/cli/mod.rs", "//! X\nuse crate::model;"), &["cli"], "engine"), []);
    assert_eq!(arrows::upward(&with_map("src/cli/mod.rs", "//! X\nuse crate::engine;")), [], "it is above, though");
}

#[test]
fn whatever_is_impure_is_found() {
    let wrong = [
        "use std::fs;",
        "use std::{collections::HashMap, env::var};",
        "std::process::exit(1)",
        "use std::{net, fmt};",
        "rusqlite::Connection::open(x)",
        "async fn f() { tokio::spawn(x); }",
        "let t = Timestamp::now();",
        "use crate::clock;",
        "use std::time::Instant;",
        "static X: Mutex<u8> = Mutex::new(0);",
        "use std::sync::{Arc, RwLock};",
        "Uuid::new_v4()",
    ];
    for text in wrong {
        let found = purity::findings(&with_map("src/scheduler/decide.rs", &format!("//! X\n{text}")));
        assert!(!found.is_empty() && found[0].line == 2, "{text}: {found:?}");
        assert_eq!(purity::findings(&with_map("src/engine/core.rs", text)), [], "other rooms may: {text}");
    }
    let right = [
        "fn f(now: Timestamp) -> Timestamp { now }",
        "let x = snapshot.now; let y = lookup.now();",
        "use std::{fmt, sync::Arc, time::Duration};",
        "// std::fs\nlet text = \"std::fs::read\";",
        "let env = 1; let process = args.process;",
        "#[cfg(test)]\nmod tests { use std::fs; }",
    ];
    for text in right {
        let found = purity::findings(&with_map("src/scheduler/decide.rs", text));
        assert_eq!(found, [], "{text}");
    }
}

#[test]
fn sql_in_another_room_is_found() {
    for sql in [
        "SELECT a\\n FROM b",
        "INSERT INTO t VALUES (1)",
        "INSERT OR REPLACE INTO t VALUES (1)",
        "UPDATE dag_run SET state = 1",
        "DELETE FROM t",
        "PRAGMA journal_mode",
    ] {
        let text = format!("//! X\n\nconst A: &str = \"{sql}\";");
        assert_eq!(lines(&form::sql_outside_the_store(&with_map("src/engine/core.rs", &text))), [3], "{sql}");
        assert_eq!(form::sql_outside_the_store(&with_map("src/store/dag.rs", &text)), []);
    }
    let english = "//! X\nlet a = \"select one from the list, update it, delete it\"; // SELECT a FROM b";
    assert_eq!(form::sql_outside_the_store(&with_map("src/engine/core.rs", english)), []);
}

#[test]
fn a_file_without_its_first_line_is_found() {
    let broken = [source("src/a.rs", "use x;\n//! Late."), source("src/b.py", "import os\n"), source("src/c.rs", "")];
    assert_eq!(form::first_lines(&broken).len(), 3);
    assert_eq!(form::first_lines(&[source("src/store/mod.rs", "//! (to be written)")]).len(), 1);
    let good = [source("src/a.rs", "//! What it is for.\n"), source("src/b.py", "\"\"\"What it is for.\"\"\"\n")];
    assert_eq!(form::first_lines(&good), []);
}

#[test]
fn long_files_are_found() {
    let file = |n: usize, lines: usize| source(&format!("src/f{n}.rs"), &"x\n".repeat(lines));
    assert_eq!(form::sizes(&[file(1, 10), file(2, 10), file(3, 601)]).len(), 2, "too long, and too many above 400");
    let many = |long: usize| (0..100).map(|n| file(n, if n < long { 500 } else { 100 })).collect::<Vec<_>>();
    assert_eq!(form::sizes(&many(5)), []);
    assert_eq!(form::sizes(&many(6)).len(), 6);
    assert_eq!(form::sizes(&[file(1, 100), file(2, 151), file(3, 152)])[0].line, 151, "the median");
    let tested = source("src/t.rs", &format!("x\n#[cfg(test)]\nmod tests {{\n{}}}", "x\n".repeat(700)));
    assert_eq!(form::sizes(&[tested]), [], "tests don't count");
}

#[test]
fn names_that_say_nothing_are_found() {
    for file in ["src/utils.rs", "src/store/helpers.rs", "src/common/mod.rs", "src/python/side/misc.py"] {
        assert_eq!(form::names(&[source(file, "")]).len(), 1, "{file}");
    }
    assert_eq!(lines(&form::names(&[source("src/store/mod.rs", "//! X\nmod manager;")])), [2]);
    assert_eq!(form::names(&[source("src/store/pool.rs", "let common = 1;")]), []);
}

#[test]
fn unfinished_places_are_found() {
    let text = "//! X\nfn f() { todo!() }\nfn g() { std::unimplemented!(\"x\") }\n// todo!(\n";
    assert_eq!(lines(&form::unfinished(&[source("src/a.rs", text)])), [2, 3]);
    assert_eq!(form::unfinished(&[source("src/a.rs", "let todo = 1; f(todo);")]), []);
}
