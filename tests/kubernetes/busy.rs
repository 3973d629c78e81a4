//! A thousand mapped tasks and an API server that wants to be asked less. The server is the test's own, so it needs no cluster:
//! it takes pods, which then stay pending for ever.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::Home;

/// Tasks.
const CROWD: usize = 1000;
/// Requests that may come at once, and those of each second after that: `executor::kubernetes`'s pace.
const PACE: (usize, usize) = (200, 100);
/// What the server asks for.
const WAIT: Duration = Duration::from_secs(5);

/// What the server saw and said.
#[derive(Default)]
struct Book {
    asked: Vec<Instant>,
    /// Those whose creation was accepted, by name.
    pods: BTreeMap<String, Value>,
    doubled: usize,
    creations: usize,
    /// When it said "later", and whether it said when.
    refused: Vec<(Instant, bool)>,
}

impl Book {
    /// The answer to a request: status, further headers, body.
    fn answer(&mut self, method: &str, path: &str, body: &[u8]) -> (u16, String, Value) {
        self.asked.push(Instant::now());
        let path = path.split('?').next().unwrap_or("");
        if let Some((_, name)) = path.split_once("/pods/") {
            return match self.pods.get(name) {
                Some(pod) => (200, String::new(), pod.clone()),
                None => (404, String::new(), json!({"kind": "Status", "code": 404, "reason": "NotFound"})),
            };
        }
        if method != "POST" || !path.ends_with("/pods") {
            return (200, String::new(), json!({"metadata": {"resourceVersion": "1"}, "items": []}));
        }
        self.creations += 1;
        let refusal = match self.creations {
            300 => Some(true),
            600 | 601 => Some(false),
            _ => None,
        };
        if let Some(is_said) = refusal {
            self.refused.push((Instant::now(), is_said));
            let header = if is_said { format!("Retry-After: {}\r\n", WAIT.as_secs()) } else { String::new() };
            return (429, header, json!({"kind": "Status", "code": 429, "message": "Too many requests"}));
        }
        let mut pod: Value = serde_json::from_slice(body).unwrap();
        let name = pod["metadata"]["name"].as_str().unwrap().to_string();
        pod["metadata"]["uid"] = json!(format!("uid-of-{name}"));
        pod["metadata"]["resourceVersion"] = json!("2");
        pod["status"] = json!({"phase": "Pending"});
        if self.pods.insert(name, pod.clone()).is_some() {
            self.doubled += 1;
        }
        (201, String::new(), pod)
    }
}

/// Starts the server; a kubeconfig that leads to it.
fn serve(book: Arc<Mutex<Book>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let book = book.clone();
            std::thread::spawn(move || connection(&stream, &book));
        }
    });
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}], "users": [{"name": "u", "user": {}}],
    })
    .to_string()
}

/// Serves a connection to its end.
fn connection(mut stream: &TcpStream, book: &Mutex<Book>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_string(), words.next()?.to_string());
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok().filter(|n| *n > 0)?;
            let Some((name, value)) = header.trim().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let (code, header, document) = book.lock().unwrap().answer(&method, &path, &body);
        if path.contains("watch=true") {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).ok()?;
            // Nothing ever happens.
            let _ = reader.read(&mut [0]);
            return None;
        }
        let text = document.to_string();
        let head = format!("HTTP/1.1 {code} Said\r\nContent-Type: application/json\r\n{header}");
        stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes()).ok()?;
    }
}

#[test]
fn a_thousand_tasks_ask_a_busy_api_server_no_faster_than_it_wants() {
    let file = format!(
        r#"
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
with DAG("crowd", schedule=None, is_paused_upon_creation=False, max_active_tasks={CROWD}):
    BashOperator.partial(task_id="one").expand(bash_command=["true"] * {CROWD})
"#
    );
    let book: Arc<Mutex<Book>> = Arc::default();
    let home = Home::with_files(&[("crowd.py", &file)]);
    let kubeconfig = home.path().join("kubeconfig");
    std::fs::write(&kubeconfig, serve(book.clone())).unwrap();
    home.start_with(&[
        ("AIRFLOW__CORE__EXECUTOR", "KubernetesExecutor"),
        ("AIRFLOW__CORE__PARALLELISM", "2000"),
        ("AIRFLOW__KUBERNETES_EXECUTOR__CONFIG_FILE", &kubeconfig.to_string_lossy()),
        ("AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_REPOSITORY", "any"),
        ("AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_TAG", "1"),
        ("AIRFLOW__KUBERNETES_EXECUTOR__WORKER_PODS_CREATION_BATCH_SIZE", "16"),
    ]);
    home.run(&["pools", "set", "default_pool", "2000", "for all"]).ok();
    home.run(&["dags", "trigger", "crowd", "-r", "r"]).ok();
    let requests = |state: &str| {
        let health = home.run(&["pods", "health", "-o", "json"]).ok().json();
        let rows = health["watched"].as_array()?.iter();
        rows.filter(|row| row["what"] == "requests").find(|row| row["state"] == state).cloned()
    };
    let why = home.until("a row says why it is slow", || requests("busy"));
    let message = why["message"].as_str().unwrap();
    assert!(message.contains("all of them wait 5 s, as it asked (HTTP 429)"), "{why:#}");
    home.until("every pod is created", || (book.lock().unwrap().pods.len() == CROWD).then_some(()));
    home.until("and then that it isn't any more", || requests("ok"));
    let book = book.lock().unwrap();
    assert_eq!(book.doubled, 0, "none is created twice");
    assert_eq!(book.creations, CROWD + 3, "each is asked for once, and once more where it was told to come later");
    let asked = &book.asked;
    // At most so many can have come: the last one shows how long it took.
    let took = asked.last().unwrap().duration_since(asked[0]) + Duration::from_secs(1);
    let most = PACE.0 + PACE.1 * took.saturating_sub(WAIT).as_secs() as usize;
    assert!(asked.len() <= most, "{} requests in {took:?}", asked.len());
    let (at, is_said) = book.refused[0];
    assert!(is_said);
    let early = asked.iter().filter(|t| **t > at && **t < at + WAIT - Duration::from_millis(100)).count();
    assert!(early <= 16, "{early} requests while it wanted to be left alone, more than were on their way");
}
