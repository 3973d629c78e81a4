//! What a deferred try waits for, and how it goes on.

use serde_json::{Value, json};

use super::ids::TiKey;

/// Method that fails a resumed task (Airflow's name for it).
pub const FAIL: &str = "__fail__";

/// One deferred task instance: its trigger, and what is called when that fired. The time limit is the instance's `wake_at`.
#[derive(Debug, Clone, PartialEq)]
pub struct Deferral {
    /// Which instance.
    pub key: TiKey,
    /// The try that was deferred; of another one, this counts for nothing.
    pub try_number: u32,
    /// The trigger's class with its module; empty where a person's answer is waited for.
    pub classpath: String,
    /// Arguments of the trigger, in the stored form of XComs.
    pub kwargs: Value,
    /// Method of the operator that goes on.
    pub next_method: String,
    /// Its arguments, in the stored form of XComs; with `event` once the trigger fired.
    pub next_kwargs: Value,
    /// The trigger is over: the task goes on as soon as it gets a slot.
    pub is_over: bool,
}

impl Deferral {
    /// The trigger fired: the method gets what it said.
    pub fn fire(&mut self, event: Value) {
        if !self.next_kwargs.is_object() {
            self.next_kwargs = json!({});
        }
        self.next_kwargs["event"] = event;
        self.is_over = true;
    }

    /// The trigger failed, or its time is over: the task goes on only to fail. `why` is Airflow's text for it.
    pub fn fail(&mut self, why: &str, traceback: Option<&str>) {
        self.next_method = FAIL.into();
        self.next_kwargs = json!({"error": why, "traceback": traceback.map(|text| vec![text])});
        self.is_over = true;
    }

    /// A person's answer is waited for, not a trigger.
    pub fn awaits_input(&self) -> bool {
        self.classpath.is_empty()
    }
}
