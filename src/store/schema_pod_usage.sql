-- What the containers of pods used, while the metrics API said so: one row each, however long they ran.
CREATE TABLE pod_usage (
  pod INTEGER NOT NULL,
  container TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  cpu TEXT NOT NULL,                          -- cores: JSON of model::usage::Spread
  memory TEXT NOT NULL,                       -- bytes: the same
  per_point INTEGER NOT NULL,
  in_last INTEGER NOT NULL,
  points TEXT NOT NULL,                       -- JSON list of model::usage::Point
  PRIMARY KEY (pod, container)
) WITHOUT ROWID;
CREATE INDEX pod_of_task ON pod (dag_id, task_id, id);
-- Quotas of the namespaces in which tasks have pods, as seen last.
CREATE TABLE cluster_quota (
  cluster TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  resource TEXT NOT NULL,
  used TEXT NOT NULL,
  hard TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (cluster, namespace, name, resource)
) WITHOUT ROWID;
-- What the scheduler asked of each cluster's API server since it began.
CREATE TABLE cluster_traffic (
  cluster TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  throttled INTEGER NOT NULL,
  failed INTEGER NOT NULL
) WITHOUT ROWID;
