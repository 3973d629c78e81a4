//! The requests that are made of an API server, about pods of one namespace. Every one has a time limit, and every answer is
//! either what was asked for, or a [`Trouble`] that says whether asking again can help.

mod trouble;

pub use trouble::Trouble;

use std::{
    future::Future,
    rc::Rc,
    time::{Duration, Instant},
};

use futures_util::{AsyncBufRead, Stream, StreamExt};
use kube::{
    api::{
        Api as Typed, AttachParams, AttachedProcess, DeleteParams, ListParams, LogParams, Patch, PatchParams,
        PostParams, WatchParams,
    },
    core::{Request, WatchEvent},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::door::Door;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Shorthand.
pub type Answer<T> = Result<T, Trouble>;

/// Pods (and their events) of one namespace.
#[derive(Clone)]
pub struct Api {
    door: Rc<Door>,
    namespace: String,
}

impl Api {
    /// Of a namespace.
    pub fn new(door: Rc<Door>, namespace: &str) -> Self {
        Self { door, namespace: namespace.into() }
    }

    /// Its client as it is now, for what isn't here.
    pub fn client(&self) -> kube::Client {
        self.door.client()
    }

    /// A request about the objects of a kind in the namespace.
    pub fn path(&self, kind: &str) -> Request {
        Request::new(format!("/api/v1/namespaces/{}/{kind}", self.namespace))
    }

    /// Sends a request that is built already.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Answer<T> {
        let request = request.map_err(|e| unbuilt(&e))?;
        self.sent(|client| {
            let request = request.clone();
            async move { client.request::<T>(request).await }
        })
        .await
    }

    /// Sends something; once more with other credentials if ours aren't taken any more.
    async fn sent<T, F, W>(&self, send: F) -> Answer<T>
    where
        F: Fn(kube::Client) -> W,
        W: Future<Output = Result<T, kube::Error>>,
    {
        self.door.turn().await;
        let begun = Instant::now();
        let answer = within(PATIENCE, send(self.door.client())).await;
        match &answer {
            Err(trouble) if trouble.is_unauthorized() && self.door.renew(begun).await => {
                within(PATIENCE, send(self.door.client())).await
            }
            _ => answer,
        }
    }

    /// Creates a pod.
    pub async fn create(&self, pod: &Value) -> Answer<Value> {
        let body = serde_json::to_vec(pod).map_err(|e| unbuilt(&e))?;
        self.ask(self.path("pods").create(&PostParams::default(), body)).await
    }

    /// One pod.
    pub async fn get(&self, name: &str) -> Answer<Value> {
        self.ask(self.path("pods").get(name, &kube::api::GetParams::default())).await
    }

    /// The pods that a label selector finds; the whole list with its resource version.
    pub async fn list(&self, selector: &str) -> Answer<Value> {
        self.ask(self.path("pods").list(&ListParams::default().labels(selector))).await
    }

    /// Asks for a pod's deletion; `uid` guards against another one of that name.
    pub async fn delete(&self, name: &str, uid: Option<&str>, grace: Option<u32>) -> Answer<()> {
        let mut how = DeleteParams { grace_period_seconds: grace, ..DeleteParams::default() };
        how.preconditions = uid.map(|uid| kube::api::Preconditions { uid: Some(uid.into()), resource_version: None });
        match self.ask::<Value>(self.path("pods").delete(name, &how)).await {
            Err(trouble) if trouble.is_missing() => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Merges into a pod.
    pub async fn patch(&self, name: &str, change: &Value) -> Answer<Value> {
        self.ask(self.path("pods").patch(name, &PatchParams::default(), &Patch::Merge(change))).await
    }

    /// What was said about a pod.
    pub async fn events(&self, name: &str) -> Answer<Vec<Value>> {
        let list = self.list_events(&format!("involvedObject.name={name}")).await?;
        Ok(list["items"].as_array().cloned().unwrap_or_default())
    }

    /// The API server's version, which everybody may ask for: a sign of life.
    pub async fn version(&self) -> Answer<Value> {
        self.ask(http::Request::get("/version").body(Vec::new()).map_err(kube::core::request::Error::BuildRequest))
            .await
    }

    /// The namespace itself.
    pub async fn namespace(&self) -> Answer<Value> {
        self.ask(Request::new("/api/v1/namespaces").get(&self.namespace, &kube::api::GetParams::default())).await
    }

    /// The events that a field selector finds; the whole list with its resource version.
    pub async fn list_events(&self, selector: &str) -> Answer<Value> {
        self.ask(self.path("events").list(&ListParams::default().fields(selector))).await
    }

    /// Where the events of the namespace stand now.
    pub async fn events_now(&self) -> Answer<String> {
        let list: Value = self.ask(self.path("events").list(&ListParams::default().limit(1))).await?;
        Ok(list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_string())
    }

    /// Objects of the namespace, by the group's path and the kind's plural; all of them, or those that a label selector finds.
    pub async fn list_in(&self, group: &str, kind: &str, selector: &str) -> Answer<Value> {
        let mut which = ListParams::default();
        if !selector.is_empty() {
            which = which.labels(selector);
        }
        self.ask(Request::new(format!("{group}/namespaces/{}/{kind}", self.namespace)).list(&which)).await
    }

    /// One object of the namespace.
    pub async fn get_in(&self, kind: &str, name: &str) -> Answer<Value> {
        self.ask(self.path(kind).get(name, &kube::api::GetParams::default())).await
    }

    /// Hands over each object of a kind in the whole cluster, a page after the other.
    pub async fn list_all(&self, kind: &str, fields: &str, mut take: impl FnMut(Value)) -> Answer<()> {
        let mut which = ListParams::default().limit(500);
        if !fields.is_empty() {
            which = which.fields(fields);
        }
        loop {
            let mut list: Value = self.ask(Request::new(format!("/api/v1/{kind}")).list(&which)).await?;
            list["items"].as_array_mut().map(std::mem::take).unwrap_or_default().into_iter().for_each(&mut take);
            match list["metadata"]["continue"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => which = which.continue_token(token),
                None => return Ok(()),
            }
        }
    }

    /// What changes from a resource version on: `pods` by label selector, or `events` by field selector.
    pub async fn watch(
        &self,
        kind: &str,
        selector: &str,
        from: &str,
    ) -> Answer<impl Stream<Item = Answer<WatchEvent<Value>>> + use<>> {
        let how = WatchParams::default().timeout(290);
        let how = if kind == "pods" { how.labels(selector) } else { how.fields(selector) };
        self.changes(self.path(kind).watch(&how, from)).await
    }

    /// The answer to a request to watch.
    pub async fn changes(
        &self,
        request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Answer<impl Stream<Item = Answer<WatchEvent<Value>>> + use<>> {
        let request = request.map_err(|e| unbuilt(&e))?;
        let stream = self
            .sent(|client| {
                let request = request.clone();
                async move { client.request_events::<Value>(request).await }
            })
            .await?;
        Ok(stream.map(|event: Result<WatchEvent<Value>, kube::Error>| event.map_err(Trouble::from)))
    }

    /// A container's output, from an instant on; `follow` until it ends.
    pub async fn log(
        &self,
        pod: &str,
        container: &str,
        since: Option<jiff::Timestamp>,
        follow: bool,
    ) -> Answer<impl AsyncBufRead + use<>> {
        let how = LogParams {
            container: Some(container.into()),
            follow,
            timestamps: true,
            since_time: since,
            ..LogParams::default()
        };
        let request = self.path("pods").logs(pod, &how).map_err(|e| unbuilt(&e))?;
        self.sent(|client| {
            let request = request.clone();
            async move { client.request_stream(request).await }
        })
        .await
    }

    /// How a container's output begins, as much of it as there is: the time of its first line and little more.
    pub async fn log_begin(&self, pod: &str, container: &str) -> Answer<String> {
        let how = LogParams {
            container: Some(container.into()),
            timestamps: true,
            limit_bytes: Some(64),
            ..LogParams::default()
        };
        let request = self.path("pods").logs(pod, &how).map_err(|e| unbuilt(&e))?;
        self.sent(|client| {
            let request = request.clone();
            async move { client.request_text(request).await }
        })
        .await
    }

    /// The last lines of a container's output.
    pub async fn tail(&self, pod: &str, container: &str, lines: i64) -> Answer<String> {
        let how = LogParams { container: Some(container.into()), tail_lines: Some(lines), ..LogParams::default() };
        let request = self.path("pods").logs(pod, &how).map_err(|e| unbuilt(&e))?;
        self.sent(|client| {
            let request = request.clone();
            async move { client.request_text(request).await }
        })
        .await
    }

    /// Begins a command in a container.
    pub async fn begin_exec(&self, pod: &str, command: &[&str], how: &AttachParams) -> Answer<AttachedProcess> {
        self.sent(|client| {
            let pods: Typed<k8s_openapi::api::core::v1::Pod> = Typed::namespaced(client, &self.namespace);
            async move { pods.exec(pod, command.iter().copied(), how).await }
        })
        .await
    }

    /// Runs a command in a container; its standard output, once it has ended with 0.
    pub async fn exec(&self, pod: &str, container: &str, command: &[&str]) -> Answer<Vec<u8>> {
        use tokio::io::AsyncReadExt;
        let how = AttachParams::default().container(container).stderr(true).max_stdout_buf_size(1 << 20);
        let run = async {
            let mut process = self.begin_exec(pod, command, &how).await?;
            let status = process.take_status();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let (mut from_out, mut from_err) = (process.stdout(), process.stderr());
            let read_out = async {
                match from_out.as_mut() {
                    Some(stream) => stream.read_to_end(&mut out).await.map(|_| ()),
                    None => Ok(()),
                }
            };
            let read_err = async {
                match from_err.as_mut() {
                    Some(stream) => stream.read_to_end(&mut err).await.map(|_| ()),
                    None => Ok(()),
                }
            };
            // A stream that breaks leaves these pipes open: it is the status that never comes then.
            let ended = async {
                match status {
                    Some(status) => status.await,
                    None => None,
                }
                .ok_or_else(|| Trouble::Away("the stream broke off".into()))
            };
            let read = async {
                let (read, _) = tokio::join!(read_out, read_err);
                read.map_err(|e| Trouble::Away(e.to_string()))
            };
            let (status, ()) = tokio::try_join!(ended, read)?;
            if status.status.as_deref() == Some("Success") {
                return Ok(out);
            }
            let said = String::from_utf8_lossy(&err);
            Err(Trouble::Refused {
                code: 0,
                reason: status.reason.unwrap_or_default(),
                message: format!("{} {}", status.message.unwrap_or_default(), said.trim()),
            })
        };
        match tokio::time::timeout(Duration::from_secs(120), run).await {
            Ok(done) => done,
            Err(_) => Err(Trouble::Away("no end after 120 s".into())),
        }
    }
}

/// A request that can't be built.
pub fn unbuilt(e: &dyn std::error::Error) -> Trouble {
    Trouble::Refused { code: 0, reason: "BadRequest".into(), message: format!("the request can't be built: {e}") }
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, kube::Error>>) -> Answer<T> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done.map_err(Trouble::from),
        Err(_) => Err(Trouble::Away(format!("no answer within {} s", limit.as_secs()))),
    }
}
