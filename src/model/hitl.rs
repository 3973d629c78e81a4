//! A question to a person, and the answer (Airflow's human in the loop).

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{dag::Param, ids::TiKey, time::stored};

/// A question that a task asks.
#[derive(Debug, Clone, PartialEq)]
pub struct HitlRequest {
    /// Who asks.
    pub key: TiKey,
    /// Headline.
    pub subject: String,
    /// What one must know to decide, markdown.
    pub body: Option<String>,
    /// What can be chosen.
    pub options: Vec<String>,
    /// What counts as chosen when nobody answers in time; without it the task fails then.
    pub defaults: Option<Vec<String>>,
    /// More than one option may be chosen.
    pub multiple: bool,
    /// Fields of the form.
    pub params: IndexMap<String, Param>,
    /// Who may answer: ids or names of users; empty: anybody.
    pub assigned_users: Vec<Value>,
    /// The answer, once there is one.
    pub response: Option<HitlResponse>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct HitlResponse {
    /// Chosen options.
    pub chosen_options: Vec<String>,
    /// Values of the form.
    pub params_input: Value,
    /// User; `None`: nobody, the defaults count.
    pub responded_by: Option<String>,
    /// When.
    pub responded_at: Timestamp,
}

impl HitlRequest {
    /// Values of the form as they stand before anybody fills it in.
    pub fn default_params(&self) -> Value {
        self.params.iter().map(|(name, param)| (name.clone(), param.value.clone())).collect()
    }

    /// True if a user may answer.
    pub fn may_answer(&self, user: &str) -> bool {
        let is_user = |who: &Value| who == user || who["id"] == user || who["name"] == user;
        self.assigned_users.is_empty() || self.assigned_users.iter().any(is_user)
    }
}

impl HitlResponse {
    /// What `execute_complete` of Airflow's operators gets, in the stored form of XComs.
    pub fn event(&self) -> Value {
        let user = self.responded_by.as_ref().map(|user| json!({"id": user, "name": user}));
        json!({
            "chosen_options": self.chosen_options, "params_input": self.params_input,
            "responded_at": stored(self.responded_at),
            "responded_by_user": user, "timedout": user.is_none(),
        })
    }
}
