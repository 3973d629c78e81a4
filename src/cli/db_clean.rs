//! `db clean` and `db restore`: what removes or replaces history, always with a plan.

use std::{fs, path::Path};

use serde_json::json;

use super::{
    plan::{self, PlanFlags},
    shell::Shell,
    when,
};
use crate::{
    clock, command,
    error::{Error, Result},
    protocol::Command,
    store::{Store, pages},
};

/// Deletes finished runs that ended before a time; the newest run of each DAG stays, as Airflow keeps it.
///
/// # Errors
/// What reading or deleting says.
pub fn clean(before: &str, flags: PlanFlags, shell: &mut Shell) -> Result<i32> {
    let zone = when::default_zone(&shell.place()?.settings)?;
    let before = when::parse(before, &zone, clock::now())?;
    shell.store()?;
    plan::carry_out(shell, flags, |dry_run| Command::CleanRuns { before, dry_run })
}

/// Puts a backup in the store's place; the old store is kept beside it.
///
/// # Errors
/// `Refused` while a scheduler runs, or if the file isn't a whole store of a version that this program knows.
pub fn restore(file: &Path, flags: PlanFlags, shell: &mut Shell) -> Result<i32> {
    let place = shell.place()?.clone();
    if shell.scheduler()?.is_some() {
        return Err(Error::refused("the store can't be replaced while a scheduler runs")
            .hint("`dagdeck scheduler stop` ends it"));
    }
    let version = check(file)?;
    let db = place.db();
    let kept = db.with_file_name(format!("dagdeck.db.before-restore-{}", clock::now().strftime("%Y%m%dT%H%M%SZ")));
    let mut effects = vec![format!("{} is replaced by {} (schema version {version})", db.display(), file.display())];
    if db.exists() {
        effects.push(format!("what is there now is kept as {}", kept.display()));
    }
    // There are no rows to show, and something happens all the same.
    plan::carry_out_with(shell, flags, |_, dry_run| {
        if !dry_run {
            let _lock = command::take_writer_lock(&place)?.ok_or_else(|| {
                Error::refused("another process writes to the store at this moment").hint("try again")
            })?;
            swap(file, &db, &kept).map_err(|e| Error::system(format!("can't replace {}", db.display()), e))?;
        }
        Ok(json!({"plan_id": null, "applied": !dry_run, "task_instances": [], "dag_runs": [], "effects": effects}))
    })
}

fn check(file: &Path) -> Result<i64> {
    if !file.exists() {
        return Err(Error::not_found(format!("there is no file {}", file.display())));
    }
    let wrong = |why: String| Error::refused(format!("{} can't be restored", file.display())).because(why);
    let conn = pages::open(file)?;
    let findings = pages::integrity(&conn).map_err(|e| wrong(e.to_string()))?;
    if findings != ["ok"] {
        return Err(wrong(findings.join("; ")));
    }
    let version = pages::schema_version(&conn)?;
    let newest = i64::try_from(Store::newest_version()).unwrap_or(i64::MAX);
    if !(1..=newest).contains(&version) {
        return Err(wrong(format!("its schema version is {version}, this dagdeck knows 1 to {newest}")));
    }
    Ok(version)
}

/// Copies first, so that a full disk leaves the store as it was.
fn swap(file: &Path, db: &Path, kept: &Path) -> std::io::Result<()> {
    let copy = db.with_file_name("dagdeck.db.restoring");
    fs::copy(file, &copy)?;
    fs::File::open(&copy)?.sync_all()?;
    let beside = |path: &Path, ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        std::path::PathBuf::from(name)
    };
    if db.exists() {
        fs::rename(db, kept)?;
    }
    // What the old store had not yet moved out of its log belongs to it, not to the new one.
    for ending in ["-wal", "-shm"] {
        if beside(db, ending).exists() {
            fs::rename(beside(db, ending), beside(kept, ending))?;
        }
    }
    fs::rename(copy, db)
}
