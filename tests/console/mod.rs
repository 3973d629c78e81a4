//! The console as (state, keys, frame) triples over a store with plausible rows.
mod behaviour;
mod costs;
mod home;
mod large;
mod oncall;
mod plain;
mod readme;
mod screens;
mod storms;
mod terminal;
mod themes;
mod tour;
