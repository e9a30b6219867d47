-- Up to which event the keys are what the log says: keys of the erased are destroyed, addresses lead to their customers.
-- `living` counts those who must have a key, so that lost keys are noticed.
CREATE TABLE key_progress (
    id       integer PRIMARY KEY CHECK (id = 1),
    position bigint  NOT NULL,
    hash     bytea   NOT NULL, -- of the event at `position`: tells whether it is this log's
    living   bigint  NOT NULL
);
