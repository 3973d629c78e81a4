//! Settings: defaults, the home's `dagdeck.toml`, Airflow's and our environment variables; and where things lie.

mod defaults;
mod foreign;
mod lint;
mod place;
mod settings;
mod trouble;

pub use lint::{Finding, Weight};
pub use place::{Place, Wanted};
pub use settings::{Setting, Settings, broken_toml};
pub use trouble::explained;
