-- Booked sales per business day: added up, never recomputed. Amounts in minor units. (SQLite)
CREATE TABLE daily_sales@ (
  day TEXT NOT NULL,
  currency TEXT NOT NULL,
  orders INTEGER NOT NULL,
  units INTEGER NOT NULL,
  gross INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  shipping INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  PRIMARY KEY (day, currency)
) WITHOUT ROWID;
-- The shipping fee belongs to no product: it stands under the nil id.
CREATE TABLE daily_sales_products@ (
  day TEXT NOT NULL,
  currency TEXT NOT NULL,
  product_id BLOB NOT NULL,
  orders INTEGER NOT NULL,
  units INTEGER NOT NULL,
  gross INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  shipping INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  PRIMARY KEY (day, currency, product_id)
) WITHOUT ROWID;
CREATE TABLE daily_sales_customers@ (
  day TEXT NOT NULL,
  currency TEXT NOT NULL,
  customer_id BLOB NOT NULL,
  orders INTEGER NOT NULL,
  units INTEGER NOT NULL,
  gross INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  shipping INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  PRIMARY KEY (day, currency, customer_id)
) WITHOUT ROWID;
-- indexes: created after a build has caught up
