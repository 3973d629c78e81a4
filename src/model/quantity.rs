//! Kubernetes' quantities: `250m`, `48Gi`, `1500n`, `1e3`; read as numbers, and written for people.

/// Suffixes and what they multiply by; longer ones first.
const SUFFIXES: &[(&str, f64)] = &[
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
];

/// A quantity as a number: cores, bytes or pieces. `None` if it isn't one.
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    // `1e3` and `1E3` are numbers, `1E` has a suffix.
    if let Ok(number) = text.parse::<f64>() {
        return Some(number).filter(|n| n.is_finite());
    }
    let (suffix, factor) = SUFFIXES.iter().find(|(suffix, _)| text.ends_with(suffix))?;
    let number: f64 = text[..text.len() - suffix.len()].parse().ok()?;
    Some(number * factor).filter(|n| n.is_finite())
}

/// A quantity as the API writes it: a text, or a plain number.
pub fn of(value: &serde_json::Value) -> Option<f64> {
    value.as_f64().or_else(|| parse(value.as_str()?))
}

/// Bytes for people: `31Gi`, `1.5Gi`, `640Mi`.
pub fn bytes(count: f64) -> String {
    let units = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
    let (mut left, mut unit) = (count.max(0.0), 0);
    while left >= 1024.0 && unit + 1 < units.len() {
        left /= 1024.0;
        unit += 1;
    }
    format!("{}{}", short(left), units[unit])
}

/// Cores for people: `8`, `0.25`, `7.9`.
pub fn cores(count: f64) -> String {
    if count > 0.0 && count < 0.1 { format!("{}m", (count * 1000.0).ceil()) } else { short(count) }
}

/// Cores, bytes or pieces, by the name of the resource.
pub fn of_resource(name: &str, amount: f64) -> String {
    let kind = name.rsplit(['.', '/']).next().unwrap_or(name);
    match kind {
        "memory" | "storage" | "ephemeral-storage" => bytes(amount),
        "cpu" => cores(amount),
        _ => short(amount),
    }
}

/// At most two places, and none where they are zero.
fn short(number: f64) -> String {
    let places = if number < 10.0 { 2 } else { 1 };
    let text = format!("{number:.places$}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_a_number() {
        for (text, number) in [
            ("250m", 0.25),
            ("48Gi", 51_539_607_552.0),
            ("1500000n", 0.0015),
            ("1e3", 1000.0),
            ("2k", 2000.0),
            ("8", 8.0),
        ] {
            assert!((parse(text).unwrap() - number).abs() < 1e-9, "{text}");
        }
        assert_eq!((parse("much"), parse(""), parse("Gi")), (None, None, None));
    }

    #[test]
    fn people_read_few_digits() {
        assert_eq!(bytes(31.0 * 1_073_741_824.0), "31Gi");
        assert_eq!(bytes(1.5 * 1_073_741_824.0), "1.5Gi");
        assert_eq!(bytes(512.0), "512");
        assert_eq!((cores(8.0), cores(0.0123), cores(7.91)), ("8".into(), "13m".into(), "7.91".into()));
        assert_eq!(of_resource("requests.nvidia.com/gpu", 4.0), "4");
        assert_eq!(of_resource("limits.memory", 1024.0), "1Ki");
    }
}
