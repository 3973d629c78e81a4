-- What running tries asked or said that must not be done again when it is repeated to the next scheduler.
CREATE TABLE heard_ask (
    run INTEGER NOT NULL, task_id TEXT NOT NULL, map_index INTEGER NOT NULL, epoch INTEGER NOT NULL,
    ask INTEGER NOT NULL,                     -- the question's number within the try
    answer TEXT NOT NULL,                     -- JSON
    PRIMARY KEY (run, task_id, map_index, epoch, ask)
) STRICT, WITHOUT ROWID;
CREATE TABLE heard_say (
    run INTEGER NOT NULL, task_id TEXT NOT NULL, map_index INTEGER NOT NULL, epoch INTEGER NOT NULL,
    n INTEGER NOT NULL,                       -- says up to this number are done
    PRIMARY KEY (run, task_id, map_index)
) STRICT, WITHOUT ROWID;
