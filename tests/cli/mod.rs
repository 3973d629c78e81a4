//! The command line: documents, tables, exit codes, and what goes to which stream.

mod documents;
mod home;
mod logs;
mod plans;
mod process;
mod settings;
