//! The scheduler as a process: survival, kills, supervision, what waits. Real processes, real files.

mod assets;
mod backfills;
mod deadlines;
mod deferral;
mod disk;
mod heard;
mod input;
mod killed;
mod leftovers;
mod once;
mod past;
mod plugins;
mod render;
mod saved;
mod sensors;
mod standby;
mod supervision;
mod versions;
mod watchers;
