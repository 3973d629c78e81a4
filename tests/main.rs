//! Integration tests, a folder per room.
#![allow(clippy::unwrap_used)]

mod scheduler;
mod timetable;
