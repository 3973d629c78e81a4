//! The pod of a task instance: its rendered arguments, its connection and its template file, put together.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value;

use super::render::{self, Place, Problem};
use crate::{
    model::{Cause, CauseKind, Task},
    operators::{
        Arguments,
        kubernetes_pod::{self, Chance, Connection, DEFAULT_CONNECTION, Identity, Pod, Surroundings},
    },
    secrets,
};

/// Where a pod finds the token of its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A pod, ready to be sent, and what it was made from.
pub struct Prepared {
    /// The pod.
    pub pod: Pod,
    /// Rendered arguments of the operator.
    pub arguments: IndexMap<String, Value>,
    /// How its cluster is reached, as the connection says; the arguments `in_cluster`, `config_file` and `cluster_context`
    /// go before it.
    pub connection: Connection,
}

/// Renders a task's arguments and makes its pod.
///
/// # Errors
/// `Unsupported` if only Python can render it; else what is wrong with the arguments, the connection or the template.
pub fn prepare(place: &Place<'_>, dags_folder: &Path, task: &Task) -> Result<Prepared, Problem> {
    let rendered = render::arguments(place, task)?;
    from_arguments(place, dags_folder, task, rendered)
}

/// Makes the pod of arguments that are rendered already.
///
/// # Errors
/// What is wrong with the arguments, the connection or the template.
pub fn from_arguments(
    place: &Place<'_>,
    dags_folder: &Path,
    task: &Task,
    arguments: IndexMap<String, Value>,
) -> Result<Prepared, Problem> {
    let wrong = |message: String| Problem::from(Cause::new(CauseKind::Value, message).exception("AirflowException"));
    let args = Arguments::new(task, &arguments);
    let connection = connection(place, &args)?;
    let template_file = match args.text("pod_template_file").map_err(wrong)?.filter(|name| !name.is_empty()) {
        Some(name) => Some(template_file(dags_folder, &place.dag.fileloc, &name).map_err(wrong)?),
        None => None,
    };
    let in_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() && Path::new(SERVICE_ACCOUNT).join("token").exists();
    let own_namespace = || std::fs::read_to_string(Path::new(SERVICE_ACCOUNT).join("namespace")).ok();
    let asked = args.get("in_cluster").and_then(Value::as_bool);
    let surroundings = Surroundings {
        namespace: connection.namespace.clone().or_else(own_namespace).map(|name| name.trim().to_string()),
        in_cluster: connection.is_in_cluster(asked, args.get("config_file").is_some(), in_pod),
        sidecar: connection.sidecar.clone(),
        template_file,
    };
    let who = Identity {
        dag_id: place.run.dag_id.to_string(),
        task_id: task.task_id.to_string(),
        run_id: place.run.run_id.to_string(),
        map_index: place.row.key.map_index,
        try_number: i32::try_from(place.row.try_number).unwrap_or(i32::MAX),
    };
    let mut chance = Chance { suffix: &mut suffix, uuid: &mut || uuid::Uuid::new_v4().to_string() };
    let pod = kubernetes_pod::pod(&args, &who, &surroundings, &mut chance).map_err(wrong)?;
    Ok(Prepared { pod, arguments, connection })
}

/// Eight random letters and digits.
pub fn suffix() -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let random = uuid::Uuid::new_v4().as_u128();
    (0..8).map(|place| char::from(LETTERS[(random >> (place * 8) & 0xff) as usize % LETTERS.len()])).collect()
}

/// The connection that a task names.
fn connection(place: &Place<'_>, args: &Arguments<'_>) -> Result<Connection, Problem> {
    let wrong = |class: &str, message: String| Problem::from(Cause::new(CauseKind::Value, message).exception(class));
    let named = args.text("kubernetes_conn_id").map_err(|e| wrong("AirflowException", e))?;
    // Written as None it is none; not written it is the default one.
    let Some(id) = named.or_else(|| (!args.is_given("kubernetes_conn_id")).then(|| DEFAULT_CONNECTION.into())) else {
        return Ok(Connection::default());
    };
    let found = {
        let db = place.db.lock().map_err(|_| wrong("AirflowException", "the store's reader is broken".into()))?;
        secrets::connection(&db, &id).map_err(|e| wrong("AirflowException", e.to_string()))?
    };
    match found {
        Some(found) => Connection::read(&found).map_err(|e| wrong("AirflowException", e)),
        None if id == DEFAULT_CONNECTION => Ok(Connection::default()),
        None => Err(wrong("AirflowNotFoundException", format!("The conn_id `{id}` isn't defined"))),
    }
}

/// The pod of a YAML file; a relative path is looked for in the DAG folder, then beside the DAG file.
fn template_file(dags_folder: &Path, fileloc: &str, name: &str) -> Result<Value, String> {
    let beside = Path::new(fileloc).parent().unwrap_or(dags_folder);
    let path = [dags_folder, beside].map(|folder| folder.join(name)).into_iter().find(|path| path.is_file());
    let path = path.ok_or_else(|| {
        format!("pod_template_file {name:?} is neither in {} nor in {}", dags_folder.display(), beside.display())
    })?;
    let text = std::fs::read_to_string(&path).map_err(|e| format!("pod_template_file {}: {e}", path.display()))?;
    let pod: Value = serde_saphyr::from_str(&text).map_err(|e| format!("pod_template_file {}: {e}", path.display()))?;
    if pod.is_object() { Ok(pod) } else { Err(format!("pod_template_file {} must hold a pod, not {pod}", path.display())) }
}
