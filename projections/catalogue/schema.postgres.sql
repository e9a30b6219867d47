-- Products as the catalogue stands. (PostgreSQL)
-- Needed for: products.search, and names that are not exact.
CREATE TABLE catalogue@ (
  product_id uuid PRIMARY KEY,
  sku text NOT NULL,
  sku_lower text COLLATE "C" NOT NULL,
  name text NOT NULL,
  name_lower text COLLATE "C" NOT NULL,
  price bigint NOT NULL,              -- minor units
  currency text NOT NULL,
  tax_rate text NOT NULL,          -- percent
  tax_inclusive boolean NOT NULL,
  policy text NOT NULL,
  backorder_limit bigint NOT NULL,
  low_stock_threshold bigint,
  cost bigint,                        -- minor units
  lead_time_days bigint,
  archived boolean NOT NULL
);
-- indexes: created after a build has caught up
CREATE INDEX catalogue_by_sku# ON catalogue@ (sku_lower);
CREATE INDEX catalogue_by_name# ON catalogue@ (name_lower, sku_lower);
