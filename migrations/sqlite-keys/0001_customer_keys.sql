-- keys.db: keys that seal personal data, in a file of their own so that backups of the log cannot bring a forgotten
-- person back. Opened with secure_delete: deleting a customer's row overwrites the key.

CREATE TABLE customer_keys (
    customer_id BLOB PRIMARY KEY CHECK (length(customer_id) = 16),
    key         BLOB NOT NULL CHECK (length(key) = 32),
    email_index BLOB UNIQUE -- keyed hash of the e-mail address: finds a customer without opening any seal
) STRICT, WITHOUT ROWID;

-- The shop's own keys by name, such as the one of the e-mail index.
CREATE TABLE shop_keys (
    name TEXT PRIMARY KEY,
    key  BLOB NOT NULL CHECK (length(key) = 32)
) STRICT, WITHOUT ROWID;
