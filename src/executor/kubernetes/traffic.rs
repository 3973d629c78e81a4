//! Counts what is asked of an API server: every request of a cluster's client goes through here.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::{Layer, Service};

/// Counts since the client was made.
#[derive(Debug, Default)]
pub struct Counts {
    requests: AtomicI64,
    throttled: AtomicI64,
    failed: AtomicI64,
}

impl Counts {
    /// Requests, those that were throttled (429), those without an answer or with a server's error.
    pub fn now(&self) -> (i64, i64, i64) {
        let of = |count: &AtomicI64| count.load(Ordering::Relaxed);
        (of(&self.requests), of(&self.throttled), of(&self.failed))
    }
}

/// Puts the counting around a client.
#[derive(Debug, Clone)]
pub struct Counting(pub Arc<Counts>);

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;
    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, counts: self.0.clone() }
    }
}

/// A client that is counted.
#[derive(Debug, Clone)]
pub struct Counted<S> {
    inner: S,
    counts: Arc<Counts>,
}

impl<S, A, B> Service<Request<A>> for Counted<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        let (answer, counts) = (self.inner.call(request), self.counts.clone());
        Box::pin(async move {
            let answer = answer.await;
            match &answer {
                Ok(response) if response.status().as_u16() == 429 => counts.throttled.fetch_add(1, Ordering::Relaxed),
                Ok(response) if !response.status().is_server_error() => 0,
                _ => counts.failed.fetch_add(1, Ordering::Relaxed),
            };
            answer
        })
    }
}
