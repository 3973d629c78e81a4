//! `KubernetesJobOperator`: the job around the pod, and what is done with it (provider 10.25.0).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Arguments, Chance, Pod, Surroundings, labels_of, merge, names, objects::Shaper, put, shaped, table};

/// What every job's name begins with.
const PREFIX: &str = "job-";

/// The label and annotation by which Kueue finds a job's queue.
const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// What is done with a job once it is there. Stored with it, so that a later scheduler goes on the same way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobConduct {
    /// The task waits for its end.
    pub wait: bool,
    /// At most one pod of it runs at a time, and one makes it complete.
    pub is_single: bool,
    /// Seconds between two looks at it where it can't be watched.
    pub poll_interval: f64,
    /// What a killed task's job does with its pods: `Foreground`, `Background` or `Orphan`.
    pub propagation: String,
    /// A list of one result is that result.
    pub unwrap_single: bool,
}

impl JobConduct {
    /// Reads the arguments; `manifest` is the job that was made of them.
    pub fn of(args: &Arguments<'_>, manifest: &Value) -> Result<Self, String> {
        let propagation = args.text("on_kill_propagation_policy")?.unwrap_or_else(|| "Foreground".into());
        if !["Foreground", "Background", "Orphan"].contains(&propagation.as_str()) {
            return Err(format!(
                "KubernetesJobOperator: on_kill_propagation_policy must be Foreground, Background or Orphan, not \
                 {propagation}"
            ));
        }
        let most = |name: &str| manifest["spec"][name].as_i64().unwrap_or(1);
        Ok(Self {
            wait: args.flag("wait_until_job_complete", false)?,
            is_single: most("parallelism") <= 1 && most("completions") <= 1,
            poll_interval: args.seconds("job_poll_interval")?.unwrap_or(10.0).max(1.0),
            propagation,
            unwrap_single: args.flag("unwrap_single", true)?,
        })
    }

    /// What of the arguments has no effect, each a sentence of the provider's.
    pub fn doubts(&self, args: &Arguments<'_>) -> Result<Vec<String>, String> {
        if self.wait {
            return Ok(Vec::new());
        }
        let mut said = Vec::new();
        if args.flag("deferrable", false)? {
            said.push("Deferrable mode is available only with parameter `wait_until_job_complete=True`.");
        }
        if args.flag("get_logs", true)? || args.pushes_xcom() {
            said.push(
                "Getting Logs and pushing to XCom are available only with parameter `wait_until_job_complete=True`.",
            );
        }
        Ok(said.into_iter().map(|text| format!("{text} Please, set it up.")).collect())
    }
}

/// `KubernetesStartKueueJobOperator`: its job waits, suspended, for its turn in a queue.
pub fn queued(args: &Arguments<'_>, arguments: &IndexMap<String, Value>) -> Result<IndexMap<String, Value>, String> {
    let queue = args.required("queue_name")?;
    if !args.flag("suspend", true)? {
        return Err(
            "The `suspend` parameter can't be False. If you want to use Kueue for running Job in a Kubernetes \
                    cluster, set the `suspend` parameter to True."
                .into(),
        );
    }
    let mut made = arguments.clone();
    made.insert("suspend".into(), true.into());
    for name in ["labels", "annotations"] {
        let mut all = args.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        all.insert(QUEUE.into(), queue.clone().into());
        made.insert(name.into(), all.into());
    }
    Ok(made)
}

/// Builds the job around the pod of a task instance. An error is a sentence that names the argument.
pub fn job(
    args: &Arguments<'_>,
    task_id: &str,
    place: &Surroundings,
    pod: &Pod,
    chance: &mut Chance<'_>,
) -> Result<Value, String> {
    let parallelism = args.get("parallelism").cloned().unwrap_or_else(|| json!(1));
    if args.flag("wait_until_job_complete", false)? && parallelism.as_i64().is_none_or(|n| n < 1) {
        return Err("parallelism cannot be less than 1 with `wait_until_job_complete=True`.".into());
    }
    let mut spec = Map::new();
    put(&mut spec, "activeDeadlineSeconds", args.get("active_deadline_seconds").cloned());
    put(&mut spec, "backoffLimit", args.get("backoff_limit").cloned());
    put(&mut spec, "completionMode", args.text("completion_mode")?);
    put(&mut spec, "completions", args.get("completions").cloned());
    put(&mut spec, "manualSelector", args.get("manual_selector").cloned());
    spec.insert("parallelism".into(), parallelism);
    put(&mut spec, "selector", shaped(args, "selector"));
    put(&mut spec, "suspend", args.get("suspend").cloned());
    spec.insert("template".into(), json!({"metadata": pod.manifest["metadata"], "spec": pod.manifest["spec"]}));
    put(&mut spec, "ttlSecondsAfterFinished", args.get("ttl_seconds_after_finished").cloned());
    let mut metadata = Map::new();
    put(&mut metadata, "namespace", args.text("namespace")?);
    metadata.insert("labels".into(), json!(labels_of(args)?));
    put(&mut metadata, "name", args.text("name")?.map(|name| names::given_name(&name)).transpose()?);
    metadata.insert("annotations".into(), table(args, "annotations"));
    let own = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec});

    let full = shaped(args, "full_job_spec");
    let file = place.job_template.as_ref();
    let file = file.map(|t| Shaper { texts: true, wrong: Vec::new() }.shape(t, "V1Job", "the template"));
    let base = match (file, full) {
        (Some(file), Some(full)) => merge::jobs(&file, &full),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => json!({}),
    };
    let mut manifest = merge::jobs(&base, &own);
    let given = manifest.pointer("/metadata/name").and_then(Value::as_str).filter(|n| !n.is_empty());
    let max = names::MAX_NAME - PREFIX.len();
    let name = given.map_or_else(|| names::name_of_task(task_id, max), str::to_string);
    let suffixed = args.flag("random_name_suffix", true)?;
    let name = if suffixed { names::with_suffix(&name, &(chance.suffix)(), max) } else { name };
    manifest["metadata"]["name"] = json!(format!("{PREFIX}{name}"));
    if manifest.pointer("/metadata/namespace").is_none_or(merge::is_empty) {
        manifest["metadata"]["namespace"] = json!(place.namespace.as_deref().unwrap_or("default"));
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;
    use crate::{model::Task, operators::kubernetes_pod::Identity};

    fn made(args: Value, place: &Surroundings) -> Result<Value, String> {
        let task: Task = serde_json::from_value(
            json!({"task_id": "train", "operator": "KubernetesJobOperator", "args": args, "do_xcom_push": false}),
        )
        .expect("a task");
        let who =
            Identity { dag_id: "d".into(), task_id: "train".into(), run_id: "r".into(), map_index: -1, try_number: 1 };
        let mut chance = Chance { suffix: &mut || "abcdefgh".into(), uuid: &mut || "uuid".into() };
        let nothing = IndexMap::new();
        let args = Arguments::new(&task, &nothing);
        let pod = super::super::pod(&args, &who, place, &mut chance)?;
        job(&args, "train", place, &pod, &mut chance)
    }

    #[test]
    fn the_pod_is_its_template() {
        let made = made(
            json!({"image": "i", "backoff_limit": 2, "suspend": false, "ttl_seconds_after_finished": 9, "name": "x"}),
            &Surroundings::default(),
        )
        .expect("it is right");
        let (metadata, spec) = (&made["metadata"], &made["spec"]);
        assert_eq!((&metadata["name"], &metadata["namespace"]), (&json!("job-x-abcdefgh"), &json!("default")));
        assert_eq!((&spec["parallelism"], &spec["backoffLimit"]), (&json!(1), &json!(2)));
        assert_eq!((&spec["suspend"], &spec["ttlSecondsAfterFinished"]), (&json!(false), &json!(9)));
        assert_eq!(spec["template"]["spec"]["containers"][0]["image"], "i");
        assert_eq!(spec["template"]["metadata"]["labels"]["task_id"], "train");
    }

    #[test]
    fn a_template_lies_below() {
        let template = json!({"metadata": {"name": "t", "labels": {"a": 1}}, "spec": {"completions": 3, "parallelism": 2,
            "template": {"spec": {"containers": [{"name": "base", "image": "old", "env": [{"name": "A"}]}]}}}});
        let place = Surroundings { job_template: Some(template), ..Surroundings::default() };
        let made =
            made(json!({"image": "new", "labels": {"b": "2"}, "random_name_suffix": false}), &place).expect("right");
        assert_eq!(
            made["metadata"],
            json!({"labels": {"a": "1", "b": "2"}, "annotations": {}, "name": "job-t",
            "namespace": "default"})
        );
        let spec = &made["spec"];
        assert_eq!((&spec["completions"], &spec["parallelism"]), (&json!(3), &json!(1)));
        let container = &spec["template"]["spec"]["containers"][0];
        assert_eq!((&container["image"], &container["env"]), (&json!("new"), &json!([{"name": "A"}])));
    }

    #[test]
    fn waiting_for_no_pod_is_refused() {
        let args = json!({"image": "i", "parallelism": 0, "wait_until_job_complete": true});
        assert!(made(args, &Surroundings::default()).unwrap_err().contains("parallelism cannot be less than 1"));
    }
}
