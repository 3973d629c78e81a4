//! The grid of a periodic schedule: which instant comes after another, with the rules for daylight saving time.

use jiff::{
    Timestamp, ToSpan,
    tz::{Offset, TimeZone},
};

use super::cron::Cron;

/// What moves a periodic schedule from one instant to the next.
#[derive(Debug, Clone)]
pub enum Grid {
    /// A cron expression on the wall clock of a zone.
    Cron(Box<Cron>, TimeZone),
    /// A fixed distance.
    Delta(Delta),
}

/// A `timedelta` or `relativedelta`: calendar months, then microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delta {
    /// Calendar part.
    pub months: i32,
    /// Fixed part.
    pub micros: i64,
}

impl Delta {
    /// `t` moved by this; months keep the day, or take the last one of a shorter month.
    pub fn after(self, t: Timestamp) -> Option<Timestamp> {
        self.moved(t, 1)
    }

    /// `t` moved back by this.
    pub fn before(self, t: Timestamp) -> Option<Timestamp> {
        self.moved(t, -1)
    }

    fn moved(self, t: Timestamp, sign: i32) -> Option<Timestamp> {
        let t = match self.months {
            0 => t,
            months => {
                let utc = Offset::UTC.to_datetime(t).checked_add(months.checked_mul(sign)?.months()).ok()?;
                Offset::UTC.to_timestamp(utc).ok()?
            }
        };
        let micros = t.as_microsecond().checked_add(self.micros.checked_mul(i64::from(sign))?)?;
        Timestamp::from_microsecond(micros).ok()
    }

    /// `t` rounded down to a multiple of this since the epoch; `t` itself for calendar deltas.
    pub fn floor(self, t: Timestamp) -> Timestamp {
        if self.months != 0 || self.micros <= 0 {
            return t;
        }
        let micros = t.as_microsecond();
        Timestamp::from_microsecond(micros - micros.rem_euclid(self.micros)).unwrap_or(t)
    }
}

impl Grid {
    /// The first point of the grid after `t`.
    pub fn after(&self, t: Timestamp) -> Option<Timestamp> {
        match self {
            Grid::Delta(delta) => delta.after(t),
            Grid::Cron(cron, zone) => {
                let wall = zone.to_datetime(t);
                let found = cron.after(wall)?;
                if !cron.covers_every_hour() {
                    return on_the_clock(zone, found);
                }
                t.checked_add(wall.duration_until(found)).ok()
            }
        }
    }

    /// The last point of the grid before `t`.
    pub fn before(&self, t: Timestamp) -> Option<Timestamp> {
        match self {
            Grid::Delta(delta) => delta.before(t),
            Grid::Cron(cron, zone) => {
                let wall = zone.to_datetime(t);
                let found = cron.before(wall)?;
                if !cron.covers_every_hour() {
                    return on_the_clock(zone, found);
                }
                t.checked_sub(found.duration_until(wall)).ok()
            }
        }
    }

    /// `t` if it is on the grid, else the next point. Every instant is on the grid of a delta.
    pub fn align_after(&self, t: Timestamp) -> Option<Timestamp> {
        if let Grid::Delta(_) = self {
            return Some(t);
        }
        let after = self.after(t)?;
        Some(if self.before(after) == Some(t) { t } else { after })
    }

    /// `t` if it is on the grid, else the point before.
    pub fn align_before(&self, t: Timestamp) -> Option<Timestamp> {
        if let Grid::Delta(_) = self {
            return Some(t);
        }
        let before = self.before(t)?;
        Some(if self.after(before) == Some(t) { t } else { before })
    }
}

/// The instant at which the clocks show `wall`. A time that is skipped moves on by the length of the gap; of a time that
/// comes twice the second one counts. So a daily run comes once on both days.
fn on_the_clock(zone: &TimeZone, wall: jiff::civil::DateTime) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(wall).later().ok()
}

/// A zone by IANA name, or a fixed offset as Python prints it (`+05:30`, `UTC+05:30`).
pub fn zone(name: &str) -> Result<TimeZone, String> {
    if name.is_empty() || name.eq_ignore_ascii_case("utc") || name == "Z" {
        return Ok(TimeZone::UTC);
    }
    let offset = name.strip_prefix("UTC").unwrap_or(name);
    if offset.starts_with(['+', '-']) {
        // jiff reads offsets only as part of a whole time.
        if let Ok(t) = format!("1970-01-01T00:00:00{offset}").parse::<Timestamp>()
            && let Ok(seconds) = i32::try_from(-t.as_second())
            && let Ok(offset) = Offset::from_seconds(seconds)
        {
            return Ok(TimeZone::fixed(offset));
        }
    }
    TimeZone::get(name)
        .map_err(|_| format!("Invalid timezone '{name}' (use an IANA name such as Europe/Berlin or UTC)"))
}
