-- Booked sales per business day: added up, never recomputed. Amounts in minor units. (PostgreSQL)
CREATE TABLE daily_sales@ (
  day text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  orders bigint NOT NULL,
  units bigint NOT NULL,
  gross bigint NOT NULL,
  discount bigint NOT NULL,
  shipping bigint NOT NULL,
  tax bigint NOT NULL,
  PRIMARY KEY (day, currency)
);
-- The shipping fee belongs to no product: it stands under the nil id.
CREATE TABLE daily_sales_products@ (
  day text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  product_id uuid NOT NULL,
  orders bigint NOT NULL,
  units bigint NOT NULL,
  gross bigint NOT NULL,
  discount bigint NOT NULL,
  shipping bigint NOT NULL,
  tax bigint NOT NULL,
  PRIMARY KEY (day, currency, product_id)
);
CREATE TABLE daily_sales_customers@ (
  day text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  customer_id uuid NOT NULL,
  orders bigint NOT NULL,
  units bigint NOT NULL,
  gross bigint NOT NULL,
  discount bigint NOT NULL,
  shipping bigint NOT NULL,
  tax bigint NOT NULL,
  PRIMARY KEY (day, currency, customer_id)
);
-- indexes: created after a build has caught up
