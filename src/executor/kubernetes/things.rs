//! Requests about any kind of object, found by what the API server says of its kinds.

use futures_util::Stream;
use kube::{
    api::{DeleteParams, GetParams, ListParams, PostParams, Preconditions, PropagationPolicy, WatchParams},
    core::{Request, WatchEvent},
};
use serde_json::Value;

use super::{
    api::{Answer, Api, Trouble, unbuilt},
    find::{OWNER, Pause},
    glance,
};

/// Objects of one kind, in one namespace or in none.
#[derive(Clone)]
pub struct Things {
    api: Api,
    path: String,
}

/// How an object is deleted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Removal<'a> {
    /// Only the object with this UID.
    pub uid: Option<&'a str>,
    /// Seconds for its containers.
    pub grace: Option<u32>,
    /// What becomes of what it made: `Foreground`, `Background` or `Orphan`; the API server's choice if absent.
    pub propagation: Option<&'a str>,
}

/// What became of making an object.
#[derive(Debug)]
pub enum Made {
    /// It is there, made by us.
    There(Value),
    /// It can't be made.
    Refused(Trouble),
    /// Nobody wants it any more, and it isn't there.
    Unwanted,
}

impl Things {
    /// The jobs of a namespace.
    pub fn jobs(api: &Api, namespace: &str) -> Self {
        Self { api: api.clone(), path: format!("/apis/batch/v1/namespaces/{namespace}/jobs") }
    }

    /// The pods of a namespace.
    pub fn pods(api: &Api, namespace: &str) -> Self {
        Self { api: api.clone(), path: format!("/api/v1/namespaces/{namespace}/pods") }
    }

    /// The objects of an object's kind, in the namespace that it names, else in `namespace` if its kind has namespaces.
    ///
    /// # Errors
    /// The kind isn't known to the API server, or it doesn't answer.
    pub async fn of(api: &Api, object: &Value, namespace: &str) -> Answer<Self> {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        let base = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
        let request = http::Request::get(&base).body(Vec::new()).map_err(|e| unbuilt(&e))?;
        let unknown = || Trouble::Refused {
            code: 404,
            reason: "NotFound".into(),
            message: format!("the API server knows no kind {kind} in version {version}"),
        };
        let found: Value = match api.ask(Ok(request)).await {
            Err(trouble) if trouble.is_missing() => return Err(unknown()),
            other => other?,
        };
        let all = found["resources"].as_array().into_iter().flatten();
        let is_whole = |resource: &&Value| resource["name"].as_str().is_some_and(|name| !name.contains('/'));
        let known = all.filter(is_whole).find(|resource| resource["kind"] == kind).ok_or_else(unknown)?;
        let plural = known["name"].as_str().unwrap_or_default();
        let named = Some(text("/metadata/namespace")).filter(|name| !name.is_empty()).unwrap_or(namespace);
        let path = match known["namespaced"] == true {
            true => format!("{base}/namespaces/{named}/{plural}"),
            false => format!("{base}/{plural}"),
        };
        Ok(Self { api: api.clone(), path })
    }

    fn request(&self) -> Request {
        Request::new(self.path.clone())
    }

    /// Creates one.
    pub async fn create(&self, object: &Value) -> Answer<Value> {
        let body = serde_json::to_vec(object).map_err(|e| unbuilt(&e))?;
        self.api.ask(self.request().create(&PostParams::default(), body)).await
    }

    /// One by its name.
    pub async fn get(&self, name: &str) -> Answer<Value> {
        self.api.ask(self.request().get(name, &GetParams::default())).await
    }

    /// Those that a label selector finds; the whole list with its resource version.
    pub async fn list(&self, selector: &str) -> Answer<Value> {
        self.api.ask(self.request().list(&ListParams::default().labels(selector))).await
    }

    /// Asks for one's deletion.
    pub async fn delete(&self, name: &str, how: Removal<'_>) -> Answer<()> {
        let preconditions = how.uid.map(|uid| Preconditions { uid: Some(uid.into()), resource_version: None });
        let propagation_policy = how.propagation.map(|policy| match policy {
            "Orphan" => PropagationPolicy::Orphan,
            "Background" => PropagationPolicy::Background,
            _ => PropagationPolicy::Foreground,
        });
        let grace_period_seconds = how.grace;
        let how = DeleteParams { grace_period_seconds, propagation_policy, preconditions, ..DeleteParams::default() };
        self.api.ask::<Value>(self.request().delete(name, &how)).await.map(|_| ())
    }

    /// Merges into one: a list is a JSON patch, anything else a strategic merge patch, as Python's client sends them.
    pub async fn patch(&self, name: &str, change: &Value) -> Answer<Value> {
        let kind = if change.is_array() { "json-patch" } else { "strategic-merge-patch" };
        let body = serde_json::to_vec(change).map_err(|e| unbuilt(&e))?;
        let request = http::Request::patch(format!("{}/{name}?", self.path))
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::CONTENT_TYPE, format!("application/{kind}+json"))
            .body(body)
            .map_err(|e| unbuilt(&e))?;
        self.api.ask(Ok(request)).await
    }

    /// What changes from a resource version on.
    pub async fn watch(
        &self,
        selector: &str,
        from: &str,
    ) -> Answer<impl Stream<Item = Answer<WatchEvent<Value>>> + use<>> {
        let how = WatchParams::default().timeout(290).labels(selector);
        self.api.changes(self.request().watch(&how, from)).await
    }

    /// Makes an object once: one whose creation may have gone through is looked for by its name and the mark of its owner.
    /// `look_first`: an earlier scheduler may have made it.
    pub async fn make(&self, object: &Value, look_first: bool, unwanted: impl Fn() -> bool) -> Made {
        let name = glance::name(object);
        let mut pause = Pause::default();
        let mut refusal: Option<Trouble> = None;
        let mut look = look_first;
        loop {
            if look {
                match self.get(name).await {
                    Ok(found) if is_same_owners(&found, object) => return Made::There(found),
                    // One of an earlier try may be on its way out.
                    Ok(found) if found["metadata"]["deletionTimestamp"].is_string() && !unwanted() => {
                        pause.wait().await;
                        continue;
                    }
                    Ok(_) => {
                        if let Some(refusal) = refusal.take().filter(Trouble::is_taken) {
                            return Made::Refused(refusal);
                        }
                    }
                    Err(trouble) if trouble.is_missing() => {}
                    Err(trouble) if trouble.is_away() => {
                        pause.wait().await;
                        continue;
                    }
                    Err(trouble) => return Made::Refused(trouble),
                }
            }
            if unwanted() {
                return Made::Unwanted;
            }
            match self.create(object).await {
                Ok(made) => return Made::There(made),
                Err(trouble) if trouble.is_away() || trouble.is_taken() => {
                    if trouble.is_away() {
                        pause.wait().await;
                    }
                    (look, refusal) = (true, Some(trouble));
                }
                Err(trouble) => return Made::Refused(trouble),
            }
        }
    }
}

fn is_same_owners(found: &Value, object: &Value) -> bool {
    let owner = object["metadata"]["annotations"][OWNER].as_str();
    owner.is_some() && found["metadata"]["annotations"][OWNER].as_str() == owner
}

/// Asks as often as it takes while the API server is away.
pub async fn patiently<T>(mut ask: impl AsyncFnMut() -> Answer<T>) -> Answer<T> {
    let mut pause = Pause::default();
    loop {
        match ask().await {
            Err(trouble) if trouble.is_away() => pause.wait().await,
            other => return other,
        }
    }
}
