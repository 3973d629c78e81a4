//! The map of dagdeck. Rooms are listed in the order in which they may name each other:
//! a room names only rooms above it (checked by `tests/architecture.rs`).
//! What each room is for: `docs/ARCHITECTURE.md`.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod clock;
pub mod error;

pub mod model;

pub mod protocol;

pub mod config;

pub mod timetable;

pub mod dagfile;

pub mod template;

pub mod scheduler;

pub mod workload;

pub mod store;

pub mod secrets;

pub mod tasklog;

pub mod operators;

pub mod python;

pub mod processor;

pub mod executor;

pub mod runner;

pub mod command;

pub mod engine;

pub mod console;

pub mod cli;
