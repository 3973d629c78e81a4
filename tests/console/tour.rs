//! The tour in docs/TOUR.md shows frames that the console really draws.

use std::{fs, path::Path};

use super::screens::stage;

/// Title, what to know, the keys from the start, and what is typed after them.
const STOPS: &[(&str, &str, &str)] = &[
    (
        "What needs you",
        "The console opens on what needs a person: failures grouped by cause, files that don't import, runs that are late, tasks \
         that ask. `Enter` opens, `A` acknowledges, `H` claims, `Z` silences, `N` notes.",
        "",
    ),
    (
        "The log line of the newest failure",
        "`Enter` on a failure opens its log at the end, with the cause above it. `]` and `[` jump from error to error, `/` finds, `&` shows \
         only lines with a text, `!` only warnings and errors.",
        "Enter",
    ),
    (
        "Why, and what changed",
        "`b` says why it failed or why it isn't running: what is above it, who holds the slots of its pool, and what changed since \
         it last worked.",
        "Enter b",
    ),
    (
        "Two tries beside each other",
        "`=` compares the try with the last time it worked; again with the run before, and with the try before. `!` leaves only \
         what differs.",
        "Enter = !",
    ),
    (
        "Repeating work",
        "`C` clears with all below it, `R` retries exactly this. The plan is shown first; the focus is on Cancel. What is started is \
         held for ten seconds, and `U` takes it back; later, `U` offers the plan that reverses it.",
        "Enter C",
    ),
    ("DAGs", "`2` lists the DAGs with their last runs. `P` pauses at once, `T` triggers, `B` backfills.", "2"),
    (
        "The grid",
        "`Enter` on a DAG shows its runs and tasks; `]` goes to the next failed cell. `v t` is the timeline, `v c` the calendar, `v h` the \
         versions.",
        "2 Enter j j j j Enter ]",
    ),
    (
        "The diagram",
        "`v d` draws what waits for what, with the states of the run and the way to the cursor. `-` and `+` fold groups, `<` and `>` show only \
         what is above or below, `!` only what failed.",
        "2 Enter ] v d",
    ),
    (
        "Several logs as one",
        "`o` on a mapped task shows the logs of all its indexes in the order of their times; so it does on marked instances.",
        "2 Enter j j j j o",
    ),
    ("What a DAG is for", "`d` on a DAG shows its documentation and its settings.", "2 d"),
    ("What changed in the code", "`v h` lists the versions of a DAG, with what changed in each.", "2 v h"),
    (
        "What passed between the tasks",
        "`x` shows the XComs of a run; `=` compares them with those of the run before.",
        "2 Enter v t x Esc = G",
    ),
    ("Pools, connections, variables", "`8` shows them with who holds slots and which DAGs name them.", "8"),
    (
        "Assets",
        "`7` shows how fresh they are, who makes and follows them. `Enter` opens the instance that updated one last.",
        "7",
    ),
    ("Who did what", "`9` is the audit; `g a` on any object shows what was done to it.", "9"),
];

/// The same in a home where tasks run in pods.
const POD_STOPS: &[(&str, &str, &str)] = &[
    (
        "Pods",
        "`6` shows the pods that are there, with `+` also those that are gone, and how their clusters are. `s` groups them by DAG, \
         node, phase and namespace.",
        "6",
    ),
    (
        "One pod",
        "`e` on a task instance is its pod, also when it is gone: its life, what it asked for and used, what differs from the last \
         success, containers and events. `S` is a shell in it while it runs, `d` what was sent, `=` what differs, `D` deletes it.",
        "e",
    ),
];

/// What people on call do, and the keys for it.
const SHORT: &[(&str, &str)] = &[
    ("find the log line of the newest failure", "`Enter`"),
    ("say why a queued task waits", "`4`, go to it, `b`"),
    ("clear a failed task with its downstream", "`C Right Enter`"),
    ("retry one mapped index", "`R Right Enter`"),
    ("mark a task success", "`M s Right Enter`"),
    ("backfill five days", "`2`, go to the DAG, `B Right Enter`"),
    ("pause a DAG", "`2`, go to it, `P`"),
    ("read an XCom and compare it with the previous run's", "`x`, go to it, `=`"),
    ("compare two tries", "`Enter =`; `=` again takes the run before, then the try before"),
    ("see who cleared this and when", "`g a`"),
    ("see a pod's events", "`e`"),
    ("stop a running task", "`4`, go to it, `K Right Enter`"),
];

/// `UPDATE_DOCS=1` writes the tour anew.
#[test]
fn the_tour_shows_real_frames() {
    let mut text = "# A tour of the console\n\nEvery picture is a frame that the console drew, 80 columns by 24 rows, over the store that its \
         tests use. `?` lists the keys of a screen, `:` finds everything by name.\n"
        .to_owned();
    let with_pods = POD_STOPS.iter().map(|stop| (stop, true));
    for ((title, about, keys), has_pods) in STOPS.iter().map(|stop| (stop, false)).chain(with_pods) {
        let (_dir, mut stage) = if has_pods { super::pods::stage((80, 24)) } else { stage((80, 24)) };
        stage.keys(keys);
        let typed = if keys.is_empty() { "the start".to_owned() } else { format!("`{keys}`") };
        let frame: String = stage.text().lines().map(|line| format!("{}\n", line.trim_end())).collect();
        text.push_str(&format!("\n## {title}\n\n{about}\n\nKeys: {typed}\n\n```text\n{frame}```\n"));
    }
    text.push_str("\n## With a few keys from the first screen\n\nKeys that go to an object aren't counted. `oncall.rs` of the tests presses them.\n\n| to do | keys |\n|---|---|\n");
    for (what, keys) in SHORT {
        text.push_str(&format!("| {what} | {keys} |\n"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/TOUR.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
        return;
    }
    let shown = fs::read_to_string(&path).unwrap_or_default();
    assert!(shown == text, "UPDATE_DOCS=1 cargo test the_tour writes docs/TOUR.md anew");
}
