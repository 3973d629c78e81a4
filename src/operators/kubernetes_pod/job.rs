//! `KubernetesJobOperator`: the job around the pod (provider 10.25.0).

use serde_json::{Map, Value, json};

use super::{Arguments, Chance, Pod, Surroundings, labels_of, merge, names, objects::Shaper, put, shaped, table};

/// What every job's name begins with.
const PREFIX: &str = "job-";

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
