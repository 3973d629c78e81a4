//! Log files of any size: only the part around what is shown is read.

pub mod beside;
pub mod clean;
pub mod file;
mod find;
pub mod grep;
pub mod merged;
pub mod progress;
pub mod pulse;
pub mod record;
pub mod search;
pub mod view;

pub use file::{Ask, Found, answer};
pub use grep::plain;
pub use pulse::Look;
pub use record::Level;
pub use view::{Colours, LogView, Stamps};
