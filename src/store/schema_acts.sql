-- What belongs together: the plans of one act of a person. And what each act was about, not only its text.
ALTER TABLE plan ADD COLUMN act TEXT;       -- the same for all plans of one form; null: the plan is alone
ALTER TABLE audit ADD COLUMN dag_id TEXT;
ALTER TABLE audit ADD COLUMN run_ids TEXT;  -- JSON list; null: no run in particular
ALTER TABLE audit ADD COLUMN tasks TEXT;    -- JSON list of `task` and `task[3]`; null: no task in particular
-- Of rows from before, what their target says: `dag`, `dag run`, `dag run task`.
UPDATE audit SET dag_id = substr(target || ' ', 1, instr(target || ' ', ' ') - 1),
    run_ids = CASE WHEN instr(target, ' ') > 0 THEN json_array(substr(substr(target, instr(target, ' ') + 1) || ' ', 1,
        instr(substr(target, instr(target, ' ') + 1) || ' ', ' ') - 1)) END
WHERE action IN ('trigger', 'clear', 'mark_success', 'mark_failed', 'mark_skipped', 'set_run_state', 'delete_run', 'note', 'stop',
    'xcom_set', 'xcom_delete', 'answer', 'plan_hold', 'plan_save', 'delete_dag', 'backfill_create');
