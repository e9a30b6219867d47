-- Up to which event the keys are what the log says: keys of the erased are destroyed, addresses lead to their customers.
-- `living` counts those who must have a key, so that lost keys are noticed.
CREATE TABLE key_progress (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL, -- of the event at `position`: tells whether it is this log's
    living   INTEGER NOT NULL
) STRICT;
