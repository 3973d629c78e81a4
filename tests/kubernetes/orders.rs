//! Two faults at once: the scheduler is killed before it hears that a worker has begun, and the pod is gone when the next one
//! looks. What may have run is not run again within its try.

use super::{
    Cluster,
    proxy::{Asked, Deed, Proxy},
    workers::{self, Shared},
};
use crate::support::Home;

const FILE: &str = r#"
import os, time
from datetime import timedelta
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task

TWICE = {"retries": 1, "retry_delay": timedelta(seconds=1)}

@dag(schedule=None, is_paused_upon_creation=False)
def once():
    @task(**TWICE)
    def runs(ti):
        with open(f"{os.environ['XDG_CACHE_HOME']}/once", "a") as file:
            file.write(f"{ti.try_number}\n")
        if ti.try_number == 1:
            time.sleep(1000)

    runs()

@dag(schedule=None, is_paused_upon_creation=False)
def shell():
    BashOperator(task_id="runs", bash_command="echo {{ ti.try_number }} >> /shared/shell; [ {{ ti.try_number }} != 1 ] || sleep 1000", **TWICE)

once()
shell()
"#;

#[test]
fn a_worker_that_may_have_begun_has_used_its_try_when_its_pod_is_gone() {
    let Some(mut cluster) = Cluster::new("orders") else { return };
    let proxy = Proxy::to(cluster.own_kubeconfig());
    cluster.go_through(&proxy, &serde_json::json!({}));
    let home = Home::with_files(&[("once.py", FILE)]);
    let (shared, template) = Shared::new(&cluster, &home);
    let variables = [("AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE", template.as_str())];
    let start = || workers::start(&cluster, &home, &variables);
    start();
    // Nothing is heard of an agent from its order on; and nothing is seen of a shell command's pod after its creation.
    let deaf = |asked: &Asked| if asked.path.contains("/exec?") { Deed::Deafen } else { Deed::Pass };
    let blind = |asked: &Asked| match asked.method.as_str() {
        "GET" => Deed::Say(503, "ServiceUnavailable"),
        _ => Deed::Pass,
    };
    let both: [fn(&Asked) -> Deed; 2] = [deaf, blind];
    for (dag, judge) in ["once", "shell"].into_iter().zip(both) {
        proxy.judge(judge);
        proxy.cut(Asked::is_watch);
        home.run(&["dags", "trigger", dag, "-r", "r"]).ok();
        let file = format!("/node/{}/{dag}", cluster.namespace);
        shared.look(&format!("begun-{dag}"), &format!("until [ -s {file} ]; do sleep 0.1; done"));
        home.kill_scheduler();
        let run = home.show(dag, "r");
        assert_eq!(run.states("runs"), ["queued"], "nobody heard that it runs: {run:#?}");
        let pod = cluster.left().into_iter().find(|name| name.starts_with(dag)).unwrap();
        assert!(cluster.delete(&pod));
        cluster.await_gone(&pod);
        proxy.judge(|_| Deed::Pass);
        start();
        let run = home.wait(dag, "r");
        assert_eq!(run.task("runs", -1)["try_number"], 2, "{run:#?}");
        assert_eq!(run.state(), "success", "{run:#?}");
        let ran = shared.look(&format!("look-{dag}"), &format!("cat {file}"));
        assert_eq!(ran.split_whitespace().collect::<Vec<_>>(), ["1", "2"], "{dag}: each try ran once");
        let first = run.0["tries"].as_array().unwrap().iter().find(|row| row["cause"].is_object()).unwrap();
        assert_eq!(first["cause"]["kind"], "pod_deleted", "{first:#}");
    }
}
