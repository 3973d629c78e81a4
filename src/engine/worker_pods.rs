//! Making the worker pods of the Kubernetes executor: manifest, code, and what is done with them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    adopt::failed,
    core::Engine,
    pod_manifest::{suffix, template_file},
    workers::Talk,
};
use crate::{
    config::Settings,
    executor::{
        kubernetes::{Access, Job, OWNER, WATCHED, Worker},
        worker::{
            code::Pack,
            pod::{self, FOLDER, Parts, Whose, Work},
            settings::{Executor, WorkerSettings, dags_path, executor_of, own_template, pod_override},
        },
    },
    model::{Cause, CauseKind, Pod, PodId, PodKind, PodSight, PodStage, Task, hash},
    operators::{
        self,
        kubernetes_pod::{self, Conduct, OnFinish, XcomFrom},
    },
    protocol::{TrySpec, agent::AgentStart},
    python::PodHook,
    workload::ShellCommand,
};

/// What a task's process is made of.
pub enum Process {
    /// A shell command.
    Shell(ShellCommand),
    /// The task of a Python file.
    Python,
}

impl Engine {
    /// True if a task's process runs in a pod. An error is the task's cause.
    pub(super) fn runs_in_worker(&self, task: &Task) -> Result<bool, Cause> {
        Ok(executor_of(task, &self.place.settings)? == Executor::Kubernetes)
    }

    /// Stores the worker pod of a try; it is created after the commit. True if the try has ended at once.
    pub(super) fn begin_worker(&mut self, place: &operators::Place<'_>, process: Process) -> bool {
        let (key, epoch) = (place.row.key.clone(), place.row.epoch);
        let job = self.worker_job(place, process);
        let added = job.and_then(|job| self.add_worker(job).map_err(|e| e.to_string()));
        match added {
            Ok(()) => false,
            Err(why) => {
                let cause = Cause::new(CauseKind::Start, why).exception("AirflowException");
                self.report(&key, epoch, failed(cause, true));
                true
            }
        }
    }

    fn worker_job(&mut self, place: &operators::Place<'_>, process: Process) -> Result<Job, String> {
        let operators::Place { dag, task, run, row, .. } = *place;
        let settings = WorkerSettings::read(&self.place.settings)?;
        let template = match own_template(task).as_ref().or(settings.pod_template_file.as_ref()) {
            Some(path) => {
                let read =
                    template_file(&self.place.dags_folder, &dag.fileloc, "pod_template_file", &path.to_string_lossy())?;
                Some(kubernetes_pod::spelled(&read))
            }
            None => None,
        };
        let pod_override = pod_override(task)?;
        let home = self.home_mark();
        let name = pod::name(&run.dag_id, &task.task_id, &suffix());
        let (work, config_maps, skips) = match process {
            Process::Python => {
                let packs = self.code_packs(&dag.fileloc)?;
                let names = packs.iter().flat_map(|pack| pack.names.clone()).collect();
                let maps = packs.into_iter().flat_map(|pack| pack.config_maps).collect();
                (Work::Python { config_maps: names }, maps, Vec::new())
            }
            Process::Shell(command) => {
                let skips = command.skip_on_exit_code.iter().map(|code| i64::from(*code)).collect();
                let spec = self.shell_spec(dag, task, run, row, command);
                let [.., text] = &spec.argv[..] else { return Err("the task has no command".into()) };
                let cwd = spec.cwd.map(|cwd| Inside::of(self).path_of(&cwd));
                let env = spec.env.into_iter().collect();
                (Work::Shell { command: text.clone(), env, clear_env: spec.clear_env, cwd }, Vec::new(), skips)
            }
        };
        let has_agent = matches!(work, Work::Python { .. });
        let grace = self.place.settings.number("core", "killed_task_cleanup_time").unwrap_or(60.0);
        let mut manifest = pod::manifest(&Parts {
            whose: Whose {
                dag_id: &run.dag_id,
                task_id: &task.task_id,
                run_id: &run.run_id,
                map_index: row.key.map_index,
                try_number: row.try_number,
                home: &home,
            },
            work,
            name: &name,
            namespace: &settings.namespace,
            image: settings.image.as_deref(),
            template: template.as_ref(),
            pod_override: pod_override.as_ref(),
            grace,
        })?;
        manifest = self.hooked(&dag.fileloc, manifest)?;
        // Unlike any other pod's, so that a creation whose answer was lost can be told from another's.
        manifest["metadata"]["annotations"][OWNER] = uuid::Uuid::new_v4().to_string().into();
        let namespace = manifest["metadata"]["namespace"].as_str().unwrap_or("default").to_string();
        if !settings.namespaces.is_empty() && !settings.namespaces.contains(&namespace) {
            return Err(format!(
                "the pod's namespace {namespace} is not among [kubernetes_executor] multi_namespace_mode_namespace_list ({})",
                settings.namespaces.join(", ")
            ));
        }
        let mut access = Access {
            conn_id: None,
            config_file: settings.config_file.clone(),
            cluster_context: settings.cluster_context.clone(),
            in_cluster: None,
            reached: None,
        };
        let (cluster, _) = access.resolve(None).map_err(|e| e.to_string())?;
        access.reached = cluster.reached();
        let conduct = conduct(&manifest, &settings, skips);
        let pod = Pod {
            id: PodId(0),
            key: row.key.clone(),
            dag_id: run.dag_id.to_string(),
            run_id: run.run_id.to_string(),
            try_number: row.try_number,
            epoch: row.epoch,
            kind: PodKind::Worker,
            stage: PodStage::Wanted,
            access: serde_json::to_value(&access).unwrap_or_default(),
            namespace,
            name,
            uid: None,
            manifest,
            conduct: serde_json::to_value(&conduct).unwrap_or_default(),
            sight: PodSight::default(),
            result: Value::Null,
        };
        Ok(Job {
            log: PathBuf::from(self.log_path(run, &task.task_id, row.key.map_index, row.try_number)),
            // The agent keeps its task's limit; a shell command's begins with its container.
            until: None,
            timeout: task.execution_timeout.filter(|_| !has_agent).unwrap_or_default(),
            cluster,
            is_new: true,
            others: Vec::new(),
            members: Vec::new(),
            warnings: Vec::new(),
            unwanted: false,
            conduct,
            pod,
            worker: Some(Worker {
                config_maps,
                home,
                has_agent,
                batch: settings.creation_batch_size,
                fatal: settings.pending_fatal,
            }),
        })
    }

    /// A pod after the author's `pod_mutation_hook`.
    fn hooked(&mut self, fileloc: &str, manifest: Value) -> Result<Value, String> {
        let interpreter = self.interpreter(fileloc);
        let (kept, home, side) = (&mut self.pods.hook, &self.place, &self.parser.side);
        let mut pod = PodHook::apply(kept, home, &interpreter, side, manifest)
            .map_err(|e| format!("pod_mutation_hook of airflow_local_settings.py: {}", e.message))?;
        for kind in ["labels", "annotations"] {
            if !pod["metadata"][kind].is_object() {
                pod["metadata"][kind] = json!({});
            }
        }
        // Watches find our pods by this label.
        if pod["metadata"]["labels"][WATCHED].is_null() {
            pod["metadata"]["labels"][WATCHED] = json!(kubernetes_pod::AIRFLOW_VERSION);
        }
        Ok(pod)
    }

    /// The conversation with a worker that is taken care of from now on.
    pub(super) fn begin_talk(&mut self, pod: &Pod) {
        self.workers.talks.insert(pod.id, Talk::new(pod));
    }

    /// What the care of a worker needs that an earlier scheduler has begun. One that may not be created yet gets the code as
    /// it is now.
    pub(super) fn worker_again(&mut self, pod: &mut Pod) -> Worker {
        self.begin_talk(pod);
        let has_agent = pod::has_agent(&pod.manifest);
        let mut config_maps: Vec<Value> =
            pod::code_names(&pod.manifest).iter().map(|name| json!({"metadata": {"name": name}})).collect();
        let fileloc = self.world.dag_of(pod.key.run).map(|dag| dag.fileloc.clone());
        let may_wait_for_code = match pod.stage {
            PodStage::Wanted => true,
            PodStage::Created => pod.sight.started_at.is_none(),
            PodStage::Ended | PodStage::Done => false,
        };
        if has_agent
            && may_wait_for_code
            && let Some(Ok(packs)) = fileloc.map(|fileloc| self.code_packs(&fileloc))
        {
            let names: Vec<String> = packs.iter().flat_map(|pack| pack.names.clone()).collect();
            let maps: Vec<Value> = packs.into_iter().flat_map(|pack| pack.config_maps).collect();
            if pod.stage == PodStage::Wanted {
                pod::set_code(&mut pod.manifest, &names);
                config_maps = maps;
            } else {
                // What it names can't change any more; other files have other names.
                let whole = |map: &Value| maps.iter().find(|m| m["metadata"]["name"] == map["metadata"]["name"]);
                config_maps = config_maps.into_iter().map(|map| whole(&map).cloned().unwrap_or(map)).collect();
            }
        }
        let settings = WorkerSettings::read(&self.place.settings);
        let (batch, fatal) = settings.map_or((1, Vec::new()), |s| (s.creation_batch_size, s.pending_fatal));
        Worker { config_maps, home: self.home_mark(), has_agent, batch, fatal }
    }

    /// Tells this home's pods and ConfigMaps from those of others.
    pub(super) fn home_mark(&self) -> String {
        let place = format!("{}:{}", self.hostname, self.place.home.display());
        format!("dagdeck-{}", &hash::text(&place)[..12])
    }

    /// The ConfigMaps of a Python task of a DAG file. Errors are sentences for the task's cause.
    pub(super) fn code_packs(&mut self, fileloc: &str) -> Result<Vec<Pack>, String> {
        let side = self.parser.side.clone();
        let agent = std::fs::read(side.join(crate::executor::worker::pod::AGENT))
            .map_err(|e| format!("cannot read the agent in {}: {e}", side.display()))?;
        let name = crate::executor::worker::pod::AGENT;
        let mut packs = vec![self.workers.side.of("side", &side, &[(name, &agent)], AGE)?.clone()];
        let inside = Inside::of(self);
        let plugins = self.place.plugins();
        let mut pack = |archive: &str, folder: &Path| {
            let packed = self.workers.folders.entry(folder.to_path_buf()).or_default();
            packed.of(archive, folder, &[], AGE).cloned()
        };
        if !inside.is_there {
            if !Path::new(fileloc).starts_with(&inside.dags_folder) {
                return Err(format!(
                    "{fileloc} is outside of the DAG folder {}: only what is in it is handed to pods",
                    inside.dags_folder.display()
                ));
            }
            packs.push(pack("dags", &inside.dags_folder)?);
        }
        if plugins.is_dir() {
            packs.push(pack("plugins", &plugins)?);
        }
        Ok(packs)
    }
}

/// Where a DAG folder is inside a pod.
pub(super) struct Inside {
    dags_folder: PathBuf,
    /// Its path in the pod.
    path: String,
    /// It is in the image or a volume.
    is_there: bool,
}

impl Inside {
    pub(super) fn of(engine: &Engine) -> Self {
        let dags_folder = engine.place.dags_folder.clone();
        let there = dags_path(&engine.place.settings, &dags_folder).map(str::to_string);
        let is_there = there.is_some();
        Self { dags_folder, path: there.unwrap_or_else(|| format!("{FOLDER}/dags")), is_there }
    }

    /// A path on this machine, as it is in the pod if it is in the DAG folder.
    fn path_of(&self, path: &str) -> String {
        match Path::new(path).strip_prefix(&self.dags_folder) {
            Ok(below) => format!("{}/{}", self.path, below.display()),
            Err(_) => path.to_string(),
        }
    }

    /// The order to start, with the paths of the pod.
    pub(super) fn start(&self, mut spec: TrySpec, settings: &Settings, result_hold: f64) -> AgentStart {
        spec.env.extend(settings.of_environment());
        let mut startup = spec.startup.unwrap_or(Value::Null);
        if let Some(file) = startup["fileloc"].as_str() {
            startup["fileloc"] = self.path_of(file).into();
        }
        startup["dags_folder"] = self.path.clone().into();
        if startup["plugins_folder"].is_string() {
            startup["plugins_folder"] = format!("{FOLDER}/plugins").into();
        }
        AgentStart {
            startup,
            env: spec.env.into_iter().collect(),
            timeout: spec.timeout,
            grace: spec.grace,
            result_hold,
        }
    }
}

/// What is done with a worker pod: as `delete_worker_pods` and `delete_worker_pods_on_failure` say. One that is pending waits.
fn conduct(manifest: &Value, settings: &WorkerSettings, skips: Vec<i64>) -> Conduct {
    let own = manifest.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_u64);
    let grace = settings.delete_grace.or(own.map(|seconds| seconds as u32));
    Conduct {
        in_python: false,
        listens: false,
        shows_lines: false,
        base: manifest.pointer("/spec/containers/0/name").and_then(Value::as_str).unwrap_or("base").into(),
        selector: String::new(),
        durable: false,
        schedule_timeout: FOR_EVER,
        startup_timeout: FOR_EVER,
        get_logs: true,
        container_logs: None,
        init_container_logs: None,
        prefix: false,
        do_xcom_push: false,
        xcom_from: XcomFrom::File,
        on_finish: match (settings.delete_worker_pods, settings.delete_worker_pods_on_failure) {
            (true, true) => OnFinish::DeletePod,
            (true, false) => OnFinish::DeleteSucceededPod,
            (false, _) => OnFinish::KeepPod,
        },
        keep_on_kill: false,
        grace,
        skip_on_exit_code: skips,
        log_pod_spec_on_failure: false,
        log_events_on_failure: false,
        log_events_on_startup: true,
        deferrable: false,
    }
}

/// Files are looked at once for all tasks that start together.
const AGE: Duration = Duration::from_millis(200);
/// Seconds: longer than anybody waits.
const FOR_EVER: f64 = 1e9;
