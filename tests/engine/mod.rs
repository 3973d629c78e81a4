//! The scheduler as a process: survival, kills, supervision, what waits. Real processes, real files.

mod backfills;
mod deferral;
mod input;
mod killed;
mod sensors;
mod supervision;
mod versions;
