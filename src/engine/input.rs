//! Tasks that wait for a person: their questions, the answers, and what happens when none comes in time.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::core::{Engine, Write};
use crate::{
    error::say,
    model::{HitlRequest, HitlResponse, TiKey},
    store,
};

/// A question as a task puts it.
pub(super) fn request(key: &TiKey, body: &Value) -> HitlRequest {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_string);
    let list = |name: &str| body.get(name).and_then(|value| serde_json::from_value::<Vec<String>>(value.clone()).ok());
    HitlRequest {
        key: key.clone(),
        subject: text("subject").unwrap_or_default(),
        body: text("body"),
        options: list("options").unwrap_or_default(),
        defaults: list("defaults"),
        multiple: body.get("multiple") == Some(&json!(true)),
        params: body.get("params").and_then(|p| serde_json::from_value(p.clone()).ok()).unwrap_or_default(),
        assigned_users: body.get("assigned_users").and_then(Value::as_array).cloned().unwrap_or_default(),
        response: None,
    }
}

impl Engine {
    /// An answer is in the store: the task goes on with it.
    pub(super) fn input_answered(&mut self, key: &TiKey) {
        if let Some(response) = self.asked(key).and_then(|request| request.response) {
            self.trigger_fired(key, response.event());
        }
    }

    /// Nobody answered in time: the defaults count, or the task fails.
    pub(super) fn input_timed_out(&mut self, key: &TiKey, now: Timestamp) {
        let request = self.asked(key);
        let defaults = request.as_ref().and_then(|request| request.defaults.clone().map(|d| (d, request)));
        match (request.as_ref().and_then(|request| request.response.clone()), defaults) {
            (Some(response), _) => self.trigger_fired(key, response.event()),
            (None, Some((chosen_options, request))) => {
                let params_input = request.default_params();
                let response = HitlResponse { chosen_options, params_input, responded_by: None, responded_at: now };
                self.writes.push(Write::HitlResponse(key.clone(), Box::new(response.clone())));
                self.trigger_fired(key, response.event());
            }
            (None, None) => {
                let why = "The Human-in-the-loop response timeout has passed without a response.";
                self.trigger_fired(key, json!({"error": why, "error_type": "timeout"}));
            }
        }
    }

    fn asked(&self, key: &TiKey) -> Option<HitlRequest> {
        store::hitl::get(self.store.reader(), key).unwrap_or_else(|e| {
            say(format_args!("scheduler: {e}"));
            None
        })
    }
}
