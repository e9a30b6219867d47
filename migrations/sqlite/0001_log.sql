-- The log: one row that every append moves, the events, and what became of each command.

-- The only lock of the system. An append moves this row by compare-and-swap, so positions are gapless and in commit
-- order, and order numbers come without gaps.
CREATE TABLE log_head (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    position    INTEGER NOT NULL CHECK (position >= 0),
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    next_order  INTEGER NOT NULL,
    recorded_at TEXT    NOT NULL -- RFC 3339: keeps every digit the events carry
) STRICT;

INSERT INTO log_head (id, position, hash, next_order, recorded_at)
VALUES (1, 0, zeroblob(32), 1001, '1970-01-01T00:00:00Z');

-- `event` is the exact text the hash is over.
CREATE TABLE events (
    position INTEGER PRIMARY KEY CHECK (position > 0),
    stream   TEXT    NOT NULL,
    version  INTEGER NOT NULL CHECK (version > 0),
    type     TEXT    NOT NULL,
    hash     BLOB    NOT NULL CHECK (length(hash) = 32),
    event    TEXT    NOT NULL,
    UNIQUE (stream, version)
) STRICT;

-- first_position = last_position + 1 says that the command recorded nothing.
CREATE TABLE commands (
    command_id     BLOB    PRIMARY KEY CHECK (length(command_id) = 16),
    request_hash   BLOB    NOT NULL CHECK (length(request_hash) = 32),
    first_position INTEGER NOT NULL,
    last_position  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Folded states of long streams. May be deleted at any time.
CREATE TABLE snapshots (
    stream  TEXT    PRIMARY KEY,
    version INTEGER NOT NULL,
    format  INTEGER NOT NULL,
    state   TEXT    NOT NULL
) STRICT;

CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events
BEGIN
    SELECT raise(ABORT, 'UPDATE of events refused: recorded events are facts and never change; record a new event that corrects them');
END;

-- Also stands in for TRUNCATE, which SQLite does not have: a DELETE of everything fires it too.
CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events
BEGIN
    SELECT raise(ABORT, 'DELETE of events refused: recorded events are facts and never change; record a new event that corrects them');
END;

-- INSERT OR REPLACE deletes without firing the trigger above, so whatever it would replace is refused here.
CREATE TRIGGER events_refuse_replace BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
  OR EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND version = NEW.version)
BEGIN
    SELECT raise(ABORT, 'INSERT over an event refused: recorded events are facts and never change; record a new event that corrects them');
END;
