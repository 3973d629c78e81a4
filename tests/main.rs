//! Integration tests, a folder per room.

mod cli;
mod dagfile;
mod scheduler;
mod timetable;
