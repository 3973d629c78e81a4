//! Where a home's files lie, and which home, DAG folder and settings a command uses.

use std::path::{Path, PathBuf};

use super::settings::Settings;
use crate::error::{Error, Result};

/// What the command line said; the environment fills what it left out.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// `--home`.
    pub home: Option<PathBuf>,
    /// `--dags-folder`.
    pub dags_folder: Option<PathBuf>,
}

/// A home with its settings and DAG folder.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder that holds everything.
    pub home: PathBuf,
    /// Where DAG files are, absolute.
    pub dags_folder: PathBuf,
    /// Settings of this home.
    pub settings: Settings,
}

impl Place {
    /// Finds home, settings and DAG folder in the order that `cli.md` gives. Creates nothing.
    pub fn find(wanted: &Wanted) -> Result<Self> {
        let home = Self::home_of(wanted)?;
        let settings = Settings::load(&home.join("dagdeck.toml"), std::env::vars())?;
        let named = wanted
            .dags_folder
            .clone()
            .or_else(|| env_path("DAGDECK_DAGS_FOLDER"))
            .or_else(|| Some(settings.text("core", "dags_folder")).filter(|t| !t.is_empty()).map(PathBuf::from));
        let dags_folder = match named {
            Some(folder) => absolute(&folder)?,
            None if Path::new("dags").is_dir() => absolute(Path::new("dags"))?,
            None => home.join("dags"),
        };
        Ok(Self { home, dags_folder, settings })
    }

    /// The home that is wanted, absolute; it need not be there.
    ///
    /// # Errors
    /// `Usage` if none is named and `HOME` isn't set.
    pub fn home_of(wanted: &Wanted) -> Result<PathBuf> {
        match wanted.home.clone().or_else(|| env_path("DAGDECK_HOME")) {
            Some(home) => absolute(&home),
            None => Self::usual_home(),
        }
    }

    /// The home that is meant when nobody names one.
    ///
    /// # Errors
    /// `Usage` if `HOME` isn't set.
    pub fn usual_home() -> Result<PathBuf> {
        Ok(state_folder()?.join("dagdeck"))
    }

    /// The store.
    pub fn db(&self) -> PathBuf {
        self.home.join("dagdeck.db")
    }
    /// The scheduler's socket.
    pub fn socket(&self) -> PathBuf {
        self.home.join("scheduler.sock")
    }
    /// The spawner's socket.
    pub fn spawner_socket(&self) -> PathBuf {
        self.home.join("spawner.sock")
    }
    /// Held by the one scheduler.
    pub fn scheduler_lock(&self) -> PathBuf {
        self.home.join("scheduler.lock")
    }
    /// Held by the one writer of this moment.
    pub fn writer_lock(&self) -> PathBuf {
        self.home.join("writer.lock")
    }
    /// Claims and outcomes of tries.
    pub fn tries(&self) -> PathBuf {
        self.home.join("tries")
    }
    /// Base folder of task logs.
    pub fn logs(&self) -> PathBuf {
        match self.settings.text("logging", "base_log_folder") {
            "" => self.home.join("logs"),
            folder => PathBuf::from(folder),
        }
    }
    /// Plugins folder.
    pub fn plugins(&self) -> PathBuf {
        match self.settings.text("core", "plugins_folder") {
            "" => self.home.join("plugins"),
            folder => PathBuf::from(folder),
        }
    }
    /// Interpreter for a DAG file: the setting of the innermost folder that names one, else the home's.
    pub fn interpreter(&self, dag_file: &Path) -> String {
        let mut best: (usize, &str) = (0, self.settings.text("python", "interpreter"));
        for (section, key, setting) in self.settings.all() {
            if section == "python"
                && let Some(folder) = key.strip_prefix("folders.")
                && dag_file.starts_with(folder)
                && folder.len() > best.0
            {
                best = (folder.len(), &setting.value);
            }
        }
        best.1.to_string()
    }

    /// Creates the home's folders, readable for the owner alone.
    pub fn create(&self) -> Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        for folder in [&self.home, &self.tries(), &self.logs()] {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| {
                Error::system(format!("the home can't be written: cannot create {}", folder.display()), e)
                    .hint("name another home with --home DIR or DAGDECK_HOME")
            })?;
        }
        Ok(())
    }
}

fn env_path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    // The shell expands `~`, a settings file doesn't.
    let path = match path.strip_prefix("~") {
        Ok(rest) => home_folder()?.join(rest),
        Err(_) => path.to_path_buf(),
    };
    std::path::absolute(&path).map_err(|e| Error::system(format!("cannot use the path {}", path.display()), e))
}

fn home_folder() -> Result<PathBuf> {
    env_path("HOME").ok_or_else(|| Error::usage("HOME is not set").hint("name a home with --home DIR or DAGDECK_HOME"))
}

fn state_folder() -> Result<PathBuf> {
    match env_path("XDG_STATE_HOME").filter(|p| p.is_absolute()) {
        Some(path) => Ok(path),
        None => Ok(home_folder()?.join(".local/state")),
    }
}
