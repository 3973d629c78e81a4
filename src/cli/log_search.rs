//! `logs --where FILTER --grep RE`: searches the logs of many task instances.

use serde_json::{Value, json};

use super::{
    filter,
    log::clean,
    shell::{Format, Shell},
};
use crate::{
    error::{Error, Result},
    model::{MapIndex, UNMAPPED},
    store::pages,
    tasklog::{self, Filter, Line},
};

/// Prints every wanted line of every try, with where it is from; exit code 1 if there is none, as grep's.
///
/// # Errors
/// `Usage` for a filter that can't be read.
pub fn run(filter: &str, wanted: &Filter, shell: &mut Shell) -> Result<i32> {
    if wanted.grep.is_none() && wanted.level.is_none() {
        return Err(Error::usage("logs --where searches: --grep or --level is missing")
            .hint("dagdeck logs --where 'dag:churn state:failed' --grep 'No space left'"));
    }
    let conn = shell.store()?;
    let rows = filter::keep(pages::task_instance::with_tries(&conn)?, Some(filter))?;
    let mask = shell.mask(&conn)?;
    let logs = shell.place()?.logs();
    let mut found = Vec::new();
    let mut count = 0;
    for row in &rows {
        let text = |key: &str| row[key].as_str().unwrap_or("");
        let index = row["map_index"].as_i64().and_then(|i| MapIndex::try_from(i).ok()).unwrap_or(UNMAPPED);
        let (dag_id, run_id, task_id) = (text("dag_id"), text("dag_run_id"), text("task_id"));
        for number in tasklog::tries(&tasklog::folder(&logs, dag_id, run_id, task_id, index)) {
            let file = tasklog::file(&logs, dag_id, run_id, task_id, index, number);
            let failed = |e| Error::system(format!("can't read {}", file.display()), e);
            let mut offset = 0;
            loop {
                let (content, next) = tasklog::read_from(&file, offset).map_err(failed)?;
                if content.is_empty() {
                    break;
                }
                offset = next;
                for line in content.lines().map(Line::read).filter(|line| wanted.wants(line)) {
                    count += 1;
                    let shown = clean(&line.plain());
                    let shown = mask.hide_text(&shown).unwrap_or(shown);
                    if shell.format().is_document() {
                        found.push(document(row, number, &line, &shown));
                    } else {
                        let place = match shell.format() {
                            Format::Plain => format!("{dag_id}\t{run_id}\t{task_id}\t{index}\t{number}\t"),
                            _ if index == UNMAPPED => format!("{dag_id} {run_id} {task_id} try {number}: "),
                            _ => format!("{dag_id} {run_id} {task_id}[{index}] try {number}: "),
                        };
                        shell.line(&format!("{place}{shown}"))?;
                    }
                }
            }
        }
    }
    if shell.format().is_document() {
        shell.document(&Value::Array(found))?;
    }
    Ok(i32::from(count == 0))
}

fn document(row: &Value, try_number: u32, line: &Line, text: &str) -> Value {
    json!({
        "dag_id": row["dag_id"], "dag_run_id": row["dag_run_id"], "task_id": row["task_id"],
        "map_index": row["map_index"], "try_number": try_number, "timestamp": line.timestamp,
        "level": line.level.name().to_lowercase(), "line": text,
    })
}
