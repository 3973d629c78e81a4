//! What the console asks the store doesn't grow with the store: counted in steps of SQLite, not in time.

use dagdeck::console::Stage;

use super::large::{NOW, build};

/// Keys that lead to a screen, and keys that are pressed there.
const WAYS: &[(&str, &str)] = &[
    ("", "j k"),
    ("2", "j k"),
    ("3", "j j PgDn PgDn PgUp j k"),
    ("4", "j j PgDn PgDn PgUp j k"),
    ("5", "j"),
    ("7", "j"),
    ("8", "j j"),
    ("9", "j"),
    ("0", "j"),
    ("2 j Enter", "j j Left Left"),
    ("2 j Enter v t", "j j"),
    ("2 j Enter v d", "j j"),
    ("2 j v h", "j"),
    ("2 j d", "j"),
    ("3 Enter", "j"),
    ("4 Enter", "d i x b"),
    ("4 j Enter =", "="),
    ("2 j Enter v t x Esc", "= j"),
    (":", "m a n y"),
];

/// Steps for opening each screen, and for its keys.
fn steps(runs: i64) -> Vec<(u64, u64)> {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path(), &[("few", 10, 20, 10), ("many", 10, runs, 10)]);
    let of = |(there, keys): &(&str, &str)| {
        let mut stage = Stage::new(dir.path().to_owned(), (160, 45), NOW, true).unwrap();
        stage.keys(there);
        let opened = stage.steps();
        stage.keys(keys).changed();
        (opened, stage.steps() - opened)
    };
    WAYS.iter().map(of).collect()
}

#[test]
fn no_read_grows_with_the_store() {
    // More than a page of each list, and more than what is counted of runs.
    let (small, large) = (steps(3_000), steps(8_000));
    for ((way, small), large) in WAYS.iter().zip(small).zip(large) {
        println!("{way:?}: {small:?} {large:?}");
        // Failures of a longer time are more groups; nothing may be read per run.
        let fits = |a: u64, b: u64| b <= a + a / 4 + 10_000;
        assert!(fits(small.0, large.0), "{way:?} opens with {} steps, in a larger store {}", small.0, large.0);
        assert!(fits(small.1, large.1), "{way:?} keys take {} steps, in a larger store {}", small.1, large.1);
    }
}

/// What no index has is looked for in parts, newest first; each key costs the same however much there is.
#[test]
fn a_search_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path(), &[("many", 10, 4_000, 10)]);
    let mut stage = Stage::new(dir.path().to_owned(), (160, 45), NOW, true).unwrap();
    stage.keys("4 /").type_text("task:t7 dur<90s").keys("Enter");
    assert!(stage.text().contains("400 of 400+"), "{}", stage.text());
    let before = stage.steps();
    stage.keys("G");
    let more = stage.steps() - before;
    // The third page has as many rows as the two before it.
    assert!(stage.text().contains("800 of"), "{}", stage.text());
    let before = stage.steps();
    stage.keys("G");
    let again = stage.steps() - before;
    assert!(again < more * 5 / 2, "{more} steps for the second page, {again} for the third");
    // Each row once, and in order.
    let text = stage.text();
    let runs: Vec<&str> =
        text.lines().filter_map(|l| l.split_once(" S many ").or(l.split_once("> S many "))?.1.get(..11)).collect();
    assert!(runs.len() > 20 && runs.windows(2).all(|w| w[0] > w[1]), "{text}");
    // The ids of all runs are looked at once, not for each page.
    stage.keys("/ Ctrl-u").type_text("task:t7 !run:scheduled__17").keys("Enter");
    let before = stage.steps();
    stage.changed();
    let first = stage.steps() - before;
    stage.keys("G");
    let second = stage.steps() - before - first;
    println!("{first} steps for the first page, {second} for the second");
    assert!(stage.text().contains("800 of"), "{}", stage.text());
    assert!(second + 4_000 * 3 < first, "{first} steps for the first page, {second} for the second");
    // Hardly anything fits: what may is looked through, in parts; of the other tasks nothing is read.
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    let longest = "UPDATE task_instance SET end_date = start_date + 7200000000 WHERE task_id = 't7' AND run = 3900";
    assert_eq!(db.execute(longest, []).unwrap(), 1);
    dagdeck::store::seen::recount(&db).unwrap();
    stage.keys("/ Ctrl-u").type_text("task:t7 dur>1h").keys("Enter");
    assert!(stage.text().contains("1 of 4000"), "{}", stage.text());
    // What is new is found without looking through all of it again.
    let all = stage.steps();
    stage.changed();
    assert!(stage.steps() - all < 2_000_000 && stage.text().contains("1 of 40"), "{}", stage.text());
}

/// Steps of typing a filter that nothing fits, letter by letter, after what fits everything has been typed.
fn typed(runs: i64, filter: &str) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path(), &[("few", 10, 20, 10), ("many", 10, runs, 10)]);
    let mut stage = Stage::new(dir.path().to_owned(), (160, 45), NOW, true).unwrap();
    let (all, last) = filter.split_at(filter.len() - 1);
    stage.keys("4 /").type_text(all);
    let before = stage.steps();
    stage.type_text(last).keys("Enter");
    let text = stage.text();
    assert!(text.contains("none fits") && text.contains("nothing fits the filter"), "{filter}: {text}");
    stage.steps() - before
}

/// A filter that no index has and nothing fits costs a look at the runs' ids at most, not one at each task instance.
#[test]
fn what_nothing_fits_is_known_at_once() {
    for filter in
        ["dur>1h", "task:t7 dur>1h", "pool:gp", "tag:m", "owner:le", "state:skipped", "note:*x", "state:success dur<5s"]
    {
        let (small, large) = (typed(2_000, filter), typed(6_000, filter));
        println!("{filter}: {small} {large}");
        assert!(large <= small + 10_000, "{filter}: {small} steps, in a larger store {large}");
    }
    // A word may be in the id of a run: these are looked at, some steps each.
    let (small, large) = (typed(2_000, "nothing"), typed(6_000, "nothing"));
    println!("nothing: {small} {large}");
    assert!(large <= small + 4_000 * 8 + 10_000, "{small} steps, in a larger store {large}");
    // Of a thousand days each run's end is looked at, no instance.
    let (small, large) = (typed(2_000, "since:1s"), typed(6_000, "since:1s"));
    println!("since:1s: {small} {large}");
    assert!(large <= small + 4_000 * 30 + 10_000, "{small} steps, in a larger store {large}");
}

/// Steps of what is looked at in a DAG whose task has so many indexes in each of so many runs.
fn steps_of_mapped(runs: i64, indexes: i64) -> Vec<(u64, usize)> {
    let dir = mapped(runs, indexes);
    [
        "2 j Enter j",
        "2 j Enter j Right j j",
        "4 j PgDn PgDn",
        "2 j Enter j Right j j Enter ) ) x",
        "2 j Enter v t",
        "2 j Enter x",
    ]
    .iter()
    .map(|keys| {
        let mut stage = Stage::new(dir.path().to_owned(), (160, 45), NOW, true).unwrap();
        stage.keys(keys);
        let opened = stage.steps();
        let before = stage.frame();
        stage.changed().keys("j");
        let bytes = dagdeck::console::changed_bytes(&before, &stage.frame());
        (stage.steps().max(opened), bytes)
    })
    .collect()
}

/// A home with a DAG whose task has so many indexes in each of so many runs.
fn mapped(runs: i64, indexes: i64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path(), &[("few", 3, 5, 3), ("wide", 3, runs, 3)]);
    let db = rusqlite::Connection::open(dir.path().join("dagdeck.db")).unwrap();
    let many = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
        INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, priority_weight,
            start_date, end_date, rendered_map_index)
        SELECT r.id, 't1', n.i, 'success', 1, 1, 'BashOperator', 'default_pool', 1, 1, r.start_date, r.end_date, 'file ' || n.i
        FROM dag_run r CROSS JOIN n WHERE r.dag_id = 'wide'";
    db.execute("DELETE FROM task_instance WHERE task_id = 't1'", []).unwrap();
    db.execute(many, [indexes]).unwrap();
    let xcoms = "INSERT INTO xcom (run, task_id, map_index, key, value, timestamp)
        SELECT run, task_id, map_index, 'return_value', '1', 0 FROM task_instance WHERE task_id = 't1'";
    db.execute(xcoms, []).unwrap();
    dagdeck::store::seen::recount(&db).unwrap();
    dir
}

/// The list of runs takes from the writer how many instances of each run are in which state.
#[test]
fn runs_of_wide_dags_are_not_counted_again() {
    let of = |indexes| {
        let dir = mapped(150, indexes);
        let mut stage = Stage::new(dir.path().to_owned(), (160, 45), NOW, true).unwrap();
        stage.keys("1 2 1");
        let before = stage.steps();
        stage.keys("3 / w i d e Enter PgDn PgDn").changed();
        assert!(stage.text().contains(&format!(" {}S ", indexes + 2)), "{}", stage.text());
        stage.steps() - before
    };
    let (narrow, wide) = (of(3), of(200));
    println!("{narrow} {wide}");
    assert!(wide <= narrow + narrow / 4, "{narrow} steps with 3 indexes, {wide} with 200");
}

/// What is read of mapped tasks depends on the runs that are shown, not on those that are there.
#[test]
fn mapped_tasks_cost_what_is_shown_of_them() {
    let (small, large) = (steps_of_mapped(70, 100), steps_of_mapped(210, 100));
    println!("{small:?}\n{large:?}");
    for ((small, _), (large, bytes)) in small.iter().zip(&large) {
        assert!(*large <= small + small / 4 + 10_000, "{small} steps, with three times the runs {large}");
        assert!(*bytes <= 4_000, "{bytes} bytes for a key");
    }
}
