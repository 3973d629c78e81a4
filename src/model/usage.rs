//! What a container asked for and what it used: a record that stays small however long it runs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::quantity;

/// Most points of a series; then two neighbours become one.
pub const POINTS: usize = 120;

/// What a container used at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Container.
    pub container: String,
    /// When.
    pub at: Timestamp,
    /// Cores, the mean over the metrics' own window.
    pub cpu: f64,
    /// Bytes.
    pub memory: f64,
}

/// Smallest, mean, highest and newest of all samples.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Spread {
    /// Smallest.
    pub min: f64,
    /// Mean.
    pub mean: f64,
    /// Highest.
    pub peak: f64,
    /// Newest.
    pub last: f64,
}

/// One or more neighbouring samples: the highest values among them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When the first one was taken, microseconds since 1970 UTC.
    pub at: i64,
    /// Cores.
    pub cpu: f64,
    /// Bytes.
    pub memory: f64,
}

/// What a container has used since it was first sampled.
#[derive(Debug, Clone, PartialEq)]
pub struct Usage {
    /// Container.
    pub container: String,
    /// First sample.
    pub first_at: Timestamp,
    /// Newest sample.
    pub last_at: Timestamp,
    /// How many.
    pub samples: u32,
    /// Cores.
    pub cpu: Spread,
    /// Bytes.
    pub memory: Spread,
    /// How many samples a point stands for; the newest may stand for fewer.
    pub per_point: u32,
    /// How many samples the newest point stands for.
    pub in_last: u32,
    /// The curve, oldest first, at most [`POINTS`].
    pub points: Vec<Point>,
}

impl Spread {
    fn add(&mut self, value: f64, before: u32) {
        if before == 0 {
            *self = Self { min: value, mean: value, peak: value, last: value };
            return;
        }
        self.min = self.min.min(value);
        self.peak = self.peak.max(value);
        self.mean += (value - self.mean) / (f64::from(before) + 1.0);
        self.last = value;
    }
}

impl Usage {
    /// Of a container, after its first sample.
    pub fn begin(sample: &Sample) -> Self {
        let mut usage = Self {
            container: sample.container.clone(),
            first_at: sample.at,
            last_at: sample.at,
            samples: 0,
            cpu: Spread::default(),
            memory: Spread::default(),
            per_point: 1,
            in_last: 0,
            points: Vec::new(),
        };
        usage.take(sample);
        usage
    }

    /// Takes a newer sample; one that isn't newer is the same one again.
    pub fn add(&mut self, sample: &Sample) {
        if sample.at > self.last_at {
            self.take(sample);
        }
    }

    fn take(&mut self, sample: &Sample) {
        self.cpu.add(sample.cpu, self.samples);
        self.memory.add(sample.memory, self.samples);
        self.samples = self.samples.saturating_add(1);
        self.last_at = sample.at;
        match self.points.last_mut() {
            Some(point) if self.in_last < self.per_point => {
                *point = higher(*point, sample.cpu, sample.memory);
                self.in_last += 1;
            }
            _ => {
                if self.points.len() >= POINTS {
                    self.points = self.points.chunks(2).map(joined).collect();
                    self.per_point = self.per_point.saturating_mul(2);
                }
                self.points.push(Point { at: sample.at.as_microsecond(), cpu: sample.cpu, memory: sample.memory });
                self.in_last = 1;
            }
        }
    }
}

fn higher(point: Point, cpu: f64, memory: f64) -> Point {
    Point { cpu: point.cpu.max(cpu), memory: point.memory.max(memory), ..point }
}

fn joined(two: &[Point]) -> Point {
    two[1..].iter().fold(two[0], |a, b| higher(a, b.cpu, b.memory))
}

/// What a container asked for, by resource: the texts of the manifest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked {
    /// Container.
    pub container: String,
    /// Resource, request, limit.
    pub resources: Vec<(String, Option<String>, Option<String>)>,
}

impl Asked {
    /// Of every container of a manifest, the init containers first.
    pub fn of_manifest(manifest: &Value) -> Vec<Self> {
        let lists = ["initContainers", "containers"].into_iter();
        let all = lists.flat_map(|list| manifest["spec"][list].as_array().into_iter().flatten());
        all.map(|container| Self::of(container["name"].as_str().unwrap_or("?"), &container["resources"])).collect()
    }

    /// Of one container, by its `resources`.
    pub fn of(container: &str, resources: &Value) -> Self {
        let mut all: Vec<(String, Option<String>, Option<String>)> = Vec::new();
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_string);
        for (name, value) in resources["requests"].as_object().into_iter().flatten() {
            all.push((name.clone(), Some(text(value)), None));
        }
        for (name, value) in resources["limits"].as_object().into_iter().flatten() {
            match all.iter_mut().find(|(known, ..)| known == name) {
                Some((.., limit)) => *limit = Some(text(value)),
                None => all.push((name.clone(), None, Some(text(value)))),
            }
        }
        Self { container: container.into(), resources: all }
    }

    /// Request and limit of a resource; what isn't requested and has a limit is requested in that height.
    pub fn get(&self, resource: &str) -> (Option<&str>, Option<&str>) {
        match self.resources.iter().find(|(name, ..)| name == resource) {
            Some((_, request, limit)) => (request.as_deref().or(limit.as_deref()), limit.as_deref()),
            None => (None, None),
        }
    }

    /// What was asked for in a few words: `8 cpu, 48Gi memory, 1 nvidia.com/gpu`; empty if nothing was.
    pub fn summary(&self) -> String {
        let one = |(name, request, limit): &(String, Option<String>, Option<String>)| {
            let what = request.as_ref().or(limit.as_ref())?;
            Some(format!("{what} {name}"))
        };
        self.resources.iter().filter_map(one).collect::<Vec<_>>().join(", ")
    }
}

/// `asked 48Gi, peak 31Gi`, of memory or cores; `None` if neither is known.
pub fn asked_and_peak(resource: &str, asked: Option<&str>, peak: Option<f64>) -> Option<String> {
    let asked =
        asked.map(|text| quantity::parse(text).map_or_else(|| text.into(), |n| quantity::of_resource(resource, n)));
    let peak = peak.map(|peak| quantity::of_resource(resource, peak));
    match (asked, peak) {
        (Some(asked), Some(peak)) => Some(format!("asked {asked}, peak {peak}")),
        (None, Some(peak)) => Some(format!("asked nothing, peak {peak}")),
        (Some(asked), None) => Some(format!("asked {asked}")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample(second: i64, cpu: f64, memory: f64) -> Sample {
        Sample { container: "base".into(), at: Timestamp::from_second(second).unwrap(), cpu, memory }
    }

    #[test]
    fn a_long_run_keeps_its_peak_in_a_short_record() {
        let mut usage = Usage::begin(&sample(0, 1.0, 100.0));
        for i in 1..10_000 {
            let memory = if i == 7_777 { 9_000.0 } else { 100.0 };
            usage.add(&sample(i, if i % 2 == 0 { 1.0 } else { 3.0 }, memory));
        }
        assert!(usage.points.len() <= POINTS, "{}", usage.points.len());
        assert_eq!(
            (usage.samples, usage.memory.peak, usage.memory.min, usage.memory.last),
            (10_000, 9_000.0, 100.0, 100.0)
        );
        assert!((usage.cpu.mean - 2.0).abs() < 1e-6);
        // The curve has the peak, where it was.
        let peak = usage.points.iter().position(|p| p.memory == 9_000.0).unwrap();
        let (from, next) = (usage.points[peak].at, usage.points[peak + 1].at);
        assert!(from <= 7_777_000_000 && 7_777_000_000 < next);
        assert_eq!(usage.points[0].at, 0);
    }

    #[test]
    fn a_sample_that_comes_twice_counts_once() {
        let mut usage = Usage::begin(&sample(5, 1.0, 1.0));
        usage.add(&sample(5, 9.0, 9.0));
        usage.add(&sample(4, 9.0, 9.0));
        assert_eq!((usage.samples, usage.cpu.peak), (1, 1.0));
    }

    #[test]
    fn a_limit_without_a_request_is_the_request() {
        let manifest = json!({"spec": {"containers": [{"name": "base", "resources":
            {"limits": {"nvidia.com/gpu": 1, "memory": "48Gi"}, "requests": {"memory": "32Gi"}}}]}});
        let asked = Asked::of_manifest(&manifest);
        assert_eq!(asked[0].get("memory"), (Some("32Gi"), Some("48Gi")));
        assert_eq!(asked[0].get("nvidia.com/gpu"), (Some("1"), Some("1")));
        assert_eq!(asked[0].summary(), "32Gi memory, 1 nvidia.com/gpu");
        let gi = 1_073_741_824.0;
        assert_eq!(asked_and_peak("memory", Some("49152Mi"), Some(31.0 * gi)).unwrap(), "asked 48Gi, peak 31Gi");
    }
}
