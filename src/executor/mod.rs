//! Where tries run. The local way is `runner` and the engine's spawner; pods are here.

pub mod kubernetes;
pub mod worker;
