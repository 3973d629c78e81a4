//! `FileSensor` on this machine's file system.

use super::{Arguments, Place, time::sensor};
use crate::workload::{Condition, Workload};

/// The connection that is used where none is named; it needn't exist.
pub const DEFAULT_CONNECTION: &str = "fs_default";

/// The workload of a `FileSensor`.
pub fn workload(args: &Arguments<'_>, place: &Place<'_>) -> Result<Workload, String> {
    let conn_id = args.text("fs_conn_id")?.unwrap_or_else(|| DEFAULT_CONNECTION.into());
    let recursive = args.flag("recursive", false)?;
    let condition = Condition::File { path: args.required("filepath")?, conn_id, recursive };
    sensor(args, place, condition).map(Workload::Wait)
}
