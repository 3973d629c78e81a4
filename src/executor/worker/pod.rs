//! The worker pod of a try: template below what is generated below the task's own override (semantics 13, provider
//! 10.25.0). JSON in the spelling of the Kubernetes API.

use serde_json::{Map, Value, json};

use crate::operators::kubernetes_pod::{AIRFLOW_VERSION, MAX_NAME, name_of_task, pods as merge, safe_label};

/// Where ConfigMaps are mounted.
pub const MOUNTED: &str = "/dagdeck/mounted";
/// An empty folder that any user may write.
pub const FOLDER: &str = "/dagdeck/run";
/// Volume of the ConfigMaps.
const CODE: &str = "dagdeck-code";
/// Label with the mark of the home that made a worker.
pub const WORKER_OF: &str = "airflow-worker";
/// File of the agent, in the ConfigMap of the Python side.
pub const AGENT: &str = "dagdeck_agent.py";

/// Picks bash where the image has it. A shell that is a container's first process ignores TERM, so the command is a child.
const SHELL: &str = r#"s=sh; command -v bash >/dev/null 2>&1 && s=bash
p=; t=
trap 't=1; [ -z "$p" ] || kill -TERM "$p" 2>/dev/null' TERM INT
"$s" -c "$1" & p=$!
[ -z "$t" ] || kill -TERM "$p" 2>/dev/null
wait "$p"; c=$?
while kill -0 "$p" 2>/dev/null; do wait "$p"; c=$?; done
exit "$c""#;

/// What a worker pod runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// The agent, with these ConfigMaps.
    Python {
        /// Names of the ConfigMaps with the Python side and the DAG folder.
        config_maps: Vec<String>,
    },
    /// A shell command: any image with a shell.
    Shell {
        /// The command.
        command: String,
        /// Its variables.
        env: Vec<(String, String)>,
        /// It gets only these, and nothing of the container.
        clear_env: bool,
        /// Its working folder, in the image.
        cwd: Option<String>,
    },
}

/// Whose pod it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose<'a> {
    /// DAG.
    pub dag_id: &'a str,
    /// Task.
    pub task_id: &'a str,
    /// Run.
    pub run_id: &'a str,
    /// Map index; -1 for a task that isn't mapped.
    pub map_index: i32,
    /// Try, from 1.
    pub try_number: u32,
    /// The home's mark, which its pods carry.
    pub home: &'a str,
}

/// From what a worker pod is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts<'a> {
    /// Whose it is.
    pub whose: Whose<'a>,
    /// What it runs.
    pub work: Work,
    /// Its name.
    pub name: &'a str,
    /// Namespace, unless template or override name one.
    pub namespace: &'a str,
    /// Image, unless template or override name one.
    pub image: Option<&'a str>,
    /// The pod of the template file.
    pub template: Option<&'a Value>,
    /// The pod of `executor_config`.
    pub pod_override: Option<&'a Value>,
    /// Seconds between TERM and KILL.
    pub grace: f64,
}

/// A name for a worker pod: DAG and task, and eight random letters or digits.
pub fn name(dag_id: &str, task_id: &str, suffix: &str) -> String {
    let made = name_of_task(&format!("{dag_id}-{task_id}"), MAX_NAME - 1 - suffix.len());
    let made = made.trim_end_matches(['-', '.']);
    if made.is_empty() { format!("pod-{suffix}") } else { format!("{made}-{suffix}") }
}

/// The pod. An error is a sentence for the task's cause.
pub fn manifest(parts: &Parts<'_>) -> Result<Value, String> {
    if let Some(first) = parts.template.and_then(|t| t.pointer("/spec/containers/0/name")).filter(|n| **n != "base") {
        return Err(format!("the first container of the pod template must be named \"base\", not {first}"));
    }
    let mut pod = merge(parts.template.unwrap_or(&json!({})), &generated(parts)?);
    if let Some(over) = parts.pod_override {
        pod = merge(&pod, over);
    }
    if pod.pointer("/spec/containers/0/image").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err("the worker pod has no image: name one in [kubernetes_executor] worker_container_repository and \
                    worker_container_tag, in its pod_template_file, or in executor_config[\"pod_override\"]"
            .into());
    }
    // Its name is stored before it is created, and who it is for may not be changed.
    pod["metadata"]["name"] = json!(parts.name);
    for (kind, words) in [("labels", labels(&parts.whose)), ("annotations", annotations(&parts.whose))] {
        if let Some(map) = pod["metadata"][kind].as_object_mut() {
            map.extend(words);
        }
    }
    pod["spec"]["restartPolicy"] = json!("Never");
    Ok(pod)
}

/// True if an agent runs in a worker pod; else a shell command.
pub fn has_agent(manifest: &Value) -> bool {
    code_volume(manifest).is_some()
}

/// Names of the ConfigMaps that a worker pod takes its code from.
pub fn code_names(manifest: &Value) -> Vec<String> {
    let sources = code_volume(manifest).and_then(|volume| volume["projected"]["sources"].as_array());
    let name = |source: &Value| source["configMap"]["name"].as_str().map(str::to_string);
    sources.into_iter().flatten().filter_map(name).collect()
}

/// Has a worker pod that isn't created yet take its code from other ConfigMaps.
pub fn set_code(manifest: &mut Value, names: &[String]) {
    let volumes = manifest.pointer_mut("/spec/volumes").and_then(Value::as_array_mut);
    for volume in volumes.into_iter().flatten().filter(|volume| volume["name"] == CODE) {
        volume["projected"]["sources"] = sources(names);
    }
}

fn code_volume(manifest: &Value) -> Option<&Value> {
    manifest.pointer("/spec/volumes")?.as_array()?.iter().find(|volume| volume["name"] == CODE)
}

fn sources(names: &[String]) -> Value {
    names.iter().map(|name| json!({"configMap": {"name": name}})).collect()
}

fn labels(whose: &Whose<'_>) -> Map<String, Value> {
    let mut labels = Map::new();
    let mut set = |key: &str, value: String| labels.insert(key.into(), value.into());
    set("dag_id", safe_label(whose.dag_id));
    set("task_id", safe_label(whose.task_id));
    set("run_id", safe_label(whose.run_id));
    set("try_number", whose.try_number.to_string());
    if whose.map_index >= 0 {
        set("map_index", whose.map_index.to_string());
    }
    set("kubernetes_executor", "True".into());
    set(WORKER_OF, safe_label(whose.home));
    set("airflow_version", AIRFLOW_VERSION.into());
    labels
}

fn annotations(whose: &Whose<'_>) -> Map<String, Value> {
    let mut words = Map::new();
    let mut set = |key: &str, value: String| words.insert(key.into(), value.into());
    set("dag_id", whose.dag_id.into());
    set("task_id", whose.task_id.into());
    set("run_id", whose.run_id.into());
    set("try_number", whose.try_number.to_string());
    if whose.map_index >= 0 {
        set("map_index", whose.map_index.to_string());
    }
    words
}

fn generated(parts: &Parts<'_>) -> Result<Value, String> {
    let mut container = json!({"name": "base", "env": [{"name": "AIRFLOW_IS_K8S_EXECUTOR_POD", "value": "True"}]});
    if let Some(image) = parts.image {
        container["image"] = json!(image);
    }
    let mut spec = json!({
        "restartPolicy": "Never", "automountServiceAccountToken": false,
        // Longer than the agent needs to end its task and to leave what it has to say.
        "terminationGracePeriodSeconds": parts.grace.ceil().max(0.0) as u64 + 10,
    });
    match &parts.work {
        Work::Python { config_maps } => {
            container["command"] = json!(["python3", "-B", format!("{MOUNTED}/{AGENT}"), "run"]);
            container["volumeMounts"] = json!([
                {"name": CODE, "mountPath": MOUNTED, "readOnly": true},
                {"name": "dagdeck-run", "mountPath": FOLDER},
            ]);
            spec["volumes"] = json!([
                {"name": CODE, "projected": {"sources": sources(config_maps)}}, {"name": "dagdeck-run", "emptyDir": {}},
            ]);
        }
        Work::Shell { command, env, clear_env, cwd } => {
            // What the kernel takes as one argument.
            if command.len() >= 128 * 1024 {
                return Err(format!(
                    "the command has {} kB, and 128 kB are the most that a process takes: put it into a script",
                    command.len() / 1024
                ));
            }
            let mut argv: Vec<String> = Vec::new();
            if *clear_env {
                argv.extend(["env".into(), "-i".into(), "PATH=/usr/local/bin:/usr/bin:/bin".into()]);
                argv.extend(env.iter().map(|(name, value)| format!("{name}={value}")));
            } else if let Some(all) = container["env"].as_array_mut() {
                all.extend(env.iter().map(|(name, value)| json!({"name": name, "value": dollars(value)})));
            }
            argv.extend(["sh".into(), "-c".into(), SHELL.into(), "sh".into(), command.clone()]);
            container["command"] = argv.iter().map(|arg| dollars(arg)).collect();
            if let Some(cwd) = cwd {
                container["workingDir"] = json!(cwd);
            }
        }
    }
    spec["containers"] = json!([container]);
    let mut metadata = json!({"name": parts.name, "namespace": parts.namespace});
    metadata["labels"] = Value::Object(labels(&parts.whose));
    metadata["annotations"] = Value::Object(annotations(&parts.whose));
    Ok(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
}

/// Kubernetes replaces `$(NAME)` in commands and variables; `$$` stands for `$`.
fn dollars(text: &str) -> String {
    text.replace("$(", "$$(")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(work: Work) -> Parts<'static> {
        let whose = Whose {
            dag_id: "d",
            task_id: "g.t",
            run_id: "manual__2026-01-01T00:00:00+00:00",
            map_index: 2,
            try_number: 3,
            home: "h",
        };
        Parts {
            whose,
            work,
            name: "d-g-t-abcdefgh",
            namespace: "ns",
            image: Some("python:3"),
            template: None,
            pod_override: None,
            grace: 5.0,
        }
    }

    fn python() -> Work {
        Work::Python { config_maps: vec!["dagdeck-side-1-0".into(), "dagdeck-dags-2-0".into()] }
    }

    #[test]
    fn an_override_wins_over_what_is_generated_over_the_template() {
        let template = json!({"metadata": {"labels": {"team": "a"}}, "spec": {"serviceAccountName": "s", "containers": [
            {"name": "base", "image": "template", "env": [{"name": "A", "value": "1"}], "resources": {"limits": {"cpu": "1"}}}]}});
        let over = json!({"metadata": {"labels": {"team": "b", "dag_id": "other"}},
            "spec": {"containers": [{"name": "base", "image": "mine", "env": [{"name": "B", "value": "2"}]}]}});
        let mut parts = parts(python());
        (parts.template, parts.pod_override) = (Some(&template), Some(&over));
        let pod = manifest(&parts).unwrap();
        let base = &pod["spec"]["containers"][0];
        assert_eq!(base["image"], "mine");
        assert_eq!(base["resources"]["limits"]["cpu"], "1");
        let env: Vec<&str> = base["env"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
        assert_eq!(env, ["A", "AIRFLOW_IS_K8S_EXECUTOR_POD", "B"]);
        let labels = &pod["metadata"]["labels"];
        assert_eq!((&labels["team"], &labels["dag_id"]), (&json!("b"), &json!("d")), "its identity stays");
        assert_eq!(labels["map_index"], "2");
        assert_eq!(pod["metadata"]["annotations"]["run_id"], "manual__2026-01-01T00:00:00+00:00");
        assert_eq!(pod["spec"]["serviceAccountName"], "s");
        assert_eq!(pod["spec"]["volumes"][0]["projected"]["sources"][1]["configMap"]["name"], "dagdeck-dags-2-0");
    }

    #[test]
    fn a_shell_command_needs_no_python_and_keeps_its_dollars() {
        let env = vec![("X".to_string(), "$(HOME)".to_string())];
        let work = |clear_env| Work::Shell { command: "echo $(date)".into(), env: env.clone(), clear_env, cwd: None };
        let pod = manifest(&parts(work(false))).unwrap();
        let base = &pod["spec"]["containers"][0];
        assert_eq!(base["command"].as_array().unwrap().last().unwrap(), "echo $$(date)");
        assert_eq!(base["env"][1], json!({"name": "X", "value": "$$(HOME)"}));
        let pod = manifest(&parts(work(true))).unwrap();
        let command = &pod["spec"]["containers"][0]["command"];
        assert_eq!((&command[0], &command[3]), (&json!("env"), &json!("X=$$(HOME)")));
        assert!(pod["spec"].get("volumes").is_none());
    }

    #[test]
    fn what_cannot_be_a_worker_pod_says_why() {
        let mut none = parts(python());
        none.image = None;
        assert!(manifest(&none).unwrap_err().contains("worker_container_repository"));
        let template = json!({"spec": {"containers": [{"name": "main"}]}});
        let mut other = parts(python());
        other.template = Some(&template);
        assert!(manifest(&other).unwrap_err().contains("base"));
        let long = Work::Shell { command: "x".repeat(200_000), env: Vec::new(), clear_env: false, cwd: None };
        assert!(manifest(&parts(long)).unwrap_err().contains("script"));
    }

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        assert_eq!(name("My_Dag", "g.t__x", "12345678"), "my-dag-g-t-x-12345678");
        let long = name(&"d".repeat(200), "t", "12345678");
        assert_eq!((long.len(), long.ends_with("d-12345678")), (MAX_NAME, true));
        assert_eq!(name("_", "_", "12345678"), "pod-12345678");
    }

    /// The wrapper itself, with the shells of this machine.
    #[test]
    fn the_shell_ends_as_its_command_does() {
        let run = |command: &str| {
            let done = std::process::Command::new("sh").args(["-c", SHELL, "sh", command]).output().unwrap();
            (done.status.code(), String::from_utf8_lossy(&done.stdout).trim().to_string())
        };
        assert_eq!(run("echo one; echo two; exit 7"), (Some(7), "one\ntwo".into()));
        assert_eq!(run("[[ a == a ]] && echo bash"), (Some(0), "bash".into()));
        assert_eq!(run("kill -KILL $$").0, Some(137));
        // Told to end, it ends its command first.
        assert_eq!(
            run("trap 'echo ended; exit 3' TERM; kill -TERM $PPID; sleep 100 >/dev/null 2>&1 & wait $!"),
            (Some(3), "ended".into())
        );
    }
}
