//! "Did you mean": the known words nearest to an unknown one.

/// Up to three of `known` that look like `word`, best first.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = word.to_lowercase();
    let mut scored: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let contained = !wanted.is_empty() && (lower.contains(&wanted) || wanted.contains(&lower));
            let distance = if contained { 1 } else { distance(&wanted, &lower) };
            (distance <= 1 + wanted.chars().count() / 3).then_some((distance, candidate))
        })
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// A hint that names the nearest words, or failing that the first few known ones.
pub fn hint(word: &str, known: &[String], none: &str) -> String {
    let near = nearest(word, known.iter().map(String::as_str));
    if !near.is_empty() {
        return format!("did you mean {}?", near.join(" or "));
    }
    match known {
        [] => none.into(),
        few if few.len() <= 8 => format!("known: {}", few.join(", ")),
        many => format!("known: {}, .. ({} in all)", many[..8].join(", "), many.len()),
    }
}

/// Edits (insert, delete, replace, swap of neighbours) from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_word() {
        let known = ["churn_train", "ctr_daily", "fraud_hpo"];
        assert_eq!(nearest("chrun_train", known), ["churn_train"]);
        assert_eq!(nearest("churn", known), ["churn_train"]);
        assert!(nearest("weather", known).is_empty());
    }
}
