//! Content hashes: SHA-1 in hex, to tell whether a text changed (not for security).

use sha1::{Digest, Sha1};

/// Hash of a text.
pub fn text(text: &str) -> String {
    bytes(text.as_bytes())
}

/// Hash of bytes.
pub fn bytes(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
