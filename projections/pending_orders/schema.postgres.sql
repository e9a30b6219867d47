-- Orders that owe goods, or money, or wait for someone; finished orders leave the table. (PostgreSQL)
CREATE TABLE pending_orders@ (
  order_id bigint PRIMARY KEY,
  customer_id uuid NOT NULL,
  currency text NOT NULL,
  placed_at bigint NOT NULL,          -- milliseconds
  placed_on text COLLATE "C" NOT NULL,          -- business day
  placed_position bigint NOT NULL,
  status text NOT NULL,
  payment_status text NOT NULL,
  owes_goods boolean NOT NULL,
  unconfirmed boolean NOT NULL,
  unpaid boolean NOT NULL,
  on_hold boolean NOT NULL,
  backordered boolean NOT NULL,
  units_owed bigint NOT NULL,
  total bigint NOT NULL,              -- minor units, as it stands now
  due bigint NOT NULL,
  the_order text NOT NULL          -- the domain's order, as JSON
);
CREATE TABLE pending_order_products@ (
  product_id uuid NOT NULL,
  order_id bigint NOT NULL,
  PRIMARY KEY (product_id, order_id)
);
-- indexes: created after a build has caught up
CREATE INDEX pending_orders_by_placement# ON pending_orders@ (placed_at, order_id);
CREATE INDEX pending_orders_by_day# ON pending_orders@ (placed_on);
CREATE INDEX pending_orders_by_customer# ON pending_orders@ (customer_id);
