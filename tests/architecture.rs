//! The house rules, checked: arrows between rooms, purity, SQL, first lines, sizes, names. Each finding names file and line.
//!
//! A rule is a function from sources to findings, so `proofs` can show with a few lines of text that each one can fail.

#![allow(clippy::unwrap_used)]

#[path = "architecture/arrows.rs"]
mod arrows;
#[path = "architecture/form.rs"]
mod form;
#[path = "architecture/proofs.rs"]
mod proofs;
#[path = "architecture/purity.rs"]
mod purity;
#[path = "architecture/source.rs"]
mod source;

use source::{Finding, Source};

fn check(rule: &str, findings: &[Finding]) {
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{rule} ({} findings):\n{}", list.len(), list.join("\n"));
}

/// The program's own sources, Rust and Python.
fn program() -> Vec<Source> {
    Source::below("src", &["rs", "py"])
}

/// Everything written in Rust.
fn all_rust() -> Vec<Source> {
    let mut all = Source::below("src", &["rs"]);
    all.extend(Source::below("tests", &["rs"]));
    all
}

#[test]
fn a_room_names_only_rooms_above_it() {
    check("src/lib.rs lists the rooms; a room may name only rooms above it", &arrows::upward(&program()));
}

#[test]
fn console_and_command_line_never_name_the_engine() {
    check("cli and console talk to the engine by messages", &arrows::never(&program(), &["cli", "console"], "engine"));
}

#[test]
fn pure_rooms_touch_nothing() {
    check("pure rooms know no clock, chance, lock, disk, network or process", &purity::findings(&program()));
}

#[test]
fn sql_lives_in_the_store() {
    check("SQL belongs into src/store", &form::sql_outside_the_store(&program()));
}

#[test]
fn files_say_what_they_are() {
    check("the first line says what a file is for", &form::first_lines(&all_rust()));
    check("the first line says what a file is for", &form::first_lines(&program()));
}

#[test]
fn files_are_small() {
    check("none above 600 lines, 95 % at most 400, median at most 150 (without tests)", &form::sizes(&program()));
}

#[test]
fn names_say_something() {
    let mut all = program();
    all.extend(all_rust());
    check("no utils, common, helpers, manager, misc", &form::names(&all));
}

#[test]
fn nothing_is_left_to_be_written() {
    check("no todo!(), no unimplemented!()", &form::unfinished(&program()));
}
