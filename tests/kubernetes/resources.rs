//! Objects of any kind, created and deleted by tasks; from Python and from TOML, and by a scheduler that is killed meanwhile.

use serde_json::json;

use super::{Cluster, home, killed::Pauses, log, start};

const TASKS: &str = r#"
from airflow.providers.cncf.kubernetes.operators.resource import (
    KubernetesCreateResourceOperator as Create, KubernetesDeleteResourceOperator as Delete)
map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}, data: {run: '{{ run_id }}'}}"
two = map % "one" + "\n---\n" + map % "two"
kind = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.GROUP}
spec:
  group: GROUP
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
"""
own = "{apiVersion: GROUP/v1, kind: Widget, metadata: {name: w}, spec: {size: 3}}"
soon = {"retries": 20, "retry_delay": timedelta(seconds=1)}
made = [Create(task_id="maps", yaml_conf=two), Create(task_id="kind", yaml_conf=kind)
        >> Create(task_id="own", yaml_conf=own, custom_resource_definition=True, **soon)]
made >> Create(task_id="taken", yaml_conf=two + "\n---\n" + map % "three") >> Create(task_id="unknown", yaml_conf="""
{apiVersion: no.such/v1, kind: Thing, metadata: {name: x}}
""", trigger_rule="all_done") >> Create(task_id="empty", trigger_rule="all_done")
"#;

const DELETION: &str = r#"
from airflow.providers.cncf.kubernetes.operators.resource import KubernetesDeleteResourceOperator as Delete
names = "\n---\n".join("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}" % name for name in ("one", "two", "three"))
own = "{apiVersion: GROUP/v1, kind: Widget, metadata: {name: w}}"
kind = "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.GROUP}}"
Delete(task_id="maps", yaml_conf=names) >> Delete(task_id="missing", yaml_conf=names)
Delete(task_id="own", yaml_conf=own, custom_resource_definition=True) >> Delete(task_id="kind", yaml_conf=kind)
"#;

/// The kind that the test makes goes with it.
struct Kind<'a>(&'a Cluster, String);

impl Drop for Kind<'_> {
    fn drop(&mut self) {
        self.0.remove(&self.1);
    }
}

#[test]
fn objects_of_any_kind_come_and_go() {
    let Some(cluster) = Cluster::new("objects") else { return };
    let group = format!("g{}.dagdeck.test", std::process::id());
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{group}");
    let _kind = Kind(&cluster, path.clone());
    let home_of = |text: &str| home(&cluster, &text.replace("GROUP", &group));
    let map = |name: &str| cluster.object(&format!("/api/v1/namespaces/{}/configmaps/{name}", cluster.namespace));
    let own = || cluster.object(&format!("/apis/{group}/v1/namespaces/{}/widgets/w", cluster.namespace));
    {
        let home = home_of(TASKS);
        let run = home.trigger("pods", "r1", &json!({}));
        run.expect(&[("maps", "success"), ("kind", "success"), ("own", "success"), ("taken", "failed")]);
        assert_eq!(map("one").unwrap()["data"]["run"], "r1");
        assert_eq!(own().unwrap()["spec"]["size"], 3);
        // Whatever can be created is, and what can't be is named.
        assert!(map("three").is_some());
        let cause = run.task("taken", -1)["cause"].clone();
        let summary = cause["summary"].as_str().unwrap();
        assert!(summary.contains("Error from server (AlreadyExists): configmaps \"two\" already exists"), "{cause}");
        assert_eq!(cause["exception"], "FailToCreateError");
        let summary = run.task("unknown", -1)["cause"]["summary"].as_str().unwrap().to_string();
        assert!(summary.contains("knows no kind Thing in version no.such/v1"), "{summary}");
        let summary = run.task("empty", -1)["cause"]["summary"].as_str().unwrap().to_string();
        assert!(summary.contains("One of `yaml_conf` or `yaml_conf_file` arguments must be provided"), "{summary}");
        assert!(log(&home, "r1", "maps", 1).contains(&"Resource was created".to_string()));
        let pods = home.run(&["pods", "list", "pods", "--all", "-o", "json"]).ok().json();
        assert_eq!(pods, json!([]));
    }
    let home = home_of(DELETION);
    let run = home.trigger("pods", "r1", &json!({}));
    run.expect(&[("own", "success"), ("kind", "success"), ("maps", "success"), ("missing", "failed")]);
    let summary = run.task("missing", -1)["cause"]["summary"].as_str().unwrap().to_string();
    assert!(summary.contains("Error from server (NotFound): configmaps \"one\" not found"), "{summary}");
    home.until("nothing is left", || {
        let none = ["one", "two", "three"].iter().all(|name| map(name).is_none());
        (none && own().is_none() && cluster.object(&path).is_none()).then_some(())
    });
}

const FROM_TOML: &str = r#"
[dag]
is_paused_upon_creation = false

[tasks.made]
operator = "create_kubernetes_resource"
yaml_conf_file = "map.yaml"

[tasks.job]
operator = "kubernetes_job"
depends = ["made"]
image = "IMAGE"
cmds = ["sh", "-c", "echo '[1, 2]' > /airflow/xcom/return.json"]
wait_until_job_complete = true
do_xcom_push = true
ttl_seconds_after_finished = 600

[tasks.changed]
operator = "patch_kubernetes_job"
depends = ["job"]
name = "{{ ti.xcom_pull('job', key='job_name') }}"
namespace = "NAMESPACE"
body = {metadata = {labels = {seen = "yes"}}}

[tasks.gone]
operator = "delete_kubernetes_job"
depends = ["changed"]
name = "{{ ti.xcom_pull('job', key='job_name') }}"
namespace = "NAMESPACE"

[tasks.unmade]
operator = "KubernetesDeleteResourceOperator"
depends = ["gone"]
yaml_conf_file = "map.yaml"
"#;

#[test]
fn toml_has_the_same_operators() {
    let Some(cluster) = Cluster::new("toml") else { return };
    let text = FROM_TOML.replace("IMAGE", &cluster.image()).replace("NAMESPACE", &cluster.namespace);
    let map = "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: m-, name: m}}";
    let home = crate::support::Home::with_files(&[("cluster.toml", &text), ("map.yaml", map)]);
    start(&cluster, &home);
    let run = home.trigger("cluster", "r1", &json!({}));
    run.expect(&[
        ("made", "success"),
        ("job", "success"),
        ("changed", "success"),
        ("gone", "success"),
        ("unmade", "success"),
    ]);
    assert_eq!(*run.returned("job", -1), json!([1, 2]));
    assert_eq!(run.returned("changed", -1)["metadata"]["labels"]["seen"], "yes");
    home.until("the job is gone", || cluster.jobs().is_empty().then_some(()));
    assert_eq!(cluster.object(&format!("/api/v1/namespaces/{}/configmaps/m", cluster.namespace)), None);
}

#[test]
fn what_a_killed_scheduler_began_counts_once() {
    let Some(cluster) = Cluster::new("once") else { return };
    let tasks: Vec<String> = (0..8)
        .map(|i| {
            format!(
                "yaml{i} = \"\\n---\\n\".join(\"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: m{i}-%d}}}}\" % n for n in range(5))\n\
                 Create(task_id=\"c{i}\", yaml_conf=yaml{i}) >> Delete(task_id=\"d{i}\", yaml_conf=yaml{i})"
            )
        })
        .collect();
    let imports = "from airflow.providers.cncf.kubernetes.operators.resource import (\n    KubernetesCreateResourceOperator as Create, KubernetesDeleteResourceOperator as Delete)\n";
    let home = home(&cluster, &format!("{imports}{}", tasks.join("\n")));
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let mut pauses = Pauses(0x1234_5678_9abc_def1);
    for _ in 0..10 {
        std::thread::sleep(pauses.next() / 12);
        home.kill_scheduler();
        start(&cluster, &home);
    }
    let run = home.wait("pods", "r1");
    for i in 0..8 {
        for task in [format!("c{i}"), format!("d{i}")] {
            let row = run.task(&task, -1);
            assert_eq!(
                (row["state"].as_str(), row["try_number"].as_u64()),
                (Some("success"), Some(1)),
                "{task}: {row:#}"
            );
        }
    }
    let left = cluster.object(&format!("/api/v1/namespaces/{}/configmaps", cluster.namespace)).unwrap();
    let left: Vec<&str> =
        left["items"].as_array().unwrap().iter().filter_map(|m| m["metadata"]["name"].as_str()).collect();
    assert!(left.iter().all(|name| !name.starts_with('m')), "{left:?}");
}

const EXEC: &str = r#"
from airflow.providers.cncf.kubernetes.operators.pod_exec import KubernetesPodExecOperator
def run(task_id, script, **more):
    return KubernetesPodExecOperator(task_id=task_id, **{"pod_name": "target", "command": ["sh", "-c", script], **more})
run("says", "echo out; echo err >&2; printf {{ run_id }}", do_xcom_push=True)
run("fails", "echo before; exit 3")
run("much", "head -c 100000 /dev/zero | tr '\\0' x", do_xcom_push=True)
run("elsewhere", "true", container_name="no-such")
run("nowhere", "true", pod_name="no-such")
run("too_long", "sleep 100", execution_timeout=timedelta(seconds=2))
"#;

#[test]
fn a_command_runs_in_a_pod_of_somebodys() {
    let Some(cluster) = Cluster::new("exec") else { return };
    cluster.create(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "target"}, "spec": {
        "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "main", "image": cluster.image(), "command": ["sleep", "1000"]}]}}));
    cluster.await_phase("target", "Running");
    let home = home(&cluster, EXEC);
    let run = home.trigger("pods", "r1", &json!({}));
    assert_eq!(*run.returned("says", -1), json!("out\nr1"), "{run:#?}");
    let said = log(&home, "r1", "says", 1);
    assert!(["[stdout] out", "[stderr] err"].iter().all(|line| said.iter().any(|l| l == line)), "{said:?}");
    let why = |task: &str| {
        run.task(task, -1)["cause"]["summary"].as_str().unwrap_or_else(|| panic!("{task}: {run:#?}")).to_string()
    };
    assert!(why("fails").ends_with("failed with exit code 3"), "{}", why("fails"));
    assert_eq!(run.task("fails", -1)["cause"]["exit_code"], 3);
    assert!(why("much").contains("exceeded the configured XCom limit of 49344 bytes"), "{}", why("much"));
    assert!(why("elsewhere").contains("Container 'no-such' does not exist"), "{}", why("elsewhere"));
    assert!(why("nowhere").contains("Unable to read pod"), "{}", why("nowhere"));
    assert_eq!(run.task("too_long", -1)["cause"]["exception"], "AirflowTaskTimeout");
    assert_eq!(cluster.left(), ["target"]);
}
