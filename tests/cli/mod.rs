//! The command line: documents, tables, exit codes, and what goes to which stream.

mod backfill;
mod check;
mod documents;
mod home;
mod logs;
mod plans;
mod pods;
mod process;
mod render_python;
mod render_work;
mod saved_plans;
mod settings;
mod stranger;
