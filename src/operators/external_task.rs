//! `ExternalTaskSensor`: semantics 9.3.

use super::{Arguments, Place, Refusal, time::sensor};
use crate::{
    model::time::plus_seconds,
    workload::{Condition, External, Workload},
};

/// The workload of an `ExternalTaskSensor`.
pub fn workload(args: &Arguments<'_>, place: &Place<'_>) -> Result<Workload, Refusal> {
    let mut task_ids = args.texts("external_task_ids")?.unwrap_or_default();
    if task_ids.is_empty() {
        task_ids.extend(args.text("external_task_id")?);
    }
    let mut once = task_ids.clone();
    once.sort();
    once.dedup();
    if once.len() < task_ids.len() {
        let text = "Duplicate task_ids passed in external_task_ids parameter".to_owned();
        return Err(Refusal { class: "ValueError", text });
    }
    let delta = args.seconds("execution_delta")?.unwrap_or(0.0);
    let external = External {
        dag_id: args.required("external_dag_id")?,
        task_ids,
        task_group_id: args.text("external_task_group_id")?,
        logical_dates: vec![plus_seconds(place.run.logical_date.unwrap_or(place.run.run_after), -delta)],
        allowed_states: args.texts("allowed_states")?.unwrap_or_else(|| vec!["success".into()]),
        skipped_states: args.texts("skipped_states")?.unwrap_or_default(),
        failed_states: args.texts("failed_states")?.unwrap_or_default(),
    };
    Ok(Workload::Wait(sensor(args, place, Condition::External(external))?))
}
