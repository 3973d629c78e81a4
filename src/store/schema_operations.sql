-- Saved and held plans, and backfills.
CREATE TABLE plan (
    plan_id TEXT PRIMARY KEY,
    state TEXT NOT NULL,                      -- saved, held, applied, discarded, refused
    created_at INTEGER NOT NULL, who TEXT NOT NULL, command_line TEXT NOT NULL,
    command TEXT NOT NULL,                    -- protocol::Command as JSON
    document TEXT NOT NULL,                   -- what was shown
    basis TEXT NOT NULL,                      -- JSON list: what it was computed from
    due_at INTEGER,                           -- of a held one: when it is applied
    decided_at INTEGER, result TEXT
) STRICT;
CREATE INDEX plan_due ON plan (due_at) WHERE state = 'held';
CREATE TABLE backfill (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dag_id TEXT NOT NULL,
    from_date INTEGER NOT NULL, to_date INTEGER NOT NULL,
    dag_run_conf TEXT NOT NULL,
    is_paused INTEGER NOT NULL DEFAULT 0,
    reprocess_behavior TEXT NOT NULL,
    max_active_runs INTEGER NOT NULL,
    run_backwards INTEGER NOT NULL,
    while_paused INTEGER NOT NULL,            -- its runs go on although the DAG is paused
    pool TEXT,                                -- instead of the tasks' own
    task_ids TEXT,                            -- JSON list; null: all tasks
    triggering_user_name TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, completed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX backfill_active ON backfill (dag_id) WHERE completed_at IS NULL;
CREATE TABLE backfill_dag_run (
    backfill INTEGER NOT NULL, sort_ordinal INTEGER NOT NULL,   -- from 1, in the order of execution
    logical_date INTEGER,
    run INTEGER,                              -- null where there is an exception_reason
    exception_reason TEXT,                    -- 'in flight', 'already exists'
    PRIMARY KEY (backfill, sort_ordinal)
) STRICT, WITHOUT ROWID;
ALTER TABLE dag_run ADD COLUMN backfill INTEGER;
ALTER TABLE dag_run ADD COLUMN backfill_ordinal INTEGER;
ALTER TABLE dag_run ADD COLUMN tasks TEXT;    -- JSON list: only these tasks of the DAG exist in the run
CREATE INDEX dag_run_backfill ON dag_run (backfill, state) WHERE backfill IS NOT NULL;
