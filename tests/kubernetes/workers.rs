//! Tasks in worker pods of the Kubernetes executor: the same results as here, whatever is killed meanwhile.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use serde_json::{Value, json};

use super::Cluster;
use crate::support::{Home, Run};

const THINGS: &str = r#"
import os, time
from datetime import timedelta
from airflow.exceptions import AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Variable, dag, task
from kubernetes.client import models as k8s

SHELL = {"pod_override": k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", image="IMAGE")]))}

@dag(schedule=None, is_paused_upon_creation=False)
def things():
    def bash(task_id, command, **more):
        return BashOperator(task_id=task_id, bash_command=command, executor_config=SHELL, **more)

    bash("says", "echo one; echo $AIRFLOW_CTX_TASK_ID {{ run_id }} $X", env={"X": "$(id)"}, append_env=True)
    bash("only", "echo $A-$AIRFLOW_IS_K8S_EXECUTOR_POD-", env={"A": "b"})
    bash("fails", "echo oops; exit 3")
    bash("skips", "exit 99")
    bash("late", "sleep 100", execution_timeout=timedelta(seconds=2))

    @task
    def raises():
        raise ValueError("on purpose")

    @task(execution_timeout=timedelta(seconds=1))
    def slow():
        time.sleep(100)

    @task
    def skipped():
        raise AirflowSkipException("not today")

    @task
    def dies():
        os.kill(os.getpid(), 9)

    @task
    def double(x):
        print("doubles", x)
        return x * 2

    @task
    def total(values):
        Variable.set("total", sum(values))
        return sum(values)

    @task.sensor(poke_interval=1, mode="reschedule", timeout=3000)
    def again(ti=None):
        return ti.xcom_pull(task_ids="total") is not None

    @task(executor="LocalExecutor")
    def here():
        return os.environ.get("AIRFLOW_IS_K8S_EXECUTOR_POD", "no pod")

    @task(executor="Nonsense")
    def nowhere():
        pass

    [raises(), slow(), skipped(), dies(), again(), here(), nowhere()]
    total(double.expand(x=[1, 2, 3]))

things()
"#;

const CROWD: &str = r#"
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag
from kubernetes.client import models as k8s

SHELL = {"pod_override": k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", image="IMAGE")]))}

@dag(schedule=None, is_paused_upon_creation=False)
def crowd():
    BashOperator.partial(task_id="one", executor_config=SHELL).expand(bash_command=["sleep 1; echo 7"] * 5)

crowd()
"#;

#[test]
fn quota_that_is_used_up_is_waited_for_and_shown() {
    let Some(cluster) = Cluster::new("workquota") else { return };
    cluster.allow_pods(2);
    let home = Home::with_files(&[("crowd.py", &CROWD.replace("IMAGE", &cluster.image()))]);
    start(&cluster, &home, &[]);
    home.run(&["dags", "trigger", "crowd", "-r", "r"]).ok();
    home.until("the quota is shown as the reason", || {
        let pods = home.run(&["pods", "list", "crowd", "-o", "json"]).ok().json();
        let whys = pods.as_array()?.iter().filter_map(|pod| pod["why"].as_str());
        (whys.filter(|why| why.starts_with("quota most: pods")).count() >= 2).then_some(())
    });
    let run = home.wait("crowd", "r");
    assert_eq!(run.states("one"), ["success"; 5], "{run:#?}");
    let pods = home.run(&["pods", "list", "crowd", "--all", "-o", "json"]).ok().json();
    assert_eq!(pods.as_array().map(Vec::len), Some(5), "{pods:#}");
}

/// A folder of the cluster's node that all worker pods share as their cache; removed at the end.
pub struct Shared<'a> {
    cluster: &'a Cluster,
}

impl<'a> Shared<'a> {
    /// The folder, with a template file of worker pods that mount it.
    pub fn new(cluster: &'a Cluster, home: &Home) -> (Self, String) {
        let folder = format!("/tmp/{}", cluster.namespace);
        let template = json!({"apiVersion": "v1", "kind": "Pod", "spec": {
            "nodeName": cluster.node(),
            "containers": [{"name": "base", "env": [{"name": "XDG_CACHE_HOME", "value": "/shared"}],
                "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}],
            "volumes": [{"name": "shared", "hostPath": {"path": folder, "type": "DirectoryOrCreate"}}],
        }});
        let path = home.path().join("template.yaml");
        fs::write(&path, template.to_string()).unwrap();
        (Self { cluster }, path.to_string_lossy().into_owned())
    }

    /// What a shell in the folder prints.
    pub fn look(&self, name: &str, script: &str) -> String {
        self.cluster.create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
            "restartPolicy": "Never", "nodeName": self.cluster.node(),
            "containers": [{"name": "base", "image": self.cluster.image(), "command": ["sh", "-c", script],
                "volumeMounts": [{"name": "tmp", "mountPath": "/node"}]}],
            "volumes": [{"name": "tmp", "hostPath": {"path": "/tmp"}}],
        }}));
        self.cluster.await_phase(name, "Succeeded");
        self.cluster.output(name)
    }
}

impl Drop for Shared<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.look("tidy", &format!("rm -rf /node/{}", self.cluster.namespace));
        }
    }
}

/// Starts a scheduler that runs every task in a pod.
pub fn start(cluster: &Cluster, home: &Home, more: &[(&str, &str)]) {
    let kubeconfig = cluster.kubeconfig();
    let image = std::env::var("DAGDECK_TEST_PYTHON_IMAGE").unwrap_or_else(|_| "python:3.11-slim".into());
    let (repository, tag) = image.rsplit_once(':').unwrap();
    let mut all = vec![
        ("AIRFLOW__CORE__EXECUTOR", "KubernetesExecutor,LocalExecutor"),
        ("AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME", "2"),
        ("AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE", cluster.namespace.as_str()),
        ("AIRFLOW__KUBERNETES_EXECUTOR__CONFIG_FILE", kubeconfig.as_str()),
        ("AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_REPOSITORY", repository),
        ("AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_TAG", tag),
        ("AIRFLOW__KUBERNETES_EXECUTOR__WORKER_PODS_CREATION_BATCH_SIZE", "4"),
    ];
    all.extend(more);
    home.start_with(&all);
}

/// Waits for a run's end, longer than other tests do: a busy machine may take minutes for a few pods.
fn ended(home: &Home, dag: &str) -> Run {
    for _ in 0..6000 {
        let run = home.show(dag, "r");
        if ["success", "failed"].contains(&run.state()) {
            return run;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{dag} doesn't end: {:#?}", home.show(dag, "r"))
}

fn events(home: &Home, run: &str, task: &str) -> Vec<String> {
    super::log_of(home, "things", run, task, 1)
}

#[test]
fn tasks_end_in_pods_as_they_do_here() {
    let Some(cluster) = Cluster::new("workers") else { return };
    let home = Home::with_files(&[("things.py", &THINGS.replace("IMAGE", &cluster.image()))]);
    start(&cluster, &home, &[]);
    home.run(&["dags", "trigger", "things", "-r", "r"]).ok();
    let run = ended(&home, "things");
    let rows = [
        ("says", "success", "-", json!("says r $(id)")),
        ("only", "success", "-", json!("b--")),
        ("fails", "failed", "exit_code", Value::Null),
        ("skips", "skipped", "skip", Value::Null),
        ("late", "failed", "timeout", Value::Null),
        ("raises", "failed", "exception", Value::Null),
        ("slow", "failed", "timeout", Value::Null),
        ("skipped", "skipped", "skip", Value::Null),
        ("dies", "failed", "signal", Value::Null),
        ("total", "success", "-", json!(12)),
        ("again", "success", "-", Value::Null),
        ("here", "success", "-", json!("no pod")),
        ("nowhere", "failed", "value", Value::Null),
    ];
    for (task, state, kind, returned) in rows {
        let row = run.task(task, -1);
        let found = (row["state"].as_str().unwrap_or("?"), row["cause"]["kind"].as_str().unwrap_or("-"));
        assert_eq!(found, (state, kind), "{task}: {row:#}");
        assert_eq!(run.returned(task, -1), &returned, "{task}");
    }
    assert_eq!(run.states("double"), ["success"; 3]);
    assert_eq!(run.task("fails", -1)["cause"]["summary"], "Bash command ended with exit code 3: oops");
    assert_eq!(home.run(&["variables", "get", "total"]).ok().out.trim(), "12");
    let said: Vec<String> = events(&home, "r", "says");
    assert_eq!(said.iter().filter(|line| *line == "one").count(), 1, "{said:#?}");
    // What failed stays for a look; the rest is gone.
    home.until("pods that ended well are deleted", || {
        let left = cluster.left();
        left.iter().all(|name| !name.contains("says") && !name.contains("double")).then_some(())
    });
    assert!(cluster.left().iter().any(|name| name.starts_with("things-raises-")), "{:?}", cluster.left());
}

#[test]
fn the_churn_pipeline_gives_in_pods_what_it_gives_here() {
    let Some(cluster) = Cluster::new("churn") else { return };
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("dags");
    let (here, there) = (Home::new(&samples), Home::new(&samples));
    here.start();
    let (_shared, template) = Shared::new(&cluster, &there);
    start(&cluster, &there, &[("AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE", &template)]);
    let runs = [&here, &there].map(|home| {
        home.run(&["dags", "trigger", "churn_retraining", "-r", "r"]).ok();
        ended(home, "churn_retraining")
    });
    let tasks =
        ["data_gate", "prepare.split", "prepare.features", "train", "evaluate", "choose", "deploy", "keep_champion"];
    for task in tasks.into_iter().chain(["notify"]) {
        assert_eq!(runs[0].states(task), runs[1].states(task), "{task}");
    }
    for task in ["data_gate", "evaluate", "choose", "deploy", "notify"] {
        assert_eq!(runs[0].returned(task, -1), runs[1].returned(task, -1), "{task}");
    }
    let champion = |home: &Home| home.run(&["variables", "get", "churn_champion_accuracy"]).ok().out;
    assert_eq!(champion(&here), champion(&there));
    assert_eq!(runs[1].task("train", -1)["state"], "success");
    super::until_empty(&cluster, &there);
}

const WORK: &str = r#"
import os, time
from airflow.sdk import dag, task

@dag(schedule=None, is_paused_upon_creation=False, max_active_tasks=6)
def work():
    @task
    def piece(i, ti):
        with open(f"{os.environ['XDG_CACHE_HOME']}/ran", "a") as file:
            file.write(f"{i}\n")
        for n in range(60):
            print(f"line {n}")
            if n % 10 == 0:
                ti.xcom_push(f"k{n}", [i, n])
            time.sleep(0.05)
        return i * 10

    @task
    def total(values):
        return sum(values)

    total(piece.expand(i=list(range(12))))

work()
"#;

/// Every try once, every XCom, every line of every log once.
fn check_work(cluster: &Cluster, home: &Home, shared: &Shared<'_>) {
    let run = ended(home, "work");
    assert_eq!(run.state(), "success", "{run:#?}");
    assert_eq!(run.returned("total", -1), &json!(660));
    let expected: Vec<String> = (0..60).map(|n| format!("line {n}")).collect();
    for index in 0..12 {
        assert_eq!(run.task("piece", index)["try_number"], 1);
        let pushed = run.0["xcoms"].as_array().unwrap().iter();
        let keys: BTreeSet<&str> = pushed
            .filter(|row| row["task_id"] == "piece" && row["map_index"] == index)
            .filter_map(|row| row["key"].as_str())
            .collect();
        assert_eq!(keys.len(), 7, "{keys:?}");
        let path = format!("logs/dag_id=work/run_id=r/task_id=piece/map_index={index}/attempt=1.log");
        let text = fs::read_to_string(home.path().join(path)).unwrap();
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_string());
        let lines: Vec<String> = lines.filter(|line| line.starts_with("line ")).collect();
        assert_eq!(lines, expected, "log of {index}");
    }
    super::until_empty(cluster, home);
    let ran = shared.look("look", &format!("cat /node/{}/ran", cluster.namespace));
    let mut ran: Vec<u32> = ran.lines().map(|line| line.trim().parse().unwrap()).collect();
    ran.sort_unstable();
    assert_eq!(ran, (0..12).collect::<Vec<u32>>(), "every piece ran once");
    let pods = home.run(&["pods", "list", "work", "--all", "-o", "json"]).ok().json();
    assert_eq!(pods.as_array().unwrap().len(), 13);
}

#[test]
fn what_ends_while_no_scheduler_is_there_is_fetched_from_the_log() {
    let Some(cluster) = Cluster::new("workaway") else { return };
    let home = Home::with_files(&[("work.py", WORK)]);
    let (shared, template) = Shared::new(&cluster, &home);
    let template = [("AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE", template.as_str())];
    start(&cluster, &home, &template);
    home.run(&["dags", "trigger", "work", "-r", "r"]).ok();
    home.until("pieces run", || {
        let run = home.show("work", "r");
        (run.states("piece").iter().filter(|state| **state == "running").count() >= 3).then_some(())
    });
    home.kill_scheduler();
    // Other pods may be there, which wait for the order to start.
    let run = home.show("work", "r");
    let running: Vec<&str> = run.0["task_instances"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|row| row["state"] == "running")
        .filter_map(|row| row["hostname"].as_str())
        .collect();
    assert!(running.len() >= 3, "{run:#?}");
    for name in running {
        cluster.await_phase(name, "Succeeded");
    }
    start(&cluster, &home, &template);
    check_work(&cluster, &home, &shared);
}

#[test]
fn a_deleted_pod_fails_its_try_and_the_next_one_runs() {
    let Some(cluster) = Cluster::new("workgone") else { return };
    let file = r#"
import time
from datetime import timedelta
from airflow.sdk import dag, task
@dag(schedule=None, is_paused_upon_creation=False)
def gone():
    @task(retries=1, retry_delay=timedelta(seconds=1))
    def waits(ti):
        print("begins", flush=True)
        if ti.try_number == 1:
            time.sleep(100)
        return "done"
    waits()
gone()
"#;
    let home = Home::with_files(&[("gone.py", file)]);
    start(&cluster, &home, &[]);
    home.run(&["dags", "trigger", "gone", "-r", "r"]).ok();
    home.until("it runs", || (home.show("gone", "r").states("waits") == ["running"]).then_some(()));
    assert!(cluster.delete(&cluster.left()[0]));
    let run = ended(&home, "gone");
    assert_eq!((run.state(), run.returned("waits", -1)), ("success", &json!("done")));
    assert_eq!(run.task("waits", -1)["try_number"], 2);
}
