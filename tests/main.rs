//! Integration tests, a folder per room.

mod console;
mod dagfile;
mod scheduler;
mod timetable;
