//! The embedded files, unpacked once per content.

use std::path::{Path, PathBuf};

use crate::{
    error::{Error, Result},
    model::hash,
};

#[derive(rust_embed::RustEmbed)]
#[folder = "src/python/side"]
#[include = "*.py"]
#[exclude = "*__pycache__*"]
struct Side;

/// Unpacks the Python side under `base` into a folder named by its content, unless it is there, and returns it.
pub fn unpack(base: &Path) -> Result<PathBuf> {
    let mut names: Vec<_> = Side::iter().collect();
    names.sort();
    let mut all = Vec::new();
    for name in &names {
        if let Some(file) = Side::get(name) {
            all.extend_from_slice(name.as_bytes());
            all.extend_from_slice(&file.metadata.sha256_hash());
        }
    }
    let folder = base.join(&hash::bytes(&all)[..16]);
    if folder.is_dir() {
        return Ok(folder);
    }
    let failed = |path: &Path, e| Error::system(format!("cannot unpack the Python side to {}", path.display()), e);
    // Unpacked beside and renamed, so that another process never sees half of it.
    let draft = base.join(format!("draft-{}", std::process::id()));
    for name in &names {
        let path = draft.join(&**name);
        if let (Some(file), Some(parent)) = (Side::get(name), path.parent()) {
            std::fs::create_dir_all(parent).map_err(|e| failed(parent, e))?;
            std::fs::write(&path, file.data).map_err(|e| failed(&path, e))?;
        }
    }
    match std::fs::rename(&draft, &folder) {
        Ok(()) => Ok(folder),
        Err(_) if folder.is_dir() => {
            let _ = std::fs::remove_dir_all(&draft);
            Ok(folder)
        }
        Err(e) => Err(failed(&folder, e)),
    }
}
