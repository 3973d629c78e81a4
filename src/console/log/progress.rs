//! How far a task is: the last `::progress:: n/m` at the end of its log.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
    sync::LazyLock,
};

use regex::bytes::Regex;

/// How much of the end of a log is looked at.
const TAIL: u64 = 64 * 1024;

/// Done, of how many.
pub type Progress = (u64, u64);

static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"::progress::\s*(\d{1,18})\s*/\s*(\d{1,18})").ok());

/// Looks for the last mark in a text.
pub fn last(text: &[u8]) -> Option<Progress> {
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<u64>().ok();
    let of = |found: regex::bytes::Captures<'_>| number(&found[1]).zip(number(&found[2])).filter(|(_, all)| *all > 0);
    let (done, all) = MARK.as_ref()?.captures_iter(text).filter_map(of).last()?;
    Some((done.min(all), all))
}

/// Looks for it at the end of a log; `None` also if there is no such file.
pub fn of_file(path: &Path) -> Option<Progress> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL))).ok()?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail).ok()?;
    last(&tail)
}

/// As a bar: `[####      ] 18/100`.
pub fn bar((done, all): Progress, columns: usize) -> String {
    let filled = (done as f64 / all as f64 * columns as f64) as usize;
    format!("[{}{}] {done}/{all}", "#".repeat(filled), " ".repeat(columns - filled))
}

/// In percent.
pub fn percent((done, all): Progress) -> u64 {
    (done as f64 / all as f64 * 100.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_mark_counts() {
        let log = br#"{"event":"::progress:: 1/10"}
            {"event":"epoch 3 ::progress:: 7 / 10 done"}
            {"event":"::progress:: x/10 ::progress:: 3/0"}"#;
        assert_eq!(last(log), Some((7, 10)));
        assert_eq!(last(b"nothing"), None);
        assert_eq!(last(b"::progress:: 12/10"), Some((10, 10)));
        assert_eq!(bar((7, 10), 10), "[#######   ] 7/10");
        assert_eq!(percent((1, 3)), 33);
    }
}
