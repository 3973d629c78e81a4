//! Answers some paths of an API server itself and hands everything else on: plain HTTP towards the program, the kubeconfig's
//! own way on the other side.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::AsyncReadExt;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

/// Says what a path (with its query) is answered with: an HTTP status and a document; `None`: the cluster is asked.
pub type Script = dyn Fn(&str) -> Option<(u16, Value)> + Send + Sync;

/// Starts one on a port of its own; gives a kubeconfig that leads to it, as text.
pub fn start(kubeconfig: &Path, script: Arc<Script>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let kubeconfig = kubeconfig.to_path_buf();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (kubeconfig, script) = (kubeconfig.clone(), script.clone());
            std::thread::spawn(move || serve(&stream, kubeconfig, &script));
        }
    });
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}], "users": [{"name": "u", "user": {}}],
    })
    .to_string()
}

/// One request; then the connection is closed. A reader that goes away ends it, too.
fn serve(stream: &TcpStream, kubeconfig: PathBuf, script: &Arc<Script>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_string(), words.next()?.to_string());
    let (mut length, mut kind) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "content-type" => kind = value.trim().to_string(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if let Some((code, document)) = script(&path) {
        return whole(stream, code, &document);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        let read = Kubeconfig::read_from(kubeconfig).ok()?;
        let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.ok()?;
        let client = Client::try_from(config).ok()?;
        let mut request = http::Request::builder().method(method.as_str()).uri(&path);
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        match client.request_stream(request.body(body).ok()?).await {
            Ok(answer) => {
                let mut out = stream;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
                out.write_all(head.as_bytes()).ok()?;
                let (mut answer, mut chunk) = (std::pin::pin!(answer), [0; 16 * 1024]);
                loop {
                    let n = answer.read(&mut chunk).await.ok()?;
                    out.write_all(format!("{n:x}\r\n").as_bytes()).ok()?;
                    out.write_all(&chunk[..n]).ok()?;
                    out.write_all(b"\r\n").ok()?;
                    if n == 0 {
                        return Some(());
                    }
                }
            }
            Err(kube::Error::Api(status)) => whole(stream, status.code, &serde_json::to_value(&*status).ok()?),
            Err(_) => None,
        }
    })
}

fn whole(mut stream: &TcpStream, code: u16, document: &Value) -> Option<()> {
    let text = document.to_string();
    let head = format!(
        "HTTP/1.1 {code} Scripted\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all((head + &text).as_bytes()).ok()
}
