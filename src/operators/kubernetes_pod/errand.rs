//! What the operators beside `KubernetesPodOperator` do in a cluster at once: a job deleted or changed, objects created or
//! deleted (provider 10.25.0).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Arguments, Surroundings, objects::Shaper};
use crate::model::mapping::encoded_kind;

/// What is done. The objects that it is done with are the manifest beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// `KubernetesDeleteJobOperator`.
    DeleteJob {
        /// Only if it has ended so: `Complete` or `Failed`.
        only: Option<String>,
        /// Its end is waited for first.
        wait: bool,
        /// Seconds between two looks meanwhile.
        poll_interval: f64,
    },
    /// `KubernetesPatchJobOperator`: the manifest is merged into the job.
    PatchJob,
    /// `KubernetesCreateResourceOperator`.
    Create,
    /// `KubernetesDeleteResourceOperator`.
    Delete {
        /// `custom_resource_definition`: the kind's own grace period counts.
        custom: bool,
    },
    /// `KubernetesPodExecOperator`: the manifest is the command.
    Exec {
        /// In this container; else the pod's own choice, or its first one.
        container: Option<String>,
        /// Bytes of standard output that may become the result.
        most: usize,
    },
}

/// An errand with everything that it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What is done.
    pub errand: Errand,
    /// What is sent: an object, or a list of them.
    pub manifest: Value,
    /// Name of the job, or of the first object.
    pub name: String,
    /// Namespace, of objects that name none themselves too.
    pub namespace: String,
}

/// Reads the arguments of an operator. `file` is the text of `yaml_conf_file`; `suffix` ends the names of objects that have
/// only a `generateName`, so that they are known before they are made. An error is a sentence that names the argument.
pub fn errand(
    operator: &str,
    args: &Arguments<'_>,
    place: &Surroundings,
    file: Option<String>,
    suffix: &mut dyn FnMut() -> String,
) -> Result<Plan, String> {
    let given = args.text("namespace")?.filter(|namespace| !namespace.is_empty());
    let of_place = || place.namespace.clone().unwrap_or_else(|| "default".into());
    if operator == "KubernetesPodExecOperator" {
        let (name, errand) = (args.required("pod_name")?, exec(args)?);
        return Ok(Plan { errand, manifest: command(args)?, name, namespace: given.unwrap_or_else(of_place) });
    }
    if operator.ends_with("JobOperator") {
        let (name, namespace) = (args.required("name")?, args.required("namespace")?);
        let (errand, manifest) = match operator {
            "KubernetesPatchJobOperator" => (Errand::PatchJob, patch(args)?),
            _ => (deletion(args)?, json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}})),
        };
        return Ok(Plan { errand, manifest, name, namespace });
    }
    let text = match (args.text("yaml_conf")?.filter(|text| !text.is_empty()), file) {
        (Some(text), _) | (None, Some(text)) => text,
        (None, None) => return Err("One of `yaml_conf` or `yaml_conf_file` arguments must be provided".into()),
    };
    let mut all = objects(&text)?;
    let errand = match operator {
        "KubernetesCreateResourceOperator" => {
            all.iter_mut().for_each(|object| name(object, suffix));
            Errand::Create
        }
        _ => Errand::Delete { custom: args.flag("custom_resource_definition", false)? },
    };
    for object in &all {
        if object["metadata"]["name"].as_str().is_none_or(str::is_empty) {
            return Err(format!("a {} of the YAML has no metadata.name", object["kind"]));
        }
    }
    let name = all[0]["metadata"]["name"].as_str().unwrap_or_default().to_string();
    Ok(Plan { errand, manifest: Value::Array(all), name, namespace: given.unwrap_or_else(of_place) })
}

fn deletion(args: &Arguments<'_>) -> Result<Errand, String> {
    let only = args.text("delete_on_status")?;
    if only.as_deref().is_some_and(|status| !["Complete", "Failed"].contains(&status)) {
        return Err(format!(
            "The `delete_on_status` parameter must be one of 'Complete', 'Failed' or None. The current value is {}",
            only.unwrap_or_default()
        ));
    }
    Ok(Errand::DeleteJob {
        only,
        wait: args.flag("wait_for_completion", false)?,
        poll_interval: args.seconds("poll_interval")?.unwrap_or(10.0).max(1.0),
    })
}

/// Bytes of a result where `max_xcom_output_size` isn't given: what fits Airflow's database.
const MOST: usize = 49_344;

fn exec(args: &Arguments<'_>) -> Result<Errand, String> {
    let most = match args.get("max_xcom_output_size") {
        None => MOST,
        Some(given) => given
            .as_u64()
            .filter(|most| *most > 0)
            .ok_or_else(|| format!("`max_xcom_output_size` must be a positive integer, not {given}"))?
            as usize,
    };
    Ok(Errand::Exec { container: args.text("container_name")?.filter(|name| !name.is_empty()), most })
}

fn command(args: &Arguments<'_>) -> Result<Value, String> {
    if args.get("command").is_some_and(Value::is_string) {
        return Err("`command` must be a sequence of strings, not a single string".into());
    }
    let words = args.texts("command")?.filter(|words| !words.is_empty());
    words.map(Value::from).ok_or_else(|| "`command` must contain at least one element".into())
}

/// `body`: an object of Python's client in the API's spelling, anything else as it is; a list is a JSON patch.
fn patch(args: &Arguments<'_>) -> Result<Value, String> {
    let body = args.get("body").ok_or("KubernetesPatchJobOperator: body is missing")?;
    let shaped = match encoded_kind(body) {
        Some(_) => Shaper::new().shape(body, "V1Job", "body"),
        None => body.clone(),
    };
    if shaped.is_object() || shaped.is_array() {
        Ok(shaped)
    } else {
        Err(format!("KubernetesPatchJobOperator: body must be a dict of what to change, not {shaped}"))
    }
}

/// The objects of a YAML text, lists taken apart.
fn objects(text: &str) -> Result<Vec<Value>, String> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|e| format!("the YAML can't be read: {e}"))?;
    let mut all = Vec::new();
    for document in documents.into_iter().filter(|document| !document.is_null()) {
        let kind = document["kind"].as_str().unwrap_or_default().to_string();
        match document["items"].as_array().filter(|_| kind.ends_with("List")) {
            Some(items) => {
                let one = kind.trim_end_matches("List");
                for item in items {
                    let mut item = item.clone();
                    if !one.is_empty() && item.is_object() {
                        item["apiVersion"] = document["apiVersion"].clone();
                        item["kind"] = one.into();
                    }
                    all.push(item);
                }
            }
            None => all.push(document),
        }
    }
    for (index, object) in all.iter().enumerate() {
        for key in ["apiVersion", "kind"] {
            if object[key].as_str().is_none_or(str::is_empty) {
                return Err(format!("object {} of the YAML has no {key}", index + 1));
            }
        }
    }
    if all.is_empty() { Err("the YAML describes no object".into()) } else { Ok(all) }
}

fn name(object: &mut Value, suffix: &mut dyn FnMut() -> String) {
    let metadata = &object["metadata"];
    if metadata["name"].is_null()
        && let Some(start) = metadata["generateName"].as_str()
    {
        object["metadata"]["name"] = format!("{start}{}", suffix()).into();
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;
    use crate::model::Task;

    fn planned(operator: &str, args: Value) -> Result<Plan, String> {
        let task = json!({"task_id": "t", "operator": operator, "args": args});
        let task: Task = serde_json::from_value(task).expect("a task");
        let nothing = IndexMap::new();
        let place = Surroundings { namespace: Some("ml".into()), ..Surroundings::default() };
        errand(operator, &Arguments::new(&task, &nothing), &place, None, &mut || "x1y2z".into())
    }

    #[test]
    fn documents_and_lists_are_objects() {
        let yaml = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n---\n---\n\
            apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {generateName: c-}\n";
        let plan = planned("KubernetesCreateResourceOperator", json!({"yaml_conf": yaml})).expect("it is right");
        assert_eq!((plan.errand, plan.name.as_str(), plan.namespace.as_str()), (Errand::Create, "s", "ml"));
        assert_eq!(plan.manifest[0]["kind"], "Secret");
        assert_eq!(
            (&plan.manifest[1]["kind"], &plan.manifest[1]["metadata"]["name"]),
            (&json!("ConfigMap"), &json!("c-x1y2z"))
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |operator: &str, args: Value| planned(operator, args).unwrap_err();
        assert!(
            wrong("KubernetesCreateResourceOperator", json!({})).contains("One of `yaml_conf` or `yaml_conf_file`")
        );
        let no_kind = json!({"yaml_conf": "apiVersion: v1\nmetadata: {name: a}"});
        assert_eq!(wrong("KubernetesDeleteResourceOperator", no_kind), "object 1 of the YAML has no kind");
        let no_name = json!({"yaml_conf": "{apiVersion: v1, kind: ConfigMap}"});
        assert!(wrong("KubernetesDeleteResourceOperator", no_name).contains("no metadata.name"));
        let status = json!({"name": "j", "namespace": "n", "delete_on_status": "Done"});
        assert!(wrong("KubernetesDeleteJobOperator", status).contains("one of 'Complete', 'Failed' or None"));
        let exec = |command: Value| wrong("KubernetesPodExecOperator", json!({"pod_name": "p", "command": command}));
        assert!(exec(json!("ls")).contains("must be a sequence of strings"));
        assert!(exec(json!([])).contains("at least one element"));
        let body = json!({"name": "j", "namespace": "n", "body": "x"});
        assert!(wrong("KubernetesPatchJobOperator", body).contains("must be a dict"));
        assert!(wrong("KubernetesDeleteJobOperator", json!({"name": "j"})).contains("namespace is missing"));
    }
}
