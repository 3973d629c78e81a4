//! A home as an engine might have left it, without an engine: schema, DAGs, runs, tries, logs.

use std::{fs, path::Path};

use rusqlite::{Connection, params};
use serde_json::{Value, json};

/// 2026-11-16 04:18:00 UTC.
pub const NOW: i64 = 1_794_802_680_000_000;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Builds the home.
pub fn build(home: &Path) {
    fs::create_dir_all(home).unwrap();
    drop(dagdeck::store::Store::open(&home.join("dagdeck.db")).unwrap());
    let mut conn = Connection::open(home.join("dagdeck.db")).unwrap();
    let tx = conn.transaction().unwrap();
    churn(&tx, home);
    simple(&tx);
    assets(&tx);
    progress(home);
    tx.execute(
        "INSERT INTO dag_file VALUES ('/dags/churn_v2.py', 'h', 0, 10, ?1, 0.21, ?2)",
        params![
            NOW,
            json!([{"severity": "error", "file": "/dags/churn_v2.py", "line": 41, "column": 5,
                "message": "name 'k8s' is not defined", "hint": "import it: from kubernetes.client import models as k8s",
                "stack_trace": "Traceback (most recent call last):\n  File \"churn_v2.py\", line 41, in <module>\nNameError: name 'k8s' is not defined"}])
            .to_string()
        ],
    )
    .unwrap();
    tx.execute("INSERT INTO pool VALUES ('gpu', 8, 'GPU slots', 0)", []).unwrap();
    tx.execute(
        "INSERT INTO audit (at, who, via, action, target, command, result, dag_id, run_ids, tasks) VALUES (?1, 'lee', 'tui', 'clear',
         'churn_train scheduled__2026-11-16T02:00:00+00:00', 'dagdeck tasks clear ..', 'ok', 'churn_train',
         '[\"scheduled__2026-11-16T02:00:00+00:00\"]', '[\"train_with_hp[3]\"]')",
        [NOW - 3600 * SECOND],
    )
    .unwrap();
    dagdeck::store::seen::recount(&tx).unwrap();
    tx.commit().unwrap();
}

fn task(id: &str, group: Option<&str>, up: &[&str]) -> (String, Value) {
    let task = json!({"task_id": id, "operator": "_PythonDecoratedOperator", "task_group": group, "upstream_task_ids": up,
        "retries": 2, "pool": if id.contains("train") { "gpu" } else { "default_pool" }, "owner": "ml-plt"});
    (id.to_owned(), task)
}

fn dag(tx: &Connection, definition: &Value, schedule: &str, paused: bool, next: Option<i64>) -> i64 {
    let id = definition["dag_id"].as_str().unwrap();
    tx.execute(
        "INSERT INTO dag_version (dag_id, number, hash, definition, source, created_at) VALUES (?1, 37, 'h', ?2, '', ?3)",
        params![id, definition.to_string(), NOW - 8 * DAY],
    )
    .unwrap();
    let version = tx.last_insert_rowid();
    tx.execute(
        "INSERT INTO dag (dag_id, fileloc, is_paused, version_id, timetable_summary, timetable_class, description, owners, tags,
            next_run_after, first_seen, last_parsed) VALUES (?1, ?2, ?3, ?4, ?5, 'Cron', ?6, 'ml-plt', ?7, ?8, 0, ?9)",
        params![
            id,
            format!("/dags/{id}.py"),
            paused,
            version,
            schedule,
            definition["description"].as_str(),
            definition["tags"].to_string(),
            next,
            NOW
        ],
    )
    .unwrap();
    version
}

struct Run<'a> {
    dag: &'a str,
    at: i64,
    state: &'a str,
    start: i64,
    end: Option<i64>,
    version: i64,
}

fn run(tx: &Connection, r: &Run<'_>) -> i64 {
    let date = jiff::Timestamp::from_microsecond(r.at).unwrap().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    tx.execute(
        "INSERT INTO dag_run (dag_id, run_id, state, run_type, triggered_by, logical_date, run_after, queued_at, start_date, end_date,
            conf, dag_version) VALUES (?1, ?2, ?3, 'scheduled', 'timetable', ?4, ?4, ?5, ?5, ?6, '{}', ?7)",
        params![r.dag, format!("scheduled__{date}"), r.state, r.at, r.start, r.end, r.version],
    )
    .unwrap();
    tx.last_insert_rowid()
}

struct Ti<'a> {
    run: i64,
    task: &'a str,
    index: i32,
    state: &'a str,
    start: i64,
    seconds: i64,
    tries: u32,
    why: Option<(&'a str, &'a str)>,
}

fn ti(tx: &Connection, t: &Ti<'_>) {
    let end = t.start + t.seconds * SECOND;
    let ran = !matches!(t.state, "upstream_failed" | "skipped" | "none" | "scheduled");
    let done = !matches!(t.state, "running" | "none" | "scheduled");
    tx.execute(
        "INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots, priority_weight,
            rendered_map_index, queued_when, scheduled_when, start_date, end_date, duration, hostname, pid, wake_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 2, '_PythonDecoratedOperator', ?6, 1, 1, ?7, ?8, ?9, ?10, ?11, ?12, 'box', 4242, ?13)",
        params![
            t.run,
            t.task,
            t.index,
            t.state,
            if ran { t.tries } else { 0 },
            if t.task.contains("train") { "gpu" } else { "default_pool" },
            (t.index >= 0).then(|| format!("lr=1e-{} b64", 3 + t.index / 2)),
            ran.then_some(t.start - 2 * SECOND),
            ran.then_some(t.start - 30 * SECOND),
            ran.then_some(t.start),
            (done && (ran || t.state != "none")).then_some(end),
            ran.then_some(t.seconds as f64),
            (t.state == "up_for_retry").then_some(NOW + 360 * SECOND),
        ],
    )
    .unwrap();
    if ran {
        for n in 1..=t.tries {
            let last = n == t.tries;
            let state = if last { t.state } else { "up_for_retry" };
            let start = t.start - i64::from(t.tries - n) * (t.seconds + 60) * SECOND;
            tx.execute(
                "INSERT INTO try VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 4242, 'box', ?8, ?9, NULL, NULL, ?10)",
                params![
                    t.run,
                    t.task,
                    t.index,
                    n,
                    state,
                    start,
                    (state != "running").then_some(start + t.seconds * SECOND),
                    t.why.map(|_| "signal"),
                    t.why.map(|w| w.0),
                    t.why.map(|w| w.1)
                ],
            )
            .unwrap();
        }
    } else if let Some((why, fingerprint)) = t.why {
        tx.execute(
            "INSERT INTO cause VALUES (?1, ?2, ?3, 'upstream', ?4, NULL, NULL, ?5)",
            params![t.run, t.task, t.index, why, fingerprint],
        )
        .unwrap();
    }
}

/// A weekly training DAG with a group and a mapped task, whose last two runs failed at one map index.
fn churn(tx: &Connection, home: &Path) {
    let tasks: serde_json::Map<String, Value> = [
        task("wait_for_data", None, &[]),
        task("prep.validate", Some("prep"), &["wait_for_data"]),
        task("prep.features", Some("prep"), &["prep.validate"]),
        {
            let (id, mut t) = task("train_with_hp", None, &["prep.features"]);
            t["expand"] = json!({"kind": "expand", "args": {"hp": [1, 2, 3, 4]}});
            (id, t)
        },
        task("select_best", None, &["train_with_hp"]),
        task("deploy", None, &["prep.features", "select_best"]),
    ]
    .into_iter()
    .collect();
    let definition = json!({"dag_id": "churn_train", "description": "Weekly retraining of the churn model", "tags": ["ml", "prod"],
        "doc_md": "# Churn\nTrains the **model** of the week; see [the runbook](https://wiki/churn).\n\n- on call: `#ml-oncall`\n- gate: variable `gate_min_gain`\n\n```\ndagdeck dags trigger churn_train\n```\n",
        "tasks": tasks, "children": ["wait_for_data", "prep", "train_with_hp", "select_best", "deploy"],
        "task_groups": {"prep": {"group_id": "prep", "children": ["prep.validate", "prep.features"]}},
        "params": {"epochs": {"value": 100, "schema": {"type": "integer", "minimum": 1, "maximum": 500}, "description": "passes over the data"},
            "batch_size": {"value": 64, "schema": {"enum": [32, 64, 128]}},
            "experiment": {"value": "churn_wk", "schema": {"type": "string"}},
            "dry_run": {"value": false, "schema": {"type": "boolean"}}}});
    let version = dag(tx, &definition, "0 2 * * 1", false, Some(NOW + 6 * DAY + 21 * 3600 * SECOND));
    let source = |memory: &str| {
        format!(
            "from airflow.sdk import dag, task\n\nGATE = Variable.get(\"gate_min_gain\")\n\n@task(pool=\"gpu\")\n\
             def train_with_hp(hp):\n    return fit(hp, memory=\"{memory}\")\n"
        )
    };
    tx.execute("UPDATE dag_version SET source = ?1 WHERE id = ?2", params![source("48Gi"), version]).unwrap();
    let mut before = definition.clone();
    before["tasks"]["train_with_hp"]["retries"] = json!(5);
    tx.execute(
        "INSERT INTO dag_version (dag_id, number, hash, definition, source, created_at) VALUES ('churn_train', 36, 'g', ?1, ?2, ?3)",
        params![before.to_string(), source("64Gi"), NOW - 100 * DAY],
    )
    .unwrap();
    let older = tx.last_insert_rowid();
    tx.execute(
        "INSERT INTO variable VALUES ('gate_min_gain', '0.005', 'least gain over the champion', ?1)",
        [NOW - 3 * DAY],
    )
    .unwrap();
    tx.execute(
        "INSERT INTO connection VALUES ('mlflow', 'http', 'model registry', 'mlflow.internal', 'svc', 's3cret', 8080, NULL, NULL, ?1)",
        [NOW - 40 * DAY],
    )
    .unwrap();
    tx.execute(
        "INSERT INTO audit (at, who, via, action, target, before, after, command, result) VALUES (?1, 'raj', 'cli', 'variable_set',
         'gate_min_gain', '0.001', '0.005', 'dagdeck variables set gate_min_gain 0.005', 'ok')",
        [NOW - 3 * DAY],
    )
    .unwrap();
    let oom = ("killed by SIGKILL: out of memory at epoch 18 of 100", "00aa00aa00aa00aa");
    for week in (0..13).rev() {
        let at = NOW - (4 * 3600 + 18 * 60) * SECOND + 2 * 3600 * SECOND - week * 7 * DAY;
        let bad = week < 2;
        let length = if bad { 8040 } else { 5400 + week * 60 };
        let r = run(
            tx,
            &Run {
                dag: "churn_train",
                at,
                state: if bad { "failed" } else { "success" },
                start: at,
                end: Some(at + length * SECOND),
                version: if bad { version } else { older },
            },
        );
        let ok = |task, index, offset: i64, seconds| {
            ti(
                tx,
                &Ti {
                    run: r,
                    task,
                    index,
                    state: "success",
                    start: at + offset * SECOND,
                    seconds,
                    tries: 1,
                    why: None,
                },
            );
        };
        ok("wait_for_data", -1, 5, 600);
        ok("prep.validate", -1, 620, 300);
        ok("prep.features", -1, 930, 900);
        for index in 0..4 {
            if bad && index == 3 {
                ti(
                    tx,
                    &Ti {
                        run: r,
                        task: "train_with_hp",
                        index,
                        state: "failed",
                        start: at + 6700 * SECOND,
                        seconds: 1264,
                        tries: 3,
                        why: Some(oom),
                    },
                );
            } else {
                ok("train_with_hp", index, 1850, 3000 + i64::from(index) * 100);
            }
        }
        for task in ["select_best", "deploy"] {
            if bad {
                let why = ("train_with_hp[3] failed and the rule is all_success", "bb");
                ti(
                    tx,
                    &Ti {
                        run: r,
                        task,
                        index: -1,
                        state: "upstream_failed",
                        start: at + 8030 * SECOND,
                        seconds: 0,
                        tries: 0,
                        why: Some(why),
                    },
                );
            } else {
                ok(task, -1, 5300, 60);
            }
        }
        tx.execute(
            "INSERT INTO xcom VALUES (?1, 'train_with_hp', 2, 'return_value', ?2, ?3, 'task', NULL)",
            params![
                r,
                json!({"accuracy": if week == 0 { 0.9487 } else { 0.9431 }, "loss": 0.0312, "model_path": "s3://ml-models/churn/2"}).to_string(),
                at
            ],
        )
        .unwrap();
        tx.execute(
            "INSERT INTO xcom VALUES (?1, 'prep.validate', -1, 'rows', '212000', ?2, 'task', NULL)",
            params![r, at],
        )
        .unwrap();
        tx.execute(
            "INSERT INTO rendered_fields VALUES (?1, 'train_with_hp', 3, ?2)",
            params![
                r,
                json!({"op_kwargs": {"lr": "1e-4", "batch": 64}, "bash_command": "train --date 2026-11-16\necho done"})
                    .to_string()
            ],
        )
        .unwrap();
        if week == 0 {
            log(home, "churn_train", at);
        }
    }
}

/// The failed try's log: info, a warning, an error with a traceback, and something that would drive a terminal.
fn log(home: &Path, dag: &str, at: i64) {
    let date = jiff::Timestamp::from_microsecond(at).unwrap().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    let dir = home.join(format!("logs/dag_id={dag}/run_id=scheduled__{date}/task_id=train_with_hp/map_index=3"));
    fs::create_dir_all(&dir).unwrap();
    let start = at + 6700 * SECOND;
    let stamp = |s: i64| jiff::Timestamp::from_microsecond(start + s * SECOND).unwrap().to_string();
    let mut text = String::new();
    let mut line = |s: i64, level: &str, event: &str| {
        text.push_str(&json!({"timestamp": stamp(s), "level": level, "event": event, "logger": "task"}).to_string());
        text.push('\n');
    };
    for epoch in 1..=18 {
        line(epoch * 60, "info", &format!("epoch {epoch}/100 loss 0.{} acc 0.88 gpu 97% 38.1GiB", 4000 - epoch * 100));
    }
    line(
        1240,
        "warning",
        "\u{1b}[33mDataLoader worker 3 RSS 11.2GiB\u{1b}[0m, prefetch_factor=16 \u{1b}]0;pwned\u{7}and the machine has only 48 GiB of memory for all of its workers together",
    );
    line(1263, "error", "DataLoader worker (pid 214) is killed by signal: Killed.");
    text.push_str(
        &json!({"timestamp": stamp(1263), "level": "error", "event": "Task failed", "logger": "task", "error_detail": [
            {"exc_type": "RuntimeError", "exc_value": "DataLoader worker exited unexpectedly", "frames": [
                {"filename": "train.py", "lineno": 212, "name": "fit"}]}]})
        .to_string(),
    );
    text.push('\n');
    fs::write(dir.join("attempt=3.log"), text).unwrap();
    fs::write(dir.join("attempt=2.log"), "a plain line\n").unwrap();
    // Another index, which was done an hour earlier.
    let other = dir.parent().unwrap().join("map_index=0");
    fs::create_dir_all(&other).unwrap();
    let mut lines = String::new();
    for (s, text) in [(0, "epoch 1/100"), (120, "epoch 2/100"), (1262, "saved the model of index 0")] {
        lines.push_str(&json!({"timestamp": stamp(s), "level": "info", "event": text}).to_string());
        lines.push('\n');
    }
    fs::write(other.join("attempt=1.log"), lines).unwrap();
    // The same index a fortnight before, when it worked.
    let date =
        jiff::Timestamp::from_microsecond(at - 14 * DAY).unwrap().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    let dir = home.join(format!("logs/dag_id={dag}/run_id=scheduled__{date}/task_id=train_with_hp/map_index=3"));
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("attempt=1.log"), "epoch 17/100 loss 0.2300 acc 0.88 gpu 97% 38.1GiB\nsaved the model\n")
        .unwrap();
}

/// A data set that is late, one that feeds it, and one that was never updated.
fn assets(tx: &Connection) {
    for (id, name, uri, group) in [
        (1, "s3://ml-datasets/daily", "s3://ml-datasets/daily", "asset"),
        (2, "churn_prediction", "model:churn_prediction", "model"),
        (3, "features", "table:features.churn", "asset"),
    ] {
        tx.execute("INSERT INTO asset VALUES (?1, ?2, ?3, ?4, '{}', 1, 0, 0)", params![id, name, uri, group]).unwrap();
    }
    let (daily, model, features) = (
        ("s3://ml-datasets/daily", "s3://ml-datasets/daily"),
        ("churn_prediction", "model:churn_prediction"),
        ("features", "table:features.churn"),
    );
    for (dag, role, task, of) in [
        ("ctr_daily", "outlet", "report", daily),
        ("churn_train", "inlet", "train_with_hp", daily),
        ("churn_train", "outlet", "train_with_hp", model),
        ("embed_refresh", "schedule", "", model),
        ("embed_refresh", "outlet", "load", features),
    ] {
        tx.execute(
            "INSERT INTO asset_reference VALUES (?1, ?2, ?3, 'asset', ?4, ?5, 0, 0)",
            params![dag, role, task, of.0, of.1],
        )
        .unwrap();
    }
    for (asset, dag, task, every, last) in
        [(1, "ctr_daily", "report", DAY, 3 * 3600), (2, "churn_train", "train_with_hp", 7 * DAY, 14 * 24 * 3600)]
    {
        for n in 0..5 {
            let at = NOW - last * SECOND - n * every;
            let date = jiff::Timestamp::from_microsecond(at).unwrap().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
            tx.execute(
                "INSERT INTO asset_event (asset, timestamp, extra, source_dag_id, source_run_id, source_task_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![asset, at, json!({"rows": 212_000 - n}).to_string(), dag, format!("scheduled__{date}"), task],
            )
            .unwrap();
        }
    }
    tx.execute("INSERT INTO asset_queue VALUES ('embed_refresh', 2, ?1)", [NOW]).unwrap();
}

/// The log of the instance that runs says how far it is.
fn progress(home: &Path) {
    let at = NOW - 2 * 3600 * SECOND;
    let date = jiff::Timestamp::from_microsecond(at).unwrap().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    let dir = home.join(format!("logs/dag_id=ctr_daily/run_id=scheduled__{date}/task_id=load"));
    fs::create_dir_all(&dir).unwrap();
    let line = |n: u32| json!({"level": "info", "event": format!("::progress:: {n}/50")}).to_string() + "\n";
    fs::write(dir.join("attempt=1.log"), line(1) + &line(34)).unwrap();
}

/// Small DAGs: fine, running, waiting for a retry, paused, never run, overdue.
fn simple(tx: &Connection) {
    for (id, schedule, paused, next, last) in [
        ("ctr_daily", "@daily", false, Some(NOW + 20 * 3600 * SECOND), "running"),
        ("embed_refresh", "None", false, None, "success"),
        ("fraud_hpo", "@weekly", false, Some(NOW + 4 * DAY), "retry"),
        ("late_one", "@hourly", false, Some(NOW - 38 * 60 * SECOND), "success"),
        ("new_one", "@daily", false, Some(NOW + 20 * 3600 * SECOND), ""),
        ("old_backtests", "@daily", true, Some(NOW - 41 * DAY), "success"),
    ] {
        let definition = json!({"dag_id": id, "tags": [if id == "ctr_daily" { "ads" } else { "misc" }],
            "tasks": {"load": task("load", None, &[]).1, "report": task("report", None, &["load"]).1}, "children": ["load", "report"]});
        let version = dag(tx, &definition, schedule, paused, next);
        if last.is_empty() {
            continue;
        }
        for n in (0..20).rev() {
            let at = NOW - 2 * 3600 * SECOND - n * DAY - if paused { 41 * DAY } else { 0 };
            let newest = n == 0 && last != "success";
            let r = run(
                tx,
                &Run {
                    dag: id,
                    at,
                    state: if newest { "running" } else { "success" },
                    start: at + SECOND,
                    end: (!newest).then_some(at + 1980 * SECOND),
                    version,
                },
            );
            let one = |task, state, offset: i64, seconds, why| {
                ti(
                    tx,
                    &Ti {
                        run: r,
                        task,
                        index: -1,
                        state,
                        start: at + offset * SECOND,
                        seconds,
                        tries: if state == "up_for_retry" { 2 } else { 1 },
                        why,
                    },
                );
            };
            match (newest, last) {
                (true, "running") => {
                    one("load", "running", 60, 0, None);
                    one("report", "none", 0, 0, None);
                }
                (true, _) => {
                    one("load", "up_for_retry", 6000, 660, Some(("pod evicted (spot node went away)", "cc")));
                    one("report", "none", 0, 0, None);
                }
                _ => {
                    one("load", "success", 5, 1800, None);
                    one("report", "success", 1810, 100, None);
                }
            }
        }
    }
}

/// Leaves the home where a developer wants it: `DAGDECK_SAMPLE_HOME=/tmp/h cargo test --test main sample_home`.
#[test]
fn sample_home() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = std::env::var_os("DAGDECK_SAMPLE_HOME").map(std::path::PathBuf::from);
    let home = wanted.unwrap_or_else(|| dir.path().join("home"));
    build(&home);
    assert!(home.join("dagdeck.db").exists());
}
