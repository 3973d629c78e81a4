//! Supervises tries: the spawner hands each to a forked supervisor, which keeps its log, time limit and outcome.
//!
//! Nothing here opens the store. The claim file of a try is locked (flock) from its start until its outcome is in
//! it, by whoever looks after it, so whether a try is alive is a question to the kernel, right after a reboot too.

pub mod child;
pub mod claim;
pub mod folder;
pub mod launch;
pub mod link;
pub mod spawner;
pub mod standby;
pub mod supervise;
pub mod talk;
pub mod verdict;
