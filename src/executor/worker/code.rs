//! What a worker pod needs of this machine, as ConfigMaps: the Python side, and the DAG folder with its plugins.
//!
//! Their names are hashes of what they hold, so tasks of one state of the files share them.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use crate::model::hash;

/// Bytes of an archive in one ConfigMap; the API server takes 1 MiB with everything else in it.
const PART: usize = 1_000_000;
/// Most parts of one archive: above this an image or a volume is the place.
const MOST_PARTS: usize = 16;

/// Some files, packed.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    /// Names of the ConfigMaps.
    pub names: Vec<String>,
    /// The ConfigMaps, without namespace and owner labels.
    pub config_maps: Vec<Value>,
}

/// A file of a folder as it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    /// Name below the folder.
    name: String,
    path: PathBuf,
    size: u64,
    changed: Option<SystemTime>,
}

/// A packed folder that is packed again when a file of it has changed.
#[derive(Debug, Default)]
pub struct Packed {
    seen: Vec<Seen>,
    pack: Option<Pack>,
    looked: Option<Instant>,
}

impl Packed {
    /// The pack of a folder's files as they are now, or were at most `age` ago. `extra`: files beside the archive, name and
    /// text.
    pub fn of(
        &mut self,
        archive: &str,
        folder: &Path,
        extra: &[(&str, &[u8])],
        age: Duration,
    ) -> Result<&Pack, String> {
        let is_fresh = self.pack.is_some() && self.looked.is_some_and(|at| at.elapsed() < age);
        if !is_fresh {
            self.look(archive, folder, extra)?;
        }
        self.pack.as_ref().ok_or_else(|| "nothing was packed".to_string())
    }

    fn look(&mut self, archive: &str, folder: &Path, extra: &[(&str, &[u8])]) -> Result<(), String> {
        let seen = files(folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
        if self.pack.is_none() || seen != self.seen {
            let bytes = compress(&seen).map_err(|e| format!("cannot pack {}: {e}", folder.display()))?;
            if bytes.len() > PART * MOST_PARTS {
                return Err(too_large(folder, bytes.len(), &seen));
            }
            self.pack = Some(pack(archive, &bytes, extra));
            self.seen = seen;
        }
        self.looked = Some(Instant::now());
        Ok(())
    }
}

fn too_large(folder: &Path, bytes: usize, seen: &[Seen]) -> String {
    let largest = seen.iter().max_by_key(|file| file.size);
    let largest = largest.map(|f| format!("; the largest file is {} ({} kB)", f.name, f.size / 1000));
    format!(
        "{} takes {} MB compressed, and at most {} MB are handed to pods{}. Put large files elsewhere, or the DAG folder into the \
         image or a volume and its path there into [kubernetes_executor] dags_path",
        folder.display(),
        bytes / 1_000_000,
        PART * MOST_PARTS / 1_000_000,
        largest.unwrap_or_default()
    )
}

/// All files below a folder that a task may want, in the order of their names. Hidden ones and compiled Python are left out.
fn files(folder: &Path) -> std::io::Result<Vec<Seen>> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), String::new())];
    while let Some((path, prefix)) = folders.pop() {
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') || name == "__pycache__" || name.ends_with(".pyc") {
                continue;
            }
            // Links are followed; one that leads nowhere is left out.
            let Ok(meta) = fs::metadata(entry.path()) else { continue };
            let name = format!("{prefix}{name}");
            if meta.is_dir() && prefix.matches('/').count() < 32 {
                folders.push((entry.path(), format!("{name}/")));
            } else if meta.is_file() {
                found.push(Seen { name, path: entry.path(), size: meta.len(), changed: meta.modified().ok() });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// A tar archive, compressed; the same files give the same bytes.
fn compress(files: &[Seen]) -> std::io::Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
    let mut archive = tar::Builder::new(gzip);
    for file in files {
        let text = fs::read(&file.path)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o755);
        header.set_cksum();
        archive.append_data(&mut header, &file.name, text.as_slice())?;
    }
    let mut gzip = archive.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}

fn pack(archive: &str, bytes: &[u8], extra: &[(&str, &[u8])]) -> Pack {
    let mut all = bytes.to_vec();
    extra.iter().for_each(|(name, text)| {
        all.extend_from_slice(name.as_bytes());
        all.extend_from_slice(text);
    });
    let sum = &hash::bytes(&all)[..16];
    let mut pack = Pack { names: Vec::new(), config_maps: Vec::new() };
    for (number, part) in bytes.chunks(PART).enumerate() {
        let name = format!("dagdeck-{archive}-{sum}-{number}");
        let mut data = json!({format!("{archive}.tar.gz.{number}"): STANDARD.encode(part)});
        if number == 0 {
            for (name, text) in extra {
                data[*name] = STANDARD.encode(text).into();
            }
        }
        pack.config_maps.push(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "immutable": true, "binaryData": data, "metadata": {"name": &name},
        }));
        pack.names.push(name);
    }
    pack
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_folder_is_packed_once_per_content_and_unpacks_to_itself() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir_all(folder.path().join(".git")).unwrap();
        let long = "n".repeat(180);
        for (name, text) in
            [("d.py", "code"), ("a/b/x.csv", "1,2"), (".git/config", "no"), (&long, "long"), ("x.pyc", "no")]
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let mut packed = Packed::default();
        let first = packed.of("dags", folder.path(), &[("agent.py", b"text")], Duration::ZERO).unwrap().clone();
        assert_eq!(
            Packed::default().of("dags", folder.path(), &[("agent.py", b"text")], Duration::ZERO).unwrap(),
            &first
        );
        assert_eq!(first.names.len(), 1);
        let data = &first.config_maps[0]["binaryData"];
        assert_eq!(STANDARD.decode(data["agent.py"].as_str().unwrap()).unwrap(), b"text");
        let target = tempfile::tempdir().unwrap();
        let archive = target.path().join("archive");
        fs::write(&archive, STANDARD.decode(data["dags.tar.gz.0"].as_str().unwrap()).unwrap()).unwrap();
        let done = Command::new("tar").arg("xzf").arg(&archive).current_dir(target.path()).status().unwrap();
        assert!(done.success());
        fs::remove_file(&archive).unwrap();
        let names: Vec<String> = files(target.path()).unwrap().into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["a/b/x.csv".to_string(), "d.py".to_string(), long.clone()]);
        assert_eq!(fs::read_to_string(target.path().join("d.py")).unwrap(), "code");
        fs::write(folder.path().join("d.py"), "other code").unwrap();
        assert_ne!(packed.of("dags", folder.path(), &[], Duration::ZERO).unwrap().names, first.names);
    }

    #[test]
    fn what_is_large_comes_in_parts_and_what_is_too_large_says_what_to_do() {
        // Noise can't be compressed.
        let mut x = 7u64;
        let mut noise = |n: usize| -> Vec<u8> {
            let mut next = || {
                x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (x >> 33) as u8
            };
            (0..n).map(|_| next()).collect()
        };
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("two"), noise(PART + 1000)).unwrap();
        let mut packed = Packed::default();
        assert_eq!(packed.of("dags", folder.path(), &[], Duration::ZERO).unwrap().names.len(), 2);
        fs::write(folder.path().join("huge"), noise(PART * MOST_PARTS)).unwrap();
        let error = packed.of("dags", folder.path(), &[], Duration::ZERO).unwrap_err();
        assert!(error.contains("dags_path") && error.contains("huge"), "{error}");
    }
}
