//! The clocks of a pod: to be scheduled, from then on to run, and the task's own limit. Time in which the API server was away
//! doesn't count for the first two: nobody knows what happened then.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Job, facts::Facts, glance, pending};
use crate::{
    clock,
    model::{
        Cause, CauseKind, PodEvent,
        time::{plus_seconds, seconds_between},
    },
};

/// Longest sleep: clocks are looked at again after it.
const LONG: f64 = 3600.0;

/// Sleep while the API server is away: nobody tells when it is back.
const AWAY: f64 = 5.0;

/// One pod's clocks.
pub struct Clocks {
    schedule: f64,
    startup: f64,
    until: Option<jiff::Timestamp>,
    timeout: f64,
    /// The task's limit begins with this container: a worker's command.
    begins_with: Option<String>,
    since: Instant,
    away_before: Duration,
    was_scheduled: bool,
}

impl Clocks {
    /// They begin now; `away` is how long the API server has been away so far.
    pub fn new(job: &Job, away: Duration) -> Self {
        Self {
            schedule: job.conduct.schedule_timeout,
            startup: job.conduct.startup_timeout,
            until: job.until,
            timeout: job.timeout,
            begins_with: job.worker.is_some().then(|| job.conduct.base.clone()).filter(|_| job.timeout > 0.0),
            since: Instant::now(),
            away_before: away,
            was_scheduled: false,
        }
    }

    /// Seconds until one of the first two is over; `None` once it runs, or while nothing is known.
    fn starts(&mut self, pod: Option<&Value>, (away, is_away): (Duration, bool)) -> Option<(f64, f64)> {
        let pod = pod?;
        if is_away || !matches!(glance::phase(pod), "Pending" | "Unknown" | "") {
            return None;
        }
        if glance::is_scheduled(pod) && !self.was_scheduled {
            self.was_scheduled = true;
            (self.since, self.away_before) = (Instant::now(), away);
        }
        let limit = if self.was_scheduled { self.startup } else { self.schedule };
        let waited = self.since.elapsed().saturating_sub(away.saturating_sub(self.away_before)).as_secs_f64();
        Some((limit - waited, limit))
    }

    fn task(&mut self, pod: Option<&Value>) -> Option<f64> {
        if let (Some(base), Some(pod)) = (&self.begins_with, pod)
            && let Some(start) = glance::started_at(pod, base)
        {
            self.until = Some(plus_seconds(start, self.timeout));
            self.begins_with = None;
        }
        self.until.map(|until| seconds_between(clock::now(), until))
    }

    /// How long until one may be over.
    pub fn next(&mut self, pod: Option<&Value>, away: (Duration, bool)) -> Duration {
        let start = self.starts(pod, away).map(|(left, _)| left).or(away.1.then_some(AWAY));
        let left = [start, self.task(pod)].into_iter().flatten().fold(LONG, f64::min);
        Duration::from_secs_f64(left.clamp(0.0, LONG) + 0.001)
    }

    /// The cause of what is over.
    pub fn over(
        &mut self,
        pod: Option<&Value>,
        (events, facts): (&[PodEvent], &Facts),
        away: (Duration, bool),
    ) -> Option<Cause> {
        if self.task(pod).is_some_and(|left| left <= 0.0) {
            let text = format!("execution_timeout of {} s ran out", self.timeout);
            return Some(Cause::new(CauseKind::Timeout, text).exception("AirflowTaskTimeout"));
        }
        let (left, limit) = self.starts(pod, away)?;
        (left <= 0.0).then(|| pending::too_late(pod.unwrap_or(&Value::Null), events, facts, limit))
    }
}
