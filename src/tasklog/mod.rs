//! Logs of tries: Airflow's folder layout, one JSON object a line; writing them, the end of a file, what was added, grep, level.

mod line;
mod read;
mod write;

pub use line::{Filter, Level, Line};
pub use read::{read_from, tail, wait_for_change};
pub use write::Log;

use std::path::{Path, PathBuf};

use crate::model::{MapIndex, UNMAPPED};

/// Folder of an instance's logs below the home's log folder.
pub fn folder(logs: &Path, dag_id: &str, run_id: &str, task_id: &str, map_index: MapIndex) -> PathBuf {
    let task =
        logs.join(format!("dag_id={dag_id}")).join(format!("run_id={run_id}")).join(format!("task_id={task_id}"));
    if map_index == UNMAPPED { task } else { task.join(format!("map_index={map_index}")) }
}

/// The log file of a try.
pub fn file(logs: &Path, dag_id: &str, run_id: &str, task_id: &str, map_index: MapIndex, try_number: u32) -> PathBuf {
    folder(logs, dag_id, run_id, task_id, map_index).join(format!("attempt={try_number}.log"))
}

/// Tries that have a log, ascending.
pub fn tries(folder: &Path) -> Vec<u32> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut numbers: Vec<u32> =
        names.filter_map(|name| name.to_str()?.strip_prefix("attempt=")?.strip_suffix(".log")?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn airflows_layout() {
        let path = file(Path::new("/l"), "d", "manual__1", "g.t", 3, 2);
        assert_eq!(path, Path::new("/l/dag_id=d/run_id=manual__1/task_id=g.t/map_index=3/attempt=2.log"));
        let path = file(Path::new("/l"), "d", "r", "t", UNMAPPED, 1);
        assert_eq!(path, Path::new("/l/dag_id=d/run_id=r/task_id=t/attempt=1.log"));
    }
}
