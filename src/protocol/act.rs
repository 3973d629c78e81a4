//! Names of acts: one form may make several plans, which are done and taken back together.

/// Stands between the name of an act and the number of its plans.
const SIZE: char = ':';

/// The name of an act of so many plans; `made_by` is its own among all consoles.
pub fn named(made_by: &str, plans: usize) -> String {
    format!("{made_by}{SIZE}{plans}")
}

/// How many plans an act has, if its name says so.
pub fn plans(act: &str) -> Option<usize> {
    act.rsplit_once(SIZE)?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_number() {
        assert_eq!(plans(&named("17-2-3", 4)), Some(4));
        assert_eq!(plans("of-an-older-console"), None);
    }
}
