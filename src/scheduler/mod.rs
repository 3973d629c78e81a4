//! What happens next: the state machine of runs and task instances, why something waits, and plans of commands.

mod assets;
mod bookkeeping;
mod counts;
mod creation;
mod due;
mod examine;
mod expansion;
mod explain;
mod facts;
mod graph;
mod journal;
mod pass;
mod plan;
mod pools;
mod report;
mod reports;
mod retry;
mod rules;
mod run_memory;
mod runs;
mod weights;
mod world;

pub use creation::{RunSpec, new_run};
pub use explain::Blocker;
pub use facts::{BackfillFacts, DagFacts, Limits, PastRun, RunFacts};
pub use plan::{
    Applied, BackfillDate, BackfillDeed, BackfillEntry, BackfillSpec, ClearRequest, Loaded, LoadedRun, MarkRequest,
    Plan, PlannedRun, PlannedTi, TaskRef, WasRun, WasTi, left_alone, plan_backfill, plan_clear, plan_mark, plan_revert,
    plan_set_run_state, some_tasks,
};
pub use report::Report;
pub use retry::retry_delay;
pub use weights::effective_weights;
pub use world::World;
