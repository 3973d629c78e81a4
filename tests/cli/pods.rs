//! What is recorded of pods, as the command line shows it: no cluster, only rows.

use dagdeck::{
    model::{
        ClusterHealth, Pod, PodEvent, PodId, PodKind, PodSight, PodStage, PodWrite, Quota, RunId, Sample, TiKey,
        Traffic,
    },
    store::{
        Store, pod,
        screens::{self, Opened, RunRef, TiRef, changes},
    },
};
use serde_json::{Value, json};

use super::home::Home;

const MI: f64 = 1_048_576.0;

fn pod(id: i64, run: i64, run_id: &str, name: &str, memory: &str) -> Pod {
    let resources = json!({"limits": {"memory": memory}, "requests": {"memory": memory, "cpu": "1"}});
    Pod {
        id: PodId(id),
        key: TiKey::new(RunId(run), "train", 7),
        dag_id: "churn".into(),
        run_id: run_id.into(),
        try_number: 1,
        epoch: 1,
        kind: PodKind::Operator,
        stage: PodStage::Wanted,
        access: json!({}),
        namespace: "ml".into(),
        name: name.into(),
        uid: None,
        manifest: json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "base", "image": "ml:1",
            "resources": resources, "env": [{"name": "API_TOKEN", "value": format!("secret-{id}")}]}]}}),
        conduct: json!({"base": "base", "on_finish": "delete_pod"}),
        sight: PodSight::default(),
        result: Value::Null,
    }
}

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn event(reason: &str, second: i64, message: &str) -> PodEvent {
    PodEvent {
        uid: reason.into(),
        first_at: Some(at(second)),
        last_at: Some(at(second)),
        count: 1,
        level: "Normal".into(),
        reason: reason.into(),
        message: message.into(),
        source: "kubelet".into(),
    }
}

/// A pod that succeeded and is gone, and one that waits.
fn recorded() -> Home {
    let home = Home::with_runs();
    let mut store = Store::open(&home.path().join("dagdeck.db")).unwrap();
    let (then, now) = (PodId(1), PodId(2));
    let seen = |image: &str, node: &str| PodSight {
        phase: "Running".into(),
        node: Some(node.into()),
        image_id: Some(image.into()),
        status: json!({"containerStatuses": [{"name": "base", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]}),
        created_at: Some(at(0)),
        scheduled_at: Some(at(41)),
        started_at: Some(at(75)),
        ended_at: Some(at(300)),
        ..PodSight::default()
    };
    let waits = PodSight {
        phase: "Pending".into(),
        why: Some("not scheduled: 0/2 nodes: 2 insufficient memory".into()),
        created_at: Some(at(900)),
        image_id: Some("sha256:new".into()),
        ..PodSight::default()
    };
    let used = |second, memory| Sample { container: "base".into(), at: at(second), cpu: 0.5, memory };
    let pulled = "Successfully pulled image \"ml:1\" in 31.2s (31.2s including waiting). Image size: 1073741824 bytes.";
    let health = |what: &str, state: &str| {
        PodWrite::Health(Box::new(ClusterHealth {
            cluster: "prod".into(),
            namespace: "ml".into(),
            what: what.into(),
            state: state.into(),
            since: at(0),
            message: String::new(),
        }))
    };
    let writes = [
        PodWrite::Add(Box::new(pod(1, 1, "done", "train-a", "64Mi"))),
        PodWrite::Created { id: then, name: "train-a".into(), uid: "u1".into() },
        PodWrite::Seen { id: then, sight: Box::new(seen("sha256:old", "n1")) },
        PodWrite::Event { id: then, event: Box::new(event("Created", 73, "Created container")) },
        PodWrite::Event { id: then, event: Box::new(event("Pulled", 73, pulled)) },
        PodWrite::Event { id: then, event: Box::new(event("Pulling", 42, "Pulling image \"ml:1\"")) },
        PodWrite::Used { id: then, samples: vec![used(80, 20.0 * MI)] },
        PodWrite::Used { id: then, samples: vec![used(95, 40.0 * MI)] },
        PodWrite::Used { id: then, samples: vec![used(110, 30.0 * MI)] },
        PodWrite::Done { id: then, gone_at: Some(at(301)) },
        PodWrite::Add(Box::new(pod(2, 2, "next", "train-b", "48Mi"))),
        PodWrite::Created { id: now, name: "train-b".into(), uid: "u2".into() },
        PodWrite::Seen { id: now, sight: Box::new(waits) },
        health("pods", "ok"),
        health("nodes", "forbidden"),
        PodWrite::Quotas {
            cluster: "prod".into(),
            namespace: "ml".into(),
            at: at(0),
            quotas: vec![Quota { name: "q".into(), resource: "pods".into(), used: "2".into(), hard: "2".into() }],
        },
        PodWrite::Traffic(Box::new(Traffic {
            cluster: "prod".into(),
            since: at(0),
            requests: 9,
            throttled: 1,
            failed: 0,
        })),
    ];
    store
        .transaction(|tx| {
            writes.iter().try_for_each(|write| pod::write(tx, write))?;
            for (run, state) in [(1, "success"), (2, "running")] {
                tx.execute(
                    "INSERT INTO try (run, task_id, map_index, try_number, state) VALUES (?1, 'train', 7, 1, ?2)",
                    (run, state),
                )
                .unwrap();
                tx.execute(
                    "INSERT INTO task_instance (run, task_id, map_index, state, try_number, max_tries, operator, pool,
                     pool_slots, priority_weight, end_date) VALUES (?1, 'train', 7, ?2, 1, 0, 'X', 'default_pool', 1, 1, 5)",
                    (run, state),
                )
                .unwrap();
            }
            Ok(())
        })
        .unwrap();
    home
}

#[test]
fn a_pod_that_is_gone_still_tells_its_life_and_what_it_used() {
    let home = recorded();
    let shown = home.run("pods show train-a -o json").json();
    let phases: Vec<&str> = shown["phases"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(phases, ["created", "scheduled", "pulling", "pulled", "started", "ended", "deleted"]);
    let usage = &shown["containers"][0]["usage"];
    assert_eq!((usage["samples"].as_i64(), usage["memory"]["peak"].as_f64()), (Some(3), Some(40.0 * MI)));
    assert_eq!(
        (usage["memory"]["mean"].as_f64(), usage["memory"]["last"].as_f64()),
        (Some(30.0 * MI), Some(30.0 * MI))
    );
    assert_eq!(shown["manifest"]["spec"]["containers"][0]["env"][0]["value"], "***");
    let text = home.run("pods show train-a").out;
    assert!(text.contains("ml:1 in 31.2s, 1Gi"), "{text}");
    assert!(text.contains("memory: asked 64Mi, peak 40Mi; cpu: asked 1, peak 0.5"), "{text}");
    let rows = home.run("tasks usage churn -o json").json();
    assert_eq!(rows[0]["summary"], "memory: asked 64Mi, peak 40Mi; cpu: asked 1, peak 0.5; over 1 pod");
    let events = home.run("pods events train-a -o json").json();
    let reasons: Vec<&str> = events.as_array().unwrap().iter().map(|e| e["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["Pulling", "Pulled", "Created"]);
}

#[test]
fn a_pod_says_why_it_waits_and_what_differs_from_the_last_success() {
    let home = recorded();
    let why = home.run("tasks explain churn next train:7");
    assert!(why.out.contains("pod train-b: not scheduled: 0/2 nodes: 2 insufficient memory"), "{why:?}");
    let differs = home.run("pods show train-b --diff -o json").json();
    assert_eq!((differs["pod"].as_str(), differs["image_id"]["after"].as_str()), (Some("train-a"), Some("sha256:new")));
    let base = "spec.containers[base]";
    let memory =
        |kind: &str| json!({"path": format!("{base}.resources.{kind}.memory"), "before": "64Mi", "after": "48Mi"});
    let token = json!({"path": format!("{base}.env[API_TOKEN]"), "before": "***", "after": "***"});
    assert_eq!(differs["changes"], json!([memory("limits"), memory("requests"), token]));
    assert_eq!(home.run("pods show train-a --diff -o json").json(), Value::Null);
    // It is among what changed since the task last worked, without values that may be secrets.
    let Opened::Ready(conn) = screens::open_reader(&home.path().join("dagdeck.db")).unwrap() else {
        panic!("no store")
    };
    let run = RunRef { id: 2, dag_id: "churn".into(), run_id: "next".into() };
    let changed = changes::since_it_worked(&conn, &TiRef { run, task_id: "train".into(), map_index: 7 }).unwrap();
    let lines: Vec<&str> = changed.changes.iter().map(|c| c.what.as_str()).collect();
    for line in [
        "image digest: sha256:old -> sha256:new",
        "pod spec.containers[base].resources.limits.memory: 64Mi -> 48Mi",
        "pod spec.containers[base].env[API_TOKEN]: changed",
    ] {
        assert!(lines.contains(&line), "{lines:#?}");
    }
}

#[test]
fn clusters_say_what_answers_what_is_forbidden_and_how_much_was_asked() {
    let home = recorded();
    let health = home.run("pods health -o json").json();
    let states: Vec<&str> =
        health["watched"].as_array().unwrap().iter().map(|h| h["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["forbidden", "ok"]);
    assert_eq!(
        (health["quotas"][0]["resource"].as_str(), health["quotas"][0]["is_full"].as_bool()),
        (Some("pods"), Some(true))
    );
    assert_eq!(
        (health["requests"][0]["requests"].as_i64(), health["requests"][0]["throttled"].as_i64()),
        (Some(9), Some(1))
    );
    let text = home.run("pods health").out;
    assert!(text.contains("forbidden") && text.contains("THROTTLED"), "{text}");
    assert!(Home::with_runs().run("pods health").err.contains("no task has had a pod yet"));
    // Nothing was measured, and why.
    let mut store = Store::open(&home.path().join("dagdeck.db")).unwrap();
    let message = "404 page not found".into();
    let [cluster, namespace, what, state] = ["prod", "ml", "metrics", "missing"].map(String::from);
    let missing = ClusterHealth { cluster, namespace, what, state, since: at(0), message };
    store
        .transaction(|tx| {
            tx.execute("DELETE FROM pod_usage", []).unwrap();
            pod::write(tx, &PodWrite::Health(Box::new(missing)))
        })
        .unwrap();
    let said = home.run("tasks usage churn").err;
    assert!(said.contains("nothing is measured in ml of prod: 404 page not found"), "{said}");
}

#[test]
fn what_is_recorded_goes_with_its_run() {
    let home = recorded();
    let deleted = home.run("runs delete churn done -y");
    assert_eq!(deleted.code, 0, "{deleted:?}");
    assert!(home.run("pods show train-a").err.contains("there is no pod"));
    assert_eq!(home.run("tasks usage churn -o json").json(), json!([]));
    // One that is still there is known until it is gone.
    for act in ["runs set-state churn next failed -y", "runs delete churn next -y"] {
        let done = home.run(act);
        assert_eq!(done.code, 0, "{done:?}");
    }
    assert_eq!(home.run("pods list -o json").json()[0]["name"], "train-b");
    let mut store = Store::open(&home.path().join("dagdeck.db")).unwrap();
    let mut done = |gone_at| store.transaction(|tx| pod::write(tx, &PodWrite::Done { id: PodId(2), gone_at })).unwrap();
    done(None);
    assert_eq!(home.run("pods list -o json").json()[0]["state"], "Pending");
    done(Some(at(1)));
    assert_eq!(home.run("pods list --all -o json").json(), json!([]));
    let conn = Store::open_reader(&home.path().join("dagdeck.db")).unwrap().unwrap();
    for table in ["pod_usage", "pod_event"] {
        let left: i64 = conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}
