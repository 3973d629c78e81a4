//! The document of `runs show`, and what tests ask of it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Everything about one run.
#[derive(Debug)]
pub struct Run(pub Value);

impl Run {
    /// State of the run.
    pub fn state(&self) -> &str {
        self.0["dag_run"]["state"].as_str().unwrap_or("?")
    }

    fn rows(&self, list: &str, task: &str) -> Vec<&Value> {
        self.0[list].as_array().into_iter().flatten().filter(|row| row["task_id"] == task).collect()
    }

    /// A task instance; `-1` is the index of an unmapped task.
    pub fn task(&self, task: &str, index: i64) -> &Value {
        self.rows("task_instances", task)
            .into_iter()
            .find(|row| row["map_index"] == index)
            .unwrap_or_else(|| panic!("no {task}[{index}] in {self:#?}"))
    }

    /// States of all instances of a task, by map index.
    pub fn states(&self, task: &str) -> Vec<&str> {
        let by_index: BTreeMap<i64, &str> = self
            .rows("task_instances", task)
            .into_iter()
            .map(|row| (row["map_index"].as_i64().unwrap_or(-2), row["state"].as_str().unwrap_or("none")))
            .collect();
        by_index.into_values().collect()
    }

    /// The value that a task returned.
    pub fn returned(&self, task: &str, index: i64) -> &Value {
        self.xcom(task, index, "return_value")
    }

    /// An XCom of a task; null if there is none.
    pub fn xcom(&self, task: &str, index: i64, key: &str) -> &Value {
        self.rows("xcoms", task)
            .into_iter()
            .find(|row| row["map_index"] == index && row["key"] == key)
            .map_or(&Value::Null, |row| &row["value"])
    }

    /// Asserts the states of unmapped tasks, all at once.
    #[track_caller]
    pub fn expect(&self, expected: &[(&str, &str)]) {
        let found: Vec<(&str, String)> = expected.iter().map(|(t, _)| (*t, self.states(t).join(","))).collect();
        let wanted: Vec<(&str, String)> = expected.iter().map(|(t, s)| (*t, (*s).to_owned())).collect();
        assert_eq!(found, wanted, "{self:#?}");
    }
}
