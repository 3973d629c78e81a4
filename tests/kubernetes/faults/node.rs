//! A handle on the programs of the cluster's only node, where the tests run on it too.

use std::{path::PathBuf, process::Command};

/// Names a folder with `kubelet.pid` and `containerd.sock`.
pub const VARIABLE: &str = "DAGDECK_TEST_NODE";

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

    /// Stops the kubelet where it is, or lets it go on.
    pub fn stop_kubelet(&self, stops: bool) {
        let pid = crate::support::files::pid_in(&self.folder.join("kubelet.pid"));
        let signal = if stops { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Kills a container's processes; false if it has none any more.
    pub fn kill_container(&self, id: &str) -> bool {
        let socket = self.folder.join("containerd.sock");
        let arguments = ["-n", "k8s.io", "tasks", "kill", "-s", "KILL", id];
        let done = Command::new("ctr").arg("-a").arg(socket).args(arguments).output().unwrap();
        done.status.success()
    }
}
