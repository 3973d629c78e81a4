//! The scheduler as its callers see it.

mod graphs;
mod rows;
