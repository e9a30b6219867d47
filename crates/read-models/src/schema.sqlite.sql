-- Where each read model stands, and who may move it.
CREATE TABLE IF NOT EXISTS checkpoints (
  projection TEXT PRIMARY KEY,             -- a build in progress stands under <name>__build
  version INTEGER NOT NULL,
  position INTEGER NOT NULL,
  owner TEXT,
  lease_until INTEGER NOT NULL DEFAULT 0,  -- milliseconds, by this machine's clock
  generation INTEGER NOT NULL DEFAULT 0,   -- counts builds; makes index names unique
  place TEXT                               -- position:hash; an earlier release moves the position alone
);
-- For which tables other nodes wait, and up to where.
CREATE TABLE IF NOT EXISTS asked_for (
  projection TEXT PRIMARY KEY,
  position INTEGER NOT NULL
);
-- Events that did not fit, with all that followed in their streams.
CREATE TABLE IF NOT EXISTS parked (
  projection TEXT NOT NULL,
  position INTEGER NOT NULL,
  stream TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (projection, position)
);
-- What each node says of itself; it counts while the node shows that it lives.
CREATE TABLE IF NOT EXISTS nodes (
  owner TEXT PRIMARY KEY,
  about TEXT NOT NULL                       -- JSON
);
-- Which log all this belongs to.
CREATE TABLE IF NOT EXISTS belongs_to (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  log_id TEXT NOT NULL,
  file TEXT                                -- name of the log's file
);
