//! A home with one DAG, a finished and a waiting run, made without running anything.

use std::{cell::RefCell, ffi::OsString, fs, io::Write, path::PathBuf, rc::Rc, sync::Arc};

use dagdeck::{
    cli::{self, Invocation, Shell},
    model::{Dag, DagVersionId},
    store::{
        Store,
        dag::{ParsedDag, ParsedFile, register},
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The one JSON document on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e} in {self:?}"))
    }
}

/// A home in a temporary folder.
pub struct Home {
    pub dir: TempDir,
}

#[derive(Clone, Default)]
struct Captured(Rc<RefCell<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Home {
    /// A home whose DAG folder is empty.
    pub fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("dags")).unwrap();
        Self { dir }
    }

    /// The DAG `churn` with run `done` (failed) and run `next` (queued), pools, a variable and a connection.
    pub fn with_runs() -> Self {
        let home = Self::empty();
        let mut store = Store::open(&home.path().join("dagdeck.db")).unwrap();
        home.add_dag(&mut store);
        store
            .transaction(|tx| {
                tx.execute_batch(RUNS).unwrap();
                Ok(())
            })
            .unwrap();
        home.write_logs();
        home
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().to_path_buf()
    }

    fn add_dag(&self, store: &mut Store) {
        let file = self.path().join("dags/churn.py");
        fs::write(&file, "# the DAG churn\n").unwrap();
        let (mtime, size) = dagdeck::processor::stamp(&file, &dagdeck::config::Settings::default()).unwrap();
        let fileloc = file.to_string_lossy().into_owned();
        let task = |id: &str, above: &[&str], more: Value| {
            let mut task = json!({"task_id": id, "operator": "_PythonDecoratedOperator", "upstream_task_ids": above,
                "template_fields": ["op_args", "op_kwargs", "templates_dict"]});
            task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            (id.to_owned(), task)
        };
        let tasks: serde_json::Map<String, Value> = [
            task("gate", &[], json!({"operator": "BranchPythonOperator", "retries": 1})),
            task("train", &["gate"], json!({"pool": "gpu", "pool_slots": 2})),
            task("notify", &["train"], json!({"trigger_rule": "all_done"})),
        ]
        .into_iter()
        .collect();
        let mut dag: Dag = serde_json::from_value(json!({
            "dag_id": "churn", "fileloc": fileloc, "tags": ["ml", "prod"], "tasks": tasks,
            "schedule": {"kind": "cron", "expression": "0 6 * * *", "timezone": "UTC"},
            "start_date": "2026-01-01T00:00:00Z", "catchup": true, "max_active_runs": 1,
            "children": ["gate", "train", "notify"], "params": {"epochs": {"value": 3, "schema": {"type": "integer"}}},
            "warnings": [{"severity": "warning", "file": fileloc, "line": 3, "message": "schedule_interval is schedule now"}],
        }))
        .unwrap();
        dag.link();
        let parsed =
            ParsedDag { dag, timetable_summary: "0 6 * * *".into(), timetable_class: "CronTriggerTimetable".into() };
        let file = ParsedFile {
            fileloc,
            hash: "1".into(),
            mtime,
            size,
            source: "# the DAG churn\n".into(),
            parse_seconds: 0.1,
            dags: vec![parsed],
            diagnostics: Vec::new(),
        };
        let ids: Vec<Arc<str>> = store.transaction(|tx| register(tx, &file, false, dagdeck::clock::now())).unwrap();
        assert_eq!(ids.len(), 1);
        assert_eq!(DagVersionId(1).0, 1);
    }

    fn write_logs(&self) {
        let folder = self.path().join("logs/dag_id=churn/run_id=done/task_id=gate");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("attempt=1.log"), "{\"level\": \"info\", \"event\": \"first\"}\n").unwrap();
        let lines = [
            r#"{"timestamp": "2026-03-02T06:00:01Z", "level": "info", "event": "epoch 1 loss 0.5", "logger": "task"}"#,
            r#"{"timestamp": "2026-03-02T06:00:02Z", "level": "warning", "event": "slow, password hunter2-x"}"#,
            r#"{"timestamp": "2026-03-02T06:00:03Z", "level": "error", "event": "Task failed", "error_detail": [{"exc_type": "ValueError", "exc_value": "no rows", "frames": []}]}"#,
        ];
        fs::write(folder.join("attempt=2.log"), lines.join("\n") + "\n").unwrap();
    }

    /// Runs a command; words are split at white space, `~` stands for a space inside a word.
    pub fn run(&self, line: &str) -> Ran {
        let home = self.path();
        let mut words: Vec<OsString> = vec!["dagdeck".into(), "--home".into(), home.clone().into()];
        words.extend(["--dags-folder".into(), home.join("dags").into()]);
        words.extend(line.split_whitespace().map(|w| OsString::from(w.replace('~', " "))));
        let (verb, environment) = match cli::parse(words.into_iter()) {
            Ok(Invocation::Verb(verb, environment)) => (verb, environment),
            Ok(other) => panic!("{line}: {other:?}"),
            Err(code) => return Ran { code, out: String::new(), err: String::new() },
        };
        let (out, err) = (Captured::default(), Captured::default());
        let code = cli::run_with(*verb, Shell::with(environment, Box::new(out.clone()), Box::new(err.clone())));
        let text = |c: Captured| String::from_utf8(c.0.borrow().clone()).unwrap();
        Ran { code, out: text(out), err: text(err) }
    }
}

/// Times are microseconds; 1772431200000000 is 2026-03-02T06:00:00Z.
const RUNS: &str = r#"
INSERT INTO dag_run (id, dag_id, run_id, state, run_type, triggered_by, logical_date, data_interval_start,
    data_interval_end, run_after, queued_at, start_date, end_date, conf, note, dag_version) VALUES
 (1, 'churn', 'done', 'failed', 'manual', 'cli', 1772431200000000, 1772431200000000, 1772431200000000, 1772431200000000,
  1772431200000000, 1772431200250000, 1772431204000000, '{"epochs": 5}', 'first try', 1),
 (2, 'churn', 'next', 'running', 'manual', 'cli', NULL, NULL, NULL, 1772434800000000, 1772434800000000,
  1772434800000000, NULL, '{}', NULL, 1);
INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool, pool_slots,
    priority_weight, rendered_map_index, start_date, end_date, duration, hostname, pid) VALUES
 (1, 'gate', -1, 'failed', 2, 1, 'BranchPythonOperator', 'default_pool', 1, 3, NULL, 1772431201000000,
  1772431203500000, 2.5, 'h', 42),
 (1, 'train', 0, 'success', 1, 0, '_PythonDecoratedOperator', 'gpu', 2, 2, 'lr=1', NULL, NULL, NULL, NULL, NULL),
 (1, 'train', 1, 'success', 1, 0, '_PythonDecoratedOperator', 'gpu', 2, 2, 'lr=2', NULL, NULL, NULL, NULL, NULL),
 (1, 'notify', -1, 'upstream_failed', 0, 0, '_PythonDecoratedOperator', 'default_pool', 1, 1, NULL, NULL, NULL, NULL,
  NULL, NULL),
 (2, 'gate', -1, 'running', 1, 1, 'BranchPythonOperator', 'default_pool', 1, 3, NULL, 1772434800000000, NULL, NULL,
  'h', 43),
 (2, 'train', -1, 'none', 0, 0, '_PythonDecoratedOperator', 'gpu', 2, 2, NULL, NULL, NULL, NULL, NULL, NULL),
 (2, 'notify', -1, 'none', 0, 0, '_PythonDecoratedOperator', 'default_pool', 1, 1, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO try (run, task_id, map_index, try_number, state, start_date, end_date, pid, hostname, cause_kind,
    cause_summary, cause_exception, cause_exit_code, fingerprint) VALUES
 (1, 'gate', -1, 1, 'up_for_retry', 1772431201000000, 1772431202000000, 41, 'h', 'exit_code', 'exit code 3', NULL, 3, 'f1'),
 (1, 'gate', -1, 2, 'failed', 1772431203000000, 1772431203500000, 42, 'h', 'exception', 'ValueError: no rows',
  'ValueError', NULL, 'f2');
INSERT INTO cause VALUES (1, 'notify', -1, 'upstream', 'gate failed', NULL, NULL, 'f3');
INSERT INTO xcom (run, task_id, map_index, key, value, timestamp, source) VALUES
 (1, 'gate', -1, 'return_value', '{"rows": 7, "url": "db://u:hunter2-x@h"}', 1772431203000000, 'task'),
 (1, 'train', 0, 'return_value', '0.5', 1772431203000000, 'task'),
 (1, 'train', 1, 'return_value', '0.25', 1772431203000000, 'task');
INSERT INTO rendered_fields VALUES (1, 'gate', -1, '{"op_args": [], "op_kwargs": {"ds": "2026-03-02", "token": "abcdefgh"}}');
INSERT INTO event (run, task_id, map_index, at, kind, text, who) VALUES
 (1, 'gate', -1, 1772431202000000, 'retry', 'exit code 3', NULL);
INSERT INTO pool VALUES ('gpu', 2, 'training', 0);
INSERT INTO variable VALUES ('min_gain', '0.005', 'gate', 0), ('hf_token', 'abcdefgh-secret', NULL, 0);
INSERT INTO connection VALUES
 ('lake', 'http', NULL, 'h', 'u', 'hunter2-x', 80, NULL, '{"region": "eu", "secret_key": "k-123456"}', 0);
"#;
