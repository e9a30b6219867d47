-- The log's id, made once. A copy of the database carries it too: it tells logs apart, not copies of one log.
CREATE TABLE log_identity (
    id     integer PRIMARY KEY CHECK (id = 1),
    log_id text    NOT NULL
);

INSERT INTO log_identity (id, log_id) VALUES (1, gen_random_uuid()::text);
