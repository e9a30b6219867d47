//! The statements that only SQLite understands: lists as JSON, and inserts of many rows.

/// Takes the new position, hash, next order number and time, and the expected position.
pub(super) const MOVE_HEAD: &str =
    "UPDATE log_head SET position = $1, hash = $2, next_order = $3, recorded_at = $4 WHERE id = 1 AND position = $5";

/// Takes a list of [stream, version to read after]. CROSS JOIN keeps the list outside: each item is one index look-up.
pub(super) const READ_STREAMS: &str = "
SELECT e.position, e.stream, e.version, e.type, e.hash, e.event
FROM json_each($1) AS wanted
CROSS JOIN events e ON e.stream = wanted.value ->> 0 AND e.version > wanted.value ->> 1
ORDER BY e.stream, e.version";

/// Takes a position, a list of types and a limit.
pub(super) const READ_TYPES: &str = "SELECT position, stream, version, type, hash, event FROM events
WHERE position > $1 AND type IN (SELECT value FROM json_each($2)) ORDER BY position LIMIT $3";

/// Takes a list of command ids in hex.
pub(super) const FIND_COMMANDS: &str = "SELECT command_id, request_hash, first_position, last_position, told FROM commands \
    WHERE command_id IN (SELECT unhex(value) FROM json_each($1))";

/// Takes a list of streams.
pub(super) const LOAD_SNAPSHOTS: &str =
    "SELECT stream, version, format, state FROM snapshots WHERE stream IN (SELECT value FROM json_each($1))";

/// Rows that one INSERT carries. Few sizes keep the statements prepared, and the largest stays far below SQLite's
/// 32,766 bind variables.
pub(super) const ROWS: [usize; 4] = [256, 64, 8, 1];

/// INSERTs of events by number of rows, largest first, in the order of [`ROWS`].
pub(super) fn insert_events(rows: usize) -> String {
    format!(
        "INSERT INTO events (position, stream, version, type, hash, event) VALUES {}",
        values(rows, "(?,?,?,?,?,?)")
    )
}

/// As [`insert_events`], for commands.
pub(super) fn insert_commands(rows: usize) -> String {
    let values = values(rows, "(?,?,?,?,?)");
    format!("INSERT INTO commands (command_id, request_hash, first_position, last_position, told) VALUES {values}")
}

fn values(rows: usize, row: &str) -> String {
    vec![row; rows].join(",")
}
