-- The log's id, made once. A copy of the file carries it too: it tells logs apart, not copies of one log.
CREATE TABLE log_identity (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    log_id TEXT    NOT NULL
) STRICT;

-- A random UUID (version 4), which SQLite has no function for. It may draw `digits` anew for each part; that harms nothing.
INSERT INTO log_identity (id, log_id)
SELECT 1, substr(digits, 1, 8) || '-' || substr(digits, 9, 4) || '-4' || substr(digits, 14, 3) || '-'
    || substr('89ab', 1 + (abs(random()) % 4), 1) || substr(digits, 18, 3) || '-' || substr(digits, 21)
FROM (SELECT lower(hex(randomblob(16))) AS digits);
