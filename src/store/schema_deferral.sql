-- Deferred task instances: their trigger and what goes on when it fired. The time limit is `task_instance.wake_at`.
CREATE TABLE deferral (
    run INTEGER NOT NULL, task_id TEXT NOT NULL, map_index INTEGER NOT NULL,
    try_number INTEGER NOT NULL,
    classpath TEXT NOT NULL,                  -- empty: a person's answer is waited for
    kwargs TEXT NOT NULL, next_method TEXT NOT NULL, next_kwargs TEXT NOT NULL,   -- JSON, in the stored form of XComs
    is_over INTEGER NOT NULL,                 -- the trigger fired or failed: `next_kwargs` says how
    PRIMARY KEY (run, task_id, map_index)
) STRICT, WITHOUT ROWID;
-- What people are asked (human in the loop), and their answers.
CREATE TABLE hitl (
    run INTEGER NOT NULL, task_id TEXT NOT NULL, map_index INTEGER NOT NULL,
    subject TEXT NOT NULL, body TEXT,
    options TEXT NOT NULL,                    -- JSON list
    defaults TEXT,                            -- JSON list: taken when nobody answers in time
    multiple INTEGER NOT NULL,                -- more than one option may be chosen
    params TEXT NOT NULL,                     -- JSON object: name -> {value, description, schema}
    assigned_users TEXT NOT NULL,             -- JSON list of {id, name}; empty: anybody
    created_at INTEGER NOT NULL,
    responded_at INTEGER, responded_by TEXT,  -- JSON {id, name}; null beside responded_at: the defaults
    chosen_options TEXT, params_input TEXT,
    PRIMARY KEY (run, task_id, map_index)
) STRICT, WITHOUT ROWID;
-- What tasks remember over their tries (`task_state_store`).
CREATE TABLE task_state (
    run INTEGER NOT NULL, task_id TEXT NOT NULL, map_index INTEGER NOT NULL, key TEXT NOT NULL,
    value TEXT NOT NULL, expires_at INTEGER,
    PRIMARY KEY (run, task_id, map_index, key)
) STRICT, WITHOUT ROWID;
