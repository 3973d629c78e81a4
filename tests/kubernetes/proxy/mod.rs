//! Stands between the program and the API server: plain HTTP towards the program, the kubeconfig's own way on the other side.
//! It sees every request, and can refuse, hang, cut, lose an answer, or answer itself.

mod line;

use std::{
    collections::HashMap,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use kube::{
    Config,
    client::ConfigExt,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::json;

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET`, `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The token that came with it.
    pub token: Option<String>,
}

impl Asked {
    /// True if it asks for changes from now on.
    pub fn is_watch(&self) -> bool {
        self.path.contains("watch=true")
    }

    /// True if it asks for a container's output.
    pub fn is_log(&self) -> bool {
        self.path.contains("/log?")
    }

    /// What is asked, without names: `POST pods`, `GET pods/*/log`, `WATCH events`.
    pub fn kind(&self) -> String {
        let path = self.path.split('?').next().unwrap_or("");
        let mut parts = path.split('/').skip_while(|part| *part != "namespaces").skip(2);
        let (kind, name, below) = (parts.next().unwrap_or(""), parts.next(), parts.next());
        let verb = if self.is_watch() { "WATCH" } else { self.method.as_str() };
        let name = if name.is_some() { "/*" } else { "" };
        format!("{verb} {kind}{name}{}", below.map(|b| format!("/{b}")).unwrap_or_default())
    }
}

/// What becomes of a request.
pub enum Deed {
    /// It is handed on, and so is its answer.
    Pass,
    /// It is refused with this HTTP status and reason, and never reaches the API server.
    Say(u16, &'static str),
    /// It is answered with a stream whose only event is the error that an expired version brings.
    Expired,
    /// It is carried out, and the answer lost.
    Lose,
    /// It becomes a stream on which nothing comes back any more once the program has said more than [`line::FEW`] bytes.
    Deafen,
}

type Judge = Box<dyn FnMut(&Asked) -> Deed + Send>;

/// What connections share.
struct Shared {
    tls: Arc<rustls::ClientConfig>,
    host: String,
    port: u16,
    token: Option<String>,
    refuses: AtomicBool,
    hangs: AtomicBool,
    judge: Mutex<Judge>,
    asked: Mutex<Vec<Asked>>,
    open: Mutex<HashMap<u64, Open>>,
    next: AtomicU64,
}

/// A connection.
struct Open {
    asked: Option<Asked>,
    client: TcpStream,
    /// What was handed on last is a whole piece of an answer.
    at_boundary: bool,
}

/// A proxy on a port of its own.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// To the API server of a kubeconfig.
    pub fn to(kubeconfig: &Path) -> Self {
        let read = Kubeconfig::read_from(kubeconfig).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config =
            runtime.block_on(Config::from_custom_kubeconfig(read.clone(), &KubeConfigOptions::default())).unwrap();
        let users = serde_json::to_value(&read.auth_infos).unwrap();
        let token = users.as_array().and_then(|users| users.iter().find_map(|user| user["user"]["token"].as_str()));
        let shared = Arc::new(Shared {
            tls: Arc::new(config.rustls_client_config().unwrap()),
            host: config.cluster_url.host().unwrap().to_string(),
            port: config.cluster_url.port_u16().unwrap_or(443),
            token: token.map(str::to_string),
            refuses: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            judge: Mutex::new(Box::new(|_| Deed::Pass)),
            asked: Mutex::default(),
            open: Mutex::default(),
            next: AtomicU64::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let kept = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Dropped at once: the other end sees a connection that is closed.
                if !kept.refuses.load(Ordering::SeqCst) {
                    let kept = kept.clone();
                    std::thread::spawn(move || line::serve(&kept, client));
                }
            }
        });
        Self { address, shared }
    }

    /// A kubeconfig with which a program goes through it; `user` is how it says who it is.
    pub fn kubeconfig(&self, user: &serde_json::Value) -> String {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{}", self.address)}}],
            "users": [{"name": "u", "user": user}],
        })
        .to_string()
    }

    /// Cuts the connections on which something is asked that is meant.
    pub fn cut(&self, meant: impl Fn(&Asked) -> bool) {
        for open in self.shared.open.lock().unwrap().values() {
            if open.asked.as_ref().is_none_or(&meant) {
                let _ = open.client.shutdown(Shutdown::Both);
            }
        }
    }

    /// Brings the streams that are meant to a proper end, as a server does whose time for them is over.
    pub fn end(&self, meant: impl Fn(&Asked) -> bool) {
        use std::io::Write;
        for open in self.shared.open.lock().unwrap().values_mut() {
            if open.at_boundary && open.asked.as_ref().is_some_and(&meant) {
                let _ = open.client.write_all(b"0\r\n\r\n");
                let _ = open.client.shutdown(Shutdown::Both);
            }
        }
    }

    /// From now on connections are refused, or not.
    pub fn refuse(&self, refuses: bool) {
        self.shared.refuses.store(refuses, Ordering::SeqCst);
    }

    /// From now on nothing moves, or everything goes on.
    pub fn hang(&self, hangs: bool) {
        self.shared.hangs.store(hangs, Ordering::SeqCst);
    }

    /// From now on this is asked about every request.
    pub fn judge(&self, judge: impl FnMut(&Asked) -> Deed + Send + 'static) {
        *self.shared.judge.lock().unwrap() = Box::new(judge);
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}
