//! Supervises one try: the spawner forks a supervisor per try, which keeps log, time limit and outcome.
//!
//! Nothing here opens the store. The claim file of a try is locked (flock) as long as its supervisor lives, so whether
//! a try is alive is a question to the kernel, right after a reboot too.

pub mod child;
pub mod claim;
pub mod link;
pub mod log;
pub mod spawner;
pub mod supervise;
pub mod talk;
pub mod verdict;
