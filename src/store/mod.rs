//! (to be written)
pub mod screens;
