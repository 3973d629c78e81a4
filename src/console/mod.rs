//! The console: `event -> update(state) -> effects`, `draw(&state)`. Reads the store, asks the scheduler to act.

mod allowed;
mod ansi;
mod clipboard;
mod critical;
mod diagram;
mod distance;
mod export;
mod fields;
mod forms;
mod graph;
mod hands;
mod input;
mod inspected;
mod items;
mod jobs;
mod keymap;
mod layout;
mod link;
mod log;
mod message;
mod needs;
mod object;
mod orders;
mod overlay;
mod pace;
mod palette;
mod picture;
mod place;
mod plain;
mod pods;
mod query;
#[cfg(test)]
mod query_plans;
#[cfg(test)]
mod query_reach;
mod reader;
mod run;
mod screen;
mod search;
mod shell;
mod side;
mod state;
mod terminal;
mod theme;
mod tree;
mod update;
mod views;
mod widgets;

pub use picture::{Stage, frame_svg, frame_text};
pub use plain::{Plain, SCREENS as PLAIN_SCREENS, screen as plain_screen};
pub use run::{Opening, Options, Starter, first_frame, run};
pub use terminal::{change, changed_bytes};
pub use theme::Theme;
