//! Starts tries: renders, makes the workload, hands processes to the spawner.

use std::{sync::Arc, time::Instant};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{
    adopt::failed,
    callbacks::is_callback,
    core::{Engine, Write},
    deferrals::of_instance,
    render,
    worker_pods::Process,
};
use crate::{
    clock,
    error::say,
    model::{
        Cause, CauseKind, Change, Dag, DagRun, MapIndex, Task, TaskInstance, TiKey, TiState, UNMAPPED, time::isoformat,
    },
    operators::{self, Engine as Runs},
    protocol::{TrySpec, spawn::Shell},
    python,
    scheduler::Report,
    template,
    workload::{Inline, ShellCommand, Workload},
};

/// A bash task's process in messages.
pub(super) const BASH_COMMAND: &str = "Bash command";

impl Engine {
    /// Looks at what was just committed: queued instances are to be started, ended runs have callbacks.
    pub(super) fn take_committed(&mut self, changes: Vec<Change>) {
        for change in changes {
            if let Some(c) = of_instance(&change) {
                self.begin_deferral(c);
            }
            if let Change::Ti(c) = change
                && c.row.state == TiState::Queued
                && c.from != TiState::Queued
            {
                self.to_start.push((c.row.key, c.row.epoch));
            }
        }
        self.start_callbacks();
    }

    /// Starts what is queued and committed. True if something came of it at once (a native task has ended).
    pub(super) fn start_committed(&mut self) -> bool {
        if self.stuck.is_some() {
            return false;
        }
        let mut more = false;
        for (key, epoch) in std::mem::take(&mut self.to_start) {
            if is_callback(&key) {
                self.start_callback_again(&key, epoch);
                continue;
            }
            if !self.is_current(&key, epoch) {
                continue;
            }
            if self.earlier_lives(&key, epoch) {
                self.tries.held.push((key, epoch));
            } else {
                more |= self.start(&key, epoch);
            }
        }
        more
    }

    fn start(&mut self, key: &TiKey, epoch: u32) -> bool {
        let (Some(row), Some(run), Some(dag)) =
            (self.world.instance(key), self.world.run(key.run), self.world.dag_of(key.run))
        else {
            return false;
        };
        let (row, run, dag) = (row.clone(), run.clone(), dag.clone());
        if self.resume_pod(key, epoch, row.try_number) {
            return true;
        }
        let Some(task) = dag.tasks.get(&key.task_id).cloned() else {
            let cause = Cause::new(CauseKind::Import, format!("DAG {} no longer has task {}", dag.dag_id, key.task_id));
            self.report(key, epoch, failed(cause, false));
            return true;
        };
        if let Err(cause) = self.check_params(&dag, &task, &run) {
            self.report(key, epoch, failed(cause, true));
            return true;
        }
        if !task.start_trigger.is_null() && self.deferrals.over(key, row.try_number).is_none() {
            self.begin_here(key, epoch);
            match render::trigger(
                &render::Place {
                    dag: &dag,
                    run: &run,
                    row: &row,
                    settings: &self.place.settings,
                    db: &self.reader,
                    is_draft: false,
                },
                &task,
            ) {
                Ok(said) => self.defer(key, epoch, &said, clock::now()),
                Err(cause) => self.report(key, epoch, failed(cause, true)),
            }
            return true;
        }
        let workload = match operators::engine(&dag, &task) {
            Runs::Later => Workload::Impossible(operators::later(&task)),
            Runs::Python => Workload::Python,
            Runs::Native => match self.native_workload(&dag, &task, &run, &row) {
                Ok(workload) => match self.check_assets(&task) {
                    Ok(()) => workload,
                    Err(cause) => {
                        self.report(key, epoch, failed(cause, false));
                        return true;
                    }
                },
                // The task's interpreter renders what this engine can't; a TOML file has none.
                Err(render::Problem::Unsupported(_)) if !dag.fileloc.ends_with(".toml") => Workload::Python,
                Err(render::Problem::Unsupported(cause) | render::Problem::Wrong(cause)) => {
                    self.report(key, epoch, failed(cause, true));
                    return true;
                }
            },
        };
        match workload {
            Workload::Impossible(cause) => {
                let retryable = cause.kind != CauseKind::Unsupported;
                self.report(key, epoch, failed(cause, retryable));
                true
            }
            Workload::Inline(inline) => {
                self.run_inline(key, epoch, &dag, &task, inline);
                true
            }
            Workload::Wait(wait) => {
                self.begin_wait(key, epoch, wait);
                true
            }
            Workload::Pod(rendered) => {
                self.begin_pod(key, epoch, (&dag, &task, &run, &row), *rendered);
                true
            }
            Workload::Cluster(rendered) => {
                self.begin_work(key, epoch, (&dag, &task, &run, &row), *rendered);
                true
            }
            // Handed over already, and its supervisor has said hello.
            Workload::Shell(_) | Workload::Python if row.state != TiState::Queued => false,
            Workload::Shell(command) => self.begin_process((&dag, &task, &run, &row), Process::Shell(command)),
            Workload::Python => self.begin_process((&dag, &task, &run, &row), Process::Python),
        }
    }

    /// Starts a process, here or in a pod of its own. True if the try has ended at once.
    fn begin_process(
        &mut self,
        (dag, task, run, row): (&Arc<Dag>, &Task, &DagRun, &TaskInstance),
        process: Process,
    ) -> bool {
        match (self.runs_in_worker(task), process) {
            (Err(cause), _) => {
                self.report(&row.key, row.epoch, failed(cause, false));
                true
            }
            (Ok(true), process) => {
                let place = operators::Place { dag, task, run, row, now: clock::now() };
                self.begin_worker(&place, process)
            }
            (Ok(false), Process::Shell(command)) => {
                let spec = self.shell_spec(dag, task, run, row, command);
                self.hand_over(spec)
            }
            (Ok(false), Process::Python) => {
                let spec = self.python_spec(dag, task, run, row);
                self.hand_over(spec)
            }
        }
    }

    /// A task's own params must be valid when it starts, as the DAG's were when the run was made (semantics 5.5).
    fn check_params(&self, dag: &Dag, task: &Task, run: &DagRun) -> Result<(), Cause> {
        let overrides = self.place.settings.flag("core", "dag_run_conf_overrides_params");
        template::validate_task(dag, task, &run.conf, overrides).map_err(|errors| {
            let said: Vec<String> = errors.iter().map(|e| format!("param {}: {}", e.path, e.message)).collect();
            Cause::new(CauseKind::Value, said.join("; ")).exception("ParamValidationError")
        })
    }

    /// Renders a native task's arguments and makes its workload. The rendered fields go to the store.
    fn native_workload(
        &mut self,
        dag: &Arc<Dag>,
        task: &Task,
        run: &DagRun,
        row: &TaskInstance,
    ) -> Result<Workload, render::Problem> {
        let place = render::Place { dag, run, row, settings: &self.place.settings, db: &self.reader, is_draft: false };
        let rendered = render::arguments(&place, task)?;
        let fields: Map<String, Value> = task
            .template_fields
            .iter()
            .map(|name| {
                let value = rendered.get(name).cloned();
                let value = value.unwrap_or_else(|| operators::when_not_given(&task.operator, name));
                (name.clone(), render::shortened(render::for_people(value), &self.place.settings))
            })
            .collect();
        let fields = Value::Object(fields);
        let name =
            task.map_index_template.as_deref().map(|t| render::index_name(&place, task, &rendered, t)).transpose()?;
        if !task.template_fields.is_empty() {
            self.writes.push(Write::Rendered { key: row.key.clone(), fields });
        }
        if let Some(name) = name {
            self.report(&row.key, row.epoch, Report::RenderedMapIndex(name));
        }
        let place = operators::Place { dag, task, run, row, now: clock::now() };
        Ok(operators::native(&place, &rendered))
    }

    /// A deferrable native sensor that an earlier scheduler left: it waits again for what its arguments say.
    pub(super) fn wait_again(&mut self, row: &TaskInstance) {
        if self.pods.lives(&row.key) {
            return;
        }
        let (Some(run), Some(dag)) = (self.world.run(row.key.run).cloned(), self.world.dag_of(row.key.run).cloned())
        else {
            return;
        };
        let Some(task) = dag.tasks.get(&row.key.task_id).cloned() else { return };
        match self.native_workload(&dag, &task, &run, row) {
            Ok(Workload::Wait(wait)) => self.wait_parked(&row.key, row.epoch, wait),
            Ok(Workload::Inline(Inline::TriggerDagRun(arguments))) => {
                if let Some(wait) = self.wait_for_run(&row.key, *arguments) {
                    self.wait_parked(&row.key, row.epoch, wait);
                }
            }
            Ok(_) => {}
            Err(problem) => {
                let (state, cause) = (TiState::Failed, Some(problem.cause()));
                self.report(&row.key, row.epoch, Report::TriggerEnded { state, cause, end: clock::now() });
            }
        }
    }

    pub(super) fn hand_over(&mut self, spec: TrySpec) -> bool {
        let try_of = (spec.key.clone(), spec.epoch);
        // Twice would be once too often: the second is harmless only as long as the first has its claim.
        if self.may_live(&try_of) {
            return false;
        }
        self.tries.handed.insert(try_of, Instant::now());
        if !self.spawner.start(Box::new(spec), self.settler.spent())
            && let Err(e) = self.new_spawner()
        {
            // The instance stays queued; it is looked at again, which asks for a spawner again.
            say(format_args!("scheduler: {e}"));
        }
        false
    }

    /// The log of a try (semantics 20).
    pub(super) fn log_path(&self, run: &DagRun, task_id: &str, map_index: MapIndex, try_number: u32) -> String {
        let mut log = self.place.logs();
        log.push(format!("dag_id={}", run.dag_id));
        log.push(format!("run_id={}", run.run_id));
        log.push(format!("task_id={task_id}"));
        if map_index != UNMAPPED {
            log.push(format!("map_index={map_index}"));
        }
        log.push(format!("attempt={try_number}.log"));
        log.to_string_lossy().into_owned()
    }

    pub(super) fn base_spec(&self, task: &Task, run: &DagRun, row: &TaskInstance) -> TrySpec {
        TrySpec {
            key: row.key.clone(),
            dag_id: run.dag_id.clone(),
            run_id: run.run_id.clone(),
            try_number: row.try_number,
            epoch: row.epoch,
            argv: Vec::new(),
            env: context_variables(task, run, row),
            clear_env: false,
            cwd: None,
            log: self.log_path(run, &task.task_id, row.key.map_index, row.try_number),
            timeout: task.execution_timeout,
            grace: self.place.settings.number("core", "killed_task_cleanup_time").unwrap_or(60.0),
            startup: None,
            shell: None,
        }
    }

    pub(super) fn shell_spec(
        &self,
        dag: &Dag,
        task: &Task,
        run: &DagRun,
        row: &TaskInstance,
        command: ShellCommand,
    ) -> TrySpec {
        let mut spec = self.base_spec(task, run, row);
        if let Some(env) = command.env {
            spec.clear_env = !command.append_env;
            // AIRFLOW_CTX_ variables are always there; the user's own win.
            spec.env.extend(env);
        }
        spec.argv = vec![self.bash.clone(), "-c".into(), command.command];
        spec.cwd = command.cwd.map(|cwd| {
            let base = std::path::Path::new(&dag.fileloc).parent().unwrap_or(std::path::Path::new("/"));
            base.join(cwd).to_string_lossy().into_owned()
        });
        spec.shell = Some(Shell {
            skip_on_exit_code: command.skip_on_exit_code,
            push_last_line: task.do_xcom_push,
            what: BASH_COMMAND.into(),
        });
        spec
    }

    /// The program that runs a DAG file's tasks.
    pub(super) fn interpreter(&mut self, fileloc: &str) -> String {
        let named = self.place.interpreter(std::path::Path::new(fileloc));
        let folder = &self.place.dags_folder;
        self.interpreters.entry(named).or_insert_with_key(|named| python::real_path(named, folder)).clone()
    }

    /// A try that ends inside the scheduler, without a process.
    pub(super) fn begin_here(&mut self, key: &TiKey, epoch: u32) {
        let hostname = self.hostname.clone();
        self.report(key, epoch, Report::Started { pid: None, hostname, at: clock::now() });
    }
}

/// Where `bash` is: looked for once, not by every try in every folder of PATH. Its bare name if it isn't there.
pub(super) fn find_bash() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("bash")).find(|file| file.is_file());
    found.map_or_else(|| "bash".into(), |file| file.to_string_lossy().into_owned())
}

/// The `AIRFLOW_CTX_*` variables of a try (semantics 9.2).
fn context_variables(task: &Task, run: &DagRun, row: &TaskInstance) -> IndexMap<String, String> {
    let mut env = IndexMap::new();
    let mut set = |name: &str, value: String| {
        env.insert(format!("AIRFLOW_CTX_{name}"), value);
    };
    set("DAG_OWNER", task.owner.clone());
    if !task.email.is_empty() {
        set("DAG_EMAIL", task.email.join(","));
    }
    set("DAG_ID", run.dag_id.to_string());
    set("TASK_ID", task.task_id.to_string());
    if let Some(date) = run.logical_date {
        set("LOGICAL_DATE", isoformat(date));
    }
    set("TRY_NUMBER", row.try_number.to_string());
    set("DAG_RUN_ID", run.run_id.to_string());
    env
}
