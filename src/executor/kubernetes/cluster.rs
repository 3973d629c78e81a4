//! How a cluster is reached: what the operator and its connection say (semantics 12.1), as one value, and a client for it.

use std::{path::Path, sync::Arc};

use kube::config::{KubeConfigOptions, Kubeconfig};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::traffic::{Counting, Counts};
use crate::{
    error::{Error, Result},
    operators::{
        Arguments,
        kubernetes_pod::{Sidecar, Surroundings},
    },
};

/// Airflow's connection for a cluster; it may be absent.
pub const DEFAULT_CONNECTION: &str = "kubernetes_default";
/// Where Kubernetes puts a pod's own service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What an operator's own arguments say about the cluster. Stored with its pod: it holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Access {
    /// Connection.
    pub conn_id: Option<String>,
    /// Path of a kubeconfig.
    pub config_file: Option<String>,
    /// Context of the kubeconfig.
    pub cluster_context: Option<String>,
    /// By the service account of the pod that dagdeck runs in.
    pub in_cluster: Option<bool>,
    /// How the scheduler has reached it, for other processes, whose environment may say something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<Reached>,
}

/// A way to a cluster that is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Absolute paths of kubeconfigs, as in `KUBECONFIG`.
    kubeconfig: String,
    context: Option<String>,
    verify: bool,
}

/// Where the way to a cluster is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    /// The service account, where there is one; else the kubeconfig of the scheduler's environment.
    Default,
    /// The service account of the pod that dagdeck runs in.
    InCluster,
    /// A kubeconfig.
    File(String),
    /// Several, as in `KUBECONFIG`.
    Files(String),
    /// A kubeconfig's text, JSON or YAML, from the connection.
    Text(String),
}

/// A cluster as its client is built; equal ones share one client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cluster {
    source: Source,
    context: Option<String>,
    verify: bool,
}

impl Access {
    /// Reads the arguments of an operator.
    pub fn of(args: &Arguments<'_>) -> std::result::Result<Self, String> {
        let text = |name| Ok::<_, String>(args.text(name)?.filter(|t| !t.is_empty()));
        let conn_id = if args.is_given("kubernetes_conn_id") && args.get("kubernetes_conn_id").is_none() {
            None
        } else {
            Some(text("kubernetes_conn_id")?.unwrap_or_else(|| DEFAULT_CONNECTION.into()))
        };
        Ok(Self {
            conn_id,
            config_file: text("config_file")?,
            cluster_context: text("cluster_context")?,
            in_cluster: args.get("in_cluster").map(|_| args.flag("in_cluster", false)).transpose()?,
            reached: None,
        })
    }

    /// The cluster, and what it adds to pods, with the fields of the connection (`None` if it isn't defined).
    ///
    /// # Errors
    /// A connection that is missing or says two things at once; the sentence names it.
    pub fn resolve(&self, connection: Option<&Value>) -> Result<(Cluster, Surroundings)> {
        let conn_id = self.conn_id.as_deref().unwrap_or("");
        if connection.is_none() && !conn_id.is_empty() && conn_id != DEFAULT_CONNECTION {
            return Err(Error::not_found(format!("the connection {conn_id} isn't defined"))
                .hint(format!("dagdeck connections add {conn_id} --conn-json '{{\"conn_type\": \"kubernetes\"}}'")));
        }
        let extra = Extra::of(connection, conn_id)?;
        let in_cluster = self.in_cluster.or_else(|| extra.flag("in_cluster")).unwrap_or(false);
        let file = self.config_file.clone().or_else(|| extra.text("kube_config_path"));
        let text = extra.text("kube_config");
        if usize::from(in_cluster) + usize::from(file.is_some()) + usize::from(text.is_some()) > 1 {
            return Err(Error::refused(format!(
                "connection {conn_id:?}: kube_config_path, kube_config and in_cluster exclude one another"
            )));
        }
        let source = match (in_cluster, file, text) {
            (true, ..) => Source::InCluster,
            (_, Some(file), _) => Source::File(file),
            (_, _, Some(text)) => Source::Text(text),
            _ => Source::Default,
        };
        let is_in_cluster = source == Source::InCluster || (source == Source::Default && has_service_account());
        let own = || std::fs::read_to_string(format!("{SERVICE_ACCOUNT}/namespace")).ok();
        let namespace = extra.text("namespace").or_else(|| is_in_cluster.then(own).flatten());
        let sidecar = Sidecar {
            image: extra.text("xcom_sidecar_container_image"),
            resources: extra.json("xcom_sidecar_container_resources")?,
            security_context: extra.json("xcom_sidecar_container_security_context")?,
        };
        let context = self.cluster_context.clone().or_else(|| extra.text("cluster_context"));
        let verify = !extra.flag("disable_verify_ssl").unwrap_or(false);
        let mut warnings = Vec::new();
        if extra.get("disable_tcp_keepalive").is_some() {
            warnings.push(format!("extra disable_tcp_keepalive of connection {conn_id} has no effect: streams are watched for silence instead"));
        }
        let surroundings =
            Surroundings { warnings, namespace, in_cluster: is_in_cluster, sidecar, ..Surroundings::default() };
        Ok((Cluster { source, context, verify }, surroundings))
    }
}

impl Reached {
    /// The same cluster again.
    pub fn cluster(&self) -> Cluster {
        let Self { kubeconfig, context, verify } = self.clone();
        Cluster { source: Source::Files(kubeconfig), context, verify }
    }
}

impl Cluster {
    /// How another process reaches it; `None` where that is a secret, or this very pod.
    pub fn reached(&self) -> Option<Reached> {
        let absolute = |path: &Path| std::path::absolute(path).ok().map(|path| path.to_string_lossy().into_owned());
        let kubeconfig = match &self.source {
            Source::File(path) => absolute(Path::new(path))?,
            Source::Files(paths) => paths.clone(),
            Source::Default if !has_service_account() => match std::env::var("KUBECONFIG") {
                Ok(paths) if !paths.is_empty() => {
                    let all: Vec<_> = std::env::split_paths(&paths).filter_map(|path| absolute(&path)).collect();
                    all.join(":")
                }
                _ => absolute(&Path::new(&std::env::var_os("HOME")?).join(".kube/config"))?,
            },
            Source::Default | Source::InCluster | Source::Text(_) => return None,
        };
        Some(Reached { kubeconfig, context: self.context.clone(), verify: self.verify })
    }

    /// The cluster that the scheduler's own environment names, with the context of a kubeconfig if one is wanted.
    pub fn default_one(context: Option<String>) -> Self {
        Self { source: Source::Default, context, verify: true }
    }

    /// A name for people.
    pub fn name(&self) -> String {
        let source = match &self.source {
            Source::Default => "default".to_string(),
            Source::InCluster => "in-cluster".to_string(),
            Source::File(path) | Source::Files(path) => path.clone(),
            Source::Text(_) => "kube_config of the connection".to_string(),
        };
        match &self.context {
            Some(context) => format!("{source}#{context}"),
            None => source,
        }
    }

    /// A client whose requests are counted. Nothing is sent yet, but a kubeconfig's credential program may run when it is.
    ///
    /// # Errors
    /// What is wrong with the kubeconfig.
    pub async fn connect(&self, counts: Arc<Counts>) -> Result<kube::Client> {
        let wrong = |e: &dyn std::fmt::Display| {
            // The library quotes a path that is quoted already.
            let e = e.to_string().replace("'\"", "'").replace("\"'", "'");
            Error::refused(format!("cannot use the cluster {}", self.name())).because(e).hint(
                "name a kubeconfig by the operator's config_file, the connection's extra kube_config_path, or KUBECONFIG \
                 in the scheduler's environment",
            )
        };
        let options = KubeConfigOptions { context: self.context.clone(), cluster: None, user: None };
        let config = match &self.source {
            Source::InCluster => kube::Config::incluster().map_err(|e| wrong(&e))?,
            Source::Default if has_service_account() => kube::Config::incluster().map_err(|e| wrong(&e))?,
            Source::Default => kube::Config::from_kubeconfig(&options).await.map_err(|e| wrong(&e))?,
            Source::File(path) => {
                let read = Kubeconfig::read_from(Path::new(path)).map_err(|e| wrong(&e))?;
                kube::Config::from_custom_kubeconfig(read, &options).await.map_err(|e| wrong(&e))?
            }
            Source::Files(paths) => {
                let read = files(paths).map_err(|e| wrong(&e))?;
                kube::Config::from_custom_kubeconfig(read, &options).await.map_err(|e| wrong(&e))?
            }
            Source::Text(text) => {
                let read = Kubeconfig::from_yaml(text).map_err(|e| wrong(&e))?;
                kube::Config::from_custom_kubeconfig(read, &options).await.map_err(|e| wrong(&e))?
            }
        };
        let mut config = config;
        config.accept_invalid_certs |= !self.verify;
        config.connect_timeout = Some(std::time::Duration::from_secs(10));
        // What may be sent again is decided here, request by request.
        config.default_retry = false;
        // A credential program may run now, which takes its time.
        let made = tokio::task::spawn_blocking(move || kube::client::ClientBuilder::try_from(config)).await;
        let builder = made.map_err(|e| wrong(&e))?.map_err(|e| wrong(&e))?;
        Ok(builder.with_layer(&Counting(counts)).build())
    }
}

/// What several kubeconfigs say together; one that isn't there says nothing, as with `KUBECONFIG`.
fn files(paths: &str) -> std::result::Result<Kubeconfig, kube::config::KubeconfigError> {
    let there = |path: &std::path::PathBuf| path.exists();
    let mut all = std::env::split_paths(paths).filter(there);
    let first = match all.next() {
        Some(path) => Kubeconfig::read_from(path)?,
        None => Kubeconfig::read_from(Path::new(paths))?,
    };
    all.try_fold(first, |known, path| known.merge(Kubeconfig::read_from(path)?))
}

fn has_service_account() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() && Path::new(&format!("{SERVICE_ACCOUNT}/token")).exists()
}

/// The extras of a connection; a name may stand with the prefix that Airflow 2 wrote before it.
struct Extra {
    fields: Value,
    conn_id: String,
}

impl Extra {
    fn of(connection: Option<&Value>, conn_id: &str) -> Result<Self> {
        let fields = match connection.map(|c| &c["extra"]) {
            Some(Value::String(text)) if !text.trim().is_empty() => serde_json::from_str(text)
                .map_err(|e| Error::refused(format!("connection {conn_id}: its extra is not JSON")).because(e))?,
            Some(whole @ Value::Object(_)) => whole.clone(),
            _ => Value::Null,
        };
        Ok(Self { fields, conn_id: conn_id.into() })
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let value = self.fields.get(name).or_else(|| self.fields.get(format!("extra__kubernetes__{name}")))?;
        (!value.is_null() && value.as_str() != Some("")).then_some(value)
    }

    /// A text; a table is written out.
    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_string))
    }

    fn flag(&self, name: &str) -> Option<bool> {
        let value = self.get(name)?;
        Some(value.as_bool().unwrap_or_else(|| matches!(value.as_str(), Some("true" | "True" | "1"))))
    }

    fn json(&self, name: &str) -> Result<Option<Value>> {
        match self.get(name) {
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|e| {
                Error::refused(format!("connection {}: extra {name} is not JSON", self.conn_id)).because(e)
            }),
            other => Ok(other.cloned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_connection_says_how_and_the_operator_wins() {
        let extra = json!({"kube_config_path": "/k", "cluster_context": "a", "namespace": "ml",
            "extra__kubernetes__xcom_sidecar_container_image": "x:1", "disable_verify_ssl": true});
        let connection = json!({"extra": extra.to_string()});
        let mut access = Access { conn_id: Some("k".into()), ..Access::default() };
        let (cluster, around) = access.resolve(Some(&connection)).unwrap();
        assert_eq!(cluster.name(), "/k#a");
        assert!(!cluster.verify);
        assert_eq!(around.namespace.as_deref(), Some("ml"));
        assert!(around.warnings.is_empty());
        let tuned = json!({"extra": {"disable_tcp_keepalive": true}});
        assert!(access.resolve(Some(&tuned)).unwrap().1.warnings[0].contains("disable_tcp_keepalive of connection k"));
        assert_eq!(around.sidecar.image.as_deref(), Some("x:1"));
        access.config_file = Some("/own".into());
        access.cluster_context = Some("b".into());
        assert_eq!(access.resolve(Some(&connection)).unwrap().0.name(), "/own#b");
        access.in_cluster = Some(true);
        assert!(access.resolve(Some(&connection)).unwrap_err().message.contains("exclude one another"));
        assert!(access.resolve(None).unwrap_err().message.contains("isn't defined"));
        let default = Access { conn_id: Some(DEFAULT_CONNECTION.into()), ..Access::default() };
        assert_eq!(default.resolve(None).unwrap().0.name(), "default");
    }

    #[test]
    fn another_process_reaches_the_same_cluster() {
        let cluster = |source| Cluster { source, context: Some("c".into()), verify: false };
        let reached = cluster(Source::File("/a/k".into())).reached().unwrap();
        let stored = serde_json::to_value(Access { reached: Some(reached.clone()), ..Access::default() }).unwrap();
        let read: Access = serde_json::from_value(stored).unwrap();
        assert_eq!(read.reached.unwrap().cluster(), cluster(Source::Files("/a/k".into())));
        assert_eq!(cluster(Source::Files("/a/k:/b".into())).reached().unwrap().cluster().name(), "/a/k:/b#c");
        assert!(cluster(Source::Text("secret".into())).reached().is_none());
        assert!(cluster(Source::InCluster).reached().is_none());
        let older: Access = serde_json::from_value(json!({"conn_id": "k"})).unwrap();
        assert!(older.reached.is_none());
    }
}
