-- Lists of pods, newest first: those that are there, and those of a DAG.
CREATE INDEX pod_there ON pod (id) WHERE stage <> 'done' OR (deleted_at IS NULL AND uid IS NOT NULL);
CREATE INDEX pod_of_dag ON pod (dag_id, id);
