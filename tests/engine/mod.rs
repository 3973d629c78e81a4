//! The scheduler as a process: survival, kills, supervision. Real processes, real files.

mod assets;
mod killed;
mod supervision;
