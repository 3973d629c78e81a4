//! The scheduler as a process: survival, kills, supervision. Real processes, real files.

mod backfills;
mod disk;
mod killed;
mod leftovers;
mod once;
mod saved;
mod supervision;
mod versions;
