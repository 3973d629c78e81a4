-- Assets, their events, and what DAGs that follow them have been told.
CREATE TABLE asset (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL, uri TEXT NOT NULL, asset_group TEXT NOT NULL, extra TEXT NOT NULL,   -- extra: JSON
    is_active INTEGER NOT NULL DEFAULT 0,     -- some DAG names it, and its name and URI are nobody else's
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    UNIQUE (name, uri)
) STRICT;
CREATE UNIQUE INDEX asset_active_name ON asset (name) WHERE is_active = 1;
CREATE UNIQUE INDEX asset_active_uri ON asset (uri) WHERE is_active = 1;
CREATE TABLE asset_alias (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, asset_group TEXT NOT NULL
) STRICT;
-- Assets that were updated under an alias.
CREATE TABLE asset_alias_asset (
    alias INTEGER NOT NULL, asset INTEGER NOT NULL, PRIMARY KEY (alias, asset)
) STRICT, WITHOUT ROWID;
-- What a DAG names. role: schedule, inlet, outlet; kind: asset, alias, ref. For a ref one of name and uri is empty.
CREATE TABLE asset_reference (
    dag_id TEXT NOT NULL, role TEXT NOT NULL, task_id TEXT NOT NULL, kind TEXT NOT NULL,
    name TEXT NOT NULL, uri TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    PRIMARY KEY (dag_id, role, task_id, kind, name, uri)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_reference_named ON asset_reference (kind, name, uri);
CREATE TABLE asset_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, asset INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,               -- no two events have the same
    extra TEXT NOT NULL, partition_key TEXT,
    source_dag_id TEXT, source_run_id TEXT, source_task_id TEXT, source_map_index INTEGER NOT NULL DEFAULT -1
) STRICT;
CREATE INDEX asset_event_asset ON asset_event (asset, timestamp);
CREATE INDEX asset_event_timestamp ON asset_event (timestamp);
CREATE TABLE asset_event_alias (
    event INTEGER NOT NULL, alias INTEGER NOT NULL, PRIMARY KEY (alias, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_event_alias_event ON asset_event_alias (event);
-- Events that a run was made for.
CREATE TABLE asset_event_run (
    run INTEGER NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (run, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_event_run_event ON asset_event_run (event);
-- Assets that were updated since a DAG's last asset-triggered run.
CREATE TABLE asset_queue (
    dag_id TEXT NOT NULL, asset INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (dag_id, asset)
) STRICT, WITHOUT ROWID;
-- Partitions that have been told of. run: the run made for it, null while it waits.
CREATE TABLE asset_partition (
    id INTEGER PRIMARY KEY, dag_id TEXT NOT NULL, partition_key TEXT NOT NULL, partition_date INTEGER,
    mapping TEXT NOT NULL,                    -- hash of the mappers that made it
    run INTEGER, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX asset_partition_waiting ON asset_partition (dag_id, partition_key) WHERE run IS NULL;
CREATE TABLE asset_partition_event (
    partition INTEGER NOT NULL, event INTEGER NOT NULL, asset INTEGER NOT NULL, source_key TEXT NOT NULL,
    PRIMARY KEY (partition, event)
) STRICT, WITHOUT ROWID;
-- What tasks keep with an asset from run to run.
CREATE TABLE asset_state (
    asset INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, changed_at INTEGER NOT NULL,
    PRIMARY KEY (asset, key)
) STRICT, WITHOUT ROWID;
ALTER TABLE dag_run ADD COLUMN partition_key TEXT;
ALTER TABLE dag_run ADD COLUMN partition_date INTEGER;

-- Files are parsed again: what they name was not kept before.
UPDATE dag_file SET mtime = 0;
