//! The pulse of a search: how far it is, and whether anybody still waits for it.

use std::io;

/// Told how many bytes of how many were looked at; false when nobody waits for the answer any more.
pub type Look<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// A search under way.
pub struct Pulse<'a> {
    done: u64,
    all: u64,
    look: Look<'a>,
}

impl<'a> Pulse<'a> {
    /// Nothing was looked at yet.
    pub fn new(look: Look<'a>) -> Self {
        Self { done: 0, all: 0, look }
    }

    /// So many bytes more are to be looked at.
    pub fn expect(&mut self, bytes: u64) {
        self.all += bytes;
    }

    /// So many bytes more were looked at.
    ///
    /// # Errors
    /// If nobody waits any more.
    pub fn beat(&mut self, bytes: u64) -> io::Result<()> {
        self.done += bytes;
        if (self.look)(self.done, self.all) { Ok(()) } else { Err(io::Error::other("it was ended")) }
    }
}
