//! Finds DAG files, and those that changed since they were parsed.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use super::{
    ignore::{Ignore, Syntax},
    stamp,
};
use crate::{config::Settings, store::dag::FileRow};

/// What differs between a folder and the store.
#[derive(Debug, Default)]
pub struct Scan {
    /// New or changed files.
    pub changed: Vec<PathBuf>,
    /// Stored files that are gone (or now ignored).
    pub gone: Vec<String>,
}

/// All candidate files under a folder (`.py`, `.toml`, `.zip`), sorted; `.airflowignore`, hidden folders and `__pycache__` left out.
pub fn find_files(folder: &Path, settings: &Settings) -> Vec<PathBuf> {
    let mut files = find(folder, settings).files;
    files.sort();
    files
}

/// A folder and all folders below it in which [`find_files`] looks.
pub fn find_folders(folder: &Path, settings: &Settings) -> Vec<PathBuf> {
    find(folder, settings).folders
}

/// True if a file or folder of this name, new, changed or gone, may change what [`find_files`] finds.
pub fn may_matter(name: &str, is_folder: bool) -> bool {
    if is_folder { !is_hidden(name) } else { name == IGNORE_FILE || (!is_hidden(name) && is_candidate(name)) }
}

const IGNORE_FILE: &str = ".airflowignore";

#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

fn find(folder: &Path, settings: &Settings) -> Found {
    let mut look = Look::new(folder, settings);
    look.walk(folder, 0);
    look.found
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || name == "__pycache__"
}

/// Whether a DAG file may have such a name.
pub(super) fn is_candidate(name: &str) -> bool {
    name.ends_with(".py") || name.ends_with(".toml") || name.ends_with(".zip")
}

/// Why a file is never loaded from a DAG folder, and what to do; `None` if it is, or lies outside of it.
pub fn never_loaded(file: &Path, folder: &Path, settings: &Settings) -> Option<(String, String)> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if is_hidden(&name) {
        return Some((
            format!("{name} is a hidden file, which is never loaded"),
            "give it a name without the dot".into(),
        ));
    }
    if !is_candidate(&name) {
        return Some((
            format!("{name} is never loaded: DAG files end in .py, .toml or .zip"),
            "give it one of these endings".into(),
        ));
    }
    let mut look = Look::new(folder, settings);
    let mut at = folder.to_path_buf();
    for part in file.strip_prefix(folder).ok()?.components() {
        look.read_ignore(&at);
        at.push(part);
        if is_hidden(&part.as_os_str().to_string_lossy()) {
            return Some((format!("it lies in {}, where no DAG files are looked for", at.display()), "move it".into()));
        }
        if let Some((pattern_file, true)) = look.verdict(&at, at != file) {
            let what = format!("{} leaves it out: it is never loaded", pattern_file.display());
            return Some((what, format!("change the pattern there that fits {}", at.display())));
        }
    }
    None
}

/// One look through a folder.
struct Look<'a> {
    root: &'a Path,
    syntax: Syntax,
    /// Those of the folders around, outermost first.
    ignores: Vec<Patterns>,
    found: Found,
}

/// The patterns of a folder.
struct Patterns {
    /// The file that they stand in.
    file: PathBuf,
    /// What the paths are relative to.
    base: PathBuf,
    patterns: Ignore,
}

impl<'a> Look<'a> {
    fn new(root: &'a Path, settings: &Settings) -> Self {
        Self { root, syntax: Syntax::of(settings), ignores: Vec::new(), found: Found::default() }
    }

    /// Reads the patterns of a folder; false if it has none.
    fn read_ignore(&mut self, folder: &Path) -> bool {
        let file = folder.join(IGNORE_FILE);
        let Ok(text) = std::fs::read_to_string(&file) else { return false };
        // Regular expressions are about the path in the whole folder, globs about that below their file.
        let base = if self.syntax == Syntax::Regexp { self.root } else { folder };
        self.ignores.push(Patterns { file, base: base.to_path_buf(), patterns: Ignore::parse(&text, self.syntax) });
        true
    }

    fn walk(&mut self, folder: &Path, depth: usize) {
        // A link to a folder above would never end.
        if depth > 30 {
            return;
        }
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        self.found.folders.push(folder.to_path_buf());
        let has_own = self.read_ignore(folder);
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_folder = path.is_dir();
            if is_hidden(&name) || self.is_ignored(&path, is_folder) {
                continue;
            }
            if is_folder {
                self.walk(&path, depth + 1);
            } else if is_candidate(&name) {
                self.found.files.push(path);
            }
        }
        if has_own {
            self.ignores.pop();
        }
    }

    fn is_ignored(&self, path: &Path, is_folder: bool) -> bool {
        self.verdict(path, is_folder).is_some_and(|(_, ignored)| ignored)
    }

    /// The innermost file with a pattern that fits, and whether it leaves the path out.
    fn verdict(&self, path: &Path, is_folder: bool) -> Option<(&Path, bool)> {
        let says = |own: &'_ Patterns| {
            let relative = path.strip_prefix(&own.base).ok()?.to_string_lossy().into_owned();
            own.patterns.says(&if is_folder && self.syntax == Syntax::Glob { relative + "/" } else { relative })
        };
        self.ignores.iter().rev().find_map(|own| Some((own.file.as_path(), says(own)?)))
    }
}

/// Airflow's safe mode: a Python file must mention airflow and dag or asset; any may be one without it. A TOML file must have a
/// `[dag]` or `[tasks` table.
pub fn looks_like_dag_file(path: &Path, bytes: &[u8], is_safe: bool) -> bool {
    // What is in it is looked at by Python.
    if path.extension().is_some_and(|e| e == "zip") {
        return true;
    }
    let lower = bytes.to_ascii_lowercase();
    let has = |word: &str| lower.windows(word.len()).any(|window| window == word.as_bytes());
    if path.extension().is_some_and(|e| e == "toml") {
        has("[dag]") || has("[tasks")
    } else {
        !is_safe || has("airflow") && (has("dag") || has("asset"))
    }
}

/// Compares a folder with what the store says of its files.
pub fn scan(folder: &Path, known: &[FileRow], settings: &Settings) -> Scan {
    let stored: HashMap<&str, (i64, i64)> =
        known.iter().map(|(path, _, mtime, size)| (path.as_str(), (*mtime, *size))).collect();
    let mut here = HashSet::new();
    let mut changed = Vec::new();
    for path in find_files(folder, settings) {
        let name = path.to_string_lossy().into_owned();
        let same = stamp(&path, settings).is_ok_and(|now| stored.get(name.as_str()) == Some(&now));
        here.insert(name);
        if !same {
            changed.push(path);
        }
    }
    let gone = known.iter().map(|(path, ..)| path.clone()).filter(|path| !here.contains(path)).collect();
    Scan { changed, gone }
}
