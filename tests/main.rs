//! Integration tests, a folder per room.

mod cli;
mod scheduler;
mod timetable;
