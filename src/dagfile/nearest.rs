//! The nearest valid spelling of a mistyped word.

/// The candidate closest to `word`, if one is close enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let mut distance = distance(&word, &lower);
            // A forgotten or added prefix is a common slip: `train` for `prep.train`, `run_bash` for `bash`.
            if distance > limit && word.len() > 2 && (lower.ends_with(&format!(".{word}")) || lower.starts_with(&word))
            {
                distance = limit;
            }
            (distance <= limit).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap neighbours) from one word to the other.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let words = ["bash_command", "retries", "retry_delay", "prep.train", "all_success"];
        for (typed, meant) in [
            ("bash_comand", Some("bash_command")),
            ("retires", Some("retries")),
            ("train", Some("prep.train")),
            ("all_sucess", Some("all_success")),
            ("zzz", None),
        ] {
            assert_eq!(nearest(typed, words), meant, "{typed}");
        }
    }
}
