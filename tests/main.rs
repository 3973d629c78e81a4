//! Integration tests, a folder per room.
mod console;
