-- What people said about groups of equal failures: who works on it, until when it is quiet, a note.
CREATE TABLE incident (
    fingerprint TEXT PRIMARY KEY,
    claimed_by TEXT, claimed_at INTEGER,
    silenced_by TEXT, silenced_until INTEGER,
    note TEXT, noted_by TEXT, noted_at INTEGER
) STRICT;
