-- Orders that owe goods, or money, or wait for someone; finished orders leave the table, and come back when they owe again. (SQLite)
-- Needed for: orders as of a past position, and lists longer than memory keeps; the row takes the order's next event in.
CREATE TABLE pending_orders@ (
  order_id INTEGER PRIMARY KEY,
  customer_id BLOB NOT NULL,
  currency TEXT NOT NULL,
  placed_at INTEGER NOT NULL,          -- milliseconds
  placed_on TEXT NOT NULL,          -- business day
  opened_position INTEGER NOT NULL,      -- position from which something is open
  status TEXT NOT NULL,
  payment_status TEXT NOT NULL,
  owes_goods INTEGER NOT NULL,
  unconfirmed INTEGER NOT NULL,
  unpaid INTEGER NOT NULL,
  held_until INTEGER NOT NULL,         -- on hold before then, milliseconds; 0 when not held
  backordered INTEGER NOT NULL,
  units_owed INTEGER NOT NULL,
  total INTEGER NOT NULL,              -- minor units, as it stands now
  due INTEGER NOT NULL,
  products TEXT NOT NULL,               -- ids of the products it holds now, with blanks between
  since INTEGER NOT NULL,                -- position from which it reads as it does
  story TEXT NOT NULL,                  -- how it read from opened_position on, as JSON
  the_order TEXT NOT NULL               -- the domain's order without its words, as JSON
);
-- How orders read while something about them was open; a row is written once, when that is over. An interval of positions
-- [from, until) has the level k with 2^k <= until - from < 2^(k+1): on level k only rows with from in (P - 2^(k+1), P]
-- can hold position P.
-- Needed for: orders.get_pending as of a past position.
CREATE TABLE pending_past@ (
  level INTEGER NOT NULL,
  from_position INTEGER NOT NULL,
  until_position INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  customer_id BLOB NOT NULL,
  currency TEXT NOT NULL,
  placed_at INTEGER NOT NULL,
  placed_on TEXT NOT NULL,
  story TEXT NOT NULL,
  PRIMARY KEY (level, from_position)
) WITHOUT ROWID;
-- Orders about which nothing is open: what it takes to open them again.
-- Needed for: whether an order is open again after a return, a refund or a voided shipment.
CREATE TABLE pending_closed@ (
  order_id INTEGER PRIMARY KEY,
  the_order TEXT NOT NULL              -- the domain's order without its words, as JSON
);
-- What the orders of a scope and a day come to: a list says how long it is without being counted.
-- Needed for: how long a list is, where there are more open orders than memory keeps.
CREATE TABLE pending_counts@ (
  scope TEXT NOT NULL,
  placed_on TEXT NOT NULL,
  status TEXT NOT NULL,
  currency TEXT NOT NULL,
  orders INTEGER NOT NULL,
  units_owed INTEGER NOT NULL,
  total INTEGER NOT NULL,
  due INTEGER NOT NULL,
  PRIMARY KEY (scope, placed_on, status, currency)
) WITHOUT ROWID;
-- When a day began and ended, in milliseconds, and the position of its first order.
-- Needed for: where the days of orders.get_pending begin and end, as of the past too.
CREATE TABLE pending_days@ (
  placed_on TEXT PRIMARY KEY,
  first_placed_at INTEGER NOT NULL,
  last_placed_at INTEGER NOT NULL,
  first_position INTEGER NOT NULL
) WITHOUT ROWID;
-- indexes: created after a build has caught up
CREATE INDEX pending_orders_by_placement# ON pending_orders@ (placed_at, order_id);
CREATE INDEX pending_orders_by_customer# ON pending_orders@ (customer_id);
CREATE INDEX pending_orders_owing# ON pending_orders@ (placed_at, order_id) WHERE owes_goods;
CREATE INDEX pending_orders_held# ON pending_orders@ (placed_at, order_id) WHERE held_until > 0;
