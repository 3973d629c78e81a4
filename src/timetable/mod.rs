//! When runs happen (stub until the room is merged).
/// Interval.
#[derive(Debug, Clone, PartialEq)]
pub struct DataInterval {
    /// Start.
    pub start: jiff::Timestamp,
    /// End.
    pub end: jiff::Timestamp,
}
/// A run that the timetable asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct DueRun {
    /// Logical date.
    pub logical_date: Option<jiff::Timestamp>,
    /// Interval.
    pub data_interval: Option<DataInterval>,
    /// Not before.
    pub run_after: jiff::Timestamp,
}
