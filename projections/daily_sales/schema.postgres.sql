-- Sales per basis and business day: added up, never recomputed. Amounts in minor units; those that begin with home_
-- are in the currency `home`: the shop's where the order was converted, else the order's own. (PostgreSQL)
-- Needed for: orders.report_sales by day, week and month; memory holds all of it, the table is for the past and for starting.
CREATE TABLE daily_sales@ (
  basis text COLLATE "C" NOT NULL,
  day text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  home text COLLATE "C" NOT NULL,
  orders bigint NOT NULL,
  placed bigint NOT NULL,
  units bigint NOT NULL,
  gross bigint NOT NULL,
  discount bigint NOT NULL,
  shipping bigint NOT NULL,
  tax bigint NOT NULL,
  cash bigint NOT NULL,
  home_gross bigint NOT NULL,
  home_discount bigint NOT NULL,
  home_shipping bigint NOT NULL,
  home_tax bigint NOT NULL,
  home_cash bigint NOT NULL,
  PRIMARY KEY (basis, day, currency, home)
);
-- What belongs to no product, such as the shipping fee, stands under the nil id.
-- Needed for: orders.report_sales by product.
CREATE TABLE daily_sales_products@ (
  basis text COLLATE "C" NOT NULL,
  day text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  home text COLLATE "C" NOT NULL,
  product_id uuid NOT NULL,
  orders bigint NOT NULL,
  placed bigint NOT NULL,
  units bigint NOT NULL,
  gross bigint NOT NULL,
  discount bigint NOT NULL,
  shipping bigint NOT NULL,
  tax bigint NOT NULL,
  cash bigint NOT NULL,
  home_gross bigint NOT NULL,
  home_discount bigint NOT NULL,
  home_shipping bigint NOT NULL,
  home_tax bigint NOT NULL,
  home_cash bigint NOT NULL,
  PRIMARY KEY (basis, day, currency, home, product_id)
);
-- Needed for: orders.report_sales by customer.
CREATE TABLE daily_sales_customers@ (
  basis text COLLATE "C" NOT NULL,
  day text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  home text COLLATE "C" NOT NULL,
  customer_id uuid NOT NULL,
  orders bigint NOT NULL,
  placed bigint NOT NULL,
  units bigint NOT NULL,
  gross bigint NOT NULL,
  discount bigint NOT NULL,
  shipping bigint NOT NULL,
  tax bigint NOT NULL,
  cash bigint NOT NULL,
  home_gross bigint NOT NULL,
  home_discount bigint NOT NULL,
  home_shipping bigint NOT NULL,
  home_tax bigint NOT NULL,
  home_cash bigint NOT NULL,
  PRIMARY KEY (basis, day, currency, home, customer_id)
);
-- Needed for: orders.report_sales by hour. Every zone's hours begin at a whole quarter of an hour.
CREATE TABLE daily_sales_quarters@ (
  basis text COLLATE "C" NOT NULL,
  day text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  home text COLLATE "C" NOT NULL,
  quarter bigint NOT NULL,          -- since 1970
  orders bigint NOT NULL,
  placed bigint NOT NULL,
  units bigint NOT NULL,
  gross bigint NOT NULL,
  discount bigint NOT NULL,
  shipping bigint NOT NULL,
  tax bigint NOT NULL,
  cash bigint NOT NULL,
  home_gross bigint NOT NULL,
  home_discount bigint NOT NULL,
  home_shipping bigint NOT NULL,
  home_tax bigint NOT NULL,
  home_cash bigint NOT NULL,
  PRIMARY KEY (basis, day, currency, home, quarter)
);
-- From which position to which a day was posted to: before the first nothing was known of it, from the last on its sums.
-- Needed for: which postings a report as of the past needs.
CREATE TABLE sales_days@ (
  basis text COLLATE "C" NOT NULL,
  day text COLLATE "C" NOT NULL,
  first_position bigint NOT NULL,
  last_position bigint NOT NULL,
  PRIMARY KEY (basis, day)
);
-- How much was ever posted, signs aside: while that fits, so does every sum.
-- Needed for: whether sums have room for more, when a node starts.
CREATE TABLE sales_sizes@ (
  basis text COLLATE "C" NOT NULL PRIMARY KEY,
  size bigint NOT NULL
);
-- Every posting by itself: what explains a figure, and what a figure was at an earlier position. `line` is 0 for what
-- concerns the order as a whole; `holds` counts the order once for each of its products while it holds it.
-- Needed for: sales.explain, and reports as of a moment within a day.
CREATE TABLE sales_postings@ (
  position bigint NOT NULL,
  nth bigint NOT NULL,
  basis text COLLATE "C" NOT NULL,
  day text COLLATE "C" NOT NULL,
  event text COLLATE "C" NOT NULL,
  order_id bigint NOT NULL,
  line bigint NOT NULL,
  product_id uuid NOT NULL,
  customer_id uuid NOT NULL,
  currency text COLLATE "C" NOT NULL,
  home text COLLATE "C" NOT NULL,
  orders bigint NOT NULL,
  placed bigint NOT NULL,
  units bigint NOT NULL,
  gross bigint NOT NULL,
  discount bigint NOT NULL,
  shipping bigint NOT NULL,
  tax bigint NOT NULL,
  cash bigint NOT NULL,
  home_gross bigint NOT NULL,
  home_discount bigint NOT NULL,
  home_shipping bigint NOT NULL,
  home_tax bigint NOT NULL,
  home_cash bigint NOT NULL,
  happened_at bigint NOT NULL,
  holds bigint NOT NULL,
  PRIMARY KEY (position, nth)
);
-- The tax rate of each line of an order: events of a line do not name it, but for those that set the line.
-- Needed for: orders.report_sales by tax rate.
CREATE TABLE sales_lines@ (
  order_id bigint NOT NULL,
  line bigint NOT NULL,
  product_id uuid NOT NULL,
  tax_rate text NOT NULL,          -- percent
  PRIMARY KEY (order_id, line, product_id)
);
-- indexes: created after a build has caught up
CREATE INDEX sales_postings_by_day# ON sales_postings@ (basis, day, position);
