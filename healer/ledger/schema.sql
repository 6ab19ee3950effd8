-- What happened, in order. Each row carries the hash of the row before it, so
-- that a row that was changed, removed or put in shows.
CREATE TABLE history (
    seq     INTEGER PRIMARY KEY,
    time    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    action  TEXT NOT NULL,
    actor   TEXT NOT NULL,
    body    TEXT NOT NULL,
    hash    TEXT NOT NULL
) STRICT;

CREATE INDEX history_subject ON history (kind, subject, seq);

CREATE TRIGGER history_keeps BEFORE DELETE ON history
BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;

CREATE TRIGGER history_stays BEFORE UPDATE ON history
BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;

-- What may be overwritten: checkpoints, decisions already told.
CREATE TABLE state (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
