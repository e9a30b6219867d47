-- Units per product. (SQLite)
-- Needed for: what memory is loaded from.
CREATE TABLE stock@ (
  product_id BLOB PRIMARY KEY,
  sku TEXT NOT NULL,
  name TEXT NOT NULL,
  tracked INTEGER NOT NULL,
  archived INTEGER NOT NULL,
  on_hand INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  backordered INTEGER NOT NULL,
  threshold INTEGER,                   -- available units at or below which stock is low; NULL means never
  price INTEGER NOT NULL,              -- minor units
  currency TEXT NOT NULL,
  cost INTEGER,                        -- minor units
  lead_time_days INTEGER
) WITHOUT ROWID;
-- What a product's stock came to after every 256th event of it, for questions about the past; rows are only added.
-- Needed for: inventory.check as of the past.
CREATE TABLE stock_marks@ (
  product_id BLOB NOT NULL,
  position INTEGER NOT NULL,
  version INTEGER NOT NULL,
  on_hand INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  backordered INTEGER NOT NULL,
  PRIMARY KEY (product_id, position)
) WITHOUT ROWID;
-- indexes: created after a build has caught up
CREATE INDEX stock_by_threshold# ON stock@ (threshold) WHERE threshold IS NOT NULL;
