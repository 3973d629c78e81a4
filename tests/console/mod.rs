//! The console as (state, keys, frame) triples over a store with plausible rows.
mod behaviour;
mod home;
mod home_pods;
mod oncall;
mod person;
mod pods;
mod readme;
mod screens;
mod storms;
pub mod terminal;
mod themes;
mod tour;
mod undo;
