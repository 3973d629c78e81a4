//! `pods render` of what only Python can put together: a process renders the task as a try does, up to its question for the
//! pod. Nothing that it says is kept, no cluster is asked, and the process ends with the answer.

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{asks, cluster_work::is_work, pod_render, render, startup};
use crate::{
    config::Place,
    error::{Error, Result},
    model::{Dag, Task},
    operators,
    protocol::{TrySpec, task},
    python,
    runner::child,
    store,
};

/// What the first line of such a process is called.
const REQUEST: &str = "PodDraftRequest";

/// True if a try renders the task in its own process, or has callbacks there that may change its pod.
pub(super) fn is_for_python(dag: &Dag, task: &Task) -> bool {
    let listens = task.args.get("callbacks").is_some_and(|value| !value.is_null() && *value != json!([]));
    !dag.fileloc.ends_with(".toml")
        && (operators::engine(dag, task) == operators::Engine::Python || listens && !is_work(task))
}

/// The manifest of a task, and what was said on the way.
///
/// # Errors
/// What the task's code raised, or what it needs and isn't there yet.
pub(super) fn run(at: &render::Place<'_>, place: &Place, side: &Path, the_task: &Task) -> Result<(Value, Vec<String>)> {
    let broken = |e: io::Error| Error::system("cannot talk to the task's process", e);
    let spec = spec(at, place, side, the_task);
    let started = child::start(&spec, "pods-render", None).map_err(|e| {
        Error::system(format!("cannot start {}", spec.argv.first().map_or("python3", |a| a.as_str())), e)
    })?;
    let pid = started.child.pid();
    // What the author's code prints is for whoever asked, beside the manifest.
    let mut output = std::fs::File::from(started.output);
    let printed = std::thread::spawn(move || io::copy(&mut output, &mut io::stderr()));
    let mut draft = Draft { at, place, side, the_task, warnings: Vec::new() };
    let done = match (started.socket, &spec.startup) {
        (Some(socket), Some(first)) => draft.serve(socket, first).map_err(broken).and_then(|made| made),
        _ => Err(Error::refused("the task's process has no socket")),
    };
    let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
    let _ = printed.join();
    Ok((done?, draft.warnings))
}

fn spec(at: &render::Place<'_>, place: &Place, side: &Path, the_task: &Task) -> TrySpec {
    let interpreter = python::real_path(&place.interpreter(Path::new(&at.dag.fileloc)), &place.dags_folder);
    let mut first = startup::document(place, "", at.dag, the_task, at.run, at.row);
    first["type"] = REQUEST.into();
    TrySpec {
        key: at.row.key.clone(),
        dag_id: at.run.dag_id.clone(),
        run_id: at.run.run_id.clone(),
        try_number: at.row.try_number,
        epoch: at.row.epoch,
        argv: python::execute_argv(&interpreter, side),
        env: place.settings.as_environment().into_iter().collect(),
        clear_env: false,
        cwd: Some(place.dags_folder.to_string_lossy().into_owned()).filter(|folder| Path::new(folder).is_dir()),
        log: String::new(),
        timeout: None,
        grace: 0.0,
        startup: Some(first),
        shell: None,
    }
}

struct Draft<'a> {
    at: &'a render::Place<'a>,
    place: &'a Place,
    side: &'a Path,
    the_task: &'a Task,
    warnings: Vec<String>,
}

/// What becomes of a message.
enum Turn {
    Answer(Value),
    Done(Value),
    Nothing,
}

impl Draft<'_> {
    /// Answers the process until it has asked for its pod: that pod's manifest.
    fn serve(&mut self, mut socket: UnixStream, first: &Value) -> io::Result<Result<Value>> {
        writeln!(socket, "{first}")?;
        let mut lines = BufReader::new(socket.try_clone()?);
        let mut line = String::new();
        loop {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(Err(Error::refused("the task's process ended before its pod was put together")));
            }
            let message: Value = serde_json::from_str(&line)?;
            match self.take(&message) {
                Ok(Turn::Answer(mut answer)) => {
                    answer["id"] = message["id"].clone();
                    writeln!(socket, "{answer}")?;
                }
                Ok(Turn::Done(manifest)) => return Ok(Ok(manifest)),
                Ok(Turn::Nothing) => {}
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    fn take(&mut self, message: &Value) -> Result<Turn> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        let kind = task::kind(message);
        Ok(match task::class(kind) {
            task::Class::Log => {
                if matches!(message["level"].as_str(), Some("warning" | "error" | "critical")) {
                    let detail = text(&message["error_detail"]);
                    let event = text(&message["event"]);
                    self.warnings.push([event, detail].join("\n").trim_end().to_string());
                }
                Turn::Nothing
            }
            // Nothing of it is kept.
            task::Class::Say => Turn::Answer(task::ok(&message["id"])),
            task::Class::End => {
                let cause = &message["cause"];
                let summary =
                    if cause["summary"].is_string() { text(&cause["summary"]) } else { text(&message["state"]) };
                let exception = cause["exception"].as_str().map(|class| format!("{class}: "));
                return Err(Error::refused(format!("{}{summary}", exception.unwrap_or_default())));
            }
            task::Class::Ask if kind == "RunPod" => self.pod(message)?,
            task::Class::Ask => Turn::Answer(self.answer(message)?),
            task::Class::Unknown => Turn::Answer(task::error("UNKNOWN_MESSAGE", "dagdeck does not know the question")),
        })
    }

    /// The pod that the process asks for; callbacks see it once, and may change it.
    fn pod(&mut self, asked: &Value) -> Result<Turn> {
        let done = &asked["done"];
        if let Some(error) = done.get("error") {
            let (method, summary) = (error["method"].as_str(), error["summary"].as_str());
            let text = format!("{} of callbacks=: {}", method.unwrap_or("a method"), summary.unwrap_or_default());
            return Err(Error::refused(text));
        }
        if done["pod"].is_object() {
            return Ok(Turn::Done(done["pod"].clone()));
        }
        let mut the_task = self.the_task.clone();
        the_task.do_xcom_push = asked["do_xcom_push"] == true;
        let arguments: IndexMap<String, Value> = serde_json::from_value(asked["arguments"].clone()).unwrap_or_default();
        let (manifest, warnings) = pod_render::made(self.at, self.place, self.side, &the_task, Some(arguments))
            .map_err(|problem| Error::refused(problem.cause().summary))?;
        self.warnings.extend(warnings);
        if asked["listens"] == true && !is_work(&the_task) {
            return Ok(Turn::Answer(
                json!({"type": "PodCall", "n": 0, "call": "on_pod_manifest_created", "pod": manifest}),
            ));
        }
        Ok(Turn::Done(manifest))
    }

    fn answer(&self, asked: &Value) -> Result<Value> {
        let text = |name: &str| asked[name].as_str().unwrap_or_default();
        let db = self.at.db.lock().map_err(|_| Error::refused("the store's reader is broken"))?;
        if let Some(answer) = asks::from_store(&db, Some(self.at.run), &self.at.row.key, asked)? {
            let is_missing = answer["found"] == false || answer["values"].as_array().is_some_and(Vec::is_empty);
            let is_own = |name: &str, own: &str| asked[name].as_str().is_none_or(|named| named == own);
            if task::kind(asked).starts_with("GetXCom")
                && is_missing
                && is_own("dag_id", &self.at.run.dag_id)
                && is_own("run_id", &self.at.run.run_id)
            {
                render::to_come(&db, self.at.run, self.at.run.id, text("task_id"), text("key"))?;
            }
            return Ok(answer);
        }
        Ok(match task::kind(asked) {
            "GetNextInterval" => {
                let run = store::run::find(&db, text("dag_id"), text("run_id"))?;
                let known = store::dag::get(&db, text("dag_id"))?;
                asks::next_interval(run.as_ref(), known.as_ref().map(|known| &*known.dag), self.at.settings)
            }
            "RenderTemplates" => {
                drop(db);
                asks::rendered(self.at, self.the_task, asked)
            }
            other => task::error("GENERIC_ERROR", &format!("{other} is not done while a pod is only rendered")),
        })
    }
}
