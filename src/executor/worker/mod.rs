//! The Kubernetes executor's half that needs no cluster: who goes there, the worker pod, the code that it is handed.

pub mod code;
pub mod pod;
pub mod settings;
