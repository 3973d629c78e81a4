-- Version 1 of the store. Times are integers: microseconds since 1970 UTC. JSON is text.
CREATE TABLE dag (
    dag_id TEXT PRIMARY KEY,
    fileloc TEXT NOT NULL,
    is_paused INTEGER NOT NULL,
    is_stale INTEGER NOT NULL DEFAULT 0,      -- its file is gone or no longer has it
    version_id INTEGER NOT NULL,              -- latest row of dag_version
    has_import_errors INTEGER NOT NULL DEFAULT 0,
    timetable_summary TEXT NOT NULL,
    timetable_class TEXT NOT NULL,
    description TEXT, owners TEXT NOT NULL, tags TEXT NOT NULL,   -- tags: JSON list
    next_logical_date INTEGER, next_data_interval_start INTEGER, next_data_interval_end INTEGER, next_run_after INTEGER,
    first_seen INTEGER NOT NULL, last_parsed INTEGER NOT NULL
) STRICT;
CREATE TABLE dag_version (
    id INTEGER PRIMARY KEY,
    dag_id TEXT NOT NULL,
    number INTEGER NOT NULL,                  -- from 1, per DAG
    hash TEXT NOT NULL,                       -- of the serialised definition
    definition TEXT NOT NULL,                 -- model::Dag as JSON
    source TEXT NOT NULL,                     -- the file's text
    created_at INTEGER NOT NULL,
    UNIQUE (dag_id, number)
) STRICT;
CREATE TABLE dag_file (
    fileloc TEXT PRIMARY KEY,
    hash TEXT NOT NULL,                       -- of the content that was parsed last
    mtime INTEGER NOT NULL, size INTEGER NOT NULL,
    parsed_at INTEGER NOT NULL, parse_seconds REAL NOT NULL,
    diagnostics TEXT NOT NULL                 -- JSON list of model::Diagnostic (errors and warnings)
) STRICT;
CREATE TABLE dag_run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dag_id TEXT NOT NULL, run_id TEXT NOT NULL,
    state TEXT NOT NULL, run_type TEXT NOT NULL, triggered_by TEXT NOT NULL,
    logical_date INTEGER, data_interval_start INTEGER, data_interval_end INTEGER,
    run_after INTEGER NOT NULL, queued_at INTEGER, start_date INTEGER, end_date INTEGER,
    conf TEXT NOT NULL, note TEXT, clear_number INTEGER NOT NULL DEFAULT 0,
    dag_version INTEGER NOT NULL,
    UNIQUE (dag_id, run_id)
) STRICT;
CREATE UNIQUE INDEX dag_run_logical ON dag_run (dag_id, logical_date) WHERE logical_date IS NOT NULL;
CREATE INDEX dag_run_recent ON dag_run (dag_id, run_after DESC, id DESC);
CREATE INDEX dag_run_all ON dag_run (run_after DESC, id DESC);
CREATE INDEX dag_run_active ON dag_run (state) WHERE state IN ('queued', 'running');
CREATE INDEX dag_run_failed ON dag_run (end_date DESC) WHERE state = 'failed';
CREATE TABLE task_instance (
    run INTEGER NOT NULL, task_id TEXT NOT NULL, map_index INTEGER NOT NULL,
    state TEXT NOT NULL,                      -- 'none' for Airflow's null
    try_number INTEGER NOT NULL, max_tries INTEGER NOT NULL, operator TEXT NOT NULL,
    pool TEXT NOT NULL, pool_slots INTEGER NOT NULL, priority_weight INTEGER NOT NULL,
    rendered_map_index TEXT,
    queued_when INTEGER, scheduled_when INTEGER, start_date INTEGER, end_date INTEGER, duration REAL,
    hostname TEXT, pid INTEGER, external_id TEXT, note TEXT, wake_at INTEGER, epoch INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, task_id, map_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_instance_busy ON task_instance (state, run)
    WHERE state NOT IN ('none', 'success', 'skipped', 'upstream_failed', 'removed', 'failed');
CREATE INDEX task_instance_failed ON task_instance (end_date DESC) WHERE state = 'failed';
-- One row per try_number; pokes, reschedules and deferrals are one try.
CREATE TABLE try (
    run INTEGER NOT NULL, task_id TEXT NOT NULL, map_index INTEGER NOT NULL, try_number INTEGER NOT NULL,
    state TEXT NOT NULL, start_date INTEGER, end_date INTEGER, pid INTEGER, hostname TEXT,
    cause_kind TEXT, cause_summary TEXT, cause_exception TEXT, cause_exit_code INTEGER, fingerprint TEXT,
    PRIMARY KEY (run, task_id, map_index, try_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX try_failed ON try (end_date DESC) WHERE state IN ('failed', 'up_for_retry');
CREATE INDEX try_fingerprint ON try (fingerprint, end_date DESC) WHERE fingerprint IS NOT NULL;
-- Cause of an instance that ended without a try (skipped by a rule, upstream_failed), or of the last try.
CREATE TABLE cause (
    run INTEGER NOT NULL, task_id TEXT NOT NULL, map_index INTEGER NOT NULL,
    kind TEXT NOT NULL, summary TEXT NOT NULL, exception TEXT, exit_code INTEGER, fingerprint TEXT NOT NULL,
    PRIMARY KEY (run, task_id, map_index)
) STRICT, WITHOUT ROWID;
CREATE TABLE xcom (
    run INTEGER NOT NULL, task_id TEXT NOT NULL, map_index INTEGER NOT NULL, key TEXT NOT NULL,
    value TEXT NOT NULL, timestamp INTEGER NOT NULL, source TEXT NOT NULL DEFAULT 'task',
    mapped_length INTEGER,                    -- recorded when a mapped task depends on it
    PRIMARY KEY (run, task_id, map_index, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE rendered_fields (
    run INTEGER NOT NULL, task_id TEXT NOT NULL, map_index INTEGER NOT NULL, fields TEXT NOT NULL,
    PRIMARY KEY (run, task_id, map_index)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, task_id TEXT, map_index INTEGER,
    at INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, who TEXT
) STRICT;
CREATE INDEX event_run ON event (run, id);
CREATE TABLE pool (
    name TEXT PRIMARY KEY, slots INTEGER NOT NULL, description TEXT NOT NULL, include_deferred INTEGER NOT NULL
) STRICT;
CREATE TABLE variable (key TEXT PRIMARY KEY, value TEXT NOT NULL, description TEXT, changed_at INTEGER NOT NULL) STRICT;
CREATE TABLE connection (
    conn_id TEXT PRIMARY KEY, conn_type TEXT NOT NULL, description TEXT, host TEXT, login TEXT, password TEXT,
    port INTEGER, schema TEXT, extra TEXT, changed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, via TEXT NOT NULL,
    action TEXT NOT NULL, target TEXT NOT NULL, before TEXT, after TEXT, command TEXT NOT NULL, result TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at DESC);
CREATE TABLE acknowledged (fingerprint TEXT PRIMARY KEY, who TEXT NOT NULL, at INTEGER NOT NULL, note TEXT) STRICT;
INSERT INTO pool VALUES ('default_pool', 128, 'Default pool', 0);
