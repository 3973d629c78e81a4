-- Deadlines of runs, as computed when the run was created (or queued again).
CREATE TABLE deadline (
    run INTEGER NOT NULL, number INTEGER NOT NULL,    -- place in the DAG's list, from 0
    due_at INTEGER,                                   -- null: none for this run, or not known yet
    missed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX deadline_due ON deadline (due_at) WHERE missed = 0 AND due_at IS NOT NULL;
-- Callbacks that the scheduler has run, from the commit of what they are about until their process has ended.
CREATE TABLE callback (
    run INTEGER NOT NULL, name TEXT NOT NULL, map_index INTEGER NOT NULL, epoch INTEGER NOT NULL,
    request TEXT NOT NULL,                            -- JSON: what is called, and why
    PRIMARY KEY (run, name, map_index, epoch)
) STRICT, WITHOUT ROWID;
