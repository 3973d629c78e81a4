//! How much memory the console keeps that it doesn't use: what lists and logs held goes back to the system when they are left.

use std::time::{Duration, Instant};

/// Between two times that memory is given back.
const PAUSE: Duration = Duration::from_secs(10);

/// Tells the allocator to keep little. Its threads share one heap, since each of their own would keep what the largest
/// answer took; large blocks come from the system one by one and go back at once.
pub fn keep_little() {
    #[cfg(target_env = "gnu")]
    // SAFETY: these only set numbers of the allocator.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 * 1024);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 256 * 1024);
    }
}

/// Gives back what is free, after something was read and when there is nothing else to do.
#[derive(Debug)]
pub struct Leavings {
    any: bool,
    last: Instant,
}

impl Leavings {
    /// Nothing was read.
    pub fn new(now: Instant) -> Self {
        Self { any: false, last: now }
    }

    /// Something was read: what was there before may be free now.
    pub fn come(&mut self) {
        self.any = true;
    }

    /// There is nothing to do; true if memory was given back.
    pub fn clear(&mut self, now: Instant) -> bool {
        if !self.any || now.duration_since(self.last) < PAUSE {
            return false;
        }
        (self.any, self.last) = (false, now);
        #[cfg(target_env = "gnu")]
        // SAFETY: it touches only what no one has.
        unsafe {
            libc::malloc_trim(0);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_once_after_a_while() {
        let began = Instant::now();
        let mut left = Leavings::new(began);
        assert!(!left.clear(began + PAUSE));
        left.come();
        assert!(!left.clear(began + PAUSE / 2));
        assert!(left.clear(began + PAUSE));
        assert!(!left.clear(began + PAUSE * 3));
    }
}
