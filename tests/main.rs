//! Integration tests, a folder per room.

mod scheduler;
mod timetable;
