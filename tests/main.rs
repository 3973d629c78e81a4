//! What dagdeck does, against what Airflow was seen to do.

mod timetable;
