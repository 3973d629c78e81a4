//! Settings: defaults, the home's `dagdeck.toml`, Airflow's and our environment variables; and where things lie.

mod defaults;
mod place;
mod settings;

pub use place::{Place, Wanted};
pub use settings::{Setting, Settings};
