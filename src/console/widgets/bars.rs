//! Bars on a time axis.

use crate::store::screens::Micros;

/// Times mapped to columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// Time of the first column.
    pub start: Micros,
    /// Time after the last column.
    pub end: Micros,
    /// Columns.
    pub columns: usize,
}

impl Axis {
    /// Column of an instant, inside of the axis.
    pub fn column(&self, at: Micros) -> usize {
        let span = (self.end - self.start).max(1) as f64;
        let part = (at - self.start) as f64 / span;
        ((part * self.columns as f64) as isize).clamp(0, self.columns as isize - 1) as usize
    }

    /// Draws letters from one instant to another; at least one column.
    pub fn bar(&self, line: &mut [char], from: Micros, to: Micros, letter: char) {
        if self.columns == 0 || line.is_empty() || to < self.start || from > self.end {
            return;
        }
        let (a, b) = (self.column(from), self.column(to));
        for cell in line.iter_mut().take(b + 1).skip(a) {
            *cell = letter;
        }
    }

    /// Round instants to name above the axis, at least `apart` columns from each other, and the format that suits them.
    pub fn ticks(&self, apart: usize) -> (Vec<(usize, Micros)>, &'static str) {
        const STEPS: [i64; 14] =
            [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 7 * 86_400];
        let span = (self.end - self.start).max(1) / 1_000_000;
        let most = (self.columns / apart.max(1)).max(1) as i64;
        let step = STEPS.into_iter().find(|s| span / s <= most).unwrap_or(30 * 86_400) * 1_000_000;
        let mut at = self.start.div_euclid(step) * step;
        let mut ticks = Vec::new();
        while at <= self.end && ticks.len() < 200 {
            if at >= self.start {
                ticks.push((self.column(at), at));
            }
            at += step;
        }
        let format = match step / 1_000_000 {
            ..60 => "%H:%M:%S",
            60..86_400 => "%H:%M",
            _ => "%m-%d",
        };
        (ticks, format)
    }
}

/// Values as a row of letters, the highest in each of at most so many parts; in plain ASCII, so that any terminal shows it.
pub fn spark(values: impl Iterator<Item = f64>, columns: usize) -> String {
    let values: Vec<f64> = values.collect();
    let top = values.iter().copied().fold(0.0, f64::max);
    spark_below(values.into_iter(), columns, top)
}

/// The same with a height that is given: curves beside each other compare.
pub fn spark_below(values: impl Iterator<Item = f64>, columns: usize, top: f64) -> String {
    const STEPS: [char; 5] = ['_', '.', '-', '=', '^'];
    let values: Vec<f64> = values.collect();
    if values.is_empty() || columns == 0 {
        return String::new();
    }
    let size = values.len().div_ceil(columns);
    let step = |part: &[f64]| {
        let height = part.iter().copied().fold(0.0, f64::max) / top.max(f64::MIN_POSITIVE);
        STEPS[((height * STEPS.len() as f64) as usize).min(STEPS.len() - 1)]
    };
    values.chunks(size).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_keeps_its_highest_value() {
        assert_eq!(spark([0.0, 1.0, 2.0, 3.0, 4.0, 5.0].into_iter(), 10), "_.-=^^");
        let mut flat = vec![1.0; 100];
        flat[37] = 10.0;
        assert_eq!(spark(flat.into_iter(), 10), "___^______");
        assert_eq!(spark(std::iter::empty(), 10), "");
    }

    #[test]
    fn bars_and_ticks() {
        let axis = Axis { start: 0, end: 3600 * 1_000_000, columns: 60 };
        let mut line = vec![' '; 60];
        axis.bar(&mut line, 600 * 1_000_000, 1200 * 1_000_000, '=');
        assert_eq!(line.iter().filter(|c| **c == '=').count(), 11);
        let (ticks, format) = axis.ticks(12);
        assert_eq!((ticks.len(), format), (5, "%H:%M"));
        assert_eq!(ticks[1], (15, 900 * 1_000_000));
        // An instant outside is drawn at the edge.
        assert_eq!(axis.column(i64::MAX / 4), 59);
        assert_eq!(axis.column(-5), 0);
    }
}
