-- Which log the keys belong to: another log in the same folder, or a copy of this one, must not touch them.
CREATE TABLE belongs_to (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    log_id TEXT NOT NULL,
    file   TEXT NOT NULL -- name of the log's file, in this folder
) STRICT;
