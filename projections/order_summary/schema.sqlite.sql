-- Every order as it stands, for lists and searches. (SQLite)
-- Needed for: orders.search, and orders that memory does not hold.
CREATE TABLE order_summary@ (
  order_id INTEGER PRIMARY KEY,
  customer_id BLOB NOT NULL,
  currency TEXT NOT NULL,
  placed_at INTEGER NOT NULL,          -- milliseconds
  placed_on TEXT NOT NULL,          -- business day
  placed_position INTEGER NOT NULL,
  status TEXT NOT NULL,
  payment_status TEXT NOT NULL,
  held_until INTEGER NOT NULL,          -- on hold before then, milliseconds; 0 when not held
  backordered INTEGER NOT NULL,
  units INTEGER NOT NULL,
  gross INTEGER NOT NULL,              -- amounts in minor units, as they stand now
  discount INTEGER NOT NULL,
  shipping INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  total INTEGER NOT NULL,
  captured INTEGER NOT NULL,
  reference TEXT,          -- its number in the system it was imported from, in lower case
  the_order TEXT NOT NULL          -- the domain's order without its words, as JSON
);
-- Needed for: orders.search by product.
CREATE TABLE order_summary_lines@ (
  product_id BLOB NOT NULL,
  order_id INTEGER NOT NULL,
  PRIMARY KEY (product_id, order_id)
) WITHOUT ROWID;
-- The products as orders name them: the vocabulary a text search looks through.
-- Needed for: orders.search by a product's name.
CREATE TABLE order_summary_products@ (
  product_id BLOB NOT NULL,
  name_lower TEXT NOT NULL,
  sku_lower TEXT NOT NULL,
  PRIMARY KEY (product_id, name_lower)
) WITHOUT ROWID;
-- What orders of a day come to, by how they stand: a list says how long it is without being counted.
-- Needed for: how long a list of orders.search is.
CREATE TABLE order_summary_counts@ (
  placed_on TEXT NOT NULL,
  currency TEXT NOT NULL,
  status TEXT NOT NULL,
  payment_status TEXT NOT NULL,
  orders INTEGER NOT NULL,
  units INTEGER NOT NULL,
  total INTEGER NOT NULL,
  captured INTEGER NOT NULL,
  PRIMARY KEY (placed_on, currency, status, payment_status)
) WITHOUT ROWID;
-- Where a day begins and ends among the numbers of orders.
-- Needed for: orders.search by days.
CREATE TABLE order_summary_days@ (
  placed_on TEXT PRIMARY KEY,
  first_order INTEGER NOT NULL,
  last_order INTEGER NOT NULL
) WITHOUT ROWID;
-- What was done with orders on which day.
-- Needed for: orders.search and orders.bulk_update_status by another day than that of placement, and how long orders usually wait.
CREATE TABLE order_summary_acts@ (
  order_id INTEGER NOT NULL,
  act TEXT NOT NULL,
  nth INTEGER NOT NULL,          -- which of its kind
  day TEXT NOT NULL,          -- business day
  position INTEGER NOT NULL,
  waited INTEGER NOT NULL,          -- days since the order was placed
  PRIMARY KEY (order_id, act, nth)
) WITHOUT ROWID;
-- Notes, tracking numbers and carriers under their seals.
-- Needed for: orders.search by a tracking number, a carrier or a note.
CREATE TABLE order_summary_texts@ (
  order_id INTEGER NOT NULL,
  field TEXT NOT NULL,          -- note, tracking or carrier
  nth INTEGER NOT NULL,          -- the version at which the note was given, or the number of the shipment
  sealed TEXT NOT NULL,
  PRIMARY KEY (order_id, field, nth)
) WITHOUT ROWID;
-- indexes: created after a build has caught up
CREATE INDEX order_summary_by_customer# ON order_summary@ (customer_id, order_id);
CREATE INDEX order_summary_by_status# ON order_summary@ (status, order_id);
CREATE INDEX order_summary_by_payment_status# ON order_summary@ (payment_status, order_id);
CREATE INDEX order_summary_by_reference# ON order_summary@ (reference) WHERE reference IS NOT NULL;
CREATE INDEX order_summary_by_total# ON order_summary@ (total, order_id);
CREATE INDEX order_summary_by_act# ON order_summary_acts@ (act, day, order_id);
