-- Units per product. (PostgreSQL)
-- Needed for: what memory is loaded from.
CREATE TABLE stock@ (
  product_id uuid PRIMARY KEY,
  sku text NOT NULL,
  name text NOT NULL,
  tracked boolean NOT NULL,
  archived boolean NOT NULL,
  on_hand bigint NOT NULL,
  reserved bigint NOT NULL,
  backordered bigint NOT NULL,
  threshold bigint,                   -- available units at or below which stock is low; NULL means never
  price bigint NOT NULL,              -- minor units
  currency text NOT NULL,
  cost bigint,                        -- minor units
  lead_time_days bigint
);
-- What a product's stock came to after every 256th event of it, for questions about the past; rows are only added.
-- Needed for: inventory.check as of the past.
CREATE TABLE stock_marks@ (
  product_id uuid NOT NULL,
  position bigint NOT NULL,
  version bigint NOT NULL,
  on_hand bigint NOT NULL,
  reserved bigint NOT NULL,
  backordered bigint NOT NULL,
  PRIMARY KEY (product_id, position)
);
-- indexes: created after a build has caught up
CREATE INDEX stock_by_threshold# ON stock@ (threshold) WHERE threshold IS NOT NULL;
