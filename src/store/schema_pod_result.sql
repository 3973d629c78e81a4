-- How a pod's task ended, from when that is known until it counts (a deferrable task waits for its slot first).
ALTER TABLE pod ADD COLUMN result TEXT NOT NULL DEFAULT 'null';
