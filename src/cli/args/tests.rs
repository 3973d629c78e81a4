//! The tree of verbs: sound, told of in the reference, and read from lines.

use super::{super::shell::Format, *};

fn parsed(line: &str) -> Invocation {
    parse(line.split_whitespace().map(OsString::from)).unwrap()
}

#[test]
fn the_tree_is_sound_and_every_verb_has_an_example() {
    fn check(command: &clap::Command, path: &str) {
        let path = format!("{path} {}", command.get_name());
        if command.get_name() == "help" {
            return;
        }
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Example:"), "{path} has no example");
        assert!(command.get_about().is_some(), "{path} has no description");
        command.get_subcommands().for_each(|sub| check(sub, &path));
    }
    let tree = tree();
    tree.clone().debug_assert();
    check(&tree, "");
}

#[test]
fn main_gets_what_the_command_line_does_not_run() {
    assert!(matches!(parsed("dagdeck --read-only"), Invocation::Console(options, _) if options.read_only));
    assert!(matches!(parsed("dagdeck scheduler"), Invocation::Scheduler(RunScheduler::Foreground, _)));
    assert!(matches!(parsed("dagdeck scheduler start"), Invocation::Scheduler(RunScheduler::Detached, _)));
    assert!(matches!(parsed("dagdeck internal spawner --x"), Invocation::Internal(words) if words.len() == 2));
    assert!(matches!(parsed("dagdeck dags test churn 2026-01-01"), Invocation::TestDag(..)));
    assert!(matches!(parsed("dagdeck --home /tmp/h dags list -o json"), Invocation::Verb(_, environment)
        if environment.home == Some("/tmp/h".into()) && environment.output == Some(Format::Json)));
}

/// Verbs that a row of the reference names, as `GROUP` or `GROUP VERB`.
fn named(row: &str) -> Vec<String> {
    let cell = row.split(" | ").next().unwrap();
    let spans: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    let groups = match cell.split_once(" with `") {
        Some((before, _)) => before.matches('`').count() / 2,
        None => 1,
    };
    let words = |span: &str| -> Vec<String> { span.split_whitespace().map(|w| w.replace(['[', ']'], "")).collect() };
    let heads: Vec<String> = spans[..groups].iter().map(|span| words(span)[0].clone()).collect();
    let mut all = heads.clone();
    for span in &spans[if groups == 1 { 0 } else { groups }..] {
        let mut of = words(span);
        if heads.contains(&of[0]) && of.len() > 1 && !of[1].starts_with('-') {
            of.remove(0);
        }
        let is_argument = |w: &str| w.starts_with('-') || w.chars().all(|c| !c.is_lowercase());
        if !heads.contains(&of[0]) && !is_argument(&of[0]) {
            all.extend(heads.iter().map(|head| format!("{head} {}", of[0])));
        }
    }
    all
}

#[test]
fn the_reference_names_every_verb_and_no_other() {
    let text = include_str!("../../../docs/CLI.md");
    let table = text.split("\n## Verbs\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut told: Vec<String> = table.lines().filter(|l| l.starts_with("| `")).flat_map(named).collect();
    let later = table.split("answer \"not yet").next().unwrap().rsplit("\n\n").next().unwrap();
    told.extend(later.split('`').skip(1).step_by(2).map(Into::into));
    let tree = tree();
    let mut there = Vec::new();
    let mut optional = Vec::new();
    for group in tree.get_subcommands() {
        there.push(group.get_name().to_owned());
        for verb in group.get_subcommands() {
            there.push(format!("{} {}", group.get_name(), verb.get_name()));
            optional.extend(verb.get_all_aliases().map(|alias| format!("{} {alias}", group.get_name())));
        }
    }
    let missing: Vec<_> = there.iter().filter(|verb| !told.contains(verb)).collect();
    assert!(missing.is_empty(), "docs/CLI.md doesn't tell of {missing:?}");
    let unknown: Vec<_> = told.iter().filter(|verb| !there.contains(verb) && !optional.contains(verb)).collect();
    assert!(unknown.is_empty(), "docs/CLI.md tells of {unknown:?}, which isn't there");
}

#[test]
fn airflow_spellings_and_later_verbs_parse() {
    for line in [
        "dagdeck dags list-runs -d churn --state failed",
        "dagdeck dags list-runs --dag-id churn",
        "dagdeck dags trigger --dag-id churn --run-id r --conf {} --logical-date 2026-01-01 --wait --timeout 5",
        "dagdeck tasks clear churn --start-date -7d --end-date now --task-regex train --downstream --upstream \
         --only-failed --only-running --yes",
        "dagdeck tasks clear churn -s 2026-01-01 -e 2026-01-02 -t a -d -u -f -r -y --dry-run",
        "dagdeck tasks states-for-dag-run churn r",
        "dagdeck tasks mark churn r train:3 failed --downstream",
        "dagdeck logs churn r train --map-index 2 --try 1 -f --grep x --level warning",
        "dagdeck backfill create --dag-id churn --from-date 2026-01-01 --to-date 2026-01-02",
        "dagdeck hitl answer churn r approve --option yes",
        "dagdeck secrets rotate-key",
        "dagdeck open churn/r",
        "dagdeck connections add c --conn-uri http://x",
    ] {
        assert!(parse(line.split_whitespace().map(OsString::from)).is_ok(), "{line}");
    }
    for wrong in ["dagdeck dag5", "dagdeck dags trigger churn --wait --timeout soon", "dagdeck runs list --bogus"] {
        assert_eq!(parse(wrong.split_whitespace().map(OsString::from)).unwrap_err(), 2, "{wrong}");
    }
}
