//! Integration tests, a folder per room.

#![allow(clippy::unwrap_used)]

mod cli;
mod conformance;
mod console;
mod dagfile;
mod engine;
mod kubernetes;
mod python_side;
mod samples;
mod scheduler;
mod support;
mod timetable;
