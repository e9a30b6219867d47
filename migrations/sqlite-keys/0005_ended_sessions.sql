-- Sessions of the pages that ended before their time, so that no node takes a copy of their cookie. A row is of no use after
-- `until`, and is deleted then.
CREATE TABLE ended_sessions (
    id TEXT PRIMARY KEY, -- random; it stands in the cookie
    until INTEGER NOT NULL -- seconds since 1970
) STRICT;
