//! The scheduler killed at random instants: no try is lost, none runs twice.

use std::{collections::BTreeMap, fs, time::Duration};

use crate::support::Home;

/// Tasks of the run: two layers of half as many. Each waits until the scheduler was killed so often that the kills are
/// spread over the whole run, whatever the machine's speed, and then appends its name to a file.
fn dag_file(tasks: usize, kills: usize) -> String {
    format!(
        r#"
from datetime import datetime
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

WAIT = "until [ $(cat $OUT.kills) -ge %d ]; do sleep 0.02; done; echo %s >> $OUT"

with DAG("many", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False, max_active_tasks=16):
    for i in range({half}):
        after = (i * {kills} + {half} - 1) // {half}
        first = BashOperator(task_id=f"a{{i}}", bash_command=WAIT % (after, f"a{{i}}"), append_env=True, env={{}})
        second = BashOperator(task_id=f"b{{i}}", bash_command=WAIT % (after, f"b{{i}}"), append_env=True, env={{}})
        first >> second
"#,
        half = tasks / 2
    )
}

/// A generator of pauses that is the same in every run of the test (the instants still differ with the machine's load).
struct Pauses(u64);

impl Pauses {
    fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_micros(self.0 % 150_000)
    }
}

/// `DAGDECK_KILLS` and `DAGDECK_KILL_TASKS` make it longer (100 and 500 in the issue's words).
#[test]
fn every_side_effect_happens_exactly_once() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let (kills, tasks) = (number("DAGDECK_KILLS", 15usize), number("DAGDECK_KILL_TASKS", 120usize));
    let home = Home::with_files(&[("many.py", &dag_file(tasks, kills))]);
    let out = home.path().join("effects");
    let start = |home: &Home| home.start_with(&[("OUT", out.to_str().unwrap())]);
    let killed = |times: usize| fs::write(home.path().join("effects.kills"), times.to_string()).unwrap();
    start(&home);
    killed(0);
    home.run(&["dags", "trigger", "many", "-r", "r1"]).ok();
    let mut pauses = Pauses(0x9e37_79b9_7f4a_7c15);
    let mut while_running = 0;
    for time in 1..=kills {
        std::thread::sleep(pauses.next());
        home.kill_scheduler();
        while_running += usize::from(!["success", "failed"].contains(&home.show("many", "r1").state()));
        start(&home);
        killed(time);
    }
    assert_eq!(while_running, kills, "every kill has to hit an unfinished run");
    let run = home.wait("many", "r1");
    assert_eq!(run.state(), "success", "{run:#?}");
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for line in fs::read_to_string(&out).unwrap().lines() {
        *seen.entry(line.to_string()).or_default() += 1;
    }
    let twice: Vec<_> = seen.iter().filter(|(_, n)| **n != 1).collect();
    assert!(twice.is_empty(), "ran more than once: {twice:?}");
    assert_eq!(seen.len(), tasks);
    let tries = run.0["tries"].as_array().unwrap();
    assert_eq!(tries.len(), tasks, "every task has one try");
    assert!(tries.iter().all(|t| t["state"] == "success" && t["try_number"] == 1));
}
