-- Every order as it stands, for lists and searches. (PostgreSQL)
-- Needed for: orders.search, and orders that memory does not hold.
CREATE TABLE order_summary@ (
  order_id bigint PRIMARY KEY,
  customer_id uuid NOT NULL,
  currency text NOT NULL,
  placed_at bigint NOT NULL,          -- milliseconds
  placed_on text COLLATE "C" NOT NULL,          -- business day
  placed_position bigint NOT NULL,
  status text NOT NULL,
  payment_status text NOT NULL,
  held_until bigint NOT NULL,          -- on hold before then, milliseconds; 0 when not held
  backordered boolean NOT NULL,
  units bigint NOT NULL,
  gross bigint NOT NULL,              -- amounts in minor units, as they stand now
  discount bigint NOT NULL,
  shipping bigint NOT NULL,
  tax bigint NOT NULL,
  total bigint NOT NULL,
  captured bigint NOT NULL,
  reference text COLLATE "C",          -- its number in the system it was imported from, in lower case
  the_order text NOT NULL          -- the domain's order without its words, as JSON
);
-- Needed for: orders.search by product.
CREATE TABLE order_summary_lines@ (
  product_id uuid NOT NULL,
  order_id bigint NOT NULL,
  PRIMARY KEY (product_id, order_id)
);
-- The products as orders name them: the vocabulary a text search looks through.
-- Needed for: orders.search by a product's name.
CREATE TABLE order_summary_products@ (
  product_id uuid NOT NULL,
  name_lower text COLLATE "C" NOT NULL,
  sku_lower text COLLATE "C" NOT NULL,
  PRIMARY KEY (product_id, name_lower)
);
-- What orders of a day come to, by how they stand: a list says how long it is without being counted.
-- Needed for: how long a list of orders.search is.
CREATE TABLE order_summary_counts@ (
  placed_on text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  payment_status text COLLATE "C" NOT NULL,
  orders bigint NOT NULL,
  units bigint NOT NULL,
  total bigint NOT NULL,
  captured bigint NOT NULL,
  PRIMARY KEY (placed_on, currency, status, payment_status)
);
-- Where a day begins and ends among the numbers of orders.
-- Needed for: orders.search by days.
CREATE TABLE order_summary_days@ (
  placed_on text COLLATE "C" PRIMARY KEY,
  first_order bigint NOT NULL,
  last_order bigint NOT NULL
);
-- What was done with orders on which day.
-- Needed for: orders.search and orders.bulk_update_status by another day than that of placement, and how long orders usually wait.
CREATE TABLE order_summary_acts@ (
  order_id bigint NOT NULL,
  act text COLLATE "C" NOT NULL,
  nth bigint NOT NULL,          -- which of its kind
  day text COLLATE "C" NOT NULL,          -- business day
  position bigint NOT NULL,
  waited bigint NOT NULL,          -- days since the order was placed
  PRIMARY KEY (order_id, act, nth)
);
-- Notes, tracking numbers and carriers under their seals.
-- Needed for: orders.search by a tracking number, a carrier or a note.
CREATE TABLE order_summary_texts@ (
  order_id bigint NOT NULL,
  field text NOT NULL,          -- note, tracking or carrier
  nth bigint NOT NULL,          -- the version at which the note was given, or the number of the shipment
  sealed text NOT NULL,
  PRIMARY KEY (order_id, field, nth)
);
-- indexes: created after a build has caught up
CREATE INDEX order_summary_by_customer# ON order_summary@ (customer_id, order_id);
CREATE INDEX order_summary_by_status# ON order_summary@ (status, order_id);
CREATE INDEX order_summary_by_payment_status# ON order_summary@ (payment_status, order_id);
CREATE INDEX order_summary_by_reference# ON order_summary@ (reference) WHERE reference IS NOT NULL;
CREATE INDEX order_summary_by_total# ON order_summary@ (total, order_id);
CREATE INDEX order_summary_by_act# ON order_summary_acts@ (act, day, order_id);
