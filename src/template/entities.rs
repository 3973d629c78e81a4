//! `dag`, `task`, `dag_run`, `ti`: the objects of the context, reading the model when a template asks.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use minijinja::{
    Error, ErrorKind, State, Value,
    value::{Enumerator, Object, ObjectRepr},
};

use super::{
    Context, accessors, asset_events, macros,
    moment::{Delta, Moment},
    scope,
    values::{enum_member, from_json},
};
use crate::model::AssetCondition;

/// Which object it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Root,
    Dag,
    Task,
    Run,
    Ti,
    Var,
    VarValue,
    VarJson,
    Conn,
    Connection(Arc<serde_json::Value>),
    Macros,
    /// A module of `macros`: `json`, `time`, ..
    Module(&'static str),
    /// Something with a name and a URI that tasks write and read.
    Asset(Arc<AssetCondition>),
    InletEvents,
    /// Assets and aliases with their events.
    TriggeringEvents(Arc<Vec<(Value, Value)>>),
}

/// An object of the context.
pub(super) struct Entity {
    pub ctx: Context,
    pub kind: Kind,
}

impl Entity {
    pub fn new(ctx: Context, kind: Kind) -> Self {
        Self { ctx, kind }
    }
    /// Another object of the same context.
    pub fn other(&self, kind: Kind) -> Value {
        Value::from_object(Self::new(self.ctx.clone(), kind))
    }
    /// See [`super::values::type_names`].
    pub fn type_names(&self) -> (&'static str, &'static str) {
        match self.kind {
            Kind::Root => ("Context", "Context object"),
            Kind::Dag => ("DAG", "airflow.sdk.definitions.dag.DAG object"),
            Kind::Task => ("Operator", "airflow.sdk.bases.operator.BaseOperator object"),
            Kind::Run => ("DagRun", "airflow.sdk.api.datamodels._generated.DagRun object"),
            Kind::Ti => ("RuntimeTaskInstance", "airflow.sdk.execution_time.task_runner.RuntimeTaskInstance object"),
            Kind::Var => ("dict", "dict object"),
            Kind::VarValue | Kind::VarJson => ("VariableAccessor", "VariableAccessor object"),
            Kind::Conn => ("ConnectionAccessor", "ConnectionAccessor object"),
            Kind::Connection(_) => ("Connection", "airflow.sdk.definitions.connection.Connection object"),
            Kind::Macros => ("MacrosAccessor", "MacrosAccessor object"),
            Kind::Module(_) => ("module", "module object"),
            Kind::Asset(_) => ("Asset", "airflow.sdk.definitions.asset.Asset object"),
            Kind::InletEvents => ("InletEventsAccessors", "InletEventsAccessors object"),
            Kind::TriggeringEvents(_) => ("TriggeringAssetEventsAccessor", "TriggeringAssetEventsAccessor object"),
        }
    }

    fn attribute(&self, key: &str) -> Option<Value> {
        match &self.kind {
            Kind::Root => scope::name(&self.ctx, key),
            Kind::Dag => dag(self, key),
            Kind::Task => task(self, key),
            Kind::Run => run(self, key),
            Kind::Ti => ti(self, key),
            Kind::Var => match key {
                "value" => Some(self.other(Kind::VarValue)),
                "json" => Some(self.other(Kind::VarJson)),
                _ => None,
            },
            Kind::VarValue | Kind::VarJson => Some(accessors::variable(self, key)),
            Kind::Conn => Some(accessors::connection(self, key)),
            Kind::Connection(data) => accessors::connection_part(data, key),
            Kind::Macros => macros::name(self, key),
            Kind::Module(module) => macros::module_name(self, module, key),
            Kind::Asset(asset) => asset_events::part(asset, key),
            Kind::InletEvents | Kind::TriggeringEvents(_) => None,
        }
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl Object for Entity {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if matches!(self.kind, Kind::Root | Kind::TriggeringEvents(_)) { ObjectRepr::Map } else { ObjectRepr::Plain }
    }
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.attribute(key)
    }
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match &self.kind {
            Kind::InletEvents => asset_events::of_inlet(self, key),
            Kind::TriggeringEvents(events) => asset_events::of_trigger(events, key),
            _ => self.attribute(key.as_str()?),
        }
    }
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.kind {
            Kind::TriggeringEvents(events) => Enumerator::Values(events.iter().map(|(key, _)| key.clone()).collect()),
            _ => Enumerator::NonEnumerable,
        }
    }
    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        match &self.kind {
            Kind::Ti => accessors::ti_method(self, name, args),
            Kind::VarValue | Kind::VarJson | Kind::Conn if name == "get" => accessors::get(self, args),
            Kind::Connection(data) => accessors::connection_method(data, name),
            Kind::Macros => macros::call(self, name, args),
            Kind::Module(module) => macros::call_module(self, module, name, args),
            Kind::InletEvents => asset_events::inlet_method(self, name, args),
            Kind::Dag if name == "get_task" => Err(super::failure::unsupported("dag.get_task() in a template")),
            _ => Err(ErrorKind::UnknownMethod.into()),
        }
    }
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ctx = &self.ctx;
        match &self.kind {
            Kind::Dag => write!(f, "<DAG: {}>", ctx.dag.dag_id),
            Kind::Task => write!(f, "<Task({}): {}>", ctx.task.operator, ctx.task.task_id),
            Kind::Connection(data) => {
                f.write_str(data.get("conn_id").and_then(serde_json::Value::as_str).unwrap_or_default())
            }
            Kind::Asset(asset) => f.write_str(&asset_events::repr(asset)),
            Kind::TriggeringEvents(events) => {
                let parts =
                    events.iter().map(|(key, events)| format!("{key}: {events}")).collect::<Vec<_>>().join(", ");
                write!(f, "TriggeringAssetEventAccessor(_events=defaultdict(<class 'list'>, {{{parts}}}))")
            }
            _ => write!(f, "<{}>", self.type_names().1),
        }
    }
}

fn moment(t: Option<Timestamp>) -> Value {
    t.map_or(Value::from(()), |t| Value::from_object(Moment::utc(t)))
}

fn seconds(s: Option<f64>) -> Value {
    s.map_or(Value::from(()), |s| Value::from_object(Delta((s * 1e6).round() as i64)))
}

fn ids(ids: &[Arc<str>]) -> Value {
    Value::from(ids.iter().map(Value::from).collect::<Vec<_>>())
}

fn dag(entity: &Entity, key: &str) -> Option<Value> {
    let dag = &entity.ctx.dag;
    Some(match key {
        "dag_id" => Value::from(&dag.dag_id),
        "dag_display_name" => Value::from(dag.dag_display_name.as_deref().unwrap_or(&dag.dag_id)),
        "description" => dag.description.as_deref().into(),
        "doc_md" => dag.doc_md.as_deref().into(),
        "fileloc" => Value::from(&dag.fileloc),
        "folder" => Value::from(dag.fileloc.rsplit_once('/').map_or("", |(folder, _)| folder)),
        "timezone" => Value::from(&dag.timezone),
        "start_date" => moment(dag.start_date),
        "end_date" => moment(dag.end_date),
        "catchup" => Value::from(dag.catchup.unwrap_or(false)),
        "max_active_runs" => dag.max_active_runs.into(),
        "max_active_tasks" => dag.max_active_tasks.into(),
        "dagrun_timeout" => seconds(dag.dagrun_timeout),
        "tags" => Value::from(dag.tags.clone()),
        "owner" => Value::from(dag.owners()),
        "params" => Value::from_pairs(dag.params.iter().map(|(k, p)| (Value::from(k.as_str()), from_json(&p.value)))),
        "task_ids" => Value::from(dag.tasks.keys().map(Value::from).collect::<Vec<_>>()),
        _ => return None,
    })
}

fn task(entity: &Entity, key: &str) -> Option<Value> {
    let task = &entity.ctx.task;
    Some(match key {
        "task_id" => Value::from(&task.task_id),
        "label" => Value::from(task.label()),
        "dag" => entity.other(Kind::Dag),
        "dag_id" => Value::from(&entity.ctx.dag.dag_id),
        "owner" => Value::from(&task.owner),
        "operator_name" | "task_type" => Value::from(&task.operator),
        "retries" => Value::from(task.retries),
        "retry_delay" => seconds(Some(task.retry_delay)),
        "execution_timeout" => seconds(task.execution_timeout),
        "trigger_rule" => Value::from(task.trigger_rule.as_str()),
        "pool" => Value::from(&task.pool),
        "pool_slots" => Value::from(task.pool_slots),
        "priority_weight" => Value::from(task.priority_weight),
        "queue" => Value::from(task.queue.as_deref().unwrap_or("default")),
        "executor" => task.executor.as_deref().into(),
        "start_date" => moment(task.start_date),
        "end_date" => moment(task.end_date),
        "doc_md" => task.doc_md.as_deref().into(),
        "do_xcom_push" => Value::from(task.do_xcom_push),
        "depends_on_past" => Value::from(task.depends_on_past),
        "map_index_template" => task.map_index_template.as_deref().into(),
        "template_fields" => Value::from(task.template_fields.clone()),
        "upstream_task_ids" => ids(&task.upstream_task_ids),
        "downstream_task_ids" => ids(&task.downstream_task_ids),
        "params" => Value::from_pairs(task.params.iter().map(|(k, v)| (Value::from(k.as_str()), from_json(v)))),
        _ => from_json(task.args.get(key)?),
    })
}

fn run(entity: &Entity, key: &str) -> Option<Value> {
    let run = &entity.ctx.run;
    Some(match key {
        "dag_id" => Value::from(&run.dag_id),
        "run_id" => Value::from(&run.run_id),
        "logical_date" => moment(run.logical_date),
        "data_interval_start" => moment(run.data_interval_start),
        "data_interval_end" => moment(run.data_interval_end),
        "run_after" => moment(Some(run.run_after)),
        "start_date" => moment(run.start_date),
        "end_date" => moment(run.end_date),
        "run_type" => enum_member("DagRunType", run.run_type.as_str()),
        "state" => enum_member("DagRunState", run.state.as_str()),
        "conf" if run.conf.is_null() => Value::from_pairs(std::iter::empty::<(Value, Value)>()),
        "conf" => from_json(&run.conf),
        "clear_number" => Value::from(run.clear_number),
        "note" => run.note.as_deref().into(),
        "partition_key" => run.partition_key.as_deref().into(),
        "partition_date" => moment(run.partition_date),
        "triggering_user_name" => Value::from(()),
        "consumed_asset_events" => asset_events::consumed(&entity.ctx),
        _ => return None,
    })
}

fn ti(entity: &Entity, key: &str) -> Option<Value> {
    let ti = &entity.ctx.ti;
    Some(match key {
        "task_id" => Value::from(&ti.key.task_id),
        "dag_id" => Value::from(&entity.ctx.run.dag_id),
        "run_id" => Value::from(&entity.ctx.run.run_id),
        "map_index" => Value::from(ti.key.map_index),
        "try_number" => Value::from(ti.try_number),
        "max_tries" => Value::from(ti.max_tries),
        // A template is rendered by a running try, whatever the row that we were handed says.
        "state" => enum_member("TaskInstanceState", "running"),
        "start_date" => moment(ti.start_date.or_else(|| Some(entity.ctx.lookup.now()))),
        "end_date" => moment(ti.end_date),
        "hostname" => ti.hostname.as_deref().into(),
        "rendered_map_index" => ti.rendered_map_index.as_deref().into(),
        "is_mapped" => Value::from(ti.key.map_index >= 0),
        "queue" => Value::from(entity.ctx.task.queue.as_deref().unwrap_or("default")),
        "task" => entity.other(Kind::Task),
        // Without a web server there is no address to give.
        "log_url" | "mark_success_url" => Value::from(""),
        _ => return None,
    })
}
