-- Callbacks of DAGs whose run has ended and which have not ended themselves.
CREATE TABLE callback_due (
    run INTEGER NOT NULL,
    epoch INTEGER NOT NULL,                   -- counts the ends of the run, from 1
    is_failure INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (run, epoch)
) STRICT, WITHOUT ROWID;
