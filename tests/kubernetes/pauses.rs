//! Pauses before faults.

use std::time::Duration;

/// Pauses that are the same in every run of a test; the instants still differ with the machine's load.
pub struct Pauses(pub u64);

impl Pauses {
    pub fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_micros(self.0 % 1_200_000)
    }
}
