//! When the next frame may be drawn: ten in a second while somebody types, one while somebody only watches.

use std::time::{Duration, Instant};

/// Shortest time between two frames in the long run. Two may follow at once: what a key asks for is drawn when it is there.
const FRAME: Duration = Duration::from_millis(100);
/// The same while nobody does anything: who only watches needs no more, and a far line is spared.
const IDLE: Duration = Duration::from_secs(1);
/// Nobody does anything when no key came for so long.
const QUIET: Duration = Duration::from_secs(5);

/// When frames were drawn and keys came.
pub struct Pace {
    next: Instant,
    touched: Instant,
}

impl Pace {
    /// A console that starts now.
    pub fn new(now: Instant) -> Self {
        Self { next: now, touched: now }
    }

    /// True if a frame may be drawn now; it counts as drawn.
    pub fn may_draw(&mut self, now: Instant) -> bool {
        let may = self.wait(now).is_zero();
        if may {
            self.next = self.next.max(now) + if self.is_idle(now) { IDLE } else { FRAME };
        }
        may
    }

    /// How long until one may be drawn.
    pub fn wait(&self, now: Instant) -> Duration {
        let ahead = if self.is_idle(now) { Duration::ZERO } else { FRAME };
        self.next.saturating_duration_since(now + ahead)
    }

    /// A person did something: the first key after a pause is seen at once.
    pub fn hand(&mut self, now: Instant) {
        if self.is_idle(now) {
            self.next = self.next.min(now + FRAME);
        }
        self.touched = now;
    }

    fn is_idle(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.touched) >= QUIET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames that are drawn of a change every 10 ms from one millisecond to another.
    fn frames(pace: &mut Pace, start: Instant, from: u64, to: u64) -> usize {
        let at = |ms| start + Duration::from_millis(ms);
        (from..to).step_by(10).filter(|ms| pace.may_draw(at(*ms))).count()
    }

    #[test]
    fn ten_in_a_second_one_when_idle_and_a_key_is_seen_at_once() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!(frames(&mut pace, start, 0, 5_000), 51);
        assert_eq!(frames(&mut pace, start, 6_000, 9_500), 4);
        let key = start + Duration::from_millis(9_500);
        assert!(!pace.may_draw(key));
        pace.hand(key);
        assert!(pace.may_draw(key));
        // A storm of keys gets no more than its ten.
        let mut drawn = 0;
        for ms in (9_600..10_600).step_by(10) {
            let now = start + Duration::from_millis(ms);
            pace.hand(now);
            drawn += usize::from(pace.may_draw(now));
        }
        assert!((9..=11).contains(&drawn), "{drawn}");
    }
}
