//! The sample DAGs in `dags/`, run to their end by a real scheduler.

mod churn;
mod others;
