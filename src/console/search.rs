//! A search through logs that is under way: a job that is shown, and that can be ended.

use std::path::PathBuf;

use crate::store::screens::{Micros, SECOND};

use super::{
    log::{Ask, file::Part},
    widgets::text,
};

/// A job is shown when it has taken so long.
const SHOWN_AFTER: Micros = SECOND / 5;

/// A search.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The log, or what stands for several.
    pub path: PathBuf,
    /// What is done, in words.
    what: String,
    /// Since when.
    since: Micros,
    /// Bytes that were looked at, and all of them; as far as it was told.
    pub bytes: (u64, u64),
}

impl Search {
    /// What a question to logs is, if it may take long.
    pub fn of(ask: &Ask, since: Micros) -> Option<Self> {
        let what = match &ask.part {
            Part::Find { text: Some(text), .. } => format!("find {text}"),
            Part::Find { text: None, .. } => "find the next error".into(),
            Part::Grep { only, .. } | Part::Merged { only, .. } => match (&only.text, only.problems) {
                (Some(text), _) => format!("only lines with {text}"),
                (None, true) => "only warnings and errors".into(),
                (None, false) => "several logs as one".into(),
            },
            _ => return None,
        };
        Some(Self { path: ask.path.clone(), what: text::clean(&what), since, bytes: (0, 0) })
    }

    /// `12 of 240 MB, 3s, some 50s left`; `None` while it isn't worth a word.
    pub fn far(&self, now: Micros) -> Option<String> {
        let (done, all) = self.bytes;
        let took = now - self.since;
        if all == 0 || took < SHOWN_AFTER {
            return None;
        }
        let left = (done > 0).then(|| took as f64 / 1e6 * all.saturating_sub(done) as f64 / done as f64);
        let left = left.map_or_else(String::new, |s| format!(", some {} left", text::duration(s)));
        let bytes = |n: u64| text::bytes(i64::try_from(n).unwrap_or(i64::MAX));
        Some(format!("{} of {}, {}{left}", bytes(done), bytes(all), text::duration(took as f64 / 1e6)))
    }

    /// The same with what is done.
    pub fn words(&self, now: Micros) -> String {
        format!("{}: {}", self.what, self.far(now).unwrap_or_else(|| "begun".into()))
    }
}
