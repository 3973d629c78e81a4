//! A program in a container of a pod, whose input and output are the caller's: what a person's shell in a pod is.

use std::{io::Write, sync::Arc};

use futures_util::{Sink, SinkExt};
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Status};
use kube::{
    api::{Api as Typed, AttachParams, TerminalSize},
    client::UpgradeConnectionError,
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc::Receiver,
};

use super::{
    api::{Api, Trouble},
    cluster::Cluster,
    door::Door,
    glance,
};
use crate::error::{Error, Result};

/// Bytes between us and the API server's stream, each way.
const BUFFER: usize = 64 * 1024;

/// What is to run, and where.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Its UID: another pod of that name, or one of another cluster, isn't meant.
    pub uid: Option<String>,
    /// Container.
    pub container: String,
    /// Program with its arguments.
    pub command: Vec<String>,
    /// It reads what the person types.
    pub stdin: bool,
    /// It runs in a terminal.
    pub tty: bool,
}

/// What comes from the person.
#[derive(Debug)]
pub enum FromUser {
    /// Bytes for the program.
    Bytes(Vec<u8>),
    /// The terminal has this many columns and rows now.
    Size(u16, u16),
    /// No more bytes will come.
    End,
    /// The connection is to be cut.
    Cut,
}

/// Where the program's output goes.
pub struct Outputs<'a> {
    /// Standard output; in a terminal all of it.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
}

/// Runs the program to its end; its exit code.
///
/// # Errors
/// `NotFound` if the cluster has no such pod, `Refused` if it isn't the one that is meant, if its container doesn't run, or for
/// want of a right; `System` if the connection is lost.
pub fn run(cluster: &Cluster, wanted: &Wanted, typed: Receiver<FromUser>, outputs: Outputs<'_>) -> Result<i32> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::system("cannot start the runtime that talks to the cluster", e))?;
    runtime.block_on(async {
        // A person's requests are none of the scheduler's, which are what is counted.
        let door = Door::open(cluster, Arc::default()).await?;
        let pod = Api::new(door.clone(), &wanted.namespace).get(&wanted.pod).await;
        is_meant(&pod.map_err(|e| not_seen(cluster, wanted, &e))?, cluster, wanted)?;
        let pods: Typed<Pod> = Typed::namespaced(door.client(), &wanted.namespace);
        let how = AttachParams::default()
            .container(&wanted.container)
            .stdin(wanted.stdin)
            .stderr(!wanted.tty)
            .tty(wanted.tty)
            .max_stdin_buf_size(BUFFER)
            .max_stdout_buf_size(BUFFER)
            .max_stderr_buf_size(BUFFER);
        let mut process = pods.exec(&wanted.pod, &wanted.command, &how).await.map_err(|e| not_opened(wanted, e))?;
        let sizes = process.terminal_size();
        let (input, output, errors) = (process.stdin(), process.stdout(), process.stderr());
        let status = process.take_status();
        let both = async {
            let (a, b) = tokio::join!(copy(output, outputs.out), copy(errors, outputs.err));
            a.and(b)
        };
        // A connection that breaks leaves the pipes open: it is the status that never comes then.
        let mut ended = std::pin::pin!(async {
            match status {
                Some(status) => status.await,
                None => None,
            }
        });
        let (mut both, mut person) = (std::pin::pin!(both), std::pin::pin!(hand_on(typed, input, sizes)));
        let mut known: Option<Option<Status>> = None;
        while known != Some(None) {
            tokio::select! {
                copied = &mut both => {
                    copied.map_err(|e| Error::system("cannot write what the program printed", e))?;
                    break;
                }
                () = &mut person => {
                    return Err(Error::refused(format!("the connection to pod {} was cut off", wanted.pod))
                        .hint("the program may run on there"));
                }
                status = &mut ended, if known.is_none() => known = Some(status),
            }
        }
        let status = match known {
            Some(status) => status,
            None => ended.await,
        };
        exit_code(wanted, status)
    })
}

/// Refuses a pod that isn't the one in the store, and a container that doesn't run.
fn is_meant(pod: &Value, cluster: &Cluster, wanted: &Wanted) -> Result<()> {
    if let Some(uid) = &wanted.uid
        && glance::uid(pod) != uid
    {
        return Err(Error::refused(format!(
            "the cluster {} has another pod named {} than the one that the task has",
            cluster.name(),
            wanted.pod
        ))
        .hint("KUBECONFIG and AIRFLOW_CONN_.. must name the same cluster here as in the scheduler's environment"));
    }
    if glance::runs(pod, &wanted.container) {
        return Ok(());
    }
    let running: Vec<&str> = glance::all_containers(pod)
        .filter(|c| c["state"]["running"].is_object())
        .filter_map(|c| c["name"].as_str())
        .collect();
    let what = match glance::container(pod, &wanted.container) {
        Some(_) => format!("container {} of pod {} doesn't run", wanted.container, wanted.pod),
        None => format!("pod {} has no container {}", wanted.pod, wanted.container),
    };
    Err(Error::refused(format!("{what} (the pod is {})", glance::phase(pod))).hint(match running.as_slice() {
        [] => "none of its containers runs".to_owned(),
        some => format!("running: {}", some.join(", ")),
    }))
}

fn not_seen(cluster: &Cluster, wanted: &Wanted, trouble: &Trouble) -> Error {
    let (pod, namespace, cluster) = (&wanted.pod, &wanted.namespace, cluster.name());
    if trouble.is_missing() {
        return Error::not_found(format!("the cluster {cluster} has no pod {pod} in namespace {namespace}"))
            .hint("KUBECONFIG and AIRFLOW_CONN_.. must name the same cluster here as in the scheduler's environment");
    }
    let error = Error::refused(format!("cannot see pod {pod} in namespace {namespace} of the cluster {cluster}"));
    let error = error.because(trouble);
    if trouble.is_forbidden() { error.hint("the right to get pods of that namespace is needed") } else { error }
}

fn not_opened(wanted: &Wanted, e: kube::Error) -> Error {
    let error = Error::refused(format!("cannot run a program in pod {}", wanted.pod));
    let (error, is_forbidden) = match e {
        kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(code)) => {
            (error.because(format!("HTTP {code}")), code.as_u16() == 403)
        }
        other => {
            let trouble = Trouble::from(other);
            (error.because(&trouble), trouble.is_forbidden())
        }
    };
    match is_forbidden {
        true => {
            error.hint(format!("the right to create and get pods/exec in namespace {} is needed", wanted.namespace))
        }
        false => error,
    }
}

/// Copies what a program prints as it comes.
async fn copy(from: Option<impl AsyncRead + Unpin>, to: &mut dyn Write) -> std::io::Result<()> {
    let Some(mut from) = from else { return Ok(()) };
    let mut chunk = vec![0; 16 * 1024];
    loop {
        match from.read(&mut chunk).await? {
            0 => return Ok(()),
            n => {
                to.write_all(&chunk[..n])?;
                to.flush()?;
            }
        }
    }
}

/// Hands on what the person types, and the size of the terminal; comes back only if the connection is to be cut.
async fn hand_on(
    mut typed: Receiver<FromUser>,
    mut input: Option<impl AsyncWrite + Unpin>,
    mut sizes: Option<impl Sink<TerminalSize> + Unpin>,
) {
    while let Some(typed) = typed.recv().await {
        match typed {
            FromUser::Cut => return,
            // A writer that is only dropped leaves the pipe open.
            FromUser::End => {
                if let Some(mut writer) = input.take() {
                    let _ = writer.shutdown().await;
                }
            }
            FromUser::Bytes(bytes) => {
                if let Some(writer) = &mut input {
                    // What can't be written any more has no reader; the output's end follows.
                    let _ = writer.write_all(&bytes).await;
                    let _ = writer.flush().await;
                }
            }
            FromUser::Size(width, height) => {
                if let Some(sizes) = &mut sizes {
                    let _ = sizes.send(TerminalSize { width, height }).await;
                }
            }
        }
    }
    std::future::pending().await
}

/// What the program's end says.
fn exit_code(wanted: &Wanted, status: Option<Status>) -> Result<i32> {
    let Some(status) = status else {
        return Err(Error::system(
            format!("the connection to pod {} was lost", wanted.pod),
            "it ended without an exit code",
        )
        .hint("the program may run on there, or the container is gone"));
    };
    if status.status.as_deref() == Some("Success") {
        return Ok(0);
    }
    let causes = status.details.iter().flat_map(|d| d.causes.iter().flatten());
    let code =
        causes.filter(|c| c.reason.as_deref() == Some("ExitCode")).find_map(|c| c.message.as_ref()?.parse().ok());
    match code {
        Some(code) => Ok(code),
        None => {
            Err(Error::refused(format!("cannot run {:?} in container {}", wanted.command.join(" "), wanted.container))
                .because(status.message.unwrap_or_default())
                .hint("`pods exec POD -- PROGRAM` runs one that the image has"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wanted() -> Wanted {
        Wanted {
            namespace: "ml".into(),
            pod: "train-1".into(),
            uid: Some("u1".into()),
            container: "base".into(),
            command: vec!["sh".into()],
            stdin: true,
            tty: true,
        }
    }

    #[test]
    fn only_the_pod_of_the_task_and_a_container_that_runs() {
        let cluster = Cluster::default_one(None);
        let pod = |uid: &str, state: Value| {
            json!({"metadata": {"uid": uid}, "status": {"phase": "Running", "containerStatuses": [
                {"name": "base", "state": state}, {"name": "side", "state": {"running": {}}}]}})
        };
        assert!(is_meant(&pod("u1", json!({"running": {}})), &cluster, &wanted()).is_ok());
        let other = is_meant(&pod("u2", json!({"running": {}})), &cluster, &wanted()).unwrap_err();
        assert!(other.message.contains("another pod named train-1"), "{other}");
        let over = is_meant(&pod("u1", json!({"terminated": {"exitCode": 1}})), &cluster, &wanted()).unwrap_err();
        assert!(over.message.contains("doesn't run") && over.hint.as_deref() == Some("running: side"), "{over}");
    }

    #[test]
    fn the_end_of_a_program_is_its_exit_code() {
        let status = |text: Value| serde_json::from_value::<Status>(text).unwrap();
        let failed = status(json!({"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [
            {"reason": "ExitCode", "message": "3"}]}}));
        assert_eq!(exit_code(&wanted(), Some(failed)).unwrap(), 3);
        assert_eq!(exit_code(&wanted(), Some(status(json!({"status": "Success"})))).unwrap(), 0);
        let none = status(json!({"status": "Failure", "message": "\"sh\": executable file not found"}));
        assert!(exit_code(&wanted(), Some(none)).unwrap_err().to_string().contains("executable file not found"));
        assert!(exit_code(&wanted(), None).unwrap_err().message.contains("was lost"));
    }
}
