//! The pod of a task instance: its rendered arguments, its connection and its template file, put together.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value;

use super::render::{self, Place, Problem};
use crate::{
    model::{Cause, CauseKind, Task},
    executor::kubernetes::{Access, Cluster},
    operators::{
        Arguments,
        kubernetes_pod::{self, Chance, Identity, Pod},
    },
    secrets,
};

/// A pod, ready to be sent, and what it was made from.
pub struct Prepared {
    /// The pod.
    pub pod: Pod,
    /// Rendered arguments of the operator.
    pub arguments: IndexMap<String, Value>,
    /// What the arguments say about its cluster.
    pub access: Access,
    /// Its cluster.
    pub cluster: Cluster,
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
    let access = Access::of(&args).map_err(wrong)?;
    let connection = connection(place, &access)?;
    let (cluster, mut surroundings) = access.resolve(connection.as_ref()).map_err(|e| wrong(e.to_string()))?;
    if let Some(name) = args.text("pod_template_file").map_err(wrong)?.filter(|name| !name.is_empty()) {
        surroundings.template_file = Some(template_file(dags_folder, &place.dag.fileloc, &name).map_err(wrong)?);
    }
    let who = Identity {
        dag_id: place.run.dag_id.to_string(),
        task_id: task.task_id.to_string(),
        run_id: place.run.run_id.to_string(),
        map_index: place.row.key.map_index,
        try_number: i32::try_from(place.row.try_number).unwrap_or(i32::MAX),
    };
    let mut chance = Chance { suffix: &mut suffix, uuid: &mut || uuid::Uuid::new_v4().to_string() };
    let pod = kubernetes_pod::pod(&args, &who, &surroundings, &mut chance).map_err(wrong)?;
    Ok(Prepared { pod, arguments, access, cluster })
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
    let wrong = |message: String| Problem::from(Cause::new(CauseKind::Value, message).exception("AirflowException"));
    let db = place.db.lock().map_err(|_| wrong("the store's reader is broken".into()))?;
    secrets::connection(&db, id).map_err(|e| wrong(e.to_string()))
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
