//! The scheduler as a process: survival, kills, supervision. Real processes, real files.

mod backfills;
mod killed;
mod supervision;
mod versions;
