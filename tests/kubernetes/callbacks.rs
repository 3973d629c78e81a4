//! What the author's own code is told of a pod, by a process of its own.

use serde_json::json;

use super::{Cluster, home, log, start};
use crate::support::Home;

/// Each method notes its name in a file of the task.
const TASKS: &str = r#"
import os
from airflow.providers.cncf.kubernetes.callbacks import KubernetesPodOperatorCallback

def note(operator, text):
    with open(f"{NOTES}/{operator.task_id}", "a") as file:
        file.write(text + "\n")

class Told(KubernetesPodOperatorCallback):
    @staticmethod
    def on_pod_manifest_created(*, pod_request, operator, **kwargs):
        note(operator, "manifest")
        pod_request.spec.containers[0].args = ["changed"]
    @staticmethod
    def on_pod_creation(*, pod, operator, **kwargs):
        note(operator, f"creation {pod.metadata.name[:4]}")
    @staticmethod
    def on_pod_starting(*, pod, operator, **kwargs):
        note(operator, "starting " + str(pod.status.phase != "Pending"))
    @staticmethod
    def on_pod_completion(*, pod, operator, context, **kwargs):
        code = next(one.state.terminated.exit_code for one in pod.status.container_statuses if one.name == "base")
        context["ti"].xcom_push("code", code)
        note(operator, f"completion {code}")
    @staticmethod
    def on_pod_teardown(*, operator, **kwargs):
        note(operator, "teardown")
    @staticmethod
    def on_pod_cleanup(*, operator, **kwargs):
        note(operator, "cleanup")
    @staticmethod
    def progress_callback(*, line, pod, **kwargs):
        with open(f"{NOTES}/lines." + pod.metadata.labels["task_id"], "a") as file:
            file.write(line + "\n")

class Raises(KubernetesPodOperatorCallback):
    @staticmethod
    def on_pod_creation(*, operator, **kwargs):
        raise LookupError("not this pod")

class Hangs(KubernetesPodOperatorCallback):
    @staticmethod
    def on_pod_starting(*, operator, **kwargs):
        import time
        note(operator, str(os.getpid()))
        time.sleep(1000)

class Own(KubernetesPodOperator):
    def execute(self, context):
        return [super().execute(context)]

others = [
pod("told", "echo $0; echo '[3]' > /airflow/xcom/return.json", callbacks=Told, do_xcom_push=True,
    log_formatter=lambda container, line: f"{container} says {line}"),
pod("raises", "sleep 100", callbacks=[Told, Raises]),
pod("fails", "exit 3", callbacks=Told),
pod("late", "true", callbacks=Hangs, execution_timeout=timedelta(seconds=6)),
pod("left", "echo here", callbacks=[Hangs]),
Own(task_id="own", image="IMAGE", cmds=["sh", "-c", "echo $0; echo 4 > /airflow/xcom/return.json"], callbacks=Told, do_xcom_push=True),
]
others >> pod("slow", "i=0; while [ $i -lt 80 ]; do echo line $i; i=$((i+1)); sleep 0.1; done", callbacks=Told,
    trigger_rule="all_done")
"#;

#[test]
fn callbacks_are_called_once_and_the_pod_does_not_depend_on_their_process() {
    let Some(cluster) = Cluster::new("callbacks") else { return };
    let notes = tempfile::tempdir().unwrap();
    let said = |name: &str| std::fs::read_to_string(notes.path().join(name)).unwrap_or_default();
    let tasks = TASKS.replace("{NOTES}", &notes.path().to_string_lossy()).replace("IMAGE", &cluster.image());
    let home: Home = home(&cluster, &tasks);
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let hanging = home.until("a callback hangs", || said("left").trim().parse::<i32>().ok());
    rustix::process::kill_process(rustix::process::Pid::from_raw(hanging).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
    home.until("lines are shown", || said("lines.slow").contains("line 3\n").then_some(()));
    // What is being called while the scheduler is killed may be called again: only `slow` is in the middle of it.
    let all = |code: &str| format!("manifest\ncreation {code}\nstarting True\ncompletion 0\nteardown\n");
    let over = |task: &str, name: &str| said(task) == format!("{}cleanup\n", all(name));
    home.until("the other callbacks are over", || (over("told", "told") && over("own", "own-")).then_some(()));
    home.kill_scheduler();
    start(&cluster, &home);
    let run = home.wait("pods", "r1");
    run.expect(&[
        ("told", "success"),
        ("raises", "failed"),
        ("fails", "failed"),
        ("late", "failed"),
        ("left", "success"),
        ("slow", "success"),
        ("own", "success"),
    ]);
    home.until("the last callbacks are over", || over("slow", "slow").then_some(()));
    assert_eq!(said("fails"), all("fail").replace("completion 0", "completion 3"));
    assert_eq!((said("raises"), said("lines.told")), ("manifest\ncreation rais\n".into(), "changed\n".into()));
    assert_eq!((run.returned("told", -1), run.returned("own", -1)), (&json!([3]), &json!([4])));
    let code = run.0["xcoms"].as_array().unwrap().iter().find(|x| x["task_id"] == "told" && x["key"] == "code");
    assert_eq!(code.map(|x| &x["value"]), Some(&json!(0)));
    let cause =
        |task: &str| (run.task(task, -1)["cause"]["exception"].clone(), run.task(task, -1)["cause"]["summary"].clone());
    assert_eq!(
        cause("raises"),
        (json!("LookupError"), json!("on_pod_creation of callbacks=: LookupError: not this pod"))
    );
    assert_eq!(cause("late").0, "AirflowTaskTimeout");
    assert!(log(&home, "r1", "told", 1).contains(&"base says changed".to_string()));
    assert!(log(&home, "r1", "own", 1).contains(&"[base] changed".to_string()));
    let left = log(&home, "r1", "left", 1);
    assert!(
        left.iter().any(|line| line.contains("nothing is called")) && left.contains(&"[base] here".to_string()),
        "{left:#?}"
    );
    let slow: Vec<String> =
        log(&home, "r1", "slow", 1).into_iter().filter(|line| line.starts_with("[base] ")).collect();
    assert_eq!(slow, (0..80).map(|i| format!("[base] line {i}")).collect::<Vec<_>>());
    super::until_empty(&cluster, &home);
}
