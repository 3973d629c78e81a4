//! One connection: requests are read as far as to know where each begins; answers are handed on as they come.

use std::{
    io::{Error, ErrorKind, Read, Result, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::Ordering,
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::ClientConnection;

use super::{Asked, Deed, Open, Shared};

/// Less than an order to a worker, and more than what is said before it.
pub const FEW: usize = 600;

struct Line<'a> {
    shared: &'a Shared,
    id: u64,
    client: TcpStream,
    upstream: Option<(ClientConnection, TcpStream)>,
    /// The part of a request's head that has come.
    head: Vec<u8>,
    /// Bytes of its body that are still to come.
    body: usize,
    /// An answer of our own, given when the request has come.
    answer: Option<Vec<u8>>,
    /// The request is lost with its answer.
    loses: bool,
    /// From now on it is no HTTP any more.
    is_raw: bool,
    /// What comes back is lost once the program has said enough.
    deafens: bool,
    /// Bytes that it has said since.
    said: usize,
}

/// Serves a connection to its end.
pub fn serve(shared: &Shared, client: TcpStream) {
    let _ = client.set_nodelay(true);
    let id = shared.next.fetch_add(1, Ordering::SeqCst);
    let Ok(other) = client.try_clone() else { return };
    shared.open.lock().unwrap().insert(id, Open { asked: None, client: other, at_boundary: false });
    let mut line = Line {
        shared,
        id,
        client,
        upstream: None,
        head: Vec::new(),
        body: 0,
        answer: None,
        loses: false,
        is_raw: false,
        deafens: false,
        said: 0,
    };
    // Whichever side ends it: the other one sees that.
    let _ = line.run();
    shared.open.lock().unwrap().remove(&id);
    let _ = line.client.shutdown(Shutdown::Both);
    if let Some((_, socket)) = &line.upstream {
        let _ = socket.shutdown(Shutdown::Both);
    }
}

impl Line<'_> {
    fn run(&mut self) -> Result<()> {
        let mut chunk = vec![0u8; 64 * 1024];
        loop {
            let (from_client, from_upstream) = self.wait()?;
            if self.shared.hangs.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            if from_client {
                match self.client.read(&mut chunk)? {
                    0 => return Ok(()),
                    n => self.take(&chunk[..n])?,
                }
            }
            if from_upstream && !self.give(&mut chunk)? {
                return Ok(());
            }
        }
    }

    fn wait(&self) -> Result<(bool, bool)> {
        let timeout = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
        let mut fds = vec![PollFd::new(&self.client, PollFlags::IN)];
        if let Some((_, socket)) = &self.upstream {
            fds.push(PollFd::new(socket, PollFlags::IN));
        }
        poll(&mut fds, Some(&timeout))?;
        let is_ready = |fd: Option<&PollFd<'_>>| fd.is_some_and(|fd| !fd.revents().is_empty());
        Ok((is_ready(fds.first()), is_ready(fds.get(1))))
    }

    /// Bytes of the program.
    fn take(&mut self, mut rest: &[u8]) -> Result<()> {
        while !rest.is_empty() {
            if self.is_raw {
                self.said += rest.len();
                return self.hand_on(rest);
            }
            if self.body > 0 {
                let (part, more) = rest.split_at(self.body.min(rest.len()));
                self.body -= part.len();
                rest = more;
                if self.answer.is_none() {
                    self.hand_on(part)?;
                }
            } else {
                self.head.push(rest[0]);
                rest = &rest[1..];
                if !self.head.ends_with(b"\r\n\r\n") {
                    continue;
                }
                let head = String::from_utf8(std::mem::take(&mut self.head)).map_err(Error::other)?;
                self.begin(&head)?;
            }
            if self.body == 0
                && let Some(answer) = self.answer.take()
            {
                self.client.write_all(&answer)?;
            }
        }
        Ok(())
    }

    /// A request begins.
    fn begin(&mut self, head: &str) -> Result<()> {
        let field = |name: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(':'));
            fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_string())
        };
        let mut words = head.split(' ').map(str::to_string);
        let asked = Asked {
            method: words.next().unwrap_or_default(),
            path: words.next().unwrap_or_default(),
            token: field("authorization").and_then(|v| v.strip_prefix("Bearer ").map(|t| t.trim().to_string())),
        };
        self.body = field("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        assert!(field("transfer-encoding").is_none(), "a body whose length isn't said: {head}");
        let deed = (self.shared.judge.lock().unwrap())(&asked);
        self.shared.asked.lock().unwrap().push(asked.clone());
        if let Some(open) = self.shared.open.lock().unwrap().get_mut(&self.id) {
            (open.asked, open.at_boundary) = (Some(asked), false);
        }
        match deed {
            Deed::Say(code, reason) => self.answer = Some(refusal(code, reason)),
            Deed::Expired => self.answer = Some(expired()),
            Deed::Pass | Deed::Lose | Deed::Deafen => {
                self.deafens = matches!(deed, Deed::Deafen);
                self.loses = matches!(deed, Deed::Lose);
                self.is_raw = field("upgrade").is_some();
                let own = |line: &&str| !line.to_ascii_lowercase().starts_with("authorization:");
                let mut lines: Vec<String> = head.trim_end().lines().filter(own).map(str::to_string).collect();
                lines.extend(self.shared.token.iter().map(|token| format!("Authorization: Bearer {token}")));
                self.hand_on(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes())?;
            }
        }
        Ok(())
    }

    /// To the API server.
    fn hand_on(&mut self, bytes: &[u8]) -> Result<()> {
        if self.upstream.is_none() {
            let mut socket = TcpStream::connect((self.shared.host.as_str(), self.shared.port))?;
            socket.set_nodelay(true)?;
            let name = self.shared.host.clone().try_into().map_err(Error::other)?;
            let mut tls = ClientConnection::new(self.shared.tls.clone(), name).map_err(Error::other)?;
            tls.complete_io(&mut socket)?;
            self.upstream = Some((tls, socket));
        }
        let Some((tls, socket)) = &mut self.upstream else { return Ok(()) };
        for piece in bytes.chunks(16 * 1024) {
            tls.writer().write_all(piece)?;
            while tls.wants_write() {
                tls.write_tls(socket)?;
            }
        }
        Ok(())
    }

    /// Bytes of the API server; false when there will be none any more.
    fn give(&mut self, chunk: &mut [u8]) -> Result<bool> {
        let Some((tls, socket)) = &mut self.upstream else { return Ok(true) };
        let n = tls.read_tls(socket)?;
        tls.process_new_packets().map_err(Error::other)?;
        loop {
            let got = match tls.reader().read(chunk) {
                Ok(0) => return Ok(false),
                Ok(got) => got,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(n > 0),
                Err(e) => return Err(e),
            };
            if self.loses {
                return Ok(false);
            }
            if self.deafens && self.said > FEW {
                continue;
            }
            self.client.write_all(&chunk[..got])?;
            if let Some(open) = self.shared.open.lock().unwrap().get_mut(&self.id) {
                open.at_boundary = !self.is_raw && chunk[..got].ends_with(b"\r\n");
            }
        }
    }
}

fn status(code: u16, reason: &str) -> String {
    let text = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code, "reason": reason,
        "message": format!("the proxy of the tests says {reason}"),
    });
    text.to_string()
}

fn refusal(code: u16, reason: &str) -> Vec<u8> {
    let body = status(code, reason);
    let head = format!("HTTP/1.1 {code} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    format!("{head}\r\n\r\n{body}").into_bytes()
}

fn expired() -> Vec<u8> {
    let event = format!("{{\"type\":\"ERROR\",\"object\":{}}}\n", status(410, "Expired"));
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    format!("{head}{:x}\r\n{event}\r\n0\r\n\r\n", event.len()).into_bytes()
}
