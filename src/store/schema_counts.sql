-- What tasks have been and said is written by the program (seen.rs): these triggers cost a quarter of a task.
DROP TRIGGER task_instance_is_new;
DROP TRIGGER task_instance_settles;
DROP TRIGGER task_instance_ends_late;
DROP TRIGGER task_instance_came_late;
DROP TRIGGER task_instance_is_noted;
DROP TRIGGER task_instance_is_named;
DROP TRIGGER task_instance_came_with_words;
DROP TRIGGER cause_is_new;
DROP TRIGGER try_has_a_cause;
DROP TRIGGER try_gets_a_cause;
-- A task of which so many texts of a kind are kept may say anything.
DELETE FROM task_said WHERE (dag_id, task_id, kind, text) IN (SELECT dag_id, task_id, kind, text FROM
    (SELECT *, row_number() OVER (PARTITION BY dag_id, task_id, kind ORDER BY text) AS n FROM task_said) WHERE n > 200);
-- Of a finished run: {"success": 3}. Null: its task instances are to be counted.
ALTER TABLE dag_run ADD COLUMN counts TEXT;
UPDATE dag_run SET counts = (SELECT json_group_object(state, n) FROM
    (SELECT state, count(*) AS n FROM task_instance WHERE run = dag_run.id GROUP BY state)) WHERE state IN ('success', 'failed');
