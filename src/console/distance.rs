//! How far away the terminal is: the time until it answers where its cursor is (DSR 6), asked after a key and seldom.
//!
//! A multiplexer would answer in the terminal's place, so nothing is asked there; a terminal that doesn't answer is left alone.

use crate::store::screens::{Micros, SECOND};

/// Shortest time between two questions.
const SELDOM: Micros = 30 * SECOND;
/// Questions without an answer after which no more are asked.
const MISSES: u32 = 2;

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Distance {
    /// Nothing stands between us and the terminal that would answer for it.
    pub can_be_asked: bool,
    /// The newest round trip.
    pub round_trip: Option<Micros>,
    asked_at: Option<Micros>,
    misses: u32,
}

impl Distance {
    /// Of a terminal in an environment.
    pub fn of(environment: impl Fn(&str) -> Option<String>) -> Self {
        let term = environment("TERM").unwrap_or_default();
        let answered_by_others = environment("TMUX").is_some()
            || environment("STY").is_some()
            || ["screen", "tmux", "dumb"].iter().any(|name| term.starts_with(name));
        Self { can_be_asked: !answered_by_others, ..Self::default() }
    }

    /// True if it is time to ask; the question is noted as asked.
    pub fn ask(&mut self, now: Micros) -> bool {
        if !self.can_be_asked || self.misses >= MISSES || self.asked_at.is_some_and(|at| now - at < SELDOM) {
            return false;
        }
        self.asked_at = Some(now);
        self.misses += 1;
        true
    }

    /// It answered after so long.
    pub fn answered(&mut self, round_trip: Micros) {
        self.misses = 0;
        self.round_trip = Some(round_trip);
    }

    /// For the top line: `rtt 84ms`.
    pub fn words(&self) -> Option<String> {
        self.round_trip.map(|us| format!("rtt {}ms", (us + 500) / 1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_seldom_and_not_for_ever() {
        let mut distance = Distance::of(|name| (name == "TERM").then(|| "xterm-256color".into()));
        assert!(distance.ask(0));
        assert!(!distance.ask(SECOND), "too soon");
        distance.answered(84_200);
        assert_eq!(distance.words().as_deref(), Some("rtt 84ms"));
        assert!(distance.ask(SELDOM) && distance.ask(2 * SELDOM));
        assert!(!distance.ask(3 * SELDOM), "it never answers");
    }

    #[test]
    fn a_multiplexer_is_not_the_terminal() {
        for (name, value) in [("TMUX", "/tmp/tmux-0/default,1,0"), ("STY", "1.pts-0"), ("TERM", "screen-256color")] {
            let mut distance = Distance::of(|wanted| (wanted == name).then(|| value.to_owned()));
            assert!(!distance.ask(0), "{name}");
        }
    }
}
