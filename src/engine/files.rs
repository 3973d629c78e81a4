//! Paths with wildcards, as Python's `glob` reads them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// True if a path of the pattern is a file, or a folder with a file somewhere in it (as Airflow's file sensor asks).
pub fn any_file(pattern: &str, recursive: bool) -> bool {
    matches(pattern, recursive).iter().any(|path| path.is_file() || has_file(path))
}

fn has_file(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder { has_file(&entry.path()) } else { true }
    })
}

/// All paths that a pattern names.
fn matches(pattern: &str, recursive: bool) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from(if pattern.starts_with('/') { "/" } else { "" })];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        found = found.into_iter().flat_map(|base| step(&base, part, recursive)).collect();
    }
    found.retain(|path| path.symlink_metadata().is_ok());
    found
}

fn step(base: &Path, part: &str, recursive: bool) -> Vec<PathBuf> {
    if part == "**" && recursive {
        let mut all = vec![base.to_path_buf()];
        for folder in children(base).into_iter().filter(|path| path.is_dir()) {
            all.extend(step(&folder, part, true));
        }
        // `**` at the end names files, too.
        all.extend(children(base).into_iter().filter(|path| !path.is_dir()));
        return all;
    }
    if !part.contains(['*', '?', '[']) {
        return vec![base.join(part)];
    }
    let Some(wanted) = expression(part) else { return vec![base.join(part)] };
    let fits = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        wanted.is_match(&name) && (part.starts_with('.') || !name.starts_with('.'))
    };
    all_children(base).into_iter().filter(fits).collect()
}

/// Visible entries of a folder.
fn children(folder: &Path) -> Vec<PathBuf> {
    let hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    all_children(folder).into_iter().filter(|path| !hidden(path)).collect()
}

fn all_children(folder: &Path) -> Vec<PathBuf> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(here).into_iter().flatten().flatten();
    entries.map(|entry| folder.join(entry.file_name())).collect()
}

/// `*`, `?` and `[..]` of one part of a path.
fn expression(part: &str) -> Option<Regex> {
    let mut text = String::from("^");
    let mut rest = part.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' => text.push_str(".*"),
            '?' => text.push('.'),
            '[' => {
                let inside: String = rest.by_ref().take_while(|c| *c != ']').collect();
                let inside = inside.replace('\\', "\\\\");
                let (not, inside) = inside.strip_prefix('!').map_or(("", inside.as_str()), |rest| ("^", rest));
                text.push_str(&format!("[{not}{inside}]"));
            }
            other => text.push_str(&regex::escape(&other.to_string())),
        }
    }
    text.push('$');
    Regex::new(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_name_files_as_in_python() {
        let folder = std::env::temp_dir().join(format!("dagdeck-files-{}", std::process::id()));
        fs::create_dir_all(folder.join("a/b")).unwrap();
        fs::create_dir_all(folder.join("empty")).unwrap();
        fs::write(folder.join("a/b/data_7.csv"), "x").unwrap();
        fs::write(folder.join(".hidden"), "x").unwrap();
        let ask = |pattern: &str, recursive| any_file(&format!("{}/{pattern}", folder.display()), recursive);
        assert!(ask("a", false), "a folder counts by what is below it");
        assert!(!ask("empty", false));
        assert!(ask("a/*/data_[0-9].csv", false));
        assert!(!ask("a/*/data_[!0-9].csv", false));
        assert!(ask("**/data_?.csv", true));
        assert!(!ask("**/data_?.csv", false), "without recursive, ** is one folder");
        assert!(!ask("*hidden", false));
        assert!(ask(".hid*", false));
        fs::remove_dir_all(folder).unwrap();
    }
}
