//! Pods for which a process of their task waits.

use serde_json::{Value, json};

use super::{Cluster, home, log};

const TASKS: &str = r#"
from airflow.sdk import task

class Doubled(KubernetesPodOperator):
    def execute(self, context):
        return super().execute(context) * 2

@task.kubernetes_cmd(image="IMAGE", namespace=None)
def says(word):
    return ["echo", "it said", word]
says("hello")
more = {"image": "IMAGE", "cmds": ["sh", "-c"], "termination_grace_period": 1}
Doubled(task_id="doubled", arguments=["echo 21 > /airflow/xcom/return.json"], do_xcom_push=True, **more)
Doubled(task_id="fails", arguments=["exit 3"], **more)
Doubled(task_id="skips", arguments=["exit 4"], skip_on_exit_code=4, **more)
Doubled(task_id="too_long", arguments=["sleep 100"], execution_timeout=timedelta(seconds=5), **more)
"#;

#[test]
fn the_process_ends_the_task_as_its_pod_ended() {
    let Some(cluster) = Cluster::new("python") else { return };
    let home = home(&cluster, &TASKS.replace("IMAGE", &cluster.image()));
    let run = home.trigger("pods", "r1", &json!({}));
    run.expect(&[
        ("says", "success"),
        ("doubled", "success"),
        ("fails", "failed"),
        ("skips", "skipped"),
        ("too_long", "failed"),
    ]);
    assert_eq!(*run.returned("doubled", -1), json!(42));
    assert_eq!(*run.returned("fails", -1), Value::Null);
    assert_eq!(run.task("fails", -1)["cause"]["exception"], "AirflowException");
    assert_eq!(run.task("too_long", -1)["cause"]["exception"], "AirflowTaskTimeout");
    let said = log(&home, "r1", "says", 1);
    assert_eq!(said.iter().filter(|line| *line == "[base] it said hello").count(), 1, "{said:?}");
    // The one that was too long goes when its process has ended.
    super::until_empty(&cluster, &home);
}
