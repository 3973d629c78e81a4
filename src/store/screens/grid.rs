//! The grid of one DAG: its tree of tasks, its newest runs, and the state in every cell.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::{
    error::Result,
    model::{Dag, MapIndex, TiState, UNMAPPED},
};

use super::{
    Counts, TiRef,
    dags::{RunCell, recent_runs},
    definition, rows, spelled,
};

/// Cells of single indexes that are read before older runs are left out.
pub const MOST_INDEXES: usize = 50_000;

/// Runs are counted up to this number.
pub const MOST_COUNTED: i64 = 2_000;

/// One DAG's grid. Work is proportional to tasks times runs, not to mapped instances shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grid {
    /// Its latest definition; absent if the DAG is gone.
    pub dag: Option<Dag>,
    /// Paused.
    pub paused: bool,
    /// Oldest first.
    pub runs: Vec<RunCell>,
    /// Instances of a task (all indexes) in a run.
    pub cells: HashMap<(i64, String), Counts>,
    /// Single indexes of the tasks that are unfolded.
    pub indexes: HashMap<(i64, String, MapIndex), TiState>,
    /// Runs whose indexes were left out because there are very many.
    pub unread: Vec<i64>,
    /// Running instances of these runs, with the numbers of their tries.
    pub running: Vec<(TiRef, u32)>,
    /// Names of indexes, where given.
    pub names: HashMap<(String, MapIndex), String>,
    /// How many runs there are in all; counted up to [`MOST_COUNTED`].
    pub total: i64,
}

/// Reads the grid with at most `limit` runs; `unfolded` names the mapped tasks whose indexes are wanted.
pub fn load(conn: &Connection, dag_id: &str, limit: usize, unfolded: &[String]) -> Result<Grid> {
    let mut grid = Grid { dag: definition(conn, dag_id, None)?, ..Grid::default() };
    grid.runs = recent_runs(conn, dag_id, limit)?;
    grid.runs.reverse();
    let counted = "SELECT count(*) FROM (SELECT 1 FROM dag_run WHERE dag_id = ?1 LIMIT ?2)";
    grid.total = rows(conn, counted, (dag_id, MOST_COUNTED), |r| r.get(0))?.into_iter().next().unwrap_or(0);
    grid.paused = rows(conn, "SELECT is_paused FROM dag WHERE dag_id = ?1", [dag_id], |r| r.get(0))?
        .first()
        .copied()
        .unwrap_or(false);
    // Newest runs first, so that it is the old ones whose indexes are left out when there are very many.
    for run in grid.runs.iter().rev() {
        let id = run.run.id;
        for (task, state, n) in rows(
            conn,
            "SELECT task_id, state, count(*) AS n FROM task_instance WHERE run = ?1 GROUP BY task_id, state",
            [id],
            |r| Ok((r.get::<_, String>("task_id")?, spelled::<TiState>(r, "state")?, r.get::<_, u32>("n")?)),
        )? {
            grid.cells.entry((id, task)).or_default().add(state, n);
        }
        if grid.cells.iter().any(|((run, _), counts)| *run == id && counts.get(TiState::Running) > 0) {
            let running = rows(
                conn,
                "SELECT task_id, map_index, try_number FROM task_instance WHERE run = ?1 AND state = 'running'",
                [id],
                |r| Ok((TiRef { run: run.run.clone(), task_id: r.get(0)?, map_index: r.get(1)? }, r.get(2)?)),
            )?;
            grid.running.extend(running);
        }
        for task in unfolded {
            if grid.indexes.len() > MOST_INDEXES {
                grid.unread.push(id);
                break;
            }
            for (index, state, name) in rows(
                conn,
                "SELECT map_index, state, rendered_map_index FROM task_instance WHERE run = ?1 AND task_id = ?2",
                (id, task),
                |r| Ok((r.get::<_, i32>(0)?, spelled::<TiState>(r, "state")?, r.get::<_, Option<String>>(2)?)),
            )? {
                if index == UNMAPPED {
                    continue;
                }
                grid.indexes.insert((id, task.clone(), index), state);
                if let Some(name) = name {
                    grid.names.insert((task.clone(), index), name);
                }
            }
        }
    }
    Ok(grid)
}
