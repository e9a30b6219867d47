-- Sales per basis and business day: added up, never recomputed. Amounts in minor units; those that begin with home_
-- are in the currency `home`: the shop's where the order was converted, else the order's own. (SQLite)
-- Needed for: orders.report_sales by day, week and month; memory holds all of it, the table is for the past and for starting.
CREATE TABLE daily_sales@ (
  basis TEXT NOT NULL,
  day TEXT NOT NULL,
  currency TEXT NOT NULL,
  home TEXT NOT NULL,
  orders INTEGER NOT NULL,
  placed INTEGER NOT NULL,
  units INTEGER NOT NULL,
  gross INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  shipping INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  cash INTEGER NOT NULL,
  home_gross INTEGER NOT NULL,
  home_discount INTEGER NOT NULL,
  home_shipping INTEGER NOT NULL,
  home_tax INTEGER NOT NULL,
  home_cash INTEGER NOT NULL,
  PRIMARY KEY (basis, day, currency, home)
) WITHOUT ROWID;
-- What belongs to no product, such as the shipping fee, stands under the nil id.
-- Needed for: orders.report_sales by product.
CREATE TABLE daily_sales_products@ (
  basis TEXT NOT NULL,
  day TEXT NOT NULL,
  currency TEXT NOT NULL,
  home TEXT NOT NULL,
  product_id BLOB NOT NULL,
  orders INTEGER NOT NULL,
  placed INTEGER NOT NULL,
  units INTEGER NOT NULL,
  gross INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  shipping INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  cash INTEGER NOT NULL,
  home_gross INTEGER NOT NULL,
  home_discount INTEGER NOT NULL,
  home_shipping INTEGER NOT NULL,
  home_tax INTEGER NOT NULL,
  home_cash INTEGER NOT NULL,
  PRIMARY KEY (basis, day, currency, home, product_id)
) WITHOUT ROWID;
-- Needed for: orders.report_sales by customer.
CREATE TABLE daily_sales_customers@ (
  basis TEXT NOT NULL,
  day TEXT NOT NULL,
  currency TEXT NOT NULL,
  home TEXT NOT NULL,
  customer_id BLOB NOT NULL,
  orders INTEGER NOT NULL,
  placed INTEGER NOT NULL,
  units INTEGER NOT NULL,
  gross INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  shipping INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  cash INTEGER NOT NULL,
  home_gross INTEGER NOT NULL,
  home_discount INTEGER NOT NULL,
  home_shipping INTEGER NOT NULL,
  home_tax INTEGER NOT NULL,
  home_cash INTEGER NOT NULL,
  PRIMARY KEY (basis, day, currency, home, customer_id)
) WITHOUT ROWID;
-- Needed for: orders.report_sales by hour. Every zone's hours begin at a whole quarter of an hour.
CREATE TABLE daily_sales_quarters@ (
  basis TEXT NOT NULL,
  day TEXT NOT NULL,
  currency TEXT NOT NULL,
  home TEXT NOT NULL,
  quarter INTEGER NOT NULL,          -- since 1970
  orders INTEGER NOT NULL,
  placed INTEGER NOT NULL,
  units INTEGER NOT NULL,
  gross INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  shipping INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  cash INTEGER NOT NULL,
  home_gross INTEGER NOT NULL,
  home_discount INTEGER NOT NULL,
  home_shipping INTEGER NOT NULL,
  home_tax INTEGER NOT NULL,
  home_cash INTEGER NOT NULL,
  PRIMARY KEY (basis, day, currency, home, quarter)
) WITHOUT ROWID;
-- From which position to which a day was posted to: before the first nothing was known of it, from the last on its sums.
-- Needed for: which postings a report as of the past needs.
CREATE TABLE sales_days@ (
  basis TEXT NOT NULL,
  day TEXT NOT NULL,
  first_position INTEGER NOT NULL,
  last_position INTEGER NOT NULL,
  PRIMARY KEY (basis, day)
) WITHOUT ROWID;
-- How much was ever posted, signs aside: while that fits, so does every sum.
-- Needed for: whether sums have room for more, when a node starts.
CREATE TABLE sales_sizes@ (
  basis TEXT NOT NULL PRIMARY KEY,
  size INTEGER NOT NULL
) WITHOUT ROWID;
-- Every posting by itself: what explains a figure, and what a figure was at an earlier position. `line` is 0 for what
-- concerns the order as a whole; `holds` counts the order once for each of its products while it holds it.
-- Needed for: sales.explain, and reports as of a moment within a day.
CREATE TABLE sales_postings@ (
  position INTEGER NOT NULL,
  nth INTEGER NOT NULL,
  basis TEXT NOT NULL,
  day TEXT NOT NULL,
  event TEXT NOT NULL,
  order_id INTEGER NOT NULL,
  line INTEGER NOT NULL,
  product_id BLOB NOT NULL,
  customer_id BLOB NOT NULL,
  currency TEXT NOT NULL,
  home TEXT NOT NULL,
  orders INTEGER NOT NULL,
  placed INTEGER NOT NULL,
  units INTEGER NOT NULL,
  gross INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  shipping INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  cash INTEGER NOT NULL,
  home_gross INTEGER NOT NULL,
  home_discount INTEGER NOT NULL,
  home_shipping INTEGER NOT NULL,
  home_tax INTEGER NOT NULL,
  home_cash INTEGER NOT NULL,
  happened_at INTEGER NOT NULL,
  holds INTEGER NOT NULL,
  PRIMARY KEY (position, nth)
) WITHOUT ROWID;
-- The tax rate of each line of an order: events of a line do not name it, but for those that set the line.
-- Needed for: orders.report_sales by tax rate.
CREATE TABLE sales_lines@ (
  order_id INTEGER NOT NULL,
  line INTEGER NOT NULL,
  product_id BLOB NOT NULL,
  tax_rate TEXT NOT NULL,          -- percent
  PRIMARY KEY (order_id, line, product_id)
) WITHOUT ROWID;
-- indexes: created after a build has caught up
CREATE INDEX sales_postings_by_day# ON sales_postings@ (basis, day, position);
