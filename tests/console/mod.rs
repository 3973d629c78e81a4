//! The console as (state, keys, frame) triples over a store with plausible rows.
mod behaviour;
mod home;
mod readme;
mod screens;
mod terminal;
mod tour;
