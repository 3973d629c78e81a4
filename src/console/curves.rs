//! What the pods of two compared tries used, as curves beside each other: of one height and one length, so that they compare.

use crate::{
    model::{
        quantity,
        usage::{Point, Usage},
    },
    store::screens::compare::{Curves, Pair},
};

use super::widgets::bars::spark_below;

/// From so much on two peaks are clearly different.
const CLEARLY: f64 = 0.1;

/// A resource: its name, what a point says of it, what it is called.
type Resource = (&'static str, fn(&Point) -> f64, fn(&Usage) -> f64, fn(f64) -> String);

const RESOURCES: [Resource; 2] =
    [("memory", |p| p.memory, |u| u.memory.peak, quantity::bytes), ("cpu", |p| p.cpu, |u| u.cpu.peak, quantity::cores)];

/// A line of the comparison, and whether the peaks are clearly different.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Container and resource, and what each side used of it.
    pub pair: Pair,
    /// The peaks are clearly different.
    pub differs: bool,
}

/// A line per container and resource, with curves of at most so many columns.
pub fn lines(curves: &Curves, columns: usize) -> Vec<Curve> {
    let mut out = Vec::new();
    for (container, left, right) in curves.containers() {
        let sides = [left, right];
        let span = |u: &Usage| (u.last_at.as_microsecond() - u.first_at.as_microsecond()).max(1) as f64;
        let longest = sides.iter().flatten().map(|u| span(u)).fold(1.0, f64::max);
        for (name, of_point, peak, written) in RESOURCES {
            let top = sides.iter().flatten().map(|u| peak(u)).fold(0.0, f64::max);
            let side = |usage: Option<&Usage>| match usage {
                None => "no sample was taken".to_owned(),
                Some(u) => {
                    let wide = ((span(u) / longest * columns as f64).ceil() as usize).clamp(1, columns.max(1));
                    let curve = spark_below(u.points.iter().map(of_point), wide, top);
                    format!("{:>7} {curve}", written(peak(u)))
                }
            };
            let differs = match sides.map(|u| u.map(peak)) {
                [Some(a), Some(b)] => (a - b).abs() > CLEARLY * top,
                _ => false,
            };
            let pair = Pair { name: format!("{name} {container}"), left: side(left), right: side(right) };
            out.push(Curve { pair, differs });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::usage::Sample;

    fn used(peaks: &[f64]) -> Usage {
        let at = |n: usize| jiff::Timestamp::from_second(n as i64 * 30).unwrap();
        let sample =
            |n: usize| Sample { container: "base".into(), at: at(n), cpu: 1.0, memory: peaks[n] * 1_073_741_824.0 };
        let mut usage = Usage::begin(&sample(0));
        (1..peaks.len()).for_each(|n| usage.add(&sample(n)));
        usage
    }

    #[test]
    fn both_have_one_height_and_one_length() {
        let curves = Curves { left: vec![used(&[1.0, 2.0, 4.0, 8.0, 8.0])], right: vec![used(&[2.0, 2.0, 4.0])] };
        let lines = lines(&curves, 10);
        let of = |n: usize| {
            (lines[n].pair.name.as_str(), lines[n].pair.left.trim(), lines[n].pair.right.trim(), lines[n].differs)
        };
        assert_eq!(of(0), ("memory base", "8Gi _.-^^", "4Gi ..-", true));
        assert_eq!(of(1), ("cpu base", "1 ^^^^^", "1 ^^^", false));
        let alone = super::lines(&Curves { left: Vec::new(), right: vec![used(&[1.0])] }, 10);
        assert_eq!((alone[0].pair.left.as_str(), alone[0].differs), ("no sample was taken", false));
    }
}
