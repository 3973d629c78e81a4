//! What keeps a home from being used: rights, a read-only file system, a full disk. Looked for once something failed, so that
//! every command says the reason and not only what SQLite or the kernel made of it.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};

use crate::error::{Error, Kind};

/// Words of the kernel and of SQLite for what is looked for here.
const SAID: [&str; 10] = [
    "Permission denied",
    "Read-only file system",
    "No space left",
    "Disk quota",
    "Not a directory",
    "Is a directory",
    "unable to open database",
    "disk I/O error",
    "disk is full",
    "readonly database",
];

/// Bytes below which a disk counts as full: SQLite needs some pages for the smallest change.
const FULL: u64 = 128 * 1024;

/// A sentence and what to do.
type Reason = (String, &'static str);

/// The error with the reason that lies in the home, if there is one; else the error as it is.
#[must_use]
pub fn explained(error: Error, home: &Path) -> Error {
    let said = error.to_string();
    let is_about_home = said.contains(&*home.to_string_lossy()) || !error.message.contains(" /");
    // What a scheduler that ended at once wrote is `Refused`.
    let is_explained = said.contains(&format!("home {} ", home.display()));
    let may_be = matches!(error.kind, Kind::System | Kind::Refused) && is_about_home && !is_explained;
    let found = if !may_be {
        None
    } else if SAID.iter().any(|words| said.contains(words)) || said.contains("ended at once") {
        trouble(home)
    } else if said.contains("No such file or directory") {
        // Files may miss in a home that is sound.
        reached(home)
    } else {
        None
    };
    let Some((sentence, hint)) = found else { return error };
    let mut cause = error.message.split("\n  hint:").next().unwrap_or_default().to_owned();
    if let Some(more) = error.cause {
        cause = format!("{cause}: {more}");
    }
    Error::new(error.kind, format!("home {} {sentence}", home.display())).because(cause).hint(hint)
}

/// What is wrong with a home; `None` if it can be read and written.
fn trouble(home: &Path) -> Option<Reason> {
    reached(home).or_else(|| readable(home)).or_else(|| writable(home)).or_else(|| full(home))
}

/// Where the way to the home ends.
fn reached(home: &Path) -> Option<Reason> {
    const ANOTHER: &str = "name another home with --home DIR or DAGDECK_HOME";
    match fs::metadata(home) {
        Ok(facts) if facts.is_dir() => None,
        Ok(_) => Some(("is a file, not a folder".into(), ANOTHER)),
        Err(_) => {
            let above = home.ancestors().skip(1).find(|folder| folder.metadata().is_ok())?;
            if above.is_file() {
                return Some((format!("can't be: {} is a file", above.display()), ANOTHER));
            }
            if access(above, Access::EXEC_OK).is_err() {
                return Some((
                    format!("can't be reached: {} may not be entered ({})", above.display(), whose(above)),
                    ANOTHER,
                ));
            }
            let why = not_writable(above).or_else(|| no_folder(above, home))?;
            Some((format!("can't be made: {} {why}", above.display()), ANOTHER))
        }
    }
}

/// What of the home can't be read.
fn readable(home: &Path) -> Option<Reason> {
    const RIGHTS: &str = "run this as the home's owner, change its rights, or name another home with --home DIR";
    if access(home, Access::READ_OK | Access::EXEC_OK).is_err() {
        return Some((format!("can't be read ({})", whose(home)), RIGHTS));
    }
    let unreadable = |file: &PathBuf| file.exists() && access(file, Access::READ_OK).is_err();
    if let Some(file) = [home.join("dagdeck.toml"), home.join("dagdeck.db")].into_iter().find(unreadable) {
        return Some((format!("has a file that can't be read: {} ({})", file.display(), whose(&file)), RIGHTS));
    }
    let db = home.join("dagdeck.db");
    db.is_dir().then(|| {
        (
            format!("has no store: {} is a folder", db.display()),
            "move that folder away, or name another home with --home DIR",
        )
    })
}

/// What of the home can't be written.
fn writable(home: &Path) -> Option<Reason> {
    const HINT: &str =
        "what only reads still works; for the rest run this as the owner, or name another home with --home DIR";
    let own =
        ["dagdeck.db", "dagdeck.db-wal", "writer.lock", "scheduler.lock", "scheduler.log", "tries", "logs", "python"];
    if let Some(why) = not_writable(home) {
        return Some((format!("is read-only: it {why}"), HINT));
    }
    let all = own.iter().map(|name| home.join(name)).filter(|path| path.exists());
    let (path, why) = all.into_iter().find_map(|path| Some((path.clone(), not_writable(&path)?)))?;
    Some((format!("is read-only: {} {why}", path.display()), HINT))
}

/// Why a file or folder can't be written, as what follows its name.
fn not_writable(path: &Path) -> Option<String> {
    if statvfs(path).is_ok_and(|disk| disk.f_flag.contains(StatVfsMountFlags::RDONLY)) {
        return Some("lies on a file system that is mounted read-only".into());
    }
    access(path, Access::WRITE_OK).is_err().then(|| format!("may not be written ({})", whose(path)))
}

/// Why a folder takes no other one on the way to the home, though its rights allow that (`/proc` is such): it is tried.
fn no_folder(above: &Path, home: &Path) -> Option<String> {
    let next = above.join(home.strip_prefix(above).ok()?.components().next()?);
    match fs::create_dir(&next) {
        Ok(()) => {
            let _ = fs::remove_dir(&next);
            None
        }
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => None,
        Err(e) => Some(format!("takes no folder ({e})")),
    }
}

/// Whether the home's disk has room.
fn full(home: &Path) -> Option<Reason> {
    const HINT: &str = "free some space; nothing was lost";
    let disk = statvfs(home).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < FULL {
        let all = disk.f_blocks.saturating_mul(disk.f_frsize) / (1024 * 1024);
        return Some((format!("lies on a full disk: {} kB of {all} MB are free", free / 1024), HINT));
    }
    (disk.f_files > 0 && disk.f_favail == 0).then(|| ("lies on a disk that can't take one more file".into(), HINT))
}

/// Owner and mode of a file, and who asks.
fn whose(path: &Path) -> String {
    let Ok(facts) = fs::symlink_metadata(path) else { return "of somebody else".into() };
    let me = rustix::process::geteuid().as_raw();
    format!("owner {}, mode {:o}; you are {}", name_of(facts.uid()), facts.mode() & 0o7777, name_of(me))
}

/// The name of a user, as far as `/etc/passwd` knows it.
fn name_of(user: u32) -> String {
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("user {user}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_about_something_else_stay_as_they_are() {
        let home = tempfile::tempdir().unwrap();
        let elsewhere = Error::system("can't write the backup /nodir/x.db", "unable to open database: /nodir/x.db");
        assert_eq!(explained(elsewhere.clone(), Path::new("/dev/null/home")).message, elsewhere.message);
        let sound = Error::system("cannot open the store", "disk I/O error");
        assert_eq!(explained(sound, home.path()).message, "cannot open the store");
        // Told once, whoever asks again.
        fs::write(home.path().join("file"), "").unwrap();
        let below = home.path().join("file/home");
        let once = explained(Error::system(format!("cannot create {}", below.display()), "Not a directory"), &below);
        assert!(once.message.contains("is a file"), "{once}");
        let ended = Error::refused("the scheduler ended at once").because(&once);
        assert_eq!(explained(ended.clone(), &below).to_string(), ended.to_string());
        let refused = Error::refused("there is no pool \"x\"");
        assert_eq!(explained(refused.clone(), Path::new("/dev/null/home")).message, refused.message);
    }

    #[test]
    fn a_home_that_is_no_folder() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        fs::write(&home, "").unwrap();
        let failed = |at: &Path| {
            explained(Error::system(format!("cannot create {}", at.display()), "Not a directory (os error 20)"), at)
        };
        let told = failed(&home);
        assert!(told.message.ends_with("is a file, not a folder"), "{told}");
        let told = failed(&home.join("below"));
        assert!(told.message.contains(&format!("can't be: {} is a file", home.display())), "{told}");
        assert!(told.hint.as_deref().unwrap_or_default().contains("--home DIR"), "{told}");
        let home = dir.path().join("other");
        fs::create_dir_all(home.join("dagdeck.db")).unwrap();
        let told = explained(Error::system("can't open the store", "disk I/O error"), &home);
        assert!(told.message.contains("dagdeck.db is a folder"), "{told}");
    }
}
