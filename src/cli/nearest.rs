//! "Did you mean": the known words nearest to an unknown one.

use crate::dagfile::distance;

/// Up to three of `known` that look like `word`, best first.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = word.to_lowercase();
    let mut scored: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let contained = !wanted.is_empty() && (lower.contains(&wanted) || wanted.contains(&lower));
            // Also the beginning alone: `cc_brnch` for `cc_branch_join`.
            let beginning: String = lower.chars().take(wanted.chars().count() + 1).collect();
            let distance = match contained {
                true => 1,
                false => distance(&wanted, &lower).min(distance(&wanted, &beginning) + 1),
            };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_word() {
        let known = ["churn_train", "ctr_daily", "fraud_hpo"];
        assert_eq!(nearest("chrun_train", known), ["churn_train"]);
        assert_eq!(nearest("churn", known), ["churn_train"]);
        assert_eq!(nearest("chrn_tr", known), ["churn_train"]);
        assert!(nearest("weather", known).is_empty());
    }
}
