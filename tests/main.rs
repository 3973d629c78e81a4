//! Integration tests, a folder per room.

#![allow(clippy::unwrap_used)]

mod cli;
mod console;
mod dagfile;
mod scheduler;
mod timetable;
