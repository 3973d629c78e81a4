-- What instances of a task have ever been and said, so that a filter which nothing fits needn't look at each of them
-- (screens/reach). Nothing here is taken back before its DAG is deleted: it may say more than there is, never less. It is
-- written only where it says something new, which after a task's first runs is seldom.
CREATE TABLE task_seen (
    dag_id TEXT NOT NULL, task_id TEXT NOT NULL, operator TEXT NOT NULL, pool TEXT NOT NULL,
    states TEXT NOT NULL,                     -- ',success,failed,'; states that pass (running ..) needn't be among them
    longest INTEGER, shortest INTEGER,        -- from start to end, microseconds
    highest_index INTEGER NOT NULL,           -- -1: never mapped
    PRIMARY KEY (dag_id, task_id, operator, pool)
) STRICT, WITHOUT ROWID;
CREATE TABLE task_said (
    dag_id TEXT NOT NULL, task_id TEXT NOT NULL,
    kind TEXT NOT NULL,                       -- cause, note, name (of a mapped instance)
    text TEXT NOT NULL,
    PRIMARY KEY (dag_id, task_id, kind, text)
) STRICT, WITHOUT ROWID;
-- Runs of which an instance ended after the run did.
CREATE TABLE run_ended_before (run INTEGER PRIMARY KEY) STRICT;

INSERT INTO task_seen
    SELECT r.dag_id, t.task_id, t.operator, t.pool, ',' || group_concat(DISTINCT t.state) || ',',
        max(t.end_date - t.start_date), min(t.end_date - t.start_date), max(t.map_index)
    FROM dag_run r JOIN task_instance t ON t.run = r.id GROUP BY r.dag_id, t.task_id, t.operator, t.pool;
INSERT OR IGNORE INTO task_said
    SELECT r.dag_id, t.task_id, 'note', t.note FROM dag_run r JOIN task_instance t ON t.run = r.id WHERE t.note IS NOT NULL;
INSERT OR IGNORE INTO task_said
    SELECT r.dag_id, t.task_id, 'name', t.rendered_map_index FROM dag_run r JOIN task_instance t ON t.run = r.id
    WHERE t.rendered_map_index IS NOT NULL;
INSERT OR IGNORE INTO task_said
    SELECT r.dag_id, c.task_id, 'cause', coalesce(c.exception || ': ', '') || c.summary FROM dag_run r JOIN cause c ON c.run = r.id;
INSERT OR IGNORE INTO task_said
    SELECT r.dag_id, y.task_id, 'cause', coalesce(y.cause_exception || ': ', '') || y.cause_summary
    FROM dag_run r JOIN try y ON y.run = r.id WHERE y.cause_summary IS NOT NULL;
INSERT INTO run_ended_before
    SELECT DISTINCT r.id FROM dag_run r JOIN task_instance t ON t.run = r.id WHERE t.end_date > r.end_date;

CREATE TRIGGER task_instance_is_new AFTER INSERT ON task_instance BEGIN
    INSERT INTO task_seen SELECT r.dag_id, new.task_id, new.operator, new.pool, ',', NULL, NULL, -1 FROM dag_run r
        WHERE r.id = new.run AND NOT EXISTS (SELECT 1 FROM task_seen s WHERE s.dag_id = r.dag_id AND s.task_id = new.task_id
            AND s.operator = new.operator AND s.pool = new.pool);
    UPDATE task_seen SET
        states = iif(instr(states, ',' || new.state || ','), states, states || new.state || ','),
        longest = coalesce(max(longest, new.end_date - new.start_date), longest, new.end_date - new.start_date),
        shortest = coalesce(min(shortest, new.end_date - new.start_date), shortest, new.end_date - new.start_date),
        highest_index = max(highest_index, new.map_index)
    WHERE dag_id = (SELECT dag_id FROM dag_run WHERE id = new.run) AND task_id = new.task_id AND operator = new.operator
        AND pool = new.pool AND (NOT instr(states, ',' || new.state || ',') OR new.map_index > highest_index
            OR new.end_date - new.start_date > coalesce(longest, -1)
            OR new.end_date - new.start_date < coalesce(shortest, 9000000000000000000));
END;
CREATE TRIGGER task_instance_settles AFTER UPDATE OF state, operator, pool, start_date, end_date ON task_instance
WHEN new.state IN ('none', 'success', 'failed', 'skipped', 'upstream_failed', 'removed') OR new.operator <> old.operator OR new.pool <> old.pool
BEGIN
    INSERT INTO task_seen SELECT r.dag_id, new.task_id, new.operator, new.pool, ',', NULL, NULL, -1 FROM dag_run r
        WHERE r.id = new.run AND NOT EXISTS (SELECT 1 FROM task_seen s WHERE s.dag_id = r.dag_id AND s.task_id = new.task_id
            AND s.operator = new.operator AND s.pool = new.pool);
    UPDATE task_seen SET
        states = iif(instr(states, ',' || new.state || ','), states, states || new.state || ','),
        longest = coalesce(max(longest, new.end_date - new.start_date), longest, new.end_date - new.start_date),
        shortest = coalesce(min(shortest, new.end_date - new.start_date), shortest, new.end_date - new.start_date),
        highest_index = max(highest_index, new.map_index)
    WHERE dag_id = (SELECT dag_id FROM dag_run WHERE id = new.run) AND task_id = new.task_id AND operator = new.operator
        AND pool = new.pool AND (NOT instr(states, ',' || new.state || ',') OR new.map_index > highest_index
            OR new.end_date - new.start_date > coalesce(longest, -1)
            OR new.end_date - new.start_date < coalesce(shortest, 9000000000000000000));
END;
CREATE TRIGGER task_instance_ends_late AFTER UPDATE OF end_date ON task_instance
WHEN new.end_date > (SELECT end_date FROM dag_run WHERE id = new.run) BEGIN
    INSERT INTO run_ended_before SELECT new.run WHERE NOT EXISTS (SELECT 1 FROM run_ended_before WHERE run = new.run);
END;
CREATE TRIGGER task_instance_came_late AFTER INSERT ON task_instance
WHEN new.end_date > (SELECT end_date FROM dag_run WHERE id = new.run) BEGIN
    INSERT INTO run_ended_before SELECT new.run WHERE NOT EXISTS (SELECT 1 FROM run_ended_before WHERE run = new.run);
END;
CREATE TRIGGER task_instance_is_noted AFTER UPDATE OF note ON task_instance WHEN new.note IS NOT NULL BEGIN
    INSERT INTO task_said SELECT r.dag_id, new.task_id, 'note', new.note FROM dag_run r WHERE r.id = new.run
        AND NOT EXISTS (SELECT 1 FROM task_said s WHERE s.dag_id = r.dag_id AND s.task_id = new.task_id AND s.kind = 'note' AND s.text = new.note);
END;
CREATE TRIGGER task_instance_is_named AFTER UPDATE OF rendered_map_index ON task_instance
WHEN new.rendered_map_index IS NOT NULL AND new.rendered_map_index IS NOT old.rendered_map_index BEGIN
    INSERT INTO task_said SELECT r.dag_id, new.task_id, 'name', new.rendered_map_index FROM dag_run r WHERE r.id = new.run
        AND NOT EXISTS (SELECT 1 FROM task_said s WHERE s.dag_id = r.dag_id AND s.task_id = new.task_id AND s.kind = 'name'
            AND s.text = new.rendered_map_index);
END;
CREATE TRIGGER task_instance_came_with_words AFTER INSERT ON task_instance
WHEN new.note IS NOT NULL OR new.rendered_map_index IS NOT NULL BEGIN
    INSERT INTO task_said SELECT r.dag_id, new.task_id, w.kind, w.text
        FROM dag_run r, (SELECT 'note' AS kind, new.note AS text UNION ALL SELECT 'name', new.rendered_map_index) w
        WHERE r.id = new.run AND w.text IS NOT NULL AND NOT EXISTS (SELECT 1 FROM task_said s WHERE s.dag_id = r.dag_id
            AND s.task_id = new.task_id AND s.kind = w.kind AND s.text = w.text);
END;
CREATE TRIGGER cause_is_new AFTER INSERT ON cause BEGIN
    INSERT INTO task_said SELECT r.dag_id, new.task_id, 'cause', coalesce(new.exception || ': ', '') || new.summary FROM dag_run r
        WHERE r.id = new.run AND NOT EXISTS (SELECT 1 FROM task_said s WHERE s.dag_id = r.dag_id AND s.task_id = new.task_id
            AND s.kind = 'cause' AND s.text = coalesce(new.exception || ': ', '') || new.summary);
END;
CREATE TRIGGER try_has_a_cause AFTER INSERT ON try WHEN new.cause_summary IS NOT NULL BEGIN
    INSERT INTO task_said SELECT r.dag_id, new.task_id, 'cause', coalesce(new.cause_exception || ': ', '') || new.cause_summary FROM dag_run r
        WHERE r.id = new.run AND NOT EXISTS (SELECT 1 FROM task_said s WHERE s.dag_id = r.dag_id AND s.task_id = new.task_id
            AND s.kind = 'cause' AND s.text = coalesce(new.cause_exception || ': ', '') || new.cause_summary);
END;
CREATE TRIGGER try_gets_a_cause AFTER UPDATE OF cause_summary ON try WHEN new.cause_summary IS NOT NULL BEGIN
    INSERT INTO task_said SELECT r.dag_id, new.task_id, 'cause', coalesce(new.cause_exception || ': ', '') || new.cause_summary FROM dag_run r
        WHERE r.id = new.run AND NOT EXISTS (SELECT 1 FROM task_said s WHERE s.dag_id = r.dag_id AND s.task_id = new.task_id
            AND s.kind = 'cause' AND s.text = coalesce(new.cause_exception || ': ', '') || new.cause_summary);
END;
