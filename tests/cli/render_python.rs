//! `pods render` of pods that only the task's own Python puts together: shown as a try would send them, and nothing else happens.

use serde_json::json;

use crate::support::Home;

const FILE: &str = r#"
from datetime import datetime
from airflow.providers.cncf.kubernetes.callbacks import KubernetesPodOperatorCallback
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG, task

class Changes(KubernetesPodOperatorCallback):
    @staticmethod
    def on_pod_manifest_created(*, pod_request, client, context, **kwargs):
        pod_request.metadata.labels["changed"] = context["ds"]
        if pod_request.spec.containers[0].image == "asks":
            client.list_namespaced_pod("ml")

class Own(KubernetesPodOperator):
    def execute(self, context):
        open("{MARK}", "w").close()
        return super().execute(context)

with DAG("pods", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False,
         user_defined_macros={"double": lambda text: text * 2}):

    @task
    def first():
        return 7

    @task.kubernetes(image="python:3.11-slim", name="in-pod", namespace="ml")
    def in_pod(word, number=3):
        return [word, number]

    @task.kubernetes_cmd(image="i", namespace="ml")
    def says(word):
        return ["echo", "it says", word, "{{ ds }}"]

    def pod(task_id, image="i", **more):
        return KubernetesPodOperator(task_id=task_id, image=image, namespace="ml", **more)

    in_pod("a {{ ds }}")
    says("hello")
    says.override(task_id="needs")(first())
    pod("pulls", arguments=["{{ ti.xcom_pull('first') }}"])
    pod("macro", arguments=["{{ double(ds) }}"])
    pod("told", callbacks=Changes)
    pod("asks", image="asks", callbacks=Changes)
    Own(task_id="own", image="i", namespace="ml", arguments=["{{ double('x') }}"])
    pod("wrong", arguments=["{{ nothing.of_it }}"])
"#;

#[test]
fn a_pod_of_python_is_put_together_by_its_process_and_nothing_is_kept_of_it() {
    let mark = tempfile::tempdir().unwrap();
    let mark = mark.path().join("executed");
    let home = Home::with_files(&[("pods.py", &FILE.replace("{MARK}", &mark.to_string_lossy()))]);
    let render = |task: &str| home.run(&["pods", "render", "pods", task, "2026-01-05", "-o", "json"]);
    let container = |task: &str| render(task).ok().json()["spec"]["containers"][0].clone();
    let decorated = render("in_pod").ok().json();
    assert!(decorated["metadata"]["name"].as_str().unwrap().starts_with("in-pod-"), "{decorated:#}");
    let variables = decorated["spec"]["containers"][0]["env"].as_array().unwrap();
    let names: Vec<&str> = variables.iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["__PYTHON_SCRIPT", "__PYTHON_INPUT"]);
    assert!(decorated["spec"]["containers"][0]["command"][2].as_str().unwrap().contains("/tmp/script.py"));
    assert_eq!(container("says")["command"], json!(["echo", "it says", "hello", "2026-01-05"]));
    assert_eq!(container("macro")["args"], json!(["2026-01-052026-01-05"]));
    assert_eq!(render("told").ok().json()["metadata"]["labels"]["changed"], "2026-01-05");
    let refused = render("asks");
    assert!(refused.code == 1 && refused.err.contains("on_pod_manifest_created of callbacks=: "), "{}", refused.err);
    assert!(refused.err.contains("a pod that is only rendered is not in any cluster"), "{}", refused.err);
    let own = render("own");
    assert!(own.err.contains("execute() of Own is not called here"), "{}", own.err);
    assert_eq!(own.ok().json()["spec"]["containers"][0]["args"], json!(["xx"]));
    assert!(!mark.exists());
    let wrong = render("wrong");
    assert!(wrong.code == 1 && wrong.err.contains("the pod of task wrong cannot be put together"), "{}", wrong.err);
    // What it needs of another task has to be there.
    for task in ["needs", "pulls"] {
        let missing = render(task);
        let why = "XCom return_value of task first isn't there yet: there is no run of that date";
        assert!(missing.code == 1 && missing.err.contains(why), "{}", missing.err);
    }
    home.run(&["dags", "trigger", "pods", "-r", "r1", "-l", "2026-01-05"]).ok();
    let missing = render("needs");
    assert!(missing.err.contains("it hasn't ended in run r1"), "{}", missing.err);
    home.run(&["xcoms", "set", "pods", "r1", "first", "9"]).ok();
    assert_eq!(container("pulls")["args"], json!(["9"]));
    let run = home.run(&["runs", "show", "pods", "r1", "-o", "json"]).ok().json();
    let rendered = run["rendered_fields"].as_array().unwrap();
    let xcoms = run["xcoms"].as_array().unwrap();
    assert_eq!((rendered.len(), xcoms.len()), (0, 1), "{run:#}");
}
