//! Verbs of later versions: they parse, and say that they are not there yet.

use std::ffi::OsString;

use clap::{Args, Subcommand};

use crate::error::{Error, Kind, Result};

/// Whatever was written after the verb.
#[derive(Debug, Args)]
pub struct Words {
    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    words: Vec<OsString>,
}

/// A verb of a later version.
#[derive(Debug, Subcommand)]
pub enum Later {
    /// Notification targets (not yet in this version)
    #[command(after_help = "Example:\n  dagdeck notify test oncall")]
    Notify(Words),
    /// Sealed secrets (not yet in this version)
    #[command(after_help = "Example:\n  dagdeck secrets rotate-key")]
    Secrets(Words),
}

/// Says that it is not there yet.
///
/// # Errors
/// Always.
pub fn run(verb: &Later) -> Result<i32> {
    let (name, words) = match verb {
        Later::Notify(words) => ("notify", words),
        Later::Secrets(words) => ("secrets", words),
    };
    let second = words.words.first().and_then(|w| w.to_str()).filter(|w| !w.starts_with('-'));
    Err(not_yet(&[Some(name), second].into_iter().flatten().collect::<Vec<_>>().join(" ")))
}

/// The error of something that this version doesn't have.
pub fn not_yet(what: &str) -> Error {
    Error::new(Kind::NotYet, format!("{what}: not yet in this version"))
}
