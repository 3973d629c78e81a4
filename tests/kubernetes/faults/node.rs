//! A handle on the programs of the cluster's only node, where the tests run on it too, API server included.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process};

/// Names a folder with `kubelet.pid`, `kube-apiserver.pid` and `containerd.sock`.
pub const VARIABLE: &str = "DAGDECK_TEST_NODE";
/// Names a folder with the program `up`, which starts what is missing of the cluster.
pub const STARTER: &str = "DAGDECK_TEST_CLUSTER";

/// What is done to the programs that all tests need is done by one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// The node.
pub struct Node {
    folder: PathBuf,
}

impl Node {
    /// The one that is named.
    pub fn named() -> Option<Self> {
        let folder = std::env::var_os(VARIABLE).filter(|path| !path.is_empty())?;
        Some(Self { folder: folder.into() })
    }

    /// Until it is dropped nobody else does anything to the node's programs.
    pub fn alone() -> MutexGuard<'static, ()> {
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self, program: &str, signal: Signal) {
        let pid = crate::support::files::pid_in(&self.folder.join(format!("{program}.pid")));
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Stops the kubelet where it is, or lets it go on.
    pub fn stop_kubelet(&self, stops: bool) {
        self.signal("kubelet", if stops { Signal::STOP } else { Signal::CONT });
    }

    /// Stops the API server where it is, or lets it go on.
    pub fn stop_api(&self, stops: bool) {
        self.signal("kube-apiserver", if stops { Signal::STOP } else { Signal::CONT });
    }

    /// Kills the API server.
    pub fn kill_api(&self) {
        self.signal("kube-apiserver", Signal::KILL);
    }

    /// Starts what is missing; none where nothing is named that can do it.
    pub fn starter() -> Option<impl Fn()> {
        let program = Path::new(&std::env::var_os(STARTER).filter(|path| !path.is_empty())?).join("up");
        Some(move || {
            // A busy machine may need longer than it waits for its node.
            let run = || Command::new(&program).output().unwrap();
            let done = (0..4).map(|_| run()).find(|done| done.status.success()).unwrap_or_else(run);
            assert!(done.status.success(), "{program:?}: {}", String::from_utf8_lossy(&done.stderr));
        })
    }

    /// Kills a container's processes; false if it has none any more.
    pub fn kill_container(&self, id: &str) -> bool {
        let socket = self.folder.join("containerd.sock");
        let arguments = ["-n", "k8s.io", "tasks", "kill", "-s", "KILL", id];
        let done = Command::new("ctr").arg("-a").arg(socket).args(arguments).output().unwrap();
        done.status.success()
    }
}
