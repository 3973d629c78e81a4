//! The console as (state, keys, frame) triples over a store with plausible rows.
mod behaviour;
mod costs;
mod filling;
mod home;
mod home_pods;
mod large;
mod oncall;
mod person;
mod plain;
mod pods;
mod readme;
mod screens;
mod storms;
pub mod terminal;
mod themes;
mod tour;
mod undo;
mod watching;
