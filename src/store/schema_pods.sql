-- Pods: stored before they are created, kept when they are gone (docs/ARCHITECTURE.md, "Pods").
CREATE TABLE pod (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  map_index INTEGER NOT NULL,
  try_number INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  stage TEXT NOT NULL,
  access TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  uid TEXT,
  manifest TEXT NOT NULL,
  conduct TEXT NOT NULL,
  phase TEXT NOT NULL DEFAULT '',
  node TEXT,
  image_id TEXT,
  why TEXT,
  status TEXT NOT NULL DEFAULT 'null',
  created_at INTEGER,
  scheduled_at INTEGER,
  started_at INTEGER,
  ended_at INTEGER,
  deleted_at INTEGER
);
CREATE INDEX pod_of_instance ON pod (run, task_id, map_index);
CREATE INDEX pod_open ON pod (id) WHERE stage <> 'done';
CREATE INDEX pod_name ON pod (name);

CREATE TABLE pod_event (
  pod INTEGER NOT NULL,
  uid TEXT NOT NULL,
  first_at INTEGER,
  last_at INTEGER,
  count INTEGER NOT NULL,
  level TEXT NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  source TEXT NOT NULL,
  PRIMARY KEY (pod, uid)
) WITHOUT ROWID;

CREATE TABLE cluster_health (
  cluster TEXT NOT NULL,
  namespace TEXT NOT NULL,
  what TEXT NOT NULL,
  state TEXT NOT NULL,
  since INTEGER NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (cluster, namespace, what)
) WITHOUT ROWID;
