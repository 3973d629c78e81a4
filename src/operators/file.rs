//! `FileSensor` on this machine's file system.

use super::{Arguments, time::sensor};
use crate::workload::{Condition, Workload};

/// The workload of a `FileSensor`.
pub fn workload(args: &Arguments<'_>) -> Result<Workload, String> {
    sensor(args, Condition::File { path: args.required("filepath")? })
}
