//! Flags that every verb takes, and those of the console.

use std::path::PathBuf;

use clap::Args;

use super::shell::Format;
use crate::{
    config::{self, Place, Wanted},
    error::{Error, Result},
};

/// Flags that every verb takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Environment {
    /// Folder of the store, logs and settings [env: DAGDECK_HOME, default: the XDG state folder]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    pub home: Option<PathBuf>,
    /// Folder of the DAG files [env: DAGDECK_DAGS_FOLDER, default: ./dags if it exists, else HOME/dags]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    pub dags_folder: Option<PathBuf>,
    /// A context of your config.toml ([contexts.NAME])
    #[arg(long, global = true, value_name = "NAME", help_heading = "Everywhere")]
    pub context: Option<String>,
    /// How documents are printed
    #[arg(short, long, global = true, value_name = "FORMAT", help_heading = "Everywhere")]
    pub output: Option<Format>,
    /// The same as -o plain: one row per line, for screen readers and scripts
    #[arg(long, global = true, conflicts_with = "output", help_heading = "Everywhere")]
    pub plain: bool,
}

impl Environment {
    /// Home, DAG folder and settings.
    ///
    /// # Errors
    /// What reading the settings says.
    pub fn place(&self) -> Result<Place> {
        Place::find(&self.wanted()?)
    }

    fn wanted(&self) -> Result<Wanted> {
        let home = match (&self.home, &self.context) {
            (None, Some(name)) => Some(super::context::home(name)?),
            (home, _) => home.clone(),
        };
        Ok(Wanted { home, dags_folder: self.dags_folder.clone() })
    }

    /// The error with what is wrong with the home (rights, a full disk, ..), if that is its reason.
    #[must_use]
    pub fn explained(&self, error: Error) -> Error {
        match self.wanted().and_then(|wanted| Place::home_of(&wanted)) {
            Ok(home) => config::explained(error, &home),
            Err(_) => error,
        }
    }

    /// What the command line leaves open, the environment says. (If clap read it, each usage line would show it as required.)
    #[must_use]
    pub(super) fn filled(mut self) -> Self {
        let said = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        // A context that is named means its own home.
        if self.context.is_none() {
            self.home = self.home.or_else(|| said("DAGDECK_HOME"));
        }
        self.dags_folder = self.dags_folder.or_else(|| said("DAGDECK_DAGS_FOLDER"));
        self
    }
}

/// Options of the console, which opens when no verb is given.
#[derive(Debug, Clone, Default, Args)]
pub struct ConsoleOptions {
    /// Console: offer no key that changes anything
    #[arg(long)]
    pub read_only: bool,
    /// Console: theme, a file of the themes folder
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Console: preset of keys: vim, arrows, k9s; `keys.toml` beside `config.toml` changes single keys
    #[arg(long, value_name = "PRESET")]
    pub keys: Option<String>,
    /// Console: colours: auto, never, 16, 256, true
    #[arg(long, value_name = "WHEN")]
    pub color: Option<String>,
    /// Console: draw only ASCII characters (else the locale decides)
    #[arg(long)]
    pub ascii: bool,
    /// Console: the mouse clicks, opens and scrolls (else the terminal selects text with it)
    #[arg(long)]
    pub mouse: bool,
    /// The object to open with, of `open`.
    #[arg(skip)]
    pub reference: Option<String>,
}
