-- Products as the catalogue stands. (SQLite)
-- Needed for: products.search, and names that are not exact.
CREATE TABLE catalogue@ (
  product_id BLOB PRIMARY KEY,
  sku TEXT NOT NULL,
  sku_lower TEXT NOT NULL,
  name TEXT NOT NULL,
  name_lower TEXT NOT NULL,
  price INTEGER NOT NULL,              -- minor units
  currency TEXT NOT NULL,
  tax_rate TEXT NOT NULL,          -- percent
  tax_inclusive INTEGER NOT NULL,
  policy TEXT NOT NULL,
  backorder_limit INTEGER NOT NULL,
  low_stock_threshold INTEGER,
  cost INTEGER,                        -- minor units
  lead_time_days INTEGER,
  archived INTEGER NOT NULL
) WITHOUT ROWID;
-- indexes: created after a build has caught up
CREATE INDEX catalogue_by_sku# ON catalogue@ (sku_lower);
CREATE INDEX catalogue_by_name# ON catalogue@ (name_lower, sku_lower);
