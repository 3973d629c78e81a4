//! The words of the whole program: ids, DAG, task, run, task instance, states, causes. Pure data.

pub mod backfill;
pub mod cause;
pub mod change;
pub mod dag;
pub mod deferral;
pub mod diagnostic;
pub mod filter;
pub mod hash;
pub mod hitl;
pub mod ids;
pub mod mapping;
pub mod operator_table;
pub mod pool;
pub mod run;
pub mod schedule;
pub mod state;
pub mod task;
pub mod task_instance;
pub mod time;
pub mod trigger_rule;

pub use backfill::{BackfillId, BackfillPlace, LeftAlone, ReprocessBehavior};
pub use cause::{Cause, CauseKind};
pub use change::{Change, RunChange, TiChange};
pub use dag::{Dag, DagVersionId, Param, TaskGroup};
pub use deferral::Deferral;
pub use diagnostic::{Diagnostic, Severity};
pub use hitl::{HitlRequest, HitlResponse};
pub use ids::{MapIndex, RunId, TiKey, UNMAPPED};
pub use mapping::{Expand, ExpandValue};
pub use pool::{DEFAULT_POOL, Pool};
pub use run::{DagRun, NewRun, RunType, TriggeredBy};
pub use schedule::Schedule;
pub use state::{RunState, TiState};
pub use task::{Task, WeightRule};
pub use task_instance::TaskInstance;
pub use trigger_rule::TriggerRule;
