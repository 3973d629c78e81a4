//! Counts what is asked of an API server, and hears when it asks to be left alone: every request of a cluster's client goes
//! through here.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use http::{Request, Response};
use tower::{Layer, Service};

use super::pace::{Pace, retry_after};

/// Counts since the client was made.
#[derive(Debug, Default)]
pub struct Counts {
    requests: AtomicI64,
    throttled: AtomicI64,
    failed: AtomicI64,
    /// How fast it may be asked.
    pub pace: Pace,
}

impl Counts {
    /// Requests, those that were throttled (429), those without an answer or with a server's error.
    pub fn now(&self) -> (i64, i64, i64) {
        let of = |count: &AtomicI64| count.load(Ordering::Relaxed);
        (of(&self.requests), of(&self.throttled), of(&self.failed))
    }

    fn pace_by<B>(&self, response: &Response<B>) {
        let (code, now) = (response.status().as_u16(), Instant::now());
        let header = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let said = retry_after(header);
        if code == 429 || (code >= 500 && said.is_some()) {
            let chance = uuid::Uuid::new_v4().as_u128() as u32;
            self.pace.refuse(now, code, said, f64::from(chance) / f64::from(u32::MAX));
        } else if code < 500 {
            self.pace.answer(now);
        }
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
            if let Ok(response) = &answer {
                counts.pace_by(response);
            }
            match &answer {
                Ok(response) if response.status().as_u16() == 429 => counts.throttled.fetch_add(1, Ordering::Relaxed),
                Ok(response) if !response.status().is_server_error() => 0,
                _ => counts.failed.fetch_add(1, Ordering::Relaxed),
            };
            answer
        })
    }
}
