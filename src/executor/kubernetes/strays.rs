//! Pods and jobs in a namespace that carry a home's mark: what a store may have forgotten that it made.

use std::rc::Rc;

use serde_json::Value;

use super::{
    Cluster, Report, Teller,
    api::{Answer, Api},
    find::{OWNER, Pause},
    glance,
    hub::{Hub, WATCHED},
    job::condition,
    things::{Removal, Things, patiently},
};
use crate::{error::say, executor::worker::pod::WORKER_OF, operators::kubernetes_pod::safe_label};

/// So often the API server is asked at most, with growing pauses: about an hour.
const ATTEMPTS: usize = 240;

/// One of them that isn't over.
#[derive(Debug, Clone, PartialEq)]
pub struct Stray {
    /// It is a job; else a pod.
    pub is_job: bool,
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Text of its mark.
    pub mark: String,
    /// DAG of its task.
    pub dag_id: String,
    /// Run of its task.
    pub run_id: String,
    /// Its task.
    pub task_id: String,
    /// Map index.
    pub map_index: i32,
    /// A later try takes it up by its labels.
    pub is_durable: bool,
    /// It stays when its task is killed.
    pub is_kept: bool,
}

/// Looks for them once, and tells what there is.
pub async fn survey(hub: Rc<Hub>, teller: Teller, cluster: Cluster, namespace: String, home: String) {
    let Ok(api) = hub.api(&cluster, &namespace).await else { return };
    let mut pause = Pause::default();
    for _ in 0..ATTEMPTS {
        match all(&api, &namespace, &home).await {
            Ok(found) => {
                if !found.is_empty() {
                    teller.tell(Report::Strays { cluster, namespace, found });
                }
                return;
            }
            Err(trouble) if trouble.is_away() => pause.wait().await,
            // Without the right to look there is nothing to be found.
            Err(_) => return,
        }
    }
}

async fn all(api: &Api, namespace: &str, home: &str) -> Answer<Vec<Stray>> {
    let items = |list: Value| list["items"].as_array().cloned().unwrap_or_default();
    let pods = items(Things::pods(api, namespace).list(WATCHED).await?);
    let of_pod = |pod: &Value| stray(pod, home, false).filter(|_| !glance::is_over(pod));
    let mut found: Vec<Stray> = pods.iter().filter_map(of_pod).collect();
    match Things::jobs(api, namespace).list(WATCHED).await {
        Ok(jobs) => {
            let of_job = |job: &Value| stray(job, home, true).filter(|_| condition(job).is_none());
            found.extend(items(jobs).iter().filter_map(of_job));
        }
        Err(trouble) if trouble.is_away() => return Err(trouble),
        // Rights for pods alone are enough where there are no jobs.
        Err(_) => {}
    }
    Ok(found)
}

/// A pod or job of the home; `None` if it is another's, or on its way out.
fn stray(object: &Value, home: &str, is_job: bool) -> Option<Stray> {
    let metadata = &object["metadata"];
    let mark = metadata["annotations"][OWNER].as_str()?;
    let owner: Value = serde_json::from_str(mark).unwrap_or_default();
    let is_worker = metadata["labels"][WORKER_OF] == safe_label(home).as_str();
    if (owner["home"] != home && !is_worker) || metadata["deletionTimestamp"].is_string() {
        return None;
    }
    // Workers carry the same in annotations of their own, as in Airflow.
    let whose = if is_worker { &metadata["annotations"] } else { &owner };
    let text = |name: &str| whose[name].as_str().unwrap_or_default().to_string();
    let index = whose["map_index"].as_i64().or_else(|| whose["map_index"].as_str()?.parse().ok());
    Some(Stray {
        is_job,
        name: glance::name(object).into(),
        uid: glance::uid(object).into(),
        mark: mark.into(),
        dag_id: text("dag_id"),
        run_id: text("run_id"),
        task_id: text("task_id"),
        map_index: index.and_then(|index| index.try_into().ok()).unwrap_or(-1),
        is_durable: owner["durable"] == true,
        is_kept: owner["keep_on_kill"] == true,
    })
}

/// Deletes one, a job with its pods.
pub async fn remove(hub: Rc<Hub>, cluster: Cluster, namespace: String, stray: Stray) {
    let Ok(api) = hub.api(&cluster, &namespace).await else { return };
    let things = if stray.is_job { Things::jobs(&api, &namespace) } else { Things::pods(&api, &namespace) };
    let propagation = stray.is_job.then_some("Foreground");
    let how = Removal { uid: Some(&stray.uid), grace: None, propagation };
    if let Err(trouble) = patiently(async || things.delete(&stray.name, how).await).await
        && !trouble.is_missing()
    {
        say(format_args!("scheduler: {} can't be deleted: {trouble}", stray.name));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_carries_this_homes_mark_is_ours() {
        let owner =
            json!({"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": 2, "home": "h", "keep_on_kill": true});
        let pod = |labels: Value, owner: &str| json!({"metadata": {"name": "p", "uid": "u", "labels": labels, "annotations": {OWNER: owner, "dag_id": "e", "map_index": "4"}}});
        let found = stray(&pod(json!({}), &owner.to_string()), "h", false).unwrap();
        assert_eq!((found.dag_id.as_str(), found.map_index, found.is_kept), ("d", 2, true));
        assert_eq!(stray(&pod(json!({}), &owner.to_string()), "another", false), None);
        let worker = stray(&pod(json!({WORKER_OF: "h"}), "some uuid"), "h", false).unwrap();
        assert_eq!((worker.dag_id.as_str(), worker.map_index, worker.is_durable), ("e", 4, false));
        assert_eq!(stray(&pod(json!({}), "some uuid"), "h", false), None);
        assert_eq!(stray(&json!({"metadata": {"name": "p", "labels": {WORKER_OF: "h"}}}), "h", false), None);
    }
}
