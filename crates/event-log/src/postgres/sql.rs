//! The statements that only PostgreSQL understands: arrays, and an append in one statement.

/// Moves the head and inserts the batch only if it moved. One statement, so one round trip and one fsync; the inserts
/// read from the update's `RETURNING`, the only part a statement re-reads after waiting for a row lock. A command that is
/// in the log already violates its key, and nothing is inserted: looking first would cost every append what only a
/// repetition needs. Arrays unnested side by side in a select list cost a fifth less than in FROM, where each is copied
/// into a table first.
pub(super) const APPEND: &str = "
WITH moved AS (
    UPDATE log_head SET position = $2, hash = $3, next_order = $4, recorded_at = $5
    WHERE id = 1 AND position = $1
    RETURNING 1
), recorded AS (
    INSERT INTO events (position, stream, version, type, hash, event)
    SELECT unnest($6::bigint[]), unnest($7::text[]), unnest($8::bigint[]),
           unnest($9::text[]), unnest($10::bytea[]), unnest($11::text[])
    FROM moved
), answered AS (
    INSERT INTO commands (command_id, request_hash, first_position, last_position, told)
    SELECT unnest($12::uuid[]), unnest($13::bytea[]), unnest($14::bigint[]),
           unnest($15::bigint[]), unnest($16::text[])
    FROM moved
)
SELECT 1 FROM moved";

/// As [`APPEND`], for one command with one event, the usual batch of a quiet shop: without arrays it costs a third
/// less.
pub(super) const APPEND_ONE: &str = "
WITH moved AS (
    UPDATE log_head SET position = $2, hash = $3, next_order = $4, recorded_at = $5
    WHERE id = 1 AND position = $1
    RETURNING 1
), recorded AS (
    INSERT INTO events (position, stream, version, type, hash, event)
    SELECT $6::bigint, $7::text, $8::bigint, $9::text, $10::bytea, $11::text
    FROM moved
), answered AS (
    INSERT INTO commands (command_id, request_hash, first_position, last_position, told)
    SELECT $12::uuid, $13::bytea, $14::bigint, $15::bigint, $16::text
    FROM moved
)
SELECT 1 FROM moved";

/// Reads the head and locks it: no other append until the transaction ends.
pub(super) const LOCK_HEAD: &str =
    "SELECT position, hash, next_order, recorded_at FROM log_head WHERE id = 1 FOR UPDATE";

/// Takes streams and, for each, the version to read after.
pub(super) const READ_STREAMS: &str = "
SELECT e.position, e.stream, e.version, e.type, e.hash, e.event
FROM unnest($1::text[], $2::bigint[]) AS wanted (stream, after)
JOIN events e ON e.stream = wanted.stream AND e.version > wanted.after
ORDER BY e.stream, e.version";

/// Takes a position, types and a limit.
pub(super) const READ_TYPES: &str = "SELECT position, stream, version, type, hash, event FROM events
WHERE position > $1 AND type = ANY ($2::text[]) ORDER BY position LIMIT $3";

/// Takes command ids.
pub(super) const FIND_COMMANDS: &str = "SELECT command_id, request_hash, first_position, last_position, told FROM commands WHERE command_id = ANY ($1::uuid[])";

/// Takes streams.
pub(super) const LOAD_SNAPSHOTS: &str =
    "SELECT stream, version, format, state FROM snapshots WHERE stream = ANY ($1::text[])";
