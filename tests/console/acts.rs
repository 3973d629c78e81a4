//! What a person can do in the console: the keys, and how the store shows that it was done.

pub const STILL: &str = "[dag]\nis_paused_upon_creation = false\nmax_active_runs = 20\n\n\
    [tasks.bad]\noperator = \"bash\"\nbash_command = \"echo it broke; exit 1\"\n\n\
    [tasks.after]\noperator = \"empty\"\ndepends = [\"bad\"]\n\n\
    [tasks.g.one]\noperator = \"bash\"\nbash_command = \"exit 3\"\n\n[tasks.g.two]\noperator = \"bash\"\nbash_command = \"exit 3\"\n\n\
    [tasks.gives]\noperator = \"bash\"\nbash_command = \"echo 7\"\n";
pub const DAYS: &str = "[dag]\nschedule = \"@daily\"\nstart_date = 2026-01-01\n\n[tasks.a]\noperator = \"empty\"\n";
pub const QUIET: &str = "[dag]\nis_paused_upon_creation = false\n\n[tasks.a]\noperator = \"empty\"\n";

/// The arrow to the right.
pub const RIGHT: &str = "\x1b[C";

/// An act of a person.
pub struct Act {
    pub name: &'static str,
    /// The object that the console opens with; none: the first screen.
    pub at: &'static str,
    /// Keys, and what the screen shows then.
    pub steps: &'static [(&'static str, &'static str)],
    /// The keys that do it.
    pub last: &'static str,
    /// Its name in the audit log.
    pub action: &'static str,
    /// How many rows of the audit log are of it: a form may be several plans.
    pub plans: i64,
    /// Held for ten seconds first.
    pub is_held: bool,
    /// Asks the store how often it was done.
    pub done: &'static str,
}

pub const CLEAR: Act = Act {
    name: "clear",
    at: "still/r1/bad",
    steps: &[("C", "[ Clear 2 ]"), (RIGHT, ">[ Clear 2 ]<")],
    last: "\r",
    action: "clear",
    plans: 1,
    is_held: true,
    done: "SELECT clear_number * (SELECT count(*) = 2 FROM task_instance WHERE run = r.id AND state = 'none') FROM dag_run r
        WHERE run_id = 'r1'",
};

pub const TAKE_BACK: Act = Act {
    name: "take back",
    at: "",
    steps: &[("U", "[ Take back: 2 ]"), (RIGHT, ">[ Take back: 2 ]<")],
    last: "\r",
    action: "plan_revert",
    plans: 1,
    is_held: true,
    done: "SELECT count(*) FROM task_instance t JOIN dag_run r ON r.id = t.run WHERE r.run_id = 'r7' AND task_id = 'bad' AND t.state = 'failed'",
};

pub const ACTS: &[Act] = &[
    Act {
        name: "trigger",
        at: "still",
        steps: &[("T", "[ Trigger ]"), (RIGHT, ">[ Trigger ]<")],
        last: "\r",
        action: "trigger",
        plans: 1,
        is_held: false,
        done: "SELECT count(*) FROM dag_run WHERE dag_id = 'still' AND state = 'queued'",
    },
    Act {
        name: "pause",
        at: "quiet",
        steps: &[],
        last: "P",
        action: "pause",
        plans: 1,
        is_held: false,
        done: "SELECT is_paused FROM dag WHERE dag_id = 'quiet'",
    },
    CLEAR,
    Act {
        name: "mark success",
        at: "still/r2/bad",
        steps: &[("M", "success"), ("s", "[ Mark 2 ]"), (RIGHT, ">[ Mark 2 ]<")],
        last: "\r",
        action: "mark_success",
        plans: 1,
        is_held: true,
        done: "SELECT count(*) FROM task_instance b JOIN task_instance a ON a.run = b.run JOIN dag_run r ON r.id = b.run
            WHERE r.run_id = 'r2' AND b.task_id = 'bad' AND b.state = 'success' AND a.task_id = 'after' AND a.state = 'none'",
    },
    Act {
        name: "mark failed",
        at: "still/r3/gives",
        steps: &[("M", "success"), ("f", "[ Mark 1 ]"), (RIGHT, ">[ Mark 1 ]<")],
        last: "\r",
        action: "mark_failed",
        plans: 1,
        is_held: true,
        done: "SELECT count(*) FROM task_instance WHERE task_id = 'gives' AND state = 'failed'",
    },
    Act {
        name: "mark skipped",
        at: "still/r4/gives",
        steps: &[("M", "success"), ("k", "[ Mark 1 ]"), (RIGHT, ">[ Mark 1 ]<")],
        last: "\r",
        action: "mark_skipped",
        plans: 1,
        is_held: true,
        done: "SELECT count(*) FROM task_instance WHERE task_id = 'gives' AND state = 'skipped'",
    },
    Act {
        name: "run state",
        at: "",
        steps: &[("3", " runs "), ("/\x15run:r5\r", "/ run:r5"), ("M", "success"), ("s", "[ Mark 1 ]"), (RIGHT, ">[ Mark 1 ]<")],
        last: "\r",
        action: "set_run_state",
        plans: 1,
        is_held: true,
        done: "SELECT count(*) FROM dag_run WHERE run_id = 'r5' AND state = 'success'",
    },
    Act {
        name: "backfill",
        at: "days",
        steps: &[("B", "[ Start 5 ]"), (RIGHT, ">[ Start 5 ]<")],
        last: "\r",
        action: "backfill_create",
        plans: 1,
        is_held: true,
        done: "SELECT count(*) * (SELECT count(*) = 5 FROM dag_run WHERE dag_id = 'days') FROM backfill",
    },
    Act {
        name: "edit a pool",
        at: "",
        steps: &[(":pool gpu", "pool gpu"), ("\r", "POOL"), ("E", "Edit pool gpu"), ("\x159", "set gpu 9"), ("\t\t\t\t", ">[ Save ]<")],
        last: "\r",
        action: "pool_set",
        plans: 1,
        is_held: false,
        done: "SELECT count(*) FROM pool WHERE name = 'gpu' AND slots = 9",
    },
    Act {
        name: "edit a variable",
        at: "",
        steps: &[(":gate", "gate"), ("\r", "VARIABLE"), ("E", "Edit variable gate"), ("\x159", "set gate 9"), ("\t\t\t", ">[ Save ]<")],
        last: "\r",
        action: "variable_set",
        plans: 1,
        is_held: false,
        done: "SELECT count(*) FROM variable WHERE key = 'gate' AND value = '9'",
    },
    Act {
        name: "edit an XCom",
        at: "still/r6",
        steps: &[("Gx", "return_value"), ("E", "Edit XCom"), ("\x1599", "[99"), ("\t\t", ">[ Save ]<")],
        last: "\r",
        action: "xcom_set",
        plans: 1,
        is_held: true,
        done: "SELECT count(*) FROM xcom WHERE value = '99'",
    },
    Act {
        name: "clear a group of failures",
        at: "",
        steps: &[("1", " triage "), ("/\x15task:g.*\r", " / task:g.*"), ("C", "g.one selected"), ("", "[ Clear 16 ]"), (RIGHT, ">[ Clear 16 ]<")],
        last: "\r",
        action: "clear",
        plans: 8,
        is_held: true,
        done: "SELECT count(*) = 16 FROM task_instance WHERE run <= 8 AND task_id LIKE 'g.%' AND state = 'none'",
    },
];
