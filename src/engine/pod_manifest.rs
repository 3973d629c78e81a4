//! The pod of a task instance: its rendered arguments, its connection and its template file, put together.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde_json::Value;

use super::render::{Place, Problem};
use crate::{
    executor::kubernetes::{Access, Cluster},
    model::{Cause, CauseKind, PodKind, Task},
    operators::{
        self, Arguments,
        kubernetes_pod::{self, Chance, Conduct, Identity, JobConduct, Pod, Surroundings},
    },
    python::HookError,
    secrets,
};

/// A pod or job, ready to be sent, and what it was made from.
pub struct Prepared {
    /// The pod; of a job, the one that its template is made from.
    pub pod: Pod,
    /// The job of a `KubernetesJobOperator`.
    pub job: Option<Value>,
    /// Rendered arguments of the operator.
    pub arguments: IndexMap<String, Value>,
    /// What the arguments say about its cluster.
    pub access: Access,
    /// Its cluster.
    pub cluster: Cluster,
}

/// Changes a pod's manifest at last: see [`crate::python::PodHook`].
pub type Hook<'a> = &'a mut dyn FnMut(Value) -> Result<Value, HookError>;

/// Makes the pod of arguments that are rendered already.
///
/// # Errors
/// What is wrong with the arguments, the connection or the template, and what the hook raised.
pub fn from_arguments(
    place: &Place<'_>,
    dags_folder: &Path,
    task: &Task,
    arguments: IndexMap<String, Value>,
    hook: Hook<'_>,
) -> Result<Prepared, Problem> {
    let args = Arguments::new(task, &arguments);
    let ground = Ground::of(place, dags_folder, &args)?;
    let mut chance = Chance { suffix: &mut suffix, uuid: &mut uuid };
    let mut pod = kubernetes_pod::pod(&args, &identity(place), &ground.surroundings, &mut chance).map_err(wrong)?;
    pod.manifest = hook(pod.manifest).map_err(|e| refused(&e))?;
    let job = match operators::makes_job(task) {
        true => {
            Some(kubernetes_pod::job(&args, &task.task_id, &ground.surroundings, &pod, &mut chance).map_err(wrong)?)
        }
        false => None,
    };
    Ok(Prepared { pod, job, access: ground.access, cluster: ground.cluster, arguments })
}

/// A job, or something that is done at once, ready to be sent.
pub struct Work {
    /// Which of the two.
    pub kind: PodKind,
    /// What is sent.
    pub manifest: Value,
    /// Name of the job, or of what something is done with.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// What is done with its pods.
    pub conduct: Conduct,
    /// What is done besides: a `JobConduct` or an `Errand`.
    pub duty: Value,
    /// What the arguments say about its cluster.
    pub access: Access,
    /// Its cluster.
    pub cluster: Cluster,
    /// What was done differently from what the arguments say, and what has no effect.
    pub warnings: Vec<String>,
}

/// Makes what an operator beside the pod's sends, of arguments that are rendered already.
///
/// # Errors
/// What is wrong with the arguments, the connection or a file, and what the hook raised.
pub fn work(
    place: &Place<'_>,
    dags_folder: &Path,
    task: &Task,
    arguments: IndexMap<String, Value>,
    hook: Hook<'_>,
) -> Result<Work, Problem> {
    if let Some(operator) = operators::errand_of(task) {
        let args = Arguments::new(task, &arguments);
        let ground = Ground::of(place, dags_folder, &args)?;
        let file = args.text("yaml_conf_file").map_err(wrong)?.filter(|name| !name.is_empty());
        let file = file.filter(|_| args.get("yaml_conf").is_none());
        let read = |name: String| template_text(dags_folder, &place.dag.fileloc, "yaml_conf_file", &name);
        let file = file.map(read).transpose().map_err(wrong)?.map(|(_, text)| text);
        let plan = kubernetes_pod::errand(operator, &args, &ground.surroundings, file, &mut suffix).map_err(wrong)?;
        let conduct = Conduct::of(&args, String::new()).map_err(wrong)?;
        return Ok(Work {
            kind: PodKind::Errand,
            manifest: plan.manifest,
            name: plan.name,
            namespace: plan.namespace,
            conduct,
            duty: serde_json::to_value(&plan.errand).unwrap_or_default(),
            access: ground.access,
            cluster: ground.cluster,
            warnings: Vec::new(),
        });
    }
    let arguments = match task.is_a("KubernetesStartKueueJobOperator") {
        true => kubernetes_pod::queued(&Arguments::new(task, &arguments), &arguments).map_err(wrong)?,
        false => arguments,
    };
    let made = from_arguments(place, dags_folder, task, arguments, hook)?;
    let args = Arguments::new(task, &made.arguments);
    let manifest = made.job.ok_or_else(|| wrong(format!("{} makes no job", task.operator)))?;
    let duty = JobConduct::of(&args, &manifest).map_err(wrong)?;
    let mut conduct = Conduct::of(&args, String::new()).map_err(wrong)?;
    conduct.deferrable &= duty.wait;
    let mut warnings = made.pod.warnings;
    warnings.extend(duty.doubts(&args).map_err(wrong)?);
    let text = |name: &str| manifest["metadata"][name].as_str().unwrap_or_default().to_string();
    Ok(Work {
        kind: PodKind::Job,
        name: text("name"),
        namespace: text("namespace"),
        conduct,
        duty: serde_json::to_value(&duty).unwrap_or_default(),
        access: made.access,
        cluster: made.cluster,
        warnings,
        manifest,
    })
}

/// What a pod gets from outside of its task.
struct Ground {
    access: Access,
    cluster: Cluster,
    surroundings: Surroundings,
}

impl Ground {
    fn of(place: &Place<'_>, dags_folder: &Path, args: &Arguments<'_>) -> Result<Self, Problem> {
        let mut access = Access::of(args).map_err(wrong)?;
        let connection = connection(place, &access)?;
        let (cluster, mut surroundings) = access.resolve(connection.as_ref()).map_err(|e| wrong(e.to_string()))?;
        access.reached = cluster.reached();
        let read = |argument: &str| match args.text(argument)?.filter(|name| !name.is_empty()) {
            Some(name) => template_file(dags_folder, &place.dag.fileloc, argument, &name).map(Some),
            None => Ok(None),
        };
        surroundings.template_file = read("pod_template_file").map_err(wrong)?;
        surroundings.job_template = read("job_template_file").map_err(wrong)?;
        Ok(Self { access, cluster, surroundings })
    }
}

fn wrong(message: String) -> Problem {
    Cause::new(CauseKind::Value, message).exception("AirflowException").into()
}

/// Why a pod isn't sent that the author's hook could not change.
fn refused(error: &HookError) -> Cause {
    let cause =
        Cause::new(CauseKind::Start, format!("pod_mutation_hook of airflow_local_settings.py: {}", error.message));
    match &error.exception {
        Some(class) => cause.exception(class),
        None => cause,
    }
}

fn identity(place: &Place<'_>) -> Identity {
    Identity {
        dag_id: place.run.dag_id.to_string(),
        task_id: place.row.key.task_id.to_string(),
        run_id: place.run.run_id.to_string(),
        map_index: place.row.key.map_index,
        try_number: i32::try_from(place.row.try_number).unwrap_or(i32::MAX),
    }
}

fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Eight random letters and digits.
pub fn suffix() -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let random = uuid::Uuid::new_v4().as_u128();
    (0..8).map(|place| char::from(LETTERS[(random >> (place * 8) & 0xff) as usize % LETTERS.len()])).collect()
}

/// The connection that a task names, if it is defined.
fn connection(place: &Place<'_>, access: &Access) -> Result<Option<Value>, Problem> {
    let Some(id) = &access.conn_id else { return Ok(None) };
    let db = place.db.lock().map_err(|_| wrong("the store's reader is broken".into()))?;
    secrets::connection(&db, id).map_err(|e| wrong(e.to_string()))
}

/// The object of a YAML file; a relative path is looked for in the DAG folder, then beside the DAG file.
pub fn template_file(dags_folder: &Path, fileloc: &str, argument: &str, name: &str) -> Result<Value, String> {
    let (path, text) = template_text(dags_folder, fileloc, argument, name)?;
    let found: Value = serde_saphyr::from_str(&text).map_err(|e| format!("{argument} {}: {e}", path.display()))?;
    if found.is_object() {
        Ok(found)
    } else {
        Err(format!("{argument} {} must hold one object of the API, not {found}", path.display()))
    }
}

/// Path and text of a file that an argument names, looked for as [`template_file`] does.
fn template_text(dags_folder: &Path, fileloc: &str, argument: &str, name: &str) -> Result<(PathBuf, String), String> {
    let beside = Path::new(fileloc).parent().unwrap_or(dags_folder);
    let path = [dags_folder, beside].map(|folder| folder.join(name)).into_iter().find(|path| path.is_file());
    let path = path.ok_or_else(|| {
        format!("{argument} {name:?} is neither in {} nor in {}", dags_folder.display(), beside.display())
    })?;
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{argument} {}: {e}", path.display()))?;
    Ok((path, text))
}
