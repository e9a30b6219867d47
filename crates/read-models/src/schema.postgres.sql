-- Where each read model stands, and who may move it.
CREATE TABLE IF NOT EXISTS checkpoints (
  projection text PRIMARY KEY,             -- a build in progress stands under <name>__build
  version bigint NOT NULL,
  position bigint NOT NULL,
  owner text,
  lease_until bigint NOT NULL DEFAULT 0,   -- milliseconds, by this database's clock
  generation bigint NOT NULL DEFAULT 0,    -- counts builds; makes index names unique
  place text                               -- position:hash; an earlier release moves the position alone
);
-- For which tables other nodes wait, and up to where.
CREATE TABLE IF NOT EXISTS asked_for (
  projection text PRIMARY KEY,
  position bigint NOT NULL
);
-- Events that did not fit, with all that followed in their streams.
CREATE TABLE IF NOT EXISTS parked (
  projection text NOT NULL,
  position bigint NOT NULL,
  stream text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (projection, position)
);
-- What each node says of itself; it counts while the node shows that it lives.
CREATE TABLE IF NOT EXISTS nodes (
  owner text PRIMARY KEY,
  about text NOT NULL                       -- JSON
);
-- Which log all this belongs to.
CREATE TABLE IF NOT EXISTS belongs_to (
  id integer PRIMARY KEY CHECK (id = 1),
  log_id text NOT NULL,
  file text                                -- none here; on SQLite the name of the log's file
);
