-- Customers with their particulars opened; what was sealed under an erased key is NULL. (SQLite)
-- Needed for: customers.search, and names that are not exact.
CREATE TABLE customers@ (
  customer_id BLOB PRIMARY KEY,
  name TEXT,
  name_lower TEXT,
  email TEXT,
  email_lower TEXT,
  phone TEXT,
  address TEXT
) WITHOUT ROWID;
-- indexes: created after a build has caught up
CREATE INDEX customers_by_name# ON customers@ (name_lower, customer_id);
CREATE INDEX customers_by_email# ON customers@ (email_lower);
