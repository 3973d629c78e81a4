//! Messages between processes, as JSON lines: client <-> scheduler, supervisor <-> scheduler, task <-> supervisor,
//! scheduler <-> agent in a pod.

pub mod act;
pub mod agent;
pub mod command;
pub mod spawn;
pub mod task;

pub use command::{BackfillRequest, Command, Envelope, IncidentChange, Reply, Request, Selection};
pub use spawn::{FromSupervisor, Outcome, OutcomeKind, Say, Spawn, ToSupervisor, TrySpec};
