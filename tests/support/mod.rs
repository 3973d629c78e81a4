//! A home with its scheduler for tests: `Home::start` gives one, dropping it ends everything that it started.

#![allow(dead_code)]

pub mod files;
pub mod home;
pub mod run;

pub use home::Home;
pub use run::Run;
