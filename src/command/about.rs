//! What an act is about, for its audit row: the DAG, the runs, the task instances that it changed.

use std::collections::BTreeSet;

use rusqlite::Transaction;
use serde_json::Value;

use crate::{
    error::Result,
    model::MapIndex,
    protocol::Command,
    store::{audit::About, plan, screens::label},
};

/// Most task instances that are named one by one; of more their tasks are.
const MOST: usize = 500;

/// What the command itself names.
pub fn about(command: &Command) -> About {
    let of = |dag_id: &str, run_id: Option<&str>, tasks: Vec<String>| About {
        dag_id: Some(dag_id.to_owned()),
        run_ids: run_id.map(str::to_owned).into_iter().collect(),
        tasks,
    };
    match command {
        Command::Trigger { dag_id, run_id, .. } => of(dag_id, run_id.as_deref(), Vec::new()),
        Command::DeleteDag { dag_id, .. } => of(dag_id, None, Vec::new()),
        Command::SetPaused { dag_ids, .. } if dag_ids.len() == 1 => of(&dag_ids[0], None, Vec::new()),
        Command::CreateBackfill { request, .. } => of(&request.dag_id, None, Vec::new()),
        Command::Clear { selection, .. } | Command::Mark { selection, .. } => {
            let named = selection.task_ids.iter().map(|(task, index)| label(task, index.unwrap_or(-1)));
            of(&selection.dag_id, selection.run_id.as_deref(), named.collect())
        }
        Command::SetRunState { dag_id, run_id, .. } => of(dag_id, Some(run_id), Vec::new()),
        Command::DeleteRuns { dag_id, run_ids, .. } => {
            About { dag_id: Some(dag_id.clone()), run_ids: run_ids.clone(), tasks: Vec::new() }
        }
        Command::Note { dag_id, run_id, task, .. } => {
            of(dag_id, Some(run_id), task.iter().map(|(task, index)| label(task, *index)).collect())
        }
        Command::StopTask { dag_id, run_id, task_id, map_index }
        | Command::SetXcom { dag_id, run_id, task_id, map_index, .. }
        | Command::AnswerHitl { dag_id, run_id, task_id, map_index, .. } => {
            of(dag_id, Some(run_id), vec![label(task_id, *map_index)])
        }
        Command::SavePlan { planned, .. } => about(planned),
        _ => About::default(),
    }
}

/// The saved plan that a command decides about.
pub fn plan_id(command: &Command) -> Option<&str> {
    match command {
        Command::ApplyPlan { plan_id } | Command::DiscardPlan { plan_id } | Command::RevertPlan { plan_id, .. } => {
            Some(plan_id)
        }
        Command::SavePlan { planned, .. } => self::plan_id(planned),
        _ => None,
    }
}

/// The same with what was done: what a plan changes is more than its command names (what is below, other runs). An answer that
/// names nothing leaves it to the saved plan.
pub fn done(tx: &Transaction<'_>, named: About, plan_id: Option<&str>, reply: &Value) -> Result<About> {
    let found = changed(reply, &named);
    if found != named {
        return Ok(found);
    }
    let saved = match plan_id {
        Some(id) => plan::get(tx, id)?,
        None => None,
    };
    let Some(saved) = saved else { return Ok(named) };
    let of_plan = serde_json::from_str::<Command>(&saved.command).map(|c| about(&c)).unwrap_or_default();
    Ok(changed(&serde_json::from_str(&saved.document).unwrap_or_default(), &of_plan))
}

fn changed(document: &Value, named: &About) -> About {
    let list = |key: &str| document[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |row: &Value, key: &str| row[key].as_str().map(str::to_owned);
    let rows = || list("task_instances").iter().chain(list("dag_runs"));
    let mut run_ids: BTreeSet<String> = rows().filter_map(|row| text(row, "dag_run_id")).collect();
    run_ids.extend(text(document, "dag_run_id"));
    let label_of = |row: &Value| {
        let index = row["map_index"].as_i64().and_then(|i| MapIndex::try_from(i).ok()).unwrap_or(-1);
        Some(label(row["task_id"].as_str()?, index))
    };
    let mut tasks: BTreeSet<String> = list("task_instances").iter().filter_map(label_of).collect();
    if tasks.len() > MOST {
        tasks = list("task_instances").iter().filter_map(|row| text(row, "task_id")).collect();
    }
    About {
        dag_id: named
            .dag_id
            .clone()
            .or_else(|| rows().find_map(|row| text(row, "dag_id")))
            .or_else(|| text(document, "dag_id")),
        run_ids: if run_ids.is_empty() { named.run_ids.clone() } else { run_ids.into_iter().collect() },
        tasks: if tasks.is_empty() { named.tasks.clone() } else { tasks.into_iter().collect() },
    }
}
