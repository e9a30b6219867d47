-- Orders that owe goods, or money, or wait for someone; finished orders leave the table, and come back when they owe again. (PostgreSQL)
-- Needed for: orders as of a past position, and lists longer than memory keeps; the row takes the order's next event in.
CREATE TABLE pending_orders@ (
  order_id bigint PRIMARY KEY,
  customer_id uuid NOT NULL,
  currency text NOT NULL,
  placed_at bigint NOT NULL,          -- milliseconds
  placed_on text COLLATE "C" NOT NULL,          -- business day
  opened_position bigint NOT NULL,      -- position from which something is open
  status text NOT NULL,
  payment_status text NOT NULL,
  owes_goods boolean NOT NULL,
  unconfirmed boolean NOT NULL,
  unpaid boolean NOT NULL,
  held_until bigint NOT NULL,         -- on hold before then, milliseconds; 0 when not held
  backordered boolean NOT NULL,
  units_owed bigint NOT NULL,
  total bigint NOT NULL,              -- minor units, as it stands now
  due bigint NOT NULL,
  products text NOT NULL,               -- ids of the products it holds now, with blanks between
  since bigint NOT NULL,                -- position from which it reads as it does
  story text NOT NULL,                  -- how it read from opened_position on, as JSON
  the_order text NOT NULL               -- the domain's order without its words, as JSON
);
-- How orders read while something about them was open; a row is written once, when that is over. An interval of positions
-- [from, until) has the level k with 2^k <= until - from < 2^(k+1): on level k only rows with from in (P - 2^(k+1), P]
-- can hold position P.
-- Needed for: orders.get_pending as of a past position.
CREATE TABLE pending_past@ (
  level bigint NOT NULL,
  from_position bigint NOT NULL,
  until_position bigint NOT NULL,
  order_id bigint NOT NULL,
  customer_id uuid NOT NULL,
  currency text NOT NULL,
  placed_at bigint NOT NULL,
  placed_on text COLLATE "C" NOT NULL,
  story text NOT NULL
);
-- Orders about which nothing is open: what it takes to open them again.
-- Needed for: whether an order is open again after a return, a refund or a voided shipment.
CREATE TABLE pending_closed@ (
  order_id bigint PRIMARY KEY,
  the_order text NOT NULL              -- the domain's order without its words, as JSON
);
-- What the orders of a scope and a day come to: a list says how long it is without being counted.
-- Needed for: how long a list is, where there are more open orders than memory keeps.
CREATE TABLE pending_counts@ (
  scope text COLLATE "C" NOT NULL,
  placed_on text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  orders bigint NOT NULL,
  units_owed bigint NOT NULL,
  total bigint NOT NULL,
  due bigint NOT NULL,
  PRIMARY KEY (scope, placed_on, status, currency)
);
-- When a day began and ended, in milliseconds, and the position of its first order.
-- Needed for: where the days of orders.get_pending begin and end, as of the past too.
CREATE TABLE pending_days@ (
  placed_on text COLLATE "C" PRIMARY KEY,
  first_placed_at bigint NOT NULL,
  last_placed_at bigint NOT NULL,
  first_position bigint NOT NULL
);
-- indexes: created after a build has caught up
CREATE INDEX pending_orders_by_placement# ON pending_orders@ (placed_at, order_id);
CREATE INDEX pending_orders_by_customer# ON pending_orders@ (customer_id);
CREATE UNIQUE INDEX pending_past_by_level# ON pending_past@ (level, from_position);
CREATE INDEX pending_orders_owing# ON pending_orders@ (placed_at, order_id) WHERE owes_goods;
CREATE INDEX pending_orders_held# ON pending_orders@ (placed_at, order_id) WHERE held_until > 0;
