//! The DAGs that faults happen to: tasks that print numbered lines over some seconds and leave a result. In all but one of
//! them the first try of each task brings a fault upon itself, at a line that the run's conf chooses.

use super::Work;

/// Lines that a task prints.
pub const LINES: usize = 60;
/// Nothing happens by itself.
pub const CALM: &str = "calm";
/// More memory than allowed.
pub const MEMORY: &str = "memory";
/// More disk than allowed: the kubelet evicts the pod.
pub const DISK: &str = "disk";

const OPERATOR: &str = r#"
from datetime import datetime, timedelta
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

HOW = {
    "calm": ("", {}),
    "memory": ("x=a; while :; do x=$x$x; done", {"memory": "24Mi"}),
    "disk": ("dd if=/dev/zero of=/over bs=1M count=60; sleep 1000", {"ephemeral-storage": "30Mi"}),
}

def pod(i, how):
    act, limits = HOW[how]
    now = "[ $i = {{ (dag_run.conf['k'] + %d) %% LINES }} ] && [ {{ ti.try_number }} = 1 ] && { %s; }; " % (i * 13, act)
    push = i % 2 == 0
    script = "i=0; while [ $i -lt LINES ]; do echo line $i; %si=$((i+1)); sleep 0.05; done" % (now if act else "")
    if push:
        script += "; echo '[%d]' > /airflow/xcom/return.json" % i
    return KubernetesPodOperator(
        task_id="t%d" % i, name="t%d" % i, image="IMAGE", cmds=["sh", "-c", script], do_xcom_push=push,
        deferrable=i % 3 == 1, retries=3, retry_delay=timedelta(seconds=1), termination_grace_period=1,
        container_resources={"limits": limits} if limits else None)

for how in HOW:
    with DAG(how, schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
        pods = [pod(i, how) for i in range(TASKS)]
        pods[0] >> pods[TASKS - 1]
"#;

const WORKERS: &str = r#"
import time
from datetime import timedelta
from airflow.sdk import dag, task
from kubernetes.client import models as k8s

def memory():
    return b"x" * (1 << 30)

def disk():
    with open("/over", "wb") as file:
        file.write(b"x" * (60 << 20))
    time.sleep(1000)

HOW = {"calm": (None, {}), "memory": (memory, {"memory": "100Mi"}), "disk": (disk, {"ephemeral-storage": "30Mi"})}

def make(how):
    act, limits = HOW[how]
    resources = k8s.V1ResourceRequirements(limits=limits)
    pod = k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", resources=resources)]))
    config = {"executor_config": {"pod_override": pod}} if limits else {}

    @dag(dag_id=how, schedule=None, is_paused_upon_creation=False)
    def work():
        @task(retries=3, retry_delay=timedelta(seconds=1), **config)
        def piece(i, ti, dag_run):
            for n in range(LINES):
                print(f"line {n}")
                if n % 10 == 0:
                    ti.xcom_push(f"k{n}", [i, n])
                if act and ti.try_number == 1 and n == (dag_run.conf["k"] + i * 13) % LINES:
                    act()
                time.sleep(0.05)
            return i * 10

        @task(retries=3, retry_delay=timedelta(seconds=1))
        def total(values):
            return sum(values)

        total(piece.expand(i=list(range(TASKS))))

    work()

for how in HOW:
    make(how)
"#;

/// The file.
pub fn text(work: Work, image: &str, tasks: usize) -> String {
    let text = if work == Work::Operator { OPERATOR } else { WORKERS };
    text.replace("IMAGE", image).replace("TASKS", &tasks.to_string()).replace("LINES", &LINES.to_string())
}
