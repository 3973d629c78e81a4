//! Pieces that screens are drawn from.

pub mod bars;
pub mod diff;
pub mod input;
pub mod markdown;
pub mod paint;
pub mod reduce;
pub mod text;
