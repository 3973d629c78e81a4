//! A pod's result: the file that its sidecar keeps (semantics 12.3), or the last line of its output.

use std::{rc::Rc, time::Duration};

use serde_json::Value;
use tokio::sync::watch;

use super::{
    api::{Api, Trouble},
    glance, pending,
};
use crate::{
    model::{Cause, CauseKind},
    operators::kubernetes_pod::{Conduct, SIDECAR, XCOM_FOLDER, XcomFrom},
};

/// Printed in place of an empty file.
const EMPTY: &str = "__airflow_xcom_result_empty__";
/// How long the sidecar may take to run.
const SIDECAR_START: Duration = Duration::from_secs(900);

/// Where a result was found.
pub const FILE: &str = "file";
/// Where a result was found.
pub const STDOUT: &str = "stdout";

/// What was found, with what is to be said about it.
#[derive(Debug, Default)]
pub struct Found {
    /// Value and source.
    pub value: Option<(Value, &'static str)>,
    /// Something to know.
    pub warning: Option<String>,
}

/// Reads the result of a pod whose base container has ended. The sidecar goes on until that is committed: whoever is killed
/// before then reads it again. An error is why it can't be read.
pub async fn read(
    api: &Api,
    name: &str,
    conduct: &Conduct,
    seen: &mut watch::Receiver<(Option<Rc<Value>>, bool)>,
) -> Result<Found, Cause> {
    let lost = |why: String| Cause::new(CauseKind::Pod, why).exception("AirflowException");
    let wrong = |why: String| Cause::new(CauseKind::Value, why).exception("AirflowException");
    if conduct.xcom_from == XcomFrom::Stdout {
        let line = last_line(api, name, conduct).await.map_err(|e| lost(e.to_string()))?;
        let value =
            serde_json::from_str(&line).map_err(|e| wrong(format!("the last line of its output is not JSON: {e}")))?;
        return Ok(Found { value: Some((value, STDOUT)), warning: None });
    }
    let file = file(api, name, seen).await;
    match &file {
        Ok(text) if text.trim() != EMPTY && !text.trim().is_empty() => {
            let value: Result<Value, _> = serde_json::from_str(text);
            let value = value.map_err(|e| wrong(format!("{XCOM_FOLDER}/return.json is not JSON: {e}")));
            value.map(|value| Found { value: Some((value, FILE)).filter(|(v, _)| !v.is_null()), warning: None })
        }
        _ if conduct.xcom_from == XcomFrom::Either => {
            let line = last_line(api, name, conduct).await;
            let value = line.ok().and_then(|line| serde_json::from_str::<Value>(&line).ok());
            match (value.filter(|v| v.is_object() || v.is_array()), file) {
                (Some(value), _) => {
                    let text =
                        format!("no result in {XCOM_FOLDER}/return.json: the last line of the output is the XCom");
                    Ok(Found { value: Some((value, STDOUT)), warning: Some(text) })
                }
                (None, Ok(_)) => Ok(Found::default()),
                (None, Err(why)) => Err(lost(why)),
            }
        }
        Ok(_) => Ok(Found::default()),
        Err(why) => Err(lost(why.clone())),
    }
}

/// The file's text, or the mark of an empty one.
async fn file(api: &Api, name: &str, seen: &mut watch::Receiver<(Option<Rc<Value>>, bool)>) -> Result<String, String> {
    tokio::time::timeout(SIDECAR_START, sidecar_runs(seen))
        .await
        .map_err(|_| "the sidecar with the result did not start within 900 s".to_string())??;
    let script =
        format!("if [ -s {XCOM_FOLDER}/return.json ]; then cat {XCOM_FOLDER}/return.json; else echo {EMPTY}; fi");
    let command = ["/bin/sh", "-c", script.as_str()];
    let mut pause = Duration::from_millis(250);
    loop {
        match api.exec(name, SIDECAR, &command).await {
            Ok(bytes) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            // Read as often as it takes: reading changes nothing. But a sidecar that is gone can't be read.
            Err(trouble) => {
                sidecar_runs(seen).await?;
                if matches!(&trouble, Trouble::Refused { code: 403, .. }) {
                    return Err(format!("the result can't be read from the sidecar: {trouble}"));
                }
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}

/// Waits until the sidecar runs; an error if it doesn't any more.
async fn sidecar_runs(seen: &mut watch::Receiver<(Option<Rc<Value>>, bool)>) -> Result<(), String> {
    loop {
        {
            let now = seen.borrow_and_update();
            let Some(pod) = now.0.as_deref() else { return Err("the pod was never seen".into()) };
            if now.1 {
                return Err("the pod was gone before its result was read".into());
            }
            if let Some(end) = glance::terminated(pod, SIDECAR) {
                return Err(format!(
                    "the sidecar with the result ended ({}, exit code {}) before it was read",
                    end.reason, end.exit_code
                ));
            }
            if glance::runs(pod, SIDECAR) {
                return Ok(());
            }
            if let Some(cause) = pending::hopeless(pod) {
                return Err(cause.summary);
            }
        }
        if seen.changed().await.is_err() {
            return Err("the pod is not watched any more".into());
        }
    }
}

/// Tells the sidecar's shell to end. A sidecar that doesn't goes with its pod.
pub async fn end_sidecar(api: &Api, name: &str) {
    let script = "kill -2 $(pgrep -u $(id -u) -f 'sh') 2>/dev/null || for p in /proc/[0-9]*; do \
                  case \"$(tr '\\0' ' ' < $p/cmdline 2>/dev/null)\" in *'sleep 1; done'*) kill -2 ${p#/proc/};; esac; done";
    let _ = api.exec(name, SIDECAR, &["/bin/sh", "-c", script]).await;
}

/// The last line that isn't empty of the base container's output.
async fn last_line(api: &Api, name: &str, conduct: &Conduct) -> Result<String, Trouble> {
    let text = api.tail(name, &conduct.base, 50).await?;
    Ok(text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("").trim().to_string())
}
