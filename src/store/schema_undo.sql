-- How the runs of a plan's task instances were when it was applied: taking it back gives them these states, also where the plan
-- itself changed none. JSON list of {dag_id, dag_run_id, state}.
ALTER TABLE plan ADD COLUMN runs_before TEXT;
