//! The conversation with the agent in a worker pod: an exec stream, opened again whenever it breaks. What is said twice by
//! that is known by its number (`protocol::agent`).

use std::{cell::Cell, time::Duration};

use kube::api::AttachParams;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc::UnboundedReceiver,
    time::Instant,
};

use super::api::{Answer, Api};
use crate::{
    executor::worker::pod::{AGENT, MOUNTED},
    protocol::agent::ToAgent,
};

/// Between two signs of life of a stream on which nothing is said.
const PING: Duration = Duration::from_secs(20);
/// A stream that is silent for so long is given up.
const SILENT: Duration = Duration::from_secs(60);
/// The first wait before a broken stream is opened again; it doubles up to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// Bytes between us and the API server's stream, each way.
const BUFFER: usize = 256 * 1024;

/// The agent's container.
#[derive(Clone)]
pub struct Place {
    /// Requests.
    pub api: Api,
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
}

/// Hands on lines both ways, as long as it is polled. `tell` gets what the agent says.
pub async fn converse(place: &Place, inbox: &mut UnboundedReceiver<String>, tell: &dyn Fn(Vec<u8>)) {
    let mut wait = BACKOFF.0;
    loop {
        let heard = Cell::new(false);
        let hear = |line| {
            heard.set(true);
            tell(line);
        };
        // Why it broke doesn't matter here: what became of the container is for the watch to say.
        let _ = once(place, inbox, &hear).await;
        wait = if heard.get() { BACKOFF.0 } else { (wait * 2).min(BACKOFF.1) };
        tokio::time::sleep(wait).await;
    }
}

/// One stream, to its end.
async fn once(place: &Place, inbox: &mut UnboundedReceiver<String>, tell: &dyn Fn(Vec<u8>)) -> Answer<()> {
    let how = AttachParams::default()
        .container(&place.container)
        .stdin(true)
        .stderr(false)
        .max_stdin_buf_size(BUFFER)
        .max_stdout_buf_size(BUFFER);
    let program = format!("{MOUNTED}/{AGENT}");
    let command = ["python3", "-S", "-B", &program, "talk"];
    let mut process = place.api.begin_exec(&place.pod, &command, &how).await?;
    let (Some(input), Some(output)) = (process.stdin(), process.stdout()) else { return Ok(()) };
    let heard = Cell::new(Instant::now());
    let status = process.take_status();
    // A stream that breaks leaves both pipes open: it is the status that never comes then.
    let broken = async {
        let came = match status {
            Some(status) => status.await.is_some(),
            None => true,
        };
        if came {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = listen(output, &heard, tell) => {}
        () = speak(input, inbox, &heard) => {}
        () = broken => {}
    }
    process.abort();
    Ok(())
}

/// Takes lines until the stream ends.
async fn listen(mut output: impl AsyncRead + Unpin, heard: &Cell<Instant>, tell: &dyn Fn(Vec<u8>)) {
    let (mut chunk, mut line) = (vec![0u8; 64 * 1024], Vec::new());
    loop {
        let Ok(n @ 1..) = output.read(&mut chunk).await else { return };
        heard.set(Instant::now());
        let mut rest = &chunk[..n];
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            line.extend_from_slice(&rest[..end]);
            tell(std::mem::take(&mut line));
            rest = &rest[end + 1..];
        }
        line.extend_from_slice(rest);
    }
}

/// Writes lines until the stream breaks or falls silent.
async fn speak(mut input: impl AsyncWrite + Unpin, inbox: &mut UnboundedReceiver<String>, heard: &Cell<Instant>) {
    let mut ping = tokio::time::interval(PING);
    loop {
        let line = tokio::select! {
            line = inbox.recv() => match line {
                Some(line) => line,
                // Nobody will say anything any more; the other half still listens.
                None => std::future::pending().await,
            },
            _ = ping.tick() => ToAgent::Ping.line(),
        };
        if heard.get().elapsed() > SILENT {
            return;
        }
        let written = async {
            input.write_all(line.as_bytes()).await?;
            input.flush().await
        };
        if !matches!(tokio::time::timeout(SILENT, written).await, Ok(Ok(()))) {
            return;
        }
    }
}
