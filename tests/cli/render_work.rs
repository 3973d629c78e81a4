//! `pods render` of what isn't a pod: jobs, and objects of a cluster.

use serde_json::{Value, json};

use crate::support::Home;

const FILE: &str = r#"
[tasks.job]
operator = "kueue_job"
queue_name = "gpu"
image = "i"
name = "train"
backoff_limit = 2
job_template_file = "job.yaml"
labels = {team = "a"}

[tasks.started]
operator = "kueue_job"
queue_name = "gpu"
image = "i"
suspend = false

[tasks.maps]
operator = "create_kubernetes_resource"
yaml_conf = """
{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {dag: '{{ dag.dag_id }}'}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {generateName: two-}}
"""

[tasks.change]
operator = "patch_kubernetes_job"
name = "j"
namespace = "n"
body = {spec = {suspend = false}}

[tasks.shell]
operator = "bash"
bash_command = "true"
"#;

const TEMPLATE: &str = "
apiVersion: batch/v1
kind: Job
metadata: {labels: {from: file}}
spec: {completions: 3, template: {spec: {containers: [{name: base, env: [{name: A, value: b}]}]}}}
";

#[test]
fn what_would_be_sent_is_shown_without_a_cluster() {
    let home = Home::with_files(&[("work.toml", FILE), ("job.yaml", TEMPLATE)]);
    let render = |task: &str| home.run(&["pods", "render", "work", task, "-o", "json"]);
    let job = render("job").ok().json();
    let (metadata, spec) = (&job["metadata"], &job["spec"]);
    let name = metadata["name"].as_str().unwrap();
    assert!(name.starts_with("job-train-") && name.len() == "job-train-".len() + 8, "{name}");
    let queue = json!("gpu");
    assert_eq!(metadata["labels"]["kueue.x-k8s.io/queue-name"], queue);
    assert_eq!((&metadata["labels"]["team"], &metadata["labels"]["from"]), (&json!("a"), &json!("file")));
    assert_eq!((&spec["suspend"], &spec["completions"], &spec["backoffLimit"]), (&json!(true), &json!(3), &json!(2)));
    assert_eq!(spec["template"]["metadata"]["annotations"]["kueue.x-k8s.io/queue-name"], queue);
    assert_eq!(spec["template"]["spec"]["containers"][0]["env"], json!([{"name": "A", "value": "b"}]));
    assert!(render("started").err.contains("The `suspend` parameter can't be False"));
    let maps = render("maps").ok().json();
    assert_eq!((&maps[0]["data"]["dag"], maps[2].clone()), (&json!("work"), Value::Null));
    assert!(maps[1]["metadata"]["name"].as_str().unwrap().starts_with("two-"), "{maps:#}");
    assert_eq!(render("change").ok().json(), json!({"spec": {"suspend": false}}));
    assert!(render("shell").err.contains("has no pod"));
}
