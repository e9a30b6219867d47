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
  the_order TEXT NOT NULL          -- the domain's order, as JSON
);
CREATE TABLE pending_order_products@ (
  product_id BLOB NOT NULL,
  order_id INTEGER NOT NULL,
  PRIMARY KEY (product_id, order_id)
) WITHOUT ROWID;
-- indexes: created after a build has caught up
CREATE INDEX pending_orders_by_placement# ON pending_orders@ (placed_at, order_id);
CREATE INDEX pending_orders_by_day# ON pending_orders@ (placed_on);
CREATE INDEX pending_orders_by_customer# ON pending_orders@ (customer_id);
