-- What the answer to a command told that its events do not: warnings, and what it was about where it recorded nothing.
-- The same command sent again is answered with it.
ALTER TABLE commands ADD COLUMN told text;
