//! The one error type: what went wrong, where, why, and what to do instead.
//!
//! Rooms return it, `main` prints it. A user's mistake in a DAG file isn't an `Error` but a
//! [`crate::model::Diagnostic`].

use std::fmt;

/// Class of an error; decides the exit code and how the console shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The thing asked for failed or was refused (exit code 1).
    Refused,
    /// The thing named doesn't exist (exit code 1).
    NotFound,
    /// The command was written wrong (exit code 2).
    Usage,
    /// A running scheduler is needed and there is none (exit code 3).
    NoScheduler,
    /// Disk, database or operating system (exit code 1).
    System,
    /// Not built yet (exit code 1).
    NotYet,
}

/// An error with its kind, one sentence, an optional cause and an optional hint.
#[derive(Debug, Clone)]
pub struct Error {
    /// Class, which decides the exit code.
    pub kind: Kind,
    /// One sentence: what, and where.
    pub message: String,
    /// Why, if something below said so.
    pub cause: Option<String>,
    /// What to do instead.
    pub hint: Option<String>,
}

/// Shorthand of the whole crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A new error of a kind with its sentence.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None, hint: None }
    }
    /// Something was refused or failed.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }
    /// A named thing doesn't exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }
    /// A command or setting was written wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }
    /// The operating system, the disk or the database said no.
    pub fn system(message: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self::new(Kind::System, message).because(cause)
    }
    /// Adds why.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }
    /// Adds what to do instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
    /// Exit code of the command line for this error (`cli.md`).
    pub fn exit_code(&self) -> i32 {
        match self.kind {
            Kind::Usage => 2,
            Kind::NoScheduler => 3,
            _ => 1,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Writes a line for the log of a process that has nobody to tell (standard error). Unlike `eprintln!` it doesn't end the
/// process when the log's disk is full.
pub fn say(text: impl fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
