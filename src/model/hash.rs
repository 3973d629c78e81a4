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

/// SHA-1 of a text as a number, modulo `modulus`: the jitter of Airflow's growing pauses. 0 for a modulus of 0.
pub fn remainder(text: &str, modulus: u64) -> u64 {
    let modulus = u128::from(modulus.max(1));
    // 160 bits, byte by byte.
    Sha1::digest(text.as_bytes()).iter().fold(0u128, |rest, byte| ((rest << 8) | u128::from(*byte)) % modulus) as u64
}
