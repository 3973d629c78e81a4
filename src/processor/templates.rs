//! Templates that dagdeck can't compile itself: jinja2 of the file's interpreter may, a TOML file has none.

use serde_json::Value;

use crate::{
    model::{Dag, Task},
    template,
};

/// A template that can't be compiled.
pub struct Strange {
    /// Line of its task.
    pub line: u32,
    /// Which it is, and what is wrong with it.
    pub message: String,
}

/// All of a DAG's tasks.
pub fn strange(dag: &Dag) -> Vec<Strange> {
    dag.tasks.values().flat_map(of_task).collect()
}

fn of_task(task: &Task) -> Vec<Strange> {
    let mut found = Vec::new();
    for field in &task.template_fields {
        let mut texts = Vec::new();
        if let Some(value) = task.args.get(field) {
            collect(value, &mut texts);
        }
        for text in texts {
            if let Err(failure) = template::check(text) {
                let message =
                    format!("task {}: the template in {field} can't be read: {}", task.task_id, failure.message);
                found.push(Strange { line: task.line, message });
            }
        }
    }
    found
}

fn collect<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(map) => map.values().for_each(|item| collect(item, texts)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_compiled_is_strange() {
        let task: Task = serde_json::from_value(serde_json::json!({
            "task_id": "t", "operator": "BashOperator", "line": 4, "template_fields": ["bash_command", "env"],
            "args": {"bash_command": "echo {{ ds }} ${HOME}", "env": {"A": ["{% for x in y %}"], "B": "{{ 1 +"}, "cwd": "{{"},
        }))
        .unwrap();
        let found = of_task(&task);
        assert_eq!(found.len(), 2);
        assert!(
            found.iter().all(|s| s.line == 4 && s.message.starts_with("task t: the template in env can't be read: "))
        );
    }
}
