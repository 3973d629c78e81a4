//! The names of the template context, built when a template asks for them.

use minijinja::Value;

use super::{
    Context, asset_events,
    entities::{Entity, Kind},
    failure::raising,
    moment::Moment,
    values::from_json,
};
use crate::model::DagRun;

/// The context as the engine's root value.
pub(super) fn root(ctx: &Context) -> Value {
    Value::from_object(Entity::new(ctx.clone(), Kind::Root))
}

/// The value of one context name.
pub(super) fn name(ctx: &Context, name: &str) -> Option<Value> {
    if let Some(value) = dated(ctx, name) {
        return value;
    }
    let entity = |kind| Some(Value::from_object(Entity::new(ctx.clone(), kind)));
    match name {
        "dag" => entity(Kind::Dag),
        "task" => entity(Kind::Task),
        "dag_run" => entity(Kind::Run),
        "ti" | "task_instance" => entity(Kind::Ti),
        "var" => entity(Kind::Var),
        "conn" => entity(Kind::Conn),
        "macros" => entity(Kind::Macros),
        "params" => Some(from_json(&ctx.params)),
        "run_id" => Some(Value::from(&ctx.run.run_id)),
        "inlets" => Some(asset_events::listed(ctx, &ctx.task.inlets)),
        "outlets" => Some(asset_events::listed(ctx, &ctx.task.outlets)),
        "map_index_template" => Some(ctx.task.map_index_template.as_deref().into()),
        "task_instance_key_str" => {
            let last =
                ctx.run.logical_date.map_or_else(|| ctx.run.run_id.to_string(), |t| t.strftime("%Y%m%d").to_string());
            Some(Value::from(format!("{}__{}__{last}", ctx.dag.dag_id, ctx.task.task_id)))
        }
        "task_reschedule_count" => Some(Value::from(0)),
        "templates_dict" => Some(ctx.task.args.get("templates_dict").map_or(Value::from(()), from_json)),
        "partition_key" => Some(ctx.run.partition_key.as_deref().into()),
        "partition_date" => {
            Some(ctx.run.partition_date.map_or(Value::from(()), |t| Value::from_object(Moment::utc(t))))
        }
        "triggering_asset_events" => Some(asset_events::triggering(ctx)),
        "inlet_events" => entity(Kind::InletEvents),
        "prev_start_date_success" => Some(previous(ctx, |run| run.start_date)),
        "prev_end_date_success" => Some(previous(ctx, |run| run.end_date)),
        _ => None,
    }
}

/// Names that exist only with a logical date; `None` if `name` isn't one of them.
fn dated(ctx: &Context, name: &str) -> Option<Option<Value>> {
    let format = match name {
        "logical_date" | "ts" | "data_interval_start" | "data_interval_end" => "",
        "prev_data_interval_start_success" | "prev_data_interval_end_success" => "",
        "ds" => "%Y-%m-%d",
        "ds_nodash" => "%Y%m%d",
        "ts_nodash" => "%Y%m%dT%H%M%S",
        "ts_nodash_with_tz" => "%Y%m%dT%H%M%S+0000",
        _ => return None,
    };
    let Some(date) = ctx.run.logical_date else { return Some(None) };
    let moment = |t| Value::from_object(Moment::utc(t));
    Some(Some(match name {
        "logical_date" => moment(date),
        "ts" => Value::from(crate::model::time::isoformat(date)),
        "data_interval_start" => ctx.run.data_interval_start.map_or(Value::from(()), moment),
        "data_interval_end" => ctx.run.data_interval_end.map_or(Value::from(()), moment),
        "prev_data_interval_start_success" => previous(ctx, |run| run.data_interval_start),
        "prev_data_interval_end_success" => previous(ctx, |run| run.data_interval_end),
        _ => Value::from(date.strftime(format).to_string()),
    }))
}

fn previous(ctx: &Context, part: impl Fn(&DagRun) -> Option<jiff::Timestamp>) -> Value {
    match ctx.lookup.previous_success() {
        Ok(run) => run.and_then(|run| part(&run)).map_or(Value::from(()), |t| Value::from_object(Moment::utc(t))),
        Err(e) => raising("AirflowRuntimeError", e),
    }
}
