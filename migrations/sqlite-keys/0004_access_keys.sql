-- Keys with which programs and people call the shop. The secret is kept as its SHA-256 only. Rows are never deleted: they
-- say who was let in, when, and by whom.
CREATE TABLE access_keys (
    id TEXT PRIMARY KEY, -- stands in the key, so that it can be named without its secret
    name TEXT NOT NULL, -- events name the user so
    secret_hash BLOB NOT NULL,
    role TEXT NOT NULL,
    rights TEXT NOT NULL, -- separated by blanks
    refunds_up_to INTEGER, -- minor units of the shop's currency for each order; no limit where it is null
    created_at TEXT NOT NULL, -- times are RFC 3339
    created_by TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT,
    revoked_by TEXT,
    last_used_at TEXT
) STRICT;

-- Two who act under one name could not be told apart.
CREATE UNIQUE INDEX access_keys_in_force ON access_keys (name) WHERE revoked_at IS NULL;
