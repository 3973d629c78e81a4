//! `pod_mutation_hook` of `airflow_local_settings.py`: a process that keeps it loaded changes one pod after the other.

use std::{
    io::{BufRead, BufReader, Write},
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::SystemTime,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

use super::script;
use crate::config::Place;

/// Seconds that a hook may take for one pod.
const PATIENCE: i64 = 30;

/// Why a pod could not be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookError {
    /// The exception that the hook raised; `None` if its process is what failed.
    pub exception: Option<String>,
    /// What it said.
    pub message: String,
}

/// The process.
pub struct PodHook {
    file: PathBuf,
    changed: SystemTime,
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl PodHook {
    /// The manifest after the hook; as it is where there is none. `kept` is the process of the last time: it is used again
    /// while the file stays the same.
    ///
    /// # Errors
    /// What the hook raised, or why its process can't be used; the pod must not be sent then.
    pub fn apply(
        kept: &mut Option<Self>,
        place: &Place,
        interpreter: &str,
        side: &Path,
        manifest: Value,
    ) -> Result<Value, HookError> {
        let Some((file, changed)) = find(place) else {
            *kept = None;
            return Ok(manifest);
        };
        if kept.as_ref().is_some_and(|hook| hook.file != file || hook.changed != changed) {
            *kept = None;
        }
        let hook = match kept {
            Some(hook) => hook,
            None => kept.insert(Self::start(place, interpreter, side, file, changed)?),
        };
        let answer = hook.ask(&manifest);
        if matches!(&answer, Err(e) if e.exception.is_none()) {
            *kept = None;
        }
        answer
    }

    fn start(
        place: &Place,
        interpreter: &str,
        side: &Path,
        file: PathBuf,
        changed: SystemTime,
    ) -> Result<Self, HookError> {
        let mut command = Command::new(interpreter);
        command.arg(script(side, "dagdeck_mutate.py")).arg(&place.dags_folder).arg(place.plugins());
        command.envs(place.settings.as_environment()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let failed = |e: &dyn std::fmt::Display| broken(format!("{interpreter} cannot be started: {e}"));
        let mut child = command.spawn().map_err(|e| failed(&e))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(&"it has no pipes"));
        };
        Ok(Self { file, changed, child, to, from: BufReader::new(from) })
    }

    fn ask(&mut self, manifest: &Value) -> Result<Value, HookError> {
        let gone = |e: std::io::Error| broken(e.to_string());
        self.to.write_all(format!("{manifest}\n").as_bytes()).and_then(|()| self.to.flush()).map_err(gone)?;
        let mut fds = [PollFd::from_borrowed_fd(self.from.get_ref().as_fd(), PollFlags::IN)];
        let patience = Timespec { tv_sec: PATIENCE, tv_nsec: 0 };
        if poll(&mut fds, Some(&patience)) == Ok(0) {
            return Err(broken(format!("no answer within {PATIENCE} s")));
        }
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(gone)?;
        let mut answer: Value = serde_json::from_str(&line).map_err(|_| broken("its process ended".into()))?;
        match answer["exception"].as_str() {
            Some(class) => Err(HookError {
                exception: Some(class.into()),
                message: answer["error"].as_str().unwrap_or_default().into(),
            }),
            None => Ok(answer["manifest"].take()),
        }
    }
}

impl Drop for PodHook {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn broken(message: String) -> HookError {
    HookError { exception: None, message }
}

/// The file with a hook, and when it was changed.
fn find(place: &Place) -> Option<(PathBuf, SystemTime)> {
    let folders = [place.dags_folder.clone(), place.plugins()];
    let file = folders.iter().map(|folder| folder.join("airflow_local_settings.py")).find(|file| file.is_file())?;
    let changed = file.metadata().ok()?.modified().ok()?;
    let text = std::fs::read(&file).ok()?;
    text.windows(17).any(|part| part == b"pod_mutation_hook").then_some((file, changed))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Wanted;

    fn place(folder: &Path, text: &str) -> Place {
        std::fs::create_dir_all(folder.join("dags")).expect("a folder");
        std::fs::write(folder.join("dags/airflow_local_settings.py"), text).expect("a file");
        let wanted = Wanted { home: Some(folder.into()), dags_folder: Some(folder.join("dags")) };
        Place::find(&wanted).expect("a place")
    }

    #[test]
    fn one_process_changes_pods_until_its_file_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let side = crate::python::unpack(&folder.path().join("python")).expect("the Python side");
        let place = place(
            folder.path(),
            "seen = []\ndef pod_mutation_hook(pod):\n    print('noise')\n    seen.append(1)\n    \
             if pod.metadata.name == 'bad': raise ValueError('not this one')\n    \
             pod.metadata.labels = {'seen': str(len(seen))}\n    pod.spec.containers[0].resources = None\n",
        );
        let pod = |name: &str| {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"a": "b"}}, "spec": {
                "hostIPC": true, "volumes": [], "containers": [{"name": "base", "resources": {"limits": {"cpu": 1}}}]}})
        };
        let mut kept = None;
        let first = PodHook::apply(&mut kept, &place, "python3", &side, pod("p")).expect("changed");
        assert_eq!(
            first,
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"seen": "1"}}, "spec": {
                "hostIPC": true, "volumes": [], "containers": [{"name": "base"}]}})
        );
        let wrong = PodHook::apply(&mut kept, &place, "python3", &side, pod("bad")).expect_err("refused");
        assert_eq!(wrong, HookError { exception: Some("ValueError".into()), message: "not this one".into() });
        let third = PodHook::apply(&mut kept, &place, "python3", &side, pod("p")).expect("changed");
        assert_eq!(third["metadata"]["labels"]["seen"], "3");
        std::fs::write(folder.path().join("dags/airflow_local_settings.py"), "").expect("a file");
        let left = PodHook::apply(&mut kept, &place, "python3", &side, pod("p")).expect("left alone");
        assert_eq!(left, pod("p"));
        assert!(kept.is_none());
    }
}
