//! Integration tests, a folder per room.

mod dagfile;
mod scheduler;
mod timetable;
