//! Jobs: their ends, their results, their pods, and what is left of them.

use serde_json::{Value, json};

use super::{Cluster, home, log, pauses::Pauses, start};

/// Makes `job(task_id, script, **more)`.
const MAKER: &str = r#"
from airflow.providers.cncf.kubernetes.operators.job import (
    KubernetesDeleteJobOperator, KubernetesJobOperator, KubernetesPatchJobOperator)
def job(task_id, script, **more):
    more = {"termination_grace_period": 1, "wait_until_job_complete": True, "name": task_id, **more}
    return KubernetesJobOperator(task_id=task_id, image="IMAGE", cmds=["sh", "-c", script], **more)
"#;

fn tasks(cluster: &Cluster, tasks: &str) -> String {
    format!("{MAKER}{tasks}").replace("IMAGE", &cluster.image()).replace("NAMESPACE", &cluster.namespace)
}

const TASKS: &str = r#"
job("plain", "echo hello; echo ERROR: red")
job("fails", "echo oops; exit 3", backoff_limit=1)
indexed = {"parallelism": 2, "completions": 3, "completion_mode": "Indexed"}
job("indexed", "echo I am $JOB_COMPLETION_INDEX; echo 1$JOB_COMPLETION_INDEX > /airflow/xcom/return.json", do_xcom_push=True,
    **indexed)
job("one", "echo '{\"a\": 1}' > /airflow/xcom/return.json", do_xcom_push=True)
job("listed", "echo 7 > /airflow/xcom/return.json", do_xcom_push=True, unwrap_single=False)
job("nothing", "true", do_xcom_push=True)
job("broken", "echo '{' > /airflow/xcom/return.json", do_xcom_push=True)
job("parked", "sleep 1; echo 5 > /airflow/xcom/return.json", do_xcom_push=True, deferrable=True)
job("parked_fails", "exit 4", deferrable=True, backoff_limit=0)
job("not_waited", "sleep 1", wait_until_job_complete=False)
job("too_long", "sleep 100", execution_timeout=timedelta(seconds=5))
job("deadline", "sleep 100", active_deadline_seconds=2)
job("kept", "true", on_finish_action="keep_pod")
job("no_namespace", "true", namespace="no-such-namespace")
job("none_at_a_time", "true", parallelism=0)
fixed = {"random_name_suffix": False}
job("held", "true", suspend=True, **fixed)
again = {"retries": 30, "retry_delay": timedelta(seconds=1), "namespace": "NAMESPACE"}
KubernetesPatchJobOperator(task_id="resume", name="job-held", body={"spec": {"suspend": False}}, **again)
keep = job("done", "true", wait_until_job_complete=False, **fixed)
wait = {"name": "{{ ti.xcom_pull('done', key='job_name') }}", "namespace": "NAMESPACE", "wait_for_completion": True,
        "poll_interval": 1}
stays = KubernetesDeleteJobOperator(task_id="stays", delete_on_status="Failed", **wait)
goes = KubernetesDeleteJobOperator(task_id="goes", delete_on_status="Complete", **wait)
keep >> stays >> goes >> KubernetesDeleteJobOperator(task_id="gone", name="job-done", namespace="NAMESPACE")
class Doubled(KubernetesJobOperator):
    def execute(self, context):
        return super().execute(context) * 2
Doubled(task_id="in_python", image="IMAGE", cmds=["sh", "-c", "echo 21 > /airflow/xcom/return.json"], do_xcom_push=True,
        wait_until_job_complete=True)
"#;

#[test]
fn every_job_has_its_end_its_result_and_its_pods() {
    let Some(cluster) = Cluster::new("jobs") else { return };
    let home = home(&cluster, &tasks(&cluster, TASKS));
    let run = home.trigger("pods", "r1", &json!({}));
    let expected = [
        ("plain", "success", "-", Value::Null),
        ("fails", "failed", "exit_code", Value::Null),
        ("indexed", "success", "-", json!([10, 11, 12])),
        ("one", "success", "-", json!({"a": 1})),
        ("listed", "success", "-", json!([7])),
        ("nothing", "success", "-", Value::Null),
        ("broken", "failed", "value", Value::Null),
        ("parked", "success", "-", json!(5)),
        ("parked_fails", "failed", "exit_code", Value::Null),
        ("not_waited", "success", "-", Value::Null),
        ("too_long", "failed", "timeout", Value::Null),
        ("deadline", "failed", "timeout", Value::Null),
        ("kept", "success", "-", Value::Null),
        ("no_namespace", "failed", "admission", Value::Null),
        ("none_at_a_time", "failed", "value", Value::Null),
        ("held", "success", "-", Value::Null),
        ("goes", "success", "-", Value::Null),
        ("gone", "success", "-", Value::Null),
        ("in_python", "success", "-", json!(42)),
    ];
    for (task, state, kind, result) in expected {
        let row = run.task(task, -1);
        let found = row["cause"]["kind"].as_str().unwrap_or("-");
        assert_eq!((row["state"].as_str(), found), (Some(state), kind), "{task}: {row:#}");
        assert_eq!(*run.returned(task, -1), result, "{task}");
    }
    let summary = |task: &str| run.task(task, -1)["cause"]["summary"].as_str().unwrap().to_string();
    let name = |task: &str| run.xcom(task, -1, "job_name").as_str().unwrap().to_string();
    assert_eq!(
        summary("fails"),
        format!(
            "Kubernetes job '{}' is failed with error 'BackoffLimitExceeded': container base exited with code 3",
            name("fails")
        )
    );
    assert!(summary("parked_fails").starts_with("Job failed with error: BackoffLimitExceeded"));
    assert!(summary("none_at_a_time").contains("parallelism cannot be less than 1"));
    // XComs as the provider's: names as Python's client spells them.
    assert_eq!(run.xcom("one", -1, "job_namespace"), &json!(cluster.namespace));
    let job = run.xcom("one", -1, "job");
    assert_eq!((&job["metadata"]["name"], &job["status"]["succeeded"]), (&json!(name("one")), &json!(1)), "{job:#}");
    assert_eq!(run.xcom("not_waited", -1, "job")["spec"]["parallelism"], 1);
    assert_eq!(run.returned("resume", -1)["spec"]["suspend"], false);
    // One pod's lines as ever, those of several with their pod before them.
    let said = log(&home, "r1", "plain", 1);
    assert!(said.contains(&"[base] hello".to_string()), "{said:?}");
    let said = log(&home, "r1", "fails", 1);
    assert_eq!(said.iter().filter(|line| *line == "[base] oops").count(), 2, "{said:?}");
    let said = log(&home, "r1", "indexed", 1);
    for i in 0..3 {
        let is_line =
            |line: &&String| line.starts_with(&format!("[{i}-")) && line.ends_with(&format!("/base] I am {i}"));
        assert_eq!(said.iter().filter(is_line).count(), 1, "{said:?}");
    }
    let said = log(&home, "r1", "not_waited", 1);
    assert!(said.iter().any(|line| line.contains("available only with parameter `wait_until_job_complete=True`")));
    // Jobs stay, but the one that was deleted and the one that took too long; pods go as `on_finish_action` says.
    let there: Vec<String> =
        cluster.jobs().iter().map(|job| job["metadata"]["name"].as_str().unwrap().to_string()).collect();
    assert!(there.contains(&name("plain")) && there.contains(&name("fails")), "{there:?}");
    assert!(!there.contains(&"job-done".to_string()) && !there.contains(&name("too_long")), "{there:?}");
    home.until("only pods that stay are left", || {
        let left = cluster.left();
        let stays = |pod: &String| [name("kept"), name("not_waited")].iter().any(|job| pod.starts_with(job.as_str()));
        left.iter().all(stays).then_some(())
    });
    // Every pod of a job has its row.
    let pods = home.run(&["pods", "list", "pods", "--all", "-o", "json"]).ok().json();
    let rows = |task: &str| pods.as_array().unwrap().iter().filter(|pod| pod["task_id"] == task).count();
    assert_eq!((rows("plain"), rows("fails"), rows("indexed")), (1, 2, 3), "{pods:#}");
    assert!(pods.as_array().unwrap().iter().all(|pod| pod["kind"] == "job_pod"), "{pods:#}");
}

#[test]
fn a_job_that_nobody_waits_for_is_gone_with_its_pods() {
    let Some(cluster) = Cluster::new("jobkill") else { return };
    let home = home(
        &cluster,
        &tasks(
            &cluster,
            r#"
job("marked", "sleep 1000", parallelism=2)
job("orphans", "sleep 1000", on_kill_propagation_policy="Orphan")
job("parked", "sleep 1000", deferrable=True)
job("kept", "sleep 1000", on_kill_propagation_policy="Orphan", on_kill_action="keep_pod")
job("cleared", "sleep 1000")
"#,
        ),
    );
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let running = || {
        let pods = home.run(&["pods", "list", "pods", "-o", "json"]).ok().json();
        let all = pods.as_array().unwrap().iter();
        all.filter(|pod| pod["phase"] == "Running").map(|pod| pod["name"].as_str().unwrap().to_string()).collect()
    };
    let first: Vec<String> = home.until("six pods run", || Some(running()).filter(|all: &Vec<String>| all.len() == 6));
    home.run(&["tasks", "clear", "pods", "--run-id", "r1", "--task-id", "cleared", "-y"]).ok();
    home.until("the cleared task has another pod", || {
        let now = running();
        now.iter().any(|pod| pod.contains("cleared") && !first.contains(pod)).then_some(())
    });
    let of_first =
        |pods: &[String], task: &str| pods.iter().filter(|pod| pod.contains(task) && first.contains(pod)).count();
    assert_eq!(of_first(&cluster.left(), "cleared"), 0);
    home.run(&["runs", "set-state", "pods", "r1", "failed", "-y"]).ok();
    home.until("nothing is left but what was to be kept", || {
        let (jobs, left) = (cluster.jobs(), cluster.left());
        (jobs.is_empty() && left.len() == 1 && left[0].contains("kept")).then_some(())
    });
}

#[test]
fn a_killed_scheduler_makes_no_second_job_and_loses_no_line_and_no_result() {
    let Some(cluster) = Cluster::new("jobcut") else { return };
    let script =
        "i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); sleep 0.05; done; echo 3 > /airflow/xcom/return.json";
    let lines: Vec<String> = (0..4)
        .map(|i| {
            let defer = if i % 2 == 0 { "True" } else { "False" };
            let next =
                if i < 2 { format!(" >> job(\"u{i}\", \"{script}\", do_xcom_push=True)") } else { String::new() };
            format!(
                "job(\"t{i}\", \"{script}\", do_xcom_push=True, parallelism=2, completions=2, deferrable={defer}){next}"
            )
        })
        .collect();
    let home = home(&cluster, &tasks(&cluster, &lines.join("\n")));
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let mut pauses = Pauses(0x9e37_79b9_7f4a_7c15);
    for _ in 0..12 {
        std::thread::sleep(pauses.next());
        home.kill_scheduler();
        start(&cluster, &home);
    }
    let run = home.wait("pods", "r1");
    let wanted: Vec<String> = (0..100).map(|i| format!("line {i}")).collect();
    for task in ["t0", "t1", "t2", "t3", "u0", "u1"] {
        let row = run.task(task, -1);
        assert_eq!((row["state"].as_str(), row["try_number"].as_u64()), (Some("success"), Some(1)), "{task}: {row:#}");
        let single = task.starts_with('u');
        assert_eq!(*run.returned(task, -1), if single { json!(3) } else { json!([3, 3]) }, "{task}");
        let said = log(&home, "r1", task, 1);
        let mut pods: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
        for line in said.iter().filter(|line| line.contains("] line ")) {
            let (pod, text) = line.split_once("] ").unwrap();
            pods.entry(pod).or_default().push(text.into());
        }
        assert_eq!(pods.len(), if single { 1 } else { 2 }, "{task}: {:?}", pods.keys());
        for (pod, lines) in pods {
            assert_eq!(lines, wanted, "{task} {pod}");
        }
    }
    assert_eq!(cluster.jobs().len(), 6);
    super::until_empty(&cluster, &home);
}
