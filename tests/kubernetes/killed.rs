//! The scheduler killed at random instants over pods: no pod is lost or made twice, none is left over, and every line of
//! their output is in the logs once.

use std::{collections::BTreeMap, time::Duration};

use super::{Cluster, home, log, start};

/// Pauses that are the same in every run of the test; the instants still differ with the machine's load.
pub struct Pauses(pub u64);

impl Pauses {
    pub fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_micros(self.0 % 1_200_000)
    }
}

#[test]
fn nothing_is_lost_nothing_is_doubled() {
    let Some(cluster) = Cluster::new("killed") else { return };
    let kills = std::env::var("DAGDECK_POD_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20usize);
    let tasks: Vec<String> = (0..12)
        .map(|i| {
            let (push, defer) = (if i % 3 == 0 { "True" } else { "False" }, if i % 4 == 1 { "True" } else { "False" });
            // A hundred lines over some seconds, and a result.
            let result = if i % 3 == 0 { format!("; echo '[{i}]' > /airflow/xcom/return.json") } else { String::new() };
            format!(
                "t{i} = pod(\"t{i}\", \"i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); sleep 0.05; done{result}\", \
                 do_xcom_push={push}, deferrable={defer})"
            )
        })
        .chain(std::iter::once("t0 >> t6; t1 >> t7; t2 >> t8; t3 >> t9; t4 >> t10; t5 >> t11".into()))
        .collect();
    let home = home(&cluster, &tasks.join("\n"));
    home.run(&["dags", "trigger", "pods", "-r", "r1"]).ok();
    let mut pauses = Pauses(0x2545_f491_4f6c_dd1d);
    let mut while_running = 0;
    for _ in 0..kills {
        std::thread::sleep(pauses.next());
        home.kill_scheduler();
        while_running += usize::from(!["success", "failed"].contains(&home.show("pods", "r1").state()));
        start(&cluster, &home);
    }
    let run = home.wait("pods", "r1");
    eprintln!("{while_running} of {kills} kills hit while the run was going on");
    assert!(while_running > 0);
    let expected: Vec<String> = (0..100).map(|i| format!("[base] line {i}")).collect();
    for i in 0..12 {
        let task = format!("t{i}");
        let row = run.task(&task, -1);
        assert_eq!((row["state"].as_str(), row["try_number"].as_u64()), (Some("success"), Some(1)), "{task}: {row:#}");
        let lines: Vec<String> =
            log(&home, "r1", &task, 1).into_iter().filter(|line| line.starts_with("[base] line")).collect();
        assert_eq!(lines, expected, "{task}");
        if i % 3 == 0 {
            assert_eq!(run.returned(&task, -1), &serde_json::json!([i]), "{task}");
        }
    }
    let pods = home.until("no pod is left, and that is known", || {
        let pods = home.run(&["pods", "list", "pods", "--all", "-o", "json"]).ok().json();
        let all_gone = pods.as_array().unwrap().iter().all(|pod| pod["state"] == "gone");
        (all_gone && cluster.left().is_empty()).then_some(pods)
    });
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for pod in pods.as_array().unwrap() {
        *made.entry(pod["task_id"].as_str().unwrap().to_string()).or_default() += 1;
    }
    assert!(made.len() == 12 && made.values().all(|n| *n == 1), "{made:?}");
}
