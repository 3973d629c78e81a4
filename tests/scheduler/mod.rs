//! The scheduler as its callers see it.

mod assets;
mod backfills;
mod clears;
mod conformance;
pub mod delays;
mod graphs;
mod limits;
mod mapping;
mod plans;
mod properties;
mod rows;
mod rules;
mod runs;
mod scale;
mod several_runs;
