//! Jinja rendering with Airflow's context and macros, against a [`Lookup`] handed in.
//!
//! The engine is minijinja. Where Airflow's sandboxed, strict jinja2 differs, this room bridges: `+ - %` on dates and
//! strings (`rewrite`), Python's way of printing (`values`), Python's methods (`methods`), jinja2's error classes and
//! sentences (`failure`). What can't be bridged is a [`Failure`] with `unsupported` set; the caller may then let a Python
//! interpreter with jinja2 render.

mod accessors;
mod arithmetic;
mod asset_events;
mod calendar;
mod engine;
mod entities;
mod failure;
mod kubernetes;
mod macros;
mod mapped;
mod methods;
mod moment;
mod native;
mod nested;
mod params;
mod rewrite;
mod scope;
mod values;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use crate::model::{AssetCondition, Dag, DagRun, Task, TaskInstance};

pub use failure::Failure;
pub use mapped::render_args;
pub use nested::render_value;
pub use params::{ParamError, merge_params, validate_params, validate_task, validate_values};
pub use values::text_of_encoded;

/// What a template may ask for besides its context: answered by the caller's store, secrets and clock.
pub trait Lookup: Send + Sync {
    /// XComs as `(map index, value)` in order of index; `None` stands for this DAG, this run, all indexes.
    fn xcom(
        &self,
        dag_id: Option<&str>,
        run_id: Option<&str>,
        task_id: &str,
        map_index: Option<i32>,
        key: &str,
        include_prior_dates: bool,
    ) -> Result<Vec<(i32, Value)>, String>;
    /// The text of a variable; `None` if there is none.
    fn variable(&self, key: &str) -> Result<Option<String>, String>;
    /// `{conn_id, conn_type, host, login, password, port, schema, extra}`; `None` if there is none.
    fn connection(&self, conn_id: &str) -> Result<Option<Value>, String>;
    /// The current instant.
    fn now(&self) -> jiff::Timestamp;
    /// A random number.
    fn random(&self) -> u64;
    /// The last successful run of the DAG before this one.
    fn previous_success(&self) -> Result<Option<DagRun>, String>;
    /// Events that the run was made for, oldest first: `{"asset": {name, uri, ..}, "source_aliases": [{name}], "extra", ..}`.
    fn triggering_asset_events(&self) -> Result<Vec<Value>, String> {
        Ok(Vec::new())
    }
    /// Past events of an asset or alias, oldest first.
    fn asset_events(&self, _of: &AssetCondition) -> Result<Vec<Value>, String> {
        Ok(Vec::new())
    }
    /// The text of a template file, searched in the DAG file's folder and `template_searchpath`. The error is the whole
    /// sentence for the user, as in `'a.sh' not found in search paths: '/dags'`.
    fn file(&self, name: &str) -> Result<String, String> {
        Err(format!("'{name}' not found in search paths: "))
    }
}

/// What a template is rendered for. Cheap to clone. Objects are built only when a template names them.
#[derive(Clone)]
pub struct Context {
    /// DAG.
    pub dag: Arc<Dag>,
    /// Task (of a mapped one: with the arguments of this instance, if the caller has put them in).
    pub task: Arc<Task>,
    /// Run.
    pub run: Arc<DagRun>,
    /// Task instance.
    pub ti: Arc<TaskInstance>,
    /// Merged params, see [`merge_params`].
    pub params: Arc<Value>,
    /// Everything else.
    pub lookup: Arc<dyn Lookup>,
}

/// Renders a template to text. A text without `{` is returned as it is.
pub fn render(template: &str, ctx: &Context) -> Result<String, Failure> {
    if !template.contains('{') {
        return Ok(engine::strip_last_newline(template).to_owned());
    }
    engine::render(template, ctx)
}

/// Only compiles a template: finds wrong syntax, and statements that this engine lacks, before anything runs.
pub fn check(template: &str) -> Result<(), Failure> {
    if template.contains('{') { engine::compile(template) } else { Ok(()) }
}

/// Renders a template to a value, as `render_template_as_native_obj` does: a lone expression gives its value, other text is
/// read as a Python literal if it is one.
pub fn render_native(template: &str, ctx: &Context) -> Result<Value, Failure> {
    native::render(template, ctx)
}
