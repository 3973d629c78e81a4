//! Pods in the home of `home`: one killed for want of memory and kept, one that waits for a node, one that worked, and what was
//! recorded of them.

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::home::NOW;

const SECOND: i64 = 1_000_000;
const GI: f64 = 1_073_741_824.0;

struct Pod<'a> {
    /// DAG, task, index, how many runs ago.
    of: (&'a str, &'a str, i32, i64),
    number: u32,
    name: &'a str,
    stage: &'a str,
    phase: &'a str,
    node: Option<&'a str>,
    memory: &'a str,
    why: Option<&'a str>,
    /// Created, and seconds from then: scheduled, started, ended; deleted.
    times: (i64, [Option<i64>; 3], bool),
    statuses: Value,
    result: Value,
}

/// Adds them to a home.
pub fn add(home: &std::path::Path) {
    let mut conn = Connection::open(home.join("dagdeck.db")).unwrap();
    let tx = conn.transaction().unwrap();
    let ended = |reason: &str, code: i64| {
        json!({"terminated": {"reason": reason, "exitCode": code,
        "startedAt": "2026-11-16T03:52:25Z", "finishedAt": "2026-11-16T04:13:29Z"}})
    };
    let status = |name: &str, state: Value| {
        json!({"name": name, "restartCount": 0, "state": state,
        "imageID": format!("registry/{}@sha256:7ac1f09b2d4e", if name == "base" { "ml-trainer" } else { "sidecar" })})
    };
    let sides = |base: Value| json!([status("base", base), status("airflow-xcom-sidecar", ended("Completed", 0))]);
    let failed = json!({"end": {"failed": {"kind": "oom_killed", "summary": "container base was killed for want of memory (limit 48Gi, last known use 48Gi)"}}, "xcom": null});
    let created = NOW - 1628 * SECOND;
    let oom = |number: u32, name: &'static str, stage: &'static str, gone: bool, ago: i64| Pod {
        of: ("churn_train", "train_with_hp", 3, 0),
        number,
        name,
        stage,
        phase: "Failed",
        node: Some("gpu-a100-7"),
        memory: "48Gi",
        why: None,
        times: (created - ago * SECOND, [Some(41), Some(75), Some(1339)], gone),
        statuses: sides(ended("OOMKilled", 137)),
        result: failed.clone(),
    };
    let all = [
        Pod {
            of: ("churn_train", "train_with_hp", 3, 2),
            number: 1,
            name: "churn-train-3-a1b2",
            stage: "done",
            phase: "Succeeded",
            node: Some("gpu-a100-9"),
            memory: "64Gi",
            why: None,
            times: (created - 14 * 86_400 * SECOND, [Some(2), Some(30), Some(3300)], true),
            statuses: sides(ended("Completed", 0)),
            result: json!({"end": "success", "xcom": null}),
        },
        oom(1, "churn-train-3-c3d4", "done", true, 5200),
        oom(2, "churn-train-3-e5f6", "done", true, 2700),
        oom(3, "churn-train-3-k2x9", "done", false, 0),
        Pod {
            of: ("ctr_daily", "load", -1, 0),
            number: 1,
            name: "ctr-load-p7q8",
            stage: "created",
            phase: "Pending",
            node: None,
            memory: "16Gi",
            why: Some(
                "not scheduled: 0/14 nodes are available: 9 node(s) had untolerated taint {nvidia.com/gpu: }, 5 Insufficient nvidia.com/gpu.",
            ),
            times: (NOW - 2700 * SECOND, [None, None, None], false),
            statuses: json!([]),
            result: Value::Null,
        },
    ];
    for (at, pod) in all.iter().enumerate() {
        insert(&tx, at as i64 + 1, pod);
    }
    events(&tx, 4, created);
    usage(&tx, 4, created);
    tx.execute(
        "INSERT INTO cluster_health VALUES ('default', 'ml-training', 'pods', 'ok', ?1, ''),
         ('default', 'ml-training', 'events', 'ok', ?1, ''), ('default', 'ml-training', 'metrics', 'missing', ?1, 'not found')",
        [NOW - 3 * 3600 * SECOND],
    )
    .unwrap();
    tx.execute(
        "INSERT INTO cluster_quota VALUES ('default', 'ml-training', 'compute', 'pods', '8', '10', ?1),
         ('default', 'ml-training', 'compute', 'requests.nvidia.com/gpu', '8', '8', ?1)",
        [NOW - 60 * SECOND],
    )
    .unwrap();
    tx.execute("INSERT INTO cluster_traffic VALUES ('default', ?1, 1204, 3, 0)", [NOW - 3 * 3600 * SECOND]).unwrap();
    tx.commit().unwrap();
}

fn insert(tx: &Connection, id: i64, pod: &Pod<'_>) {
    let (dag, task, index, ago) = pod.of;
    let (run, run_id): (i64, String) = tx
        .query_row(
            "SELECT id, run_id FROM dag_run WHERE dag_id = ?1 ORDER BY run_after DESC LIMIT 1 OFFSET ?2",
            params![dag, ago],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let manifest = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod.name, "labels": {"run_id": run_id}},
        "spec": {"restartPolicy": "Never", "containers": [
            {"name": "base", "image": "registry/ml-trainer:3", "command": ["train", "--hp", "3"],
             "env": [{"name": "MLFLOW_TOKEN", "value": "hunter22"}, {"name": "EPOCHS", "value": "100"}],
             "resources": {"requests": {"cpu": "16", "memory": pod.memory, "nvidia.com/gpu": "1"},
                           "limits": {"memory": pod.memory, "nvidia.com/gpu": "1"}}},
            {"name": "airflow-xcom-sidecar", "image": "registry/sidecar:1", "resources": {"requests": {"cpu": "1m"}}}]}});
    let (created, after, is_deleted) = pod.times;
    let time = |seconds: Option<i64>| seconds.map(|s| created + s * SECOND);
    let status = json!({"phase": pod.phase, "qosClass": "Burstable", "containerStatuses": pod.statuses});
    tx.execute(
        "INSERT INTO pod (id, run, task_id, map_index, try_number, epoch, dag_id, run_id, kind, stage, access, namespace, name,
            uid, manifest, conduct, phase, node, image_id, why, status, created_at, scheduled_at, started_at, ended_at, deleted_at, result)
         VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, 'operator', ?8, '{}', 'ml-training', ?9, '7f1c0a55-1', ?10, ?11, ?12, ?13,
            'registry/ml-trainer@sha256:7ac1f09b2d4e', ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
        params![
            id,
            run,
            task,
            index,
            pod.number,
            dag,
            run_id,
            pod.stage,
            pod.name,
            manifest.to_string(),
            json!({"base": "base", "on_finish": "delete_succeeded_pod"}).to_string(),
            pod.phase,
            pod.node,
            pod.why,
            status.to_string(),
            created,
            time(after[0]),
            time(after[1]),
            time(after[2]),
            is_deleted.then_some(created + 3400 * SECOND),
            pod.result.to_string(),
        ],
    )
    .unwrap();
}

fn events(tx: &Connection, pod: i64, created: i64) {
    for (n, (seconds, count, level, reason, message, source)) in [
        (2, 5, "Warning", "FailedScheduling", "0/14 nodes are available: 9 node(s) had untolerated taint {nvidia.com/gpu: }, 5 Insufficient nvidia.com/gpu.", "default-scheduler"),
        (41, 1, "Normal", "Scheduled", "Successfully assigned ml-training/churn-train-3-k2x9 to gpu-a100-7", "default-scheduler"),
        (41, 1, "Normal", "Pulling", "Pulling image \"registry/ml-trainer:3\"", "kubelet"),
        (72, 1, "Normal", "Pulled", "Successfully pulled image \"registry/ml-trainer:3\" in 31.2s (31.2s including waiting). Image size: 6549825126 bytes.", "kubelet"),
        (75, 1, "Normal", "Started", "Started container base", "kubelet"),
        (1339, 1, "Warning", "OOMKilling", "Memory cgroup out of memory: Killed process 214 (python) \u{1b}]0;pwned\u{7}", "kernel-monitor"),
    ]
    .into_iter()
    .enumerate()
    {
        let at = created + seconds * SECOND;
        tx.execute(
            "INSERT INTO pod_event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![pod, format!("e{n}"), if count > 1 { created } else { at }, at, count, level, reason, message, source],
        )
        .unwrap();
    }
}

fn usage(tx: &Connection, pod: i64, created: i64) {
    let points: Vec<Value> = (0..40)
        .map(|i| json!({"at": created + (75 + i * 30) * SECOND, "cpu": 7.5, "memory": (8.0 + i as f64 * 1.02) * GI}))
        .collect();
    let spread =
        |min: f64, mean: f64, peak: f64| json!({"min": min, "mean": mean, "peak": peak, "last": peak}).to_string();
    tx.execute(
        "INSERT INTO pod_usage VALUES (?1, 'base', ?2, ?3, 40, ?4, ?5, 1, 1, ?6)",
        params![
            pod,
            created + 75 * SECOND,
            created + 1245 * SECOND,
            spread(6.0, 7.5, 7.9),
            spread(8.0 * GI, 28.0 * GI, 47.8 * GI),
            Value::from(points).to_string()
        ],
    )
    .unwrap();
}
