//! How fast one API server is asked: no more requests a second than so many, and none before it said that they may come
//! again (429, or an error of its own, with `Retry-After`). Where it doesn't say when, pauses grow.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Between two requests, once the first many are through: a hundred a second.
const EACH: Duration = Duration::from_millis(10);
/// Requests that may come at once after a quiet time.
const BURST: u32 = 200;
/// The first pause where the server doesn't say how long; it doubles up to the last.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The longest that a server may ask for.
const MOST: Duration = Duration::from_secs(600);
/// So long after the last refusal it is still said that there was one.
const REMEMBERED: Duration = Duration::from_secs(10);

/// The pace of all requests to one API server.
#[derive(Debug)]
pub struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    /// When the next request may go.
    next: Instant,
    /// The next pause, if the server doesn't say.
    pause: Duration,
    refused: Option<Refused>,
}

/// That the server asked to be left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// HTTP status.
    pub code: u16,
    /// How long, as it said; else as we chose.
    pub wait: Duration,
    /// It said how long.
    pub is_said: bool,
    /// Until when.
    until: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(State { next: Instant::now(), pause: PAUSES.0, refused: None }))
    }
}

impl Pace {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next turn; how long it is until then.
    pub fn turn(&self, now: Instant) -> Duration {
        let mut state = self.state();
        let earliest = now.checked_sub(EACH * BURST).unwrap_or(now);
        state.next = state.next.max(earliest) + EACH;
        state.next.saturating_duration_since(now)
    }

    /// True while the server wants to be left alone: a turn that was taken before it said so doesn't count.
    pub fn is_held(&self, now: Instant) -> bool {
        self.state().refused.as_ref().is_some_and(|refused| now < refused.until)
    }

    /// A request was refused for now. `said`: how long the server wants to be left alone; `jitter` (0 to 1) spreads those
    /// that it told the same.
    pub fn refuse(&self, now: Instant, code: u16, said: Option<Duration>, jitter: f64) {
        let mut state = self.state();
        let wait = said.map_or(state.pause, |said| said.min(MOST));
        // Answers to what was asked at the same time say the same thing.
        let is_news = state.refused.as_ref().is_none_or(|refused| now >= refused.until);
        if said.is_none() && !is_news {
            return;
        }
        if said.is_none() {
            state.pause = (state.pause * 2).min(PAUSES.1);
        }
        let until = now + wait.mul_f64(1.0 + 0.25 * jitter.clamp(0.0, 1.0));
        state.next = state.next.max(until);
        state.refused = Some(Refused { code, wait, is_said: said.is_some(), until });
    }

    /// A request was answered: pauses begin small again, once the last one is over.
    pub fn answer(&self, now: Instant) {
        let mut state = self.state();
        if state.refused.as_ref().is_none_or(|refused| now >= refused.until) {
            state.pause = PAUSES.0;
        }
    }

    /// What the server said lately, if that made requests wait.
    pub fn refused(&self, now: Instant) -> Option<Refused> {
        self.state().refused.clone().filter(|refused| now < refused.until + REMEMBERED)
    }
}

/// `Retry-After` in seconds, as API servers write it; 0 says nothing.
pub fn retry_after(header: Option<&str>) -> Option<Duration> {
    header?.trim().parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_requests_at_once_become_a_hundred_a_second() {
        let (pace, now) = (Pace::default(), Instant::now() + Duration::from_secs(60));
        let waits: Vec<Duration> = (0..1000).map(|_| pace.turn(now)).collect();
        assert_eq!(waits.iter().filter(|wait| wait.is_zero()).count(), BURST as usize);
        assert_eq!(waits[999], EACH * (1000 - BURST));
        // Later ones find their turns unused.
        assert_eq!(pace.turn(now + Duration::from_secs(60)), Duration::ZERO);
    }

    #[test]
    fn what_the_server_says_counts_and_else_pauses_grow() {
        let (pace, now) = (Pace::default(), Instant::now() + Duration::from_secs(60));
        pace.refuse(now, 429, Some(Duration::from_secs(7)), 0.0);
        assert_eq!(pace.turn(now), Duration::from_secs(7) + EACH);
        assert!(pace.is_held(now) && !pace.is_held(now + Duration::from_secs(8)));
        assert!(pace.refused(now).is_some_and(|refused| refused.is_said && refused.code == 429));
        assert_eq!(pace.refused(now + Duration::from_secs(30)), None);
        let mut at = now + Duration::from_secs(60);
        for wanted in [1, 2, 4, 8, 16, 32, 60, 60] {
            let until = at + Duration::from_secs(wanted);
            for _ in 0..16 {
                pace.refuse(at, 429, None, 0.0);
            }
            assert_eq!(pace.turn(at), Duration::from_secs(wanted) + EACH, "sixteen refusals at one time are one");
            at = until;
        }
        pace.answer(at);
        pace.refuse(at, 429, None, 1.0);
        assert_eq!(pace.turn(at), Duration::from_millis(1250) + EACH);
        pace.refuse(at, 429, Some(Duration::from_secs(1_000_000)), 0.0);
        assert!(pace.turn(at) < Duration::from_secs(700));
    }

    #[test]
    fn the_header_is_read() {
        assert_eq!(retry_after(Some(" 7 ")), Some(Duration::from_secs(7)));
        for other in [None, Some(""), Some("0"), Some("-1"), Some("Wed, 21 Oct 2026 07:28:00 GMT")] {
            assert_eq!(retry_after(other), None);
        }
    }
}
