//! How long the scheduler's loop is at work between two waits.

use std::time::{Duration, Instant};

/// So many of the last ones are kept.
const KEPT: usize = 512;

/// The last times from waking up to waiting again.
#[derive(Debug, Default)]
pub struct Ticks {
    /// In microseconds, in no order.
    last: Vec<u32>,
    /// Which one is the oldest, once all are there.
    oldest: usize,
    woke: Option<Instant>,
}

impl Ticks {
    /// The loop wakes up.
    pub fn wakes(&mut self) {
        self.woke = Some(Instant::now());
    }

    /// It waits.
    pub fn waits(&mut self) {
        if let Some(woke) = self.woke.take() {
            self.note(woke.elapsed());
        }
    }

    fn note(&mut self, took: Duration) {
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        if self.last.len() < KEPT {
            self.last.push(took);
        } else if let Some(oldest) = self.last.get_mut(self.oldest) {
            *oldest = took;
            self.oldest = (self.oldest + 1) % KEPT;
        }
    }

    /// In seconds: the middle one, and what 99 of a hundred don't exceed; `None` before the first.
    pub fn ranks(&self) -> Option<(f64, f64)> {
        let mut all = self.last.clone();
        all.sort_unstable();
        let rank = |percent: usize| {
            let at = (all.len() * percent).div_ceil(100).saturating_sub(1);
            all.get(at).map(|us| f64::from(*us) / 1e6)
        };
        rank(50).zip(rank(99))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_count() {
        let mut ticks = Ticks::default();
        assert_eq!(ticks.ranks(), None);
        ticks.note(Duration::from_millis(7));
        assert_eq!(ticks.ranks(), Some((0.007, 0.007)));
        (0..KEPT as u64).for_each(|_| ticks.note(Duration::from_secs(9)));
        (1..=KEPT as u64).for_each(|ms| ticks.note(Duration::from_millis(ms)));
        assert_eq!((ticks.ranks(), ticks.last.len()), (Some((0.256, 0.507)), KEPT));
        ticks.note(Duration::from_secs(5000));
        assert!(!ticks.last.contains(&1000), "the oldest one goes first");
    }
}
