-- Orders that owe goods, or money, or wait for someone; finished orders leave the table. (SQLite)
CREATE TABLE pending_orders@ (
  order_id INTEGER PRIMARY KEY,
  customer_id BLOB NOT NULL,
  currency TEXT NOT NULL,
  placed_at INTEGER NOT NULL,          -- milliseconds
  placed_on TEXT NOT NULL,          -- business day
  placed_position INTEGER NOT NULL,
  status TEXT NOT NULL,
  payment_status TEXT NOT NULL,
  owes_goods INTEGER NOT NULL,
  unconfirmed INTEGER NOT NULL,
  unpaid INTEGER NOT NULL,
  on_hold INTEGER NOT NULL,
  backordered INTEGER NOT NULL,
  units_owed INTEGER NOT NULL,
  total INTEGER NOT NULL,              -- minor units, as it stands now
  due INTEGER NOT NULL,
  products TEXT NOT NULL,               -- ids of the products it holds now, with blanks between
  since INTEGER NOT NULL,                -- position from which it reads as it does
  story TEXT NOT NULL,                  -- how it read from its placement on, as JSON
  the_order TEXT NOT NULL               -- the domain's order, as JSON
);
-- How orders read while something about them was open; a row is written once, when that is over. An interval of positions
-- [from, until) has the level k with 2^k <= until - from < 2^(k+1): on level k only rows with from in (P - 2^(k+1), P]
-- can hold position P.
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
-- indexes: created after a build has caught up
CREATE INDEX pending_orders_by_placement# ON pending_orders@ (placed_at, order_id);
CREATE INDEX pending_orders_by_day# ON pending_orders@ (placed_on);
CREATE INDEX pending_orders_by_customer# ON pending_orders@ (customer_id);
