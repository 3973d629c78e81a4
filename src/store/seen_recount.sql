-- All of seen.rs from the rows of task instances. Texts stay as they are: readers collapse their numbers as well.
DELETE FROM task_seen;
DELETE FROM task_said;
DELETE FROM run_ended_before;
INSERT INTO task_seen (dag_id, task_id, operator, pool, states, longest, shortest, highest_index)
    SELECT r.dag_id, t.task_id, t.operator, t.pool, ',' || group_concat(DISTINCT t.state) || ',',
        max(t.end_date - t.start_date), min(t.end_date - t.start_date), max(t.map_index)
    FROM dag_run r JOIN task_instance t ON t.run = r.id GROUP BY r.dag_id, t.task_id, t.operator, t.pool;
INSERT OR IGNORE INTO task_said
    SELECT r.dag_id, t.task_id, 'note', t.note FROM dag_run r JOIN task_instance t ON t.run = r.id WHERE t.note IS NOT NULL
    UNION SELECT r.dag_id, t.task_id, 'name', t.rendered_map_index FROM dag_run r JOIN task_instance t ON t.run = r.id
        WHERE t.rendered_map_index IS NOT NULL
    UNION SELECT r.dag_id, c.task_id, 'cause', coalesce(c.exception || ': ', '') || c.summary
        FROM dag_run r JOIN cause c ON c.run = r.id
    UNION SELECT r.dag_id, y.task_id, 'cause', coalesce(y.cause_exception || ': ', '') || y.cause_summary
        FROM dag_run r JOIN try y ON y.run = r.id WHERE y.cause_summary IS NOT NULL;
DELETE FROM task_said WHERE (dag_id, task_id, kind, text) IN (SELECT dag_id, task_id, kind, text FROM
    (SELECT *, row_number() OVER (PARTITION BY dag_id, task_id, kind ORDER BY text) AS n FROM task_said) WHERE n > 200);
INSERT INTO run_ended_before
    SELECT DISTINCT r.id FROM dag_run r JOIN task_instance t ON t.run = r.id WHERE t.end_date > r.end_date;
UPDATE dag_run SET counts = iif(state IN ('success', 'failed'), (SELECT json_group_object(state, n) FROM
    (SELECT state, count(*) AS n FROM task_instance WHERE run = dag_run.id GROUP BY state)), NULL);
