-- Customers with their particulars opened; what was sealed under an erased key is NULL. (PostgreSQL)
-- Needed for: customers.search, and names that are not exact.
CREATE TABLE customers@ (
  customer_id uuid PRIMARY KEY,
  name text,
  name_lower text COLLATE "C",
  email text,
  email_lower text COLLATE "C",
  phone text,
  address text
);
-- indexes: created after a build has caught up
CREATE INDEX customers_by_name# ON customers@ (name_lower, customer_id);
CREATE INDEX customers_by_email# ON customers@ (email_lower);
