//! A form for an act: its fields, the plan that it would carry out, and the buttons. The focus starts on Cancel.

pub mod act;
pub mod alias;
pub mod answer;
pub mod backfill;
pub mod field;
pub mod outlook;
pub mod setting;
pub mod shell;
pub mod trigger;
pub mod xcom;

pub use act::{ActForm, Preview, Purpose};
pub use field::{Control, Field};
pub use shell::{shell, words as shell_words};
