//! `ExternalTaskSensor`: semantics 9.3.

use super::{Arguments, Place, time::sensor};
use crate::{
    model::time::plus_seconds,
    workload::{Condition, External, Workload},
};

/// The workload of an `ExternalTaskSensor`.
pub fn workload(args: &Arguments<'_>, place: &Place<'_>) -> Result<Workload, String> {
    let mut task_ids = args.texts("external_task_ids")?.unwrap_or_default();
    task_ids.extend(args.text("external_task_id")?);
    let delta = args.seconds("execution_delta")?.unwrap_or(0.0);
    let external = External {
        dag_id: args.required("external_dag_id")?,
        task_ids,
        task_group_id: args.text("external_task_group_id")?,
        logical_dates: place.run.logical_date.map(|d| plus_seconds(d, -delta)).into_iter().collect(),
        allowed_states: args.texts("allowed_states")?.unwrap_or_else(|| vec!["success".into()]),
        skipped_states: args.texts("skipped_states")?.unwrap_or_default(),
        failed_states: args.texts("failed_states")?.unwrap_or_default(),
    };
    sensor(args, place, Condition::External(external)).map(Workload::Wait)
}
