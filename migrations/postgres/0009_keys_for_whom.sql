-- For whom a key was made: 'program' calls with it, 'person' signs in to the pages with it. Keys from before were used by
-- programs.
ALTER TABLE access_keys ADD COLUMN holder text NOT NULL DEFAULT 'program';

-- A person and the programs of that person act under one name; two persons could not be told apart, nor two programs.
DROP INDEX access_keys_in_force;
CREATE UNIQUE INDEX access_keys_in_force_of_holder ON access_keys (name, holder) WHERE revoked_at IS NULL;
