//! The scheduler as its callers see it.

mod graphs;
mod plans;
mod rows;
mod rules;
