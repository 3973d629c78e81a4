//! The console as (state, keys, frame) triples over a store with plausible rows.
mod behaviour;
mod home;
mod oncall;
mod person;
mod readme;
mod screens;
mod storms;
mod terminal;
mod themes;
mod tour;
mod undo;
