-- The log: one row that every append moves, the events, and what became of each command.

-- The only lock of the system. An append moves this row by compare-and-swap, so positions are gapless and in commit
-- order, and order numbers come without gaps.
CREATE TABLE log_head (
    id          integer PRIMARY KEY CHECK (id = 1),
    position    bigint  NOT NULL CHECK (position >= 0),
    hash        bytea   NOT NULL CHECK (octet_length(hash) = 32),
    next_order  bigint  NOT NULL,
    recorded_at text    NOT NULL -- RFC 3339: keeps every digit the events carry
);

INSERT INTO log_head (id, position, hash, next_order, recorded_at)
VALUES (1, 0, decode(repeat('00', 32), 'hex'), 1001, '1970-01-01T00:00:00Z');

-- `event` is text, not jsonb: the hash is over these exact bytes. Names sort by byte ("C"), as in SQLite.
CREATE TABLE events (
    position bigint PRIMARY KEY CHECK (position > 0),
    stream   text   COLLATE "C" NOT NULL,
    version  bigint NOT NULL CHECK (version > 0),
    type     text   COLLATE "C" NOT NULL,
    hash     bytea  NOT NULL CHECK (octet_length(hash) = 32),
    event    text   NOT NULL,
    UNIQUE (stream, version)
);

-- first_position = last_position + 1 says that the command recorded nothing.
CREATE TABLE commands (
    command_id     uuid   PRIMARY KEY,
    request_hash   bytea  NOT NULL CHECK (octet_length(request_hash) = 32),
    first_position bigint NOT NULL,
    last_position  bigint NOT NULL
);

-- Folded states of long streams. May be deleted at any time.
CREATE TABLE snapshots (
    stream  text    COLLATE "C" PRIMARY KEY,
    version bigint  NOT NULL,
    format  integer NOT NULL,
    state   text    NOT NULL
);

CREATE FUNCTION refuse_to_change_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of events refused: recorded events are facts and never change; record a new event that corrects them', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER events_are_immutable
    BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_events();

-- Also for sessions that play a replica's part, where ordinary triggers do not fire.
ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_immutable;
