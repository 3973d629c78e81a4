//! Why a request brought nothing, and whether asking again can help.

use std::fmt;

use kube::client::UpgradeConnectionError;

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No answer, or an error of the server's own (5xx): the request may or may not have been carried out.
    Away(String),
    /// Too many requests (429): it was not carried out. The next one goes when the server wants it (`pace.rs`).
    Busy(String),
    /// The API server said no.
    Refused {
        /// HTTP status.
        code: u16,
        /// One word: `Forbidden`, `AlreadyExists`.
        reason: String,
        /// Its sentence.
        message: String,
    },
}

impl Trouble {
    /// True if there is no such thing.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { code: 404, .. })
    }
    /// True if the name is taken.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Refused { code: 409, reason, .. } if reason == "AlreadyExists")
    }
    /// True if it isn't known who asks.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused { code: 401, .. })
    }
    /// True if we may not ask that.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused { code: 401 | 403, .. })
    }
    /// True if the history that was asked for is gone.
    pub fn is_expired(&self) -> bool {
        matches!(self, Self::Refused { code: 410, .. })
    }
    /// True if asking again later can help.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Busy(_))
    }
    /// True if the server has too much to do, and has done nothing of this.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy(_))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) => write!(f, "the API server doesn't answer: {why}"),
            Self::Busy(why) => write!(f, "the API server has too many requests: {why}"),
            Self::Refused { code, message, .. } => write!(f, "{message} (HTTP {code})"),
        }
    }
}

impl From<kube::Error> for Trouble {
    fn from(e: kube::Error) -> Self {
        match e {
            kube::Error::Api(status) if status.code != 429 && status.code < 500 => {
                Self::Refused { code: status.code, reason: status.reason.clone(), message: status.message.clone() }
            }
            kube::Error::Api(status) if status.code == 429 => {
                Self::Busy(format!("{} (HTTP 429)", status.message.trim()))
            }
            kube::Error::Api(status) => Self::Away(format!("{} (HTTP {})", status.message, status.code)),
            kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(status))
                if status.as_u16() == 429 =>
            {
                Self::Busy("the stream was refused (HTTP 429)".into())
            }
            kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(status))
                if status.is_client_error() =>
            {
                let reason = status.canonical_reason().unwrap_or_default();
                let message = format!("the stream was refused: {reason}");
                Self::Refused { code: status.as_u16(), reason: reason.into(), message }
            }
            other => Self::Away(chain(&other)),
        }
    }
}

/// An error with what lies below it.
fn chain(e: &dyn std::error::Error) -> String {
    let mut text = e.to_string();
    let mut below = e.source();
    while let Some(cause) = below {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        below = cause.source();
    }
    text
}
