-- How many schedulers that came later took a pod up.
ALTER TABLE pod ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;
