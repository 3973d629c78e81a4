//! A search through logs that is under way: a job that is shown, and that can be ended.

use std::path::PathBuf;

use crate::store::screens::Micros;

use super::{
    jobs::{Far, Unit},
    log::{Ask, file::Part},
    widgets::text,
};

/// A search.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The log, or what stands for several.
    pub path: PathBuf,
    /// What is done, in words.
    pub what: String,
    /// Bytes that were looked at, and all of them; as far as it was told.
    pub far: Far,
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
        Some(Self { path: ask.path.clone(), what: text::clean(&what), far: Far::new(since, Unit::Bytes) })
    }

    /// What is done, and how far it is.
    pub fn words(&self, now: Micros) -> String {
        format!("{}: {}", self.what, self.far.words(now).unwrap_or_else(|| "begun".into()))
    }
}
